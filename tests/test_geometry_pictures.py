"""The pictures of docs/geometry.md are what the package draws today."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    """Every picture of the script, by its file's name."""
    pictures: dict[str, str] = runpy.run_path(str(ROOT / "scripts" / "draw_geometry.py"))["draw_all"]()
    return pictures


def test_the_committed_pictures_are_current(drawn: dict[str, str]) -> None:
    """Each file has the text that the script writes; no file is left over, none is missing."""
    kept = {path.name: path.read_bytes() for path in FOLDER.iterdir()}

    assert kept.keys() == drawn.keys()
    changed = [name for name, text in drawn.items() if kept[name] != text.encode()]
    assert not changed, f"run scripts/draw_geometry.py and look at {', '.join(changed)}"


def test_pictures_are_well_formed_and_shown(drawn: dict[str, str]) -> None:
    """Each is XML that draws outlines, loads nothing from elsewhere, and is shown on the page."""
    page = (ROOT / "docs" / "geometry.md").read_text("utf-8")
    for name, text in drawn.items():
        root = ET.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert 'class="line"' in text
        assert "href" not in text
        assert f"](pictures/{name})" in page, name
