"""What a misspelt word resembles, what it differs in, and how words are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.spelling import (
    NearMiss,
    Spellings,
    canonical_twin,
    clauses,
    did_you_mean,
    differences,
    escaped,
    first_few,
    listed,
    means_nothing,
    plain_name,
    quoted,
    respellings,
    without_extension,
)


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Colr", ' did you mean "Color"?'),
        ("COLOR", ' did you mean "Color"? (it differs in upper and lower case)'),
        ("straße", ' did you mean "STRASSE"? (it differs in upper and lower case)'),
        ("\ufeffColor", ' did you mean "Color"? (it differs in a zero width no-break space at character 1)'),
        ("quite another", ""),
        ("a/Color", ' did you mean "Color"?'),
        ("x" * 100_000, ""),
        ("", ""),
    ],
)
def test_the_nearest_word(word: str, hint: str) -> None:
    """Spelled as it is known, with what differs where that has a name; nothing when nothing is near."""
    assert did_you_mean(word, ["Color", "Category", "STRASSE"]) == hint


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("External\xa0ID", "External ID", ["a no-break space at character 9"]),
        ("A b.jpg", "A\xa0b.jpg", ["a no-break space at character 2"]),
        ("a\u2009b", "a b", ["a thin space at character 2"]),
        ("a\u2003b", "a b", ["an em space at character 2"]),
        ("a\tb", "a b", ["a tab at character 2"]),
        ("a.jpg\xa0", "a.jpg", ["a no-break space at character 6"]),
        ("a.jpg\r", "a.jpg", ["a line break at character 6"]),
        ("a\u200bb", "ab", ["a zero width space at character 2"]),
        ("A\xa0b ", "A\xa0b", ["spaces around it"]),
        (" img.png", "img.png", ["spaces around it"]),
        ("a  b", "a b", ["doubled spaces"]),
        ("u\u0308", "\u00fc", ["its Unicode form"]),
        ("IMG.PNG", "img.png", ["upper and lower case"]),
        ("img%201.png", "img 1.png", ["percent-encoding"]),
        ("my+file", "my file", ["a plus sign"]),
        ("+7", "7", ["a plus sign"]),
        ('="007"', "007", ["a formula around it"]),
        ("my+own+file", "my own file", ["plus signs"]),
        ('"a.jpg"', "a.jpg", ["quotes around it"]),
        ("\u201ca\u201d", "a", ["quotes around it"]),
        ("a\u2013b", "a-b", ["typographic characters"]),
        ("7", "007", ["leading zeros"]),
        ("img_1", "img_0001", ["leading zeros"]),
        ("7.0", "7", ['a ".0" at its end']),
        ("7.0", "007", ['a ".0" at its end', "leading zeros"]),
        ("C:\\data\\img.png", "img.png", ["its folder"]),
        ("frame.jpg", "61148fa2-frame.jpg", ["its prefix"]),
        ("frame.jpg", "1b4e28ba-2fa1-11d2-883f-0016d3cca427_frame.jpg", ["its prefix"]),
        ("img.jpg", "img.png", ["its extension"]),
        ("scan.nii.gz", "scan.png", ["its extension"]),
        ("a/IMG.jpg", "b/img.png", ["upper and lower case", "its folder", "its extension"]),
        ("A%C2%A0b.jpg", "A b.jpg", ["percent-encoding", "odd spaces"]),
        ("a%2520b", "a b", ["percent-encoding"]),
        ("cafe%CC%81", "caf\u00e9", ["percent-encoding", "its Unicode form"]),
        ("a.png;", "a.png", ["punctuation at its end"]),
        ("a.png ,", "a.png", ["punctuation at its end"]),
        ("a.png.", "a.png", ["punctuation at its end"]),
        ("[a.png]", "a.png", ["brackets around it"]),
        ("['a.png']", "a.png", ["brackets around it", "quotes around it"]),
        ("\u0430.png", "a.png", ["letters of another alphabet"]),
        ("\u0421ar", "car", ["letters of another alphabet", "upper and lower case"]),
        ("\u039fption", "Option", ["letters of another alphabet"]),
        ("\u0131mg", "img", ["letters of another alphabet"]),
        ("ete", "\u00e9t\u00e9", ["accents"]),
        ("1.0.png", "1.png", ['a ".0" before its extension']),
        ("img_1.00.PNG", "img_1.png", ["upper and lower case", 'a ".0" before its extension']),
        ("a.png?x=1", "a.png", ["its query"]),
        ("m/a.png?x=b/c#d", "a.png", ["its query", "its folder"]),
        ("frame.jpg.png", "frame.jpg", ["its extension"]),
        ("frame.jpg.png", "frame.png", ["its extension"]),
        ("my_file.png", "my file.png", ["spaces, hyphens or underscores"]),
        ("a?.png", "a.png", []),
        ("img#1.png", "img#2.png", []),
        ("10.05.png", "10.5.png", []),
        ("a.final.png", "a.draft.png", []),
        ("123456_mask.png", "654321_mask.png", []),
        ("same", "same", []),
        ("one", "other", []),
        ("1.05", "1.5", []),
    ],
)
def test_differences_have_names(one: str, other: str, names: list[str]) -> None:
    """What two words differ in is named, no more than that, and either way round."""
    assert differences(one, other) == names
    assert differences(other, one) == names


@given(st.text(max_size=12), st.text(max_size=12))
def test_naming_differences_takes_any_text(one: str, other: str) -> None:
    """No text makes it fail; a word does not differ from itself."""
    differences(one, other)
    assert differences(one, one) == []
    near = Spellings([other], are_files=True).nearest(one)
    assert near is None or (near.word == other and one != other)


def test_the_finest_difference_wins() -> None:
    """A file of the same name in other case is nearer than one of another extension; of equals the first counts."""
    files = Spellings(["A.jpg", "A.png", "a /a.PNG"], are_files=True)
    assert files.nearest("a.png") == NearMiss("A.png", "upper and lower case")
    assert files.nearest("A.tif") == NearMiss("A.jpg", "its extension")
    assert Spellings(["A.jpg"]).nearest("A.png") is None
    assert Spellings(["A.jpg"]).nearest("A.jpg") is None


@pytest.mark.timeout(60)
def test_many_words_of_one_form_cost_no_more() -> None:
    """A frame of the same name in each of 20,000 folders: were each row to look at all of them, this would hang."""
    frames = Spellings((f"{number}/frame.jpg" for number in range(20_000)), are_files=True)
    assert all(frames.nearest(f"x{number}/frame.png") for number in range(5_000))


def test_other_spellings_name_something() -> None:
    """What is asked for where a folder cannot be listed: each oddity taken off, and all of them."""
    ways = respellings("['m/\u0430%C2%A0b.png?x=1'];")
    assert ways[0] != "['m/\u0430%C2%A0b.png?x=1'];"
    assert "m/a b.png" in ways
    assert "a.png" in respellings("a.png?x=1")
    assert "a.png" in respellings("a.png;")
    assert "1.png" in respellings("1.0.png")
    assert plain_name("['m/1.0.png?x=a/b'],") == "1.png"


def test_canonical_twins() -> None:
    """The word itself, else the only one that is canonically equal."""
    composed, decomposed = "\u00c9t\u00e9", "E\u0301te\u0301"
    assert canonical_twin(decomposed, [composed, "b"]) == composed
    assert canonical_twin(composed, [decomposed, "b"]) == decomposed
    assert canonical_twin(decomposed, [composed, decomposed]) == decomposed
    assert canonical_twin("E\u0301t\u00e9", [composed, decomposed]) is None
    assert canonical_twin("x", [composed]) is None


@pytest.mark.parametrize("text", ["NaN", " nan ", "None", "null", "N/A", "#N/A", "<NA>"])
def test_what_programs_write_for_nothing(text: str) -> None:
    """In any case and between spaces; an option called "No" is none of them."""
    assert means_nothing(text)
    assert not any(map(means_nothing, ("", "No", "0", "nano")))


def test_words_are_shown_cut_and_visible() -> None:
    """At most 200 characters; what cannot be seen, or written as UTF-8, is an escape."""
    assert quoted("x" * 300) == f'"{"x" * 197}..."'
    assert quoted("a\nb\xa0c\udcf6\u200b\u00e9") == '"a\\nb\\u00a0c\\udcf6\\u200b\u00e9"'


def test_lists_are_shown_cut() -> None:
    """Twenty words, each of at most 80 characters, and how many there are beside them."""
    assert listed([]) == "none"
    assert listed(["a", "b, c"]) == '"a", "b, c"'
    assert listed([str(number) for number in range(22)]).endswith(', "19" and 2 more')
    assert listed(["y" * 70] * 9).endswith(
        'y", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy" and 7 more'
    )
    assert listed(["x" * 100]) == f'"{"x" * 77}..."'
    assert first_few(["a", "b"], separator="; ") == "a; b"


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a.jpg", "a"), ("a/b.c/d", "a/b.c/d"), ("a/b.nii.GZ", "a/b"), (".hidden", ".hidden"), ("v1.2", "v1.2")],
)
def test_extensions_are_taken_off(name: str, stem: str) -> None:
    """The last one, and that of a packed file; folders stay."""
    assert without_extension(name) == stem


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("déjà", "déjà"), ("x\udce9y", "x\\xe9y"), ("\ud800\udce9", "\\ud800\\udce9"), ("", "")],
)
def test_bytes_that_are_not_utf8(text: str, shown: str) -> None:
    """What a path may hold and a text file may not is written as its code; all else stays."""
    assert escaped(text) == shown
    escaped(text).encode()


def test_clauses() -> None:
    """A semicolon stands between them, but after a question."""
    assert clauses("", "a", "", "b") == "a; b"
    assert clauses("is it x?", "y") == "is it x? y"
    assert clauses() == ""


@pytest.mark.timeout(60)
@pytest.mark.parametrize("part", [";", " ", ".png", "1.0.", "(", "a\u0301", "%25", "-_ ", "[]", ".a?", "\n"])
def test_long_words_come_to_an_end(part: str) -> None:
    """A cell may hold a hundred thousand characters; a difference that went over them again and again would hang."""
    word = part * (300_000 // len(part))
    for text in (word, word + "x"):
        assert differences(text, "y") == []
        assert set(plain_name(text)) <= set(text)  # nothing but what is in it
