"""Cells to answers: what each kind takes, and errors that list the options."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.errors import RowError
from prelabel.inputs.answers import MAX_REGEX_CHARS, AnswerReader, row_answers
from prelabel.model import Classification, ColumnLink, Option


def link(kind: str, *values: str, regex: str = "", unsupported: str = "", ignored: bool = False) -> ColumnLink:
    """Link the column "Col" to a classification with these options, whose IDs are id0, id1, ..."""
    options = tuple(Option(value, f"id{index}") for index, value in enumerate(values))
    return ColumnLink("Col", Classification("Title", "schema", kind, options, regex, unsupported), ignored)


def answer(the_link: ColumnLink, cell: str) -> str | list[str] | None:
    """Read one cell; None when it holds no answer."""
    answers = row_answers([the_link], [cell])
    assert all(entry["schemaId"] == "schema" for entry in answers)
    return answers[0]["answer"] if answers else None


def refusal(the_link: ColumnLink, cell: str) -> RowError:
    """Read one cell and return the error."""
    with pytest.raises(RowError) as caught:
        answer(the_link, cell)
    assert caught.value.column == "Col"
    assert caught.value.excerpt == cell[:200]
    return caught.value


@pytest.mark.parametrize("kind", ["radio", "single-dropdown"])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [("A", "A"), (" A ", "A"), ("B;C", "B;C"), ("D", " D"), ("id0", "A"), (" id2", " D"), ("", None), (" \t", None)],
)
def test_single_choice(kind: str, cell: str, expected: str | None) -> None:
    """One option, sent as the schema has it: exact, then trimmed, then by its schema ID."""
    assert answer(link(kind, "A", "B;C", " D"), cell) == expected


@pytest.mark.parametrize("kind", ["checkbox", "multi-dropdown"])
@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("A", ["A"]),
        ("B;A", ["B", "A"]),
        (" B ; A ;", ["B", "A"]),
        ("A;A;B;A", ["A", "B"]),
        ("A;B;C", ["A;B;C"]),
        (" A;B;C ", ["A;B;C"]),
        ('["A;B;C", "B"]', ["A;B;C", "B"]),
        (' ["B","B"] ', ["B"]),
        ("[x];A", ["[x]", "A"]),
        ("[x]", ["[x]"]),
        ("id1;A", ["B", "A"]),
        ("[]", None),
        (";", None),
        ("  ", None),
        ("", None),
    ],
)
def test_many_choices(kind: str, cell: str, expected: list[str] | None) -> None:
    """The whole cell first, then a JSON list, then parts between semicolons; each once, in the cell's order."""
    assert answer(link(kind, "A", "B", "A;B;C", "[x]"), cell) == expected


def test_option_value_wins_over_another_options_id() -> None:
    """An ID is only looked for where no option has that value."""
    assert answer(link("radio", "id1", "B"), "id1") == "id1"


def test_options_that_differ_in_spaces_only() -> None:
    """They are told apart exactly; a cell that could mean either is refused."""
    spaced = link("radio", "A ", " A")
    assert answer(spaced, "A ") == "A "
    assert answer(spaced, " A") == " A"
    assert "no option of" in str(refusal(spaced, "A"))


@pytest.mark.parametrize("cell", ["red", "007", "1e5", "NA", " kept as is ", "a;b", '["a"]', "zwei\nZeilen", "0"])
def test_text_is_kept(cell: str) -> None:
    """Text is sent letter by letter."""
    assert answer(link("text"), cell) == cell


@pytest.mark.parametrize("cell", ["", " ", "\n\t"])
def test_empty_text_is_no_answer(cell: str) -> None:
    """A cell with nothing to see in it answers nothing, whatever the regex says."""
    assert answer(link("text", regex=r"\d+"), cell) is None


@pytest.mark.parametrize(
    ("regex", "good", "bad"),
    [
        (r"\d{3}", "123", "1234"),
        (r"^\d+$", "12", "12\n"),
        (r"\d+", "12", "١٢"),
        (r"(?<year>\d{4})-\k<year>", "2024-2024", "2024-2025"),
        (r"(?<=a)b|ab", "ab", "b"),
        (r"a|bc", "bc", "abc"),
        (r"\/x", "/x", "x"),
        (r"\(?<\d", "(<1", "(1"),
        (r"[[a]", "[", "b"),
    ],
)
def test_regex_must_match_from_end_to_end(regex: str, good: str, bad: str) -> None:
    """JavaScript's regexes are taken as far as they can be, names and ASCII digits included."""
    assert answer(link("text", regex=regex), good) == good
    error = refusal(link("text", regex=regex), bad)
    assert f'it does not match the regex of "Title" (text), {regex}; mend it' in str(error)


@pytest.mark.parametrize("regex", [r"\p{L}+", "[^]", "(", "a{99999999999999999999}", r"\\(?<a>x)"])
def test_regex_that_python_cannot_read_is_not_enforced(regex: str) -> None:
    """A row must not fail for a regex that only a browser understands."""
    assert answer(link("text", regex=regex), "anything") == "anything"


@pytest.mark.timeout(30)
def test_long_text_is_not_matched() -> None:
    """A regex of quadratic cost cannot hold up an import: very long cells are let through."""
    the_link = link("text", regex="a*a*c")
    long = "a" * 200_000
    assert answer(the_link, long) == long
    assert "regex" in str(refusal(the_link, "a" * MAX_REGEX_CHARS))


def test_unknown_option_lists_the_options() -> None:
    """The error names the column, the cell, the options and the nearest."""
    error = refusal(link("radio", "Sedan", "Truck"), "sedann")
    assert str(error) == (
        'column "Col" is "sedann": no option of "Title" (radio): did you mean "Sedan"? options are "Sedan", "Truck"'
    )
    error = refusal(link("checkbox", "Option1", "Option2"), "Option1; Option")
    assert 'column "Col" is "Option1; Option": "Option" is no option of "Title" (checkbox)' in str(error)
    assert "options are none" in str(refusal(link("radio"), "x"))


def test_long_lists_and_cells_are_shortened() -> None:
    """A thousand options and a novel in a cell still make a readable message."""
    error = refusal(link("radio", *(f"option {index}" for index in range(1000))), "z" * 5000)
    assert '"option 0", "option 1", ' in str(error)
    assert str(error).endswith('"option 15" and 984 more')
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("['A', 'B']", ["A", "B"]),
        (' ["B"] ', ["B"]),
        ("('B', 'A')", ["B", "A"]),
        ("{'A'}", ["A"]),
        ("['A' 'B']", ["A", "B"]),
        ("['A'\n 'B']", ["A", "B"]),
        ("['A', \"it's\"]", ["A", "it's"]),
        ("['it\\\\'s', 'A']".replace("\\\\", "\\"), ["it's", "A"]),
        ("['A',]", ["A"]),
        ("['\u00c9te']", ["\u00c9te"]),
        ("[]", None),
    ],
)
def test_lists_that_programs_write(cell: str, expected: list[str] | None) -> None:
    """JSON's, Python's and NumPy's lists of texts are read, in their order; for one answer those of one text."""
    options = ("A", "B", "it's", "E\u0301te")
    same = [unicodedata.normalize("NFD", value) for value in expected or ()]
    assert answer(link("checkbox", *options), cell) == (same or None)
    if expected is None or len(expected) == 1:
        assert answer(link("radio", *options), cell) == (same[0] if same else None)
    else:
        assert f"takes one answer only, and these are {len(expected)}" in str(refusal(link("radio", *options), cell))


@pytest.mark.parametrize("cell", ["['A', 1]", "['A'", "{'A': 'B'}", "[A, x]"])
def test_what_is_no_list_of_texts(cell: str) -> None:
    """Is not guessed at."""
    assert "no option of" in str(refusal(link("checkbox", "A", "B"), cell))


@pytest.mark.parametrize(
    ("cell", "separator", "right"),
    [
        ("A,B", ",", '"A;B"'),
        ("A, B", ",", '"A;B"'),
        ("A|B", "|", '"A;B"'),
        ("A / B", "/", '"A;B"'),
        ("A\nB", "\n", '"A;B"'),
        ("A|c, d", "|", '"A;c, d"'),
        ("A|e;f", "|", '["A", "e;f"]'),
    ],
)
def test_other_separators_are_named(cell: str, separator: str, right: str) -> None:
    """Where all the parts are options: with what stands there, what should, and how."""
    the_link = link("checkbox", "A", "B", "c, d", "e;f")
    assert f'are separated by ";", not by {separator!r}: write {right}' in str(refusal(the_link, cell))


def test_the_separator_is_named_and_options_are_quoted() -> None:
    """An option with a comma in it reads as one; one-answer classifications name no separator."""
    message = str(refusal(link("checkbox", "A", "c, d"), "A, x"))
    assert message.endswith(': several are separated by ";"; options are "A", "c, d"')
    assert str(refusal(link("radio", "A", "B"), "x")).endswith('(radio): options are "A", "B"')
    assert str(refusal(link("radio", "A", "B"), "A;x")).endswith(': it takes one answer only; options are "A", "B"')


@pytest.mark.parametrize("cell", ["A;B", "A, B", "A|B", "['A', 'B']", '["A", "B"]'])
@pytest.mark.parametrize("kind", ["radio", "single-dropdown"])
def test_one_answer_only(cell: str, kind: str) -> None:
    """A cell with several options of a classification that takes one."""
    message = str(refusal(link(kind, "A", "B"), cell))
    assert f'"Title" ({kind}) takes one answer only, and these are 2, "A", "B": keep one' in message


@pytest.mark.parametrize("cell", ["NaN", "nan", "None", "null", "N/A"])
def test_what_programs_write_for_nothing(cell: str) -> None:
    """It is no answer and no option, unless one is called so; text stays text."""
    for kind in ("radio", "checkbox"):
        assert "leave the cell empty where there is no answer" in str(refusal(link(kind, "A"), cell))
    assert answer(link("radio", cell), cell) == cell
    assert answer(link("text"), cell) == cell
    assert "leave the cell empty" in str(refusal(link("text", regex=r"\d+"), cell))


def test_canonically_equal_options_match() -> None:
    """Whichever form the cell and the schema are in, where only one option is meant; else the difference is named."""
    composed, decomposed = "\u00c9t\u00e9", "E\u0301te\u0301"
    assert answer(link("radio", composed), f" {decomposed} ") == composed
    assert answer(link("checkbox", decomposed, "A"), f"A;{composed}") == ["A", decomposed]
    assert answer(link("radio", composed, decomposed), decomposed) == decomposed
    half = refusal(link("radio", composed, decomposed), "E\u0301t\u00e9")
    assert "(it differs in its Unicode form)" in str(half)


@pytest.mark.parametrize(
    ("cell", "difference"),
    [
        ("Light\xa0blue", "a no-break space at character 6"),
        ("light blue", "upper and lower case"),
        ("Light%20blue", "percent-encoding"),
        ('"Light blue"', "quotes around it"),
        ("Light  blue", "doubled spaces"),
    ],
)
def test_near_misses_of_options_are_named(cell: str, difference: str) -> None:
    """With what differs."""
    message = str(refusal(link("radio", "Light blue", "Red"), cell))
    assert f'did you mean "Light blue"? (it differs in {difference})' in message


def test_all_faults_of_a_row_are_told() -> None:
    """Each with its column; the first one's stand in the error's fields. A sound row is unharmed."""
    links = [
        ColumnLink(name, Classification(name.lower(), name, "radio", (Option("Yes", ""), Option("No", ""))))
        for name in ("A", "B", "C")
    ]
    with pytest.raises(RowError) as caught:
        row_answers(links, ["Maybe", "Yes", "Never"])
    assert (caught.value.column, caught.value.excerpt) == ("A", "Maybe")
    assert str(caught.value).startswith('column "A" is "Maybe": no option of "a" (radio):')
    assert '; column "C" is "Never": no option of "c" (radio):' in str(caught.value)
    assert len(row_answers(links, ["No", "Yes", "No"])) == 3


def test_floods_are_dammed() -> None:
    """However long the cells, and however many of them are wrong, a row's message stays readable."""
    links = [
        ColumnLink(f"{number}", Classification("x" * 9_000, f"{number}", "radio", (Option("y" * 9_000, ""),)))
        for number in range(200)
    ]
    with pytest.raises(RowError) as caught:
        row_answers(links, ["z" * 100_000] * 200)
    assert str(caught.value).endswith(" and 180 more")
    assert len(str(caught.value)) < 20 * 700


@pytest.mark.parametrize("written", ["1", '["A"]', "true"])
def test_json_lists_hold_text(written: str) -> None:
    """A number in a list is not guessed to mean an option."""
    error = refusal(link("checkbox", "A", "1"), f'["A", {written}]')
    assert f"{written} in the list is no text: put every option in quotes" in str(error)


def test_unsupported_classification_fails_rows_with_a_value() -> None:
    """Rows that leave the column empty go on."""
    nested = link("radio", "A", unsupported="prelabel imports no nested classifications, and this one has some")
    assert answer(nested, "") is None
    assert answer(nested, "  ") is None
    error = refusal(nested, "A")
    assert '"Title" (radio) cannot be imported: prelabel imports no nested classifications' in str(error)
    assert 'put schema into "ignored_schema_ids"' in str(error)


def test_ignored_columns_are_not_even_read() -> None:
    """An ignored column cannot fail a row, whatever stands in it."""
    for the_link in (link("radio", "A", ignored=True), link("x", unsupported="why", ignored=True)):
        assert answer(the_link, "nonsense") is None


def test_answers_come_in_the_links_order_and_are_the_callers() -> None:
    """One answer per filled cell; a list handed out once is not handed out again."""
    links = [link("text"), link("radio", "A", ignored=True), link("checkbox", "A"), link("radio", "A")]
    reader = AnswerReader(links)
    first = reader.read(["x", "A", "A", ""])
    assert [entry["answer"] for entry in first] == ["x", ["A"]]
    first[1]["answer"].append("spoilt")
    assert reader.read(["", "", "A", "A"]) == [
        {"schemaId": "schema", "answer": ["A"]},
        {"schemaId": "schema", "answer": "A"},
    ]
    with pytest.raises(ValueError, match="zip"):
        reader.read(["x"])


_VALUE = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(values=st.lists(_VALUE, min_size=1, max_size=6, unique=True), data=st.data())
def test_every_option_can_be_named(values: list[str], data: st.DataObject) -> None:
    """Whatever options a schema has: the cell with the value, and a JSON list of values, give these values."""
    assert answer(link("radio", *values), values[0]) == values[0]
    chosen = data.draw(st.lists(st.sampled_from(values), min_size=1, unique=True))
    listed = json.dumps(chosen, ensure_ascii=data.draw(st.booleans()))
    if listed not in values:
        assert answer(link("checkbox", *values), listed) == chosen
    plain = [value for value in chosen if ";" not in value and value == value.strip() and not value.startswith("[")]
    if plain and ";".join(plain) not in values and len({value.strip() for value in values}) == len(values):
        assert answer(link("multi-dropdown", *values), " ; ".join(plain)) == plain


@given(
    cell=st.text(), values=st.lists(_VALUE, max_size=4), kind=st.sampled_from(["radio", "checkbox", "multi-dropdown"])
)
def test_any_cell_ends_in_options_or_an_error(cell: str, values: list[str], kind: str) -> None:
    """No cell makes an answer that the schema does not have."""
    try:
        found = answer(link(kind, *values), cell)
    except RowError:
        return
    assert set([found] if isinstance(found, str) else found or []) <= set(values)


@pytest.mark.timeout(30)
def test_twenty_thousand_rows() -> None:
    """Look-ups are made once, not by row: reading them again and again would take minutes."""
    reader = AnswerReader(
        [link("text", regex=r"\w+"), link("radio", *map(str, range(100))), link("checkbox", "A", "B")]
    )
    rows = [(f"text{index}", str(index % 100), "A;B") for index in range(20_000)]
    answers = [reader.read(row) for row in rows]
    assert answers[-1][2]["answer"] == ["A", "B"]
