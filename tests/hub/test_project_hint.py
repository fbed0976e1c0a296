"""What is said of a project that the Hub does not know."""

from __future__ import annotations

from typing import Any

import pytest

from prelabel.hub.project_hint import project_hint


def projects(*names: str, total: Any = None) -> dict[str, Any]:
    """A page of the list of projects."""
    return {"projects": [{"_id": f"6612f{number}", "name": name} for number, name in enumerate(names)], "total": total}


@pytest.mark.parametrize(
    ("project", "answer", "hint"),
    [
        ("zzz", projects("Street"), 'the key sees 6612f0 ("Street")'),
        ("6612f", projects("Street"), 'did you mean "6612f0"? The key sees 6612f0 ("Street")'),
        ("STREET", projects("Sea", "Street"), 'did you mean "6612f1"? The key sees 6612f0 ("Sea"), 6612f1 ("Street")'),
        ("zzz", {"projects": []}, "the key sees no project"),
        ("zzz", {}, ""),
        ("zzz", {"projects": "none"}, ""),
        ("zzz", {"projects": [7, {"_id": 8}, {"name": "x"}]}, ""),
        ("zzz", {"projects": [{"_id": "p", "name": None}]}, 'the key sees p ("")'),
        ("zzz", projects("a\x1b[2J\nb" + "c" * 100), f'the key sees 6612f0 ("a[2J b{"c" * 51}...")'),
    ],
)
def test_hints(project: str, answer: dict[str, Any], hint: str) -> None:
    """A misspelt id or a name is recognised; other shapes and odd letters do no harm."""
    assert project_hint(project, answer) == hint


@pytest.mark.parametrize(("total", "n_more"), [(None, 2), (7, 2), (1_240, "1,235"), ("7", 2)])
def test_few_are_shown(total: Any, n_more: object) -> None:
    """Five, and how many more there are."""
    hint = project_hint("zzz", projects(*"abcdefg", total=total))
    assert hint.count("6612f") == 5
    assert hint.endswith(f'6612f4 ("e"), and {n_more} more')
