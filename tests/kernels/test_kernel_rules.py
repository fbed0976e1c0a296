"""How kernels are written."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import prelabel.kernels

KERNEL_SOURCES = sorted(Path(prelabel.kernels.__path__[0]).glob("*.py"))
MAX_LINES = 250
STAMPED_CONSTANTS = {"TRANSPARENT"}
"""What compiled code may use from outside the folder: ``_kernel_cache.sources_stamp`` covers it."""


def _kernels_in(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions of a file that wear the ``@kernel(...)`` or ``@inner(...)`` decorator."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Call) and ast.unparse(d.func) in {"kernel", "inner"} for d in node.decorator_list)
    ]


def _kernel_problems(tree: ast.Module) -> list[str]:
    """What the file's kernels do that kernels must not: use what no stamp covers, or stand unexplained."""
    from_elsewhere = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not f"{node.module}.".startswith("prelabel.kernels.")
        for alias in node.names
        if alias.name not in STAMPED_CONSTANTS
    }
    problems = []
    for function in _kernels_in(tree):
        names = {node.id for part in function.body for node in ast.walk(part) if isinstance(node, ast.Name)}
        problems += [f"{function.name} uses {from_elsewhere[name]}" for name in sorted(names & from_elsewhere.keys())]
        is_small_helper = function.name.startswith("_") and len(function.body) <= 8
        if not is_small_helper and not ast.get_docstring(function):
            problems.append(f"{function.name} has no docstring")
    return problems


@pytest.mark.parametrize("path", KERNEL_SOURCES, ids=lambda path: path.stem)
def test_kernels_stay_in_their_folder_and_are_explained(path: Path) -> None:
    """What is on disk is stale when a file of the folder changes, so nothing else may be compiled into it."""
    source = path.read_text("utf-8")

    assert _kernel_problems(ast.parse(source)) == []
    assert len(source.splitlines()) <= MAX_LINES


def test_the_kernel_rules_can_say_no() -> None:
    """A kernel that uses what lies outside the folder and one without a docstring are found, what is covered is not."""
    source = """
from prelabel.kernels.class_runs import classify_runs
from prelabel.model import TRANSPARENT, Runs
from prelabel.spelling import nearest as closest
@kernel("void()")
def trace(runs: Runs):
    closest(TRANSPARENT)
    classify_runs()
"""
    problems = _kernel_problems(ast.parse(source))
    assert problems == ["trace uses prelabel.spelling.nearest", "trace has no docstring"]


def test_there_are_kernels_to_check() -> None:
    """The decorator is found where it is used."""
    assert sum(len(_kernels_in(ast.parse(path.read_text("utf-8")))) for path in KERNEL_SOURCES) >= 10
