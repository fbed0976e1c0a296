"""Every code is explained, and every one is used."""

from __future__ import annotations

import re
from pathlib import Path

import prelabel
from prelabel.codes import SEVERITY, Code

PACKAGE = Path(prelabel.__file__).parent
PAGE = Path(__file__).parents[1] / "docs" / "outcomes.md"


def test_every_code_is_explained_in_its_place() -> None:
    """The page has each code once, in the order of harm, with a meaning and a remedy."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)

    assert [code for code, _, _ in rows] == list(Code)
    assert all(meaning.endswith(".") and remedy.endswith(".") for _, meaning, remedy in rows)


def test_every_code_is_used() -> None:
    """Somewhere in the package, and not only here."""
    sources = "\n".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "codes.py")

    assert [code.name for code in Code if f"Code.{code.name}" not in sources] == []


def test_failures_come_before_notes() -> None:
    """What does most harm first."""
    assert SEVERITY[Code.UNMATCHED_ID] < SEVERITY[Code.REPEATED_ID] < SEVERITY[Code.VERIFIED]
