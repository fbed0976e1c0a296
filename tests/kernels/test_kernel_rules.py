"""How kernels are written."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import prelabel.kernels

KERNEL_SOURCES = sorted(Path(prelabel.kernels.__path__[0]).glob("*.py"))


def _kernels_in(tree: ast.Module) -> list[ast.FunctionDef]:
    """The functions of a file that wear the ``@kernel(...)`` or ``@inner(...)`` decorator."""
    return [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(d, ast.Call) and ast.unparse(d.func) in {"kernel", "inner"} for d in node.decorator_list)
    ]


def _kernel_problems(tree: ast.Module, kernels_elsewhere: set[str]) -> list[str]:
    """What the file's kernels do that kernels must not: call those of other files, or stand unexplained."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if f"{node.module}.{alias.name}" in kernels_elsewhere
    }
    problems = []
    for function in _kernels_in(tree):
        names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        problems += [f"{function.name} calls {name}, a kernel of another file" for name in sorted(names & imported)]
        is_small_helper = function.name.startswith("_") and len(function.body) <= 8
        if not is_small_helper and not ast.get_docstring(function):
            problems.append(f"{function.name} has no docstring")
    return problems


def _kernel_names() -> set[str]:
    return {
        f"prelabel.kernels.{path.stem}.{function.name}"
        for path in KERNEL_SOURCES
        for function in _kernels_in(ast.parse(path.read_text("utf-8")))
    }


@pytest.mark.parametrize("path", KERNEL_SOURCES, ids=lambda path: path.stem)
def test_kernels_stand_alone_and_are_explained(path: Path) -> None:
    """Numba's disk cache does not notice a change in another file, so a kernel calls only kernels of its own."""
    others = {name for name in _kernel_names() if not name.startswith(f"prelabel.kernels.{path.stem}.")}
    assert _kernel_problems(ast.parse(path.read_text("utf-8")), others) == []


def test_the_kernel_rules_can_say_no() -> None:
    """A kernel that calls another file's kernel and one without a docstring are found."""
    source = """
from prelabel.kernels.runs import classify_runs
@kernel("void()")
def trace():
    classify_runs()
"""
    problems = _kernel_problems(ast.parse(source), {"prelabel.kernels.runs.classify_runs"})
    assert problems == ["trace calls classify_runs, a kernel of another file", "trace has no docstring"]


def test_there_are_kernels_to_check() -> None:
    """The decorator is found where it is used."""
    assert len(_kernel_names()) >= 10
