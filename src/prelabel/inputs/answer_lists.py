"""Several options in one cell: lists as programs write them, and whatever people put between options. Stage 3."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEPARATORS = (";", ",", "|", "/", "\n", "\t", "&", "+", "\uff1b", "\uff0c", "\u3001", "\uff5c", " ")
"""What may stand between options, the likeliest first; the wide ones are those of East Asian keyboards."""

# Of a cell that is taken apart to explain it.
_MAX_CHARS = 2_000
_MAX_PARTS = 60
_TEXT = r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_ENTRY = rf"(?:{_TEXT}|None|nan|NaN|<NA>)"
_ENTRIES = re.compile(rf"[\[({{]\s*(?:{_ENTRY}(?:(?:\s*,\s*|\s+){_ENTRY})*\s*,?\s*)?[\])}}]")
_ENTRY_TEXT = re.compile(_ENTRY)
_CALL = re.compile(
    r"(?:np\.|numpy\.|pd\.)?(?:array|list|tuple|set|frozenset|Index|Series)\((.*?)(?:,\s*\w+=[^()]*)*\)", re.DOTALL
)
_NUMPY_TEXT = re.compile(rf"np\.str_\(({_TEXT})\)")
_QUOTES = "\"'"


def written_list(cell: str) -> list[Any] | None:
    """Read a list in a cell, as JSON, Python, NumPy or pandas write it; None where there is none.

    Of what programs other than JSON's write, only texts between quotes are read, and None for what is no value.
    """
    text = cell.strip()
    if call := _CALL.fullmatch(text):
        text = call[1].strip()
    if not text.startswith(("[", "(", "{")):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, list):
        return [None if part != part else part for part in document]  # noqa: PLR0124 - NaN
    text = _NUMPY_TEXT.sub(r"\1", text)
    if not _ENTRIES.fullmatch(text):
        return None
    return [_entry(part) for part in _ENTRY_TEXT.findall(text)]


def _entry(part: str) -> str | None:
    return re.sub(r"\\(['\"\\])", r"\1", part[1:-1]) if part[0] in _QUOTES else None


def split_otherwise(cell: str, find: Callable[[str], str | None]) -> Iterator[tuple[str, list[str]]]:
    """Take a cell apart in every way that leaves nothing but options.

    Args:
        cell: the cell.
        find: returns the option that a text names, or None.

    Yields:
        (separator, options): two or more, or one that stands in brackets. The separator is "list" for a list, and
        "brackets" for what looks like one but has no quotes.
    """
    if len(cell) > _MAX_CHARS:
        return
    written = written_list(cell)
    if written and all(isinstance(part, str) for part in written):
        options = [option for part in written if (option := find(part)) is not None]
        if len(options) == len(written):
            yield "list", options
    text = cell.strip()
    is_bare = len(text) > 1 and text[0] in "[({" and text[-1] in "])}"
    inner = text[1:-1] if is_bare else text
    for separator in SEPARATORS:
        options = _options(inner.split(separator, _MAX_PARTS), separator, find)
        if len(options) > 1 or (options and is_bare):
            yield "brackets" if is_bare else separator, options


def _options(parts: list[str], separator: str, find: Callable[[str], str | None]) -> list[str]:
    """The options in parts of a cell, empty where one is none. An option may have the separator in it."""
    options, place = [], 0
    while place < len(parts):
        if not parts[place].strip():
            place += 1
            continue
        for end in range(len(parts), place, -1):
            text = separator.join(parts[place:end])
            option = find(text) or find(text.strip().strip(_QUOTES))
            if option is not None:
                options.append(option)
                place = end
                break
        else:
            return []
    return options
