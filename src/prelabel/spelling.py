"""Words in messages: what a misspelt one resembles, and one that no text file can hold."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def counted(n: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: ``1 row``, ``1,200 rows``; ``nouns`` where the plural has no plain s."""
    return f"{n:,} {noun if n == 1 else nouns or noun + 's'}"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``' did you mean "x"?'`` for the nearest of the known words, or an empty string."""
    spelled = {other.casefold(): other for other in known}
    nearest = difflib.get_close_matches(word.casefold(), spelled, n=1, cutoff=0.6)
    return f' did you mean "{spelled[nearest[0]]}"?' if nearest else ""


def escaped(text: str) -> str:
    """Return a text in which bytes that are not UTF-8, as a path may have, are written by their codes."""
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a surrogate pair that stands for no byte
        encoded = text.encode("utf-8", "backslashreplace")
    return encoded.decode("utf-8", "backslashreplace")
