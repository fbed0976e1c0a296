"""What to say of a project that the Hub does not know: those it does, as far as the key sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prelabel.spelling import did_you_mean, short

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHOWN = 5
_MAX_NAME = 60


def project_hint(project: str, answer: Mapping[str, Any]) -> str:
    """Return what may be meant instead of a project, and a few that there are; empty where the answer tells none.

    Args:
        project: the id that was asked for.
        answer: what the Hub's list of projects said; records of any other shape are passed over.

    Example:
        >>> project_hint("6612", {"projects": [{"_id": "6612f0", "name": "Street"}], "total": 1})
        'did you mean "6612f0"? The key sees 6612f0 ("Street")'
    """
    listed = answer.get("projects")
    records = listed if isinstance(listed, list) else []
    names = {
        record["_id"]: _printable(str(record.get("name") or ""))
        for record in records
        if isinstance(record, dict) and isinstance(record.get("_id"), str)
    }
    if not names:
        return "the key sees no project" if listed == [] else ""
    total = answer.get("total")
    n_more = max(len(names), total if isinstance(total, int) else 0) - _SHOWN
    shown = ", ".join(f'{_printable(ident)} ("{name}")' for ident, name in list(names.items())[:_SHOWN])
    meant = [ident for ident, name in names.items() if name.casefold() == project.casefold()]
    hint = f' did you mean "{meant[0]}"?' if meant else did_you_mean(project, names)
    subject = f"{hint.strip()} The" if hint else "the"
    return f"{subject} key sees {shown}{f', and {n_more:,} more' if n_more > 0 else ''}"


def _printable(text: str) -> str:
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return short(line, _MAX_NAME)
