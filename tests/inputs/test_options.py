"""What is wrong with cells that are no options, in one sentence with a remedy."""

from __future__ import annotations

import pytest

from prelabel.inputs.options import Options
from prelabel.model import Classification, Option


def explained(cell: str, *values: str, kind: str = "checkbox") -> str:
    """What is said of a cell of a classification with these options."""
    options = Options(Classification("Title", "schema", kind, tuple(Option(value, "") for value in values)))
    assert options.read(cell) is None
    return options.explain(cell)


@pytest.mark.parametrize(
    ("cell", "right"),
    [
        ("a, c, d", '"a;c, d"'),
        ("c, d, a", '"c, d;a"'),
        ("a\uff1bb", '"a;b"'),
        ("a\uff0cb", '"a;b"'),
        ("a\u3001b", '"a;b"'),
        ("a\uff5cb", '"a;b"'),
        ("a b", '"a;b"'),
    ],
)
def test_separators_are_named(cell: str, right: str) -> None:
    """Those of wide keyboards too, and where an option has the separator in it."""
    assert explained(cell, "a", "b", "c, d").endswith(f": write {right}")


def test_options_with_a_semicolon() -> None:
    """They need a list, which is shown."""
    expected = 'an option that has ";" in it needs a list around it: write ["a", "e;f"]'
    assert explained("a;e;f", "a", "e;f") == expected


@pytest.mark.parametrize("cell", ["'a';'b'", '"a;b"', 'a;"b"'])
def test_options_in_quotes(cell: str) -> None:
    """Without a list around them."""
    assert explained(cell, "a", "b") == 'quotes are letters here: write "a;b"'


@pytest.mark.parametrize("kind", ["checkbox", "radio"])
def test_brackets_without_quotes(kind: str) -> None:
    """Are not read, since a comma may be an option's own: what to write is shown."""
    expected = 'options in brackets have quotes, and a cell needs no brackets: write "a"'
    assert explained("[a]", "a", "b", kind=kind) == expected


def test_all_unknown_parts_are_told() -> None:
    """Each with what it resembles; the options come last, so that they cut nothing off."""
    assert explained("a;B;x", "a", "b") == (
        '"B", "x" are no options of "Title" (checkbox): for "B": did you mean "b"? (it differs in upper and lower '
        'case); several are separated by ";"; options are "a", "b"'
    )
    assert explained("v;w;x;y;z", "a").startswith('"v", "w", "x" and 2 more are no options of')


@pytest.mark.parametrize("kind", ["checkbox", "radio"])
def test_the_options_come_last(kind: str) -> None:
    """However many and long, they leave the remedy in sight, and take 200 characters."""
    message = explained("option", *(f"option {'x' * 60} {index}" for index in range(500)), kind=kind)
    text, _, options = message.partition("options are ")
    assert len(options) < 230
    assert options.endswith(" and 498 more")
    assert ("separated by" in text) == (kind == "checkbox")


@pytest.mark.parametrize(
    ("cell", "remedy"),
    [
        ("NaN", "leave the cell empty where there is no answer; "),
        ("#REF!", "leave the cell empty where there is no answer; "),
        ("[nan]", "leave the cell empty where there is no answer"),
        ("a;None", '"None" is no option of "Title" (checkbox): take it out; '),
        ("['a', None]", "an entry of the list is empty: take it out"),
        ("['']", "leave the cell empty where there is no answer"),
        ('["a", 1]', "1 in the list is no text: put every option in quotes"),
    ],
)
def test_what_is_no_value(cell: str, remedy: str) -> None:
    """In a cell of its own, in a part of one, in a list."""
    assert remedy in explained(cell, "a", "1")


def test_many_wrong_words_cost_little() -> None:
    """Of a thousand options the first wrong words are compared letter by letter, the others only looked up."""
    options = Options(Classification("Title", "s", "radio", tuple(Option(f"option {n}", "") for n in range(1_000))))
    told = [options.explain(f"optoin {number}") for number in range(100)]
    assert 'did you mean "option 7"?' in told[7]
    assert "did you mean" not in told[99]
    assert 'did you mean "option 7"? (it differs in upper and lower case)' in options.explain("OPTION 7")
