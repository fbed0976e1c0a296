"""Lists that programs write into a cell, and other ways to write several options."""

from __future__ import annotations

import pytest

from prelabel.inputs.answer_lists import SEPARATORS, split_otherwise, written_list

OPTIONS = {"A", "B", "c, d", "e;f", "Light blue"}


def find(text: str) -> str | None:
    """The option of that name, spaces around it aside."""
    return text.strip() if text.strip() in OPTIONS else None


@pytest.mark.parametrize(
    ("cell", "entries"),
    [
        ('["A", 1]', ["A", 1]),
        ("['A', 'B']", ["A", "B"]),
        ("['A' 'B']", ["A", "B"]),
        ("array(['A', 'B'])", ["A", "B"]),
        ("array(['A', 'B'], dtype=object)", ["A", "B"]),
        ("array(['A',\n       'B'], dtype='<U10')", ["A", "B"]),
        ("np.array(['A'])", ["A"]),
        ("[np.str_('A'), np.str_('B')]", ["A", "B"]),
        ("frozenset({'A', 'B'})", ["A", "B"]),
        ("Index(['A', 'B'], dtype='object', name='tags')", ["A", "B"]),
        ("['A', None]", ["A", None]),
        ("['A', nan]", ["A", None]),
        ('["A", NaN]', ["A", None]),
        ("[None]", [None]),
        ("set()", None),
        ("list('A')", None),
        ("[A, B]", None),
        ("{'A': 'B'}", None),
        ("A;B", None),
    ],
)
def test_written_lists(cell: str, entries: list[object] | None) -> None:
    """JSON's, Python's, NumPy's and pandas' are read, entries without a value as None; nothing else is."""
    assert written_list(cell) == entries


@pytest.mark.parametrize("separator", SEPARATORS)
def test_every_separator(separator: str) -> None:
    """Whatever stands between options, one that has it inside stays whole."""
    for options in (["A", "B"], ["A", "c, d", "B"], ["Light blue", "e;f"]):
        assert (separator, options) in list(split_otherwise(separator.join(options), find))


@pytest.mark.parametrize(
    ("cell", "separator", "options"),
    [
        ("[A, B]", "brackets", ["A", "B"]),
        ("{A}", "brackets", ["A"]),
        ("['A', B]", "brackets", ["A", "B"]),
        ('"A","c, d"', ",", ["A", "c, d"]),
        ("['A', 'B']", "list", ["A", "B"]),
        ("A,, B,", ",", ["A", "B"]),
    ],
)
def test_other_forms(cell: str, separator: str, options: list[str]) -> None:
    """Brackets without quotes, quotes without brackets, empty parts."""
    assert next(split_otherwise(cell, find)) == (separator, options)


@pytest.mark.parametrize("cell", ["A", "A, x", "[x]", "", "[]", "[", ";"])
def test_no_other_form(cell: str) -> None:
    """One option is none, nor is a cell with a word that is no option."""
    assert not list(split_otherwise(cell, find))


@pytest.mark.timeout(30)
def test_long_cells_take_no_time() -> None:
    """A novel, or a thousand commas, in a cell of options is not taken apart in every way."""
    for cell in ("x," * 900, "x, " * 100_000, "\u00e9 " * 900):
        assert not list(split_otherwise(cell, find))
