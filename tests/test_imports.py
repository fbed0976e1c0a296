"""The rooms of the package: which may know which."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

import prelabel

PACKAGE = Path(prelabel.__file__).parent
SOURCES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

FLOORS = """
codes, records < errors < model, retry, spelling < kernels < inputs, hub < masks < polygons < items < outcomes
< importer < __init__ < review, scaleout, plugin, demo < cli < __main__
"""
NEVER = {("inputs", "kernels"), ("hub", "kernels"), ("masks", "hub")}  # the API key stays in the hub's room
LOCALHUB_KNOWS, KNOW_LOCALHUB = {"errors"}, {"cli", "demo"}  # no mistake is made alike on both sides of the wire

FLOOR_OF = {room.strip(): floor for floor, rooms in enumerate(FLOORS.split("<")) for room in rooms.split(",")}


def may_import(room: str, other: str) -> bool:
    """Whether one room may import from another."""
    if "localhub" in {room, other}:
        return room == other or other in LOCALHUB_KNOWS or room in KNOW_LOCALHUB
    return room == other or (FLOOR_OF[other] < FLOOR_OF[room] and (room, other) not in NEVER)


def rooms_in(source: str) -> set[str]:
    """The rooms that a module's source imports from, also inside functions and for types alone."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where a name comes from"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in names if name.split(".")[0] == "prelabel"]
    return {part[1] if len(part) > 1 and part[1] in FLOOR_OF | {"localhub": 0} else "__init__" for part in parts}


@pytest.mark.parametrize("place", SOURCES)
def test_imports_go_leftwards(place: str) -> None:
    """No module imports from a room of its own floor or of a later one, not even lazily or for a type."""
    room = place.split("/", maxsplit=1)[0].removesuffix(".py")
    wrong = {other for other in rooms_in((PACKAGE / place).read_text("utf-8")) if not may_import(room, other)}

    assert not wrong, f"{place} must not import from {', '.join(sorted(wrong))}"


def test_the_rule_can_say_no() -> None:
    """Lazy imports and those for types are seen, and what is forbidden is."""
    source = """
if TYPE_CHECKING:
    from prelabel.hub.client import HubTask
def later():
    import prelabel.polygons.trace
try:
    import prelabel
except ImportError:
    pass
"""
    assert rooms_in(source) == {"hub", "polygons", "__init__"}
    assert all(may_import(right, left) for left, right in pairwise(["errors", "model", "kernels", "polygons", "cli"]))
    forbidden = ("inputs hub", "polygons importer", "inputs kernels", "masks hub", "importer localhub", "demo cli")
    assert not any(may_import(*pair.split()) for pair in (*forbidden, "localhub model", "importer __init__"))
