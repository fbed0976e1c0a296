"""What a misspelt word resembles."""

from __future__ import annotations

import pytest

from prelabel.spelling import did_you_mean


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
