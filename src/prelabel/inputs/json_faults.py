"""What is wrong with a text that is not JSON, in words for whoever wrote it. Part of stage 1.

Parsers say what they expected; people want to know what they wrote. JSON written by hand is wrong in few ways: a comma
too many, a comment, quotes of another kind, words of another language.
"""

from __future__ import annotations

import json
import re

_IN_QUOTES = 'put names and texts in double quotes, as in "Mask"'
_FAULTS = tuple(
    (re.compile(pattern), fault)
    for pattern, fault in (
        ("//|/\\*|#", "JSON has no comments: take it out"),
        ("['\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb`]", f"{{0}} is no quote in JSON: {_IN_QUOTES}"),
        ("True\\b", "{0} is no word of JSON: write true"),
        ("False\\b", "{0} is no word of JSON: write false"),
        ("(?:None|undefined|NaN|nan)\\b", "{0} is no word of JSON: write null"),
        ("[A-Za-z_]\\w{0,40}", f"{{0}} stands without quotes: {_IN_QUOTES}"),
    )
)
_MESSAGES = {
    "Expecting ',' delimiter": "a comma is missing before this",
    "Expecting ':' delimiter": "a colon is missing before this",
    "Invalid \\escape": 'a backslash in a text is written twice, as in "C:\\\\masks"; paths may have / instead',
    "Invalid control character": "a text may hold no line break and no tab: write \\n or \\t, or close the quotes",
    "Extra data": "the JSON is at its end, and there is more: take the rest out",
}


def json_fault(error: ValueError | RecursionError) -> str:
    """Say what is wrong where, and what to write instead.

    Args:
        error: what ``json`` or ``orjson`` raised.

    Returns:
        One sentence without a full stop, the line and column (both from 1) in it where they are known.
    """
    text = getattr(error, "doc", None)
    if not isinstance(text, str):
        return f"{error}; mend it there"
    try:
        json.loads(text)  # orjson counts its places in another way
    except json.JSONDecodeError as again:
        place, message = again.pos, again.msg
    except (ValueError, RecursionError) as again:
        return f"{again}; mend it there"
    else:
        return f"{error}; mend it there"
    if not text.strip():
        return "it is empty"
    spoken = _MESSAGES.get(message.removesuffix(" at")) or f"{message[:1].lower()}{message[1:]}; mend it there"
    place, fault = _named(text, place) or (place, spoken if text[place:].strip() else "it ends in the middle")
    line, column = text.count("\n", 0, place) + 1, place - text.rfind("\n", 0, place)
    return f"line {line}, column {column}: {fault}"


def _named(text: str, place: int) -> tuple[int, str] | None:
    """Name the fault that a parser met at a place, and where it begins; None for one that has no name here."""
    if text[place : place + 1] == "\n":
        return None  # in the middle of a text
    rest, before = text[place:].lstrip(), text[:place].rstrip()
    start = len(text) - len(rest)
    if rest[:1] == "," and rest[1:].lstrip()[:1] in {"}", "]"}:  # Python 3.13 stops at the comma itself
        return start, _comma(rest[1:].lstrip()[0])
    if rest[:1] in {"}", "]"} and before[-1:] == ",":
        return len(before) - 1, _comma(rest[0])
    for pattern, fault in _FAULTS:
        if match := pattern.match(rest):
            return start, fault.format(match[0])
    return None


def _comma(bracket: str) -> str:
    return f'a comma before the closing "{bracket}": take it out'
