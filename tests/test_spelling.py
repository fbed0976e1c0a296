"""What a misspelt word resembles, and what no text file can hold."""

from __future__ import annotations

import pytest

from prelabel.spelling import did_you_mean, escaped


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Colr", ' did you mean "Color"?'),
        ("COLOR", ' did you mean "Color"?'),
        ("straße", ' did you mean "STRASSE"?'),
        ("quite another", ""),
        ("", ""),
    ],
)
def test_the_nearest_word(word: str, hint: str) -> None:
    """Spelled as it is known, whatever the case; nothing when nothing is near."""
    assert did_you_mean(word, ["Color", "Category", "STRASSE"]) == hint


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("déjà", "déjà"), ("x\udce9y", "x\\xe9y"), ("\ud800\udce9", "\\ud800\\udce9"), ("", "")],
)
def test_bytes_that_are_not_utf8(text: str, shown: str) -> None:
    """What a path may hold and a text file may not is written as its code; all else stays."""
    assert escaped(text) == shown
    escaped(text).encode()
