"""The structure of the package: which module may import which, what importing costs, how kernels are written."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import prelabel

PACKAGE = Path(prelabel.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
KERNEL_SOURCES = sorted((PACKAGE / "kernels").glob("*.py"))

# Each layer may import those before it. What stands in one layer does not know of each other.
LAYERS = (
    {"errors", "model", "spelling"},
    {"config"},
    {"kernels", "lines", "rejects", "retry"},
    {"classes", "colors", "holes"},
    {
        "ontology",
        "rows",
        "answers",
        "masks",
        "polygons",
        "ango",
        "trace",
        "survey",
        "batches",
        "merge",
        "hub",
        "journal",
        "report",
    },
    {"builder"},
    {"load", "geojson", "coco", "geoarrow", "budget", "sizes"},
    {"tracing"},
    {"verify"},
    {"encode", "sharing", "matching", "upload"},
    {"outcomes", "row_filter"},
    {"chunks"},
    {"parallel"},
    {"source", "rewrite", "stopping", "ledger", "readback"},
    {"options", "supply"},
    {"run"},
    {"pipeline"},
    {"importing", "conversion", "rollback"},
    {"cli", "demo", "plugin", "preview", "scaleout", "__init__", "__main__"},
)
WITHIN_A_LAYER = {("config", "errors"), ("cli", "__init__"), ("cli", "demo"), ("__main__", "cli")}
# Methods of Polygons hand on to these later modules, for convenience.
METHODS_OF_POLYGONS = {("polygons", late) for late in ("ango", "coco", "geoarrow", "geojson", "verify")}
METHODS_OF_POLYGONS |= {("trace", "polygons"), ("ango", "holes"), ("report", "builder")}
KERNEL_USERS = {
    "cli",
    "masks",
    "polygons",
    "tracing",
    "classes",
    "colors",
    "holes",
    "coco",
    "trace",
    "load",
    "sizes",
    "verify",
}
# The local hub stands apart, so that no mistake is made alike on both sides of the wire.
LOCALHUB_IMPORTS = {"errors", "model"}
LOCALHUB_USERS = {"cli", "demo"}

# Third-party modules that stay behind a fence: where they may be imported, by path inside the package.
FENCES = {
    "numba": ("kernels/_jit.py",),
    "llvmlite": ("kernels/_jit.py",),
    "aiohttp": ("hub/transport.py", "masks/web.py", "localhub/"),
    "pyarrow": ("rows.py", "masks/cloud.py", "geoarrow.py"),
    "PIL": ("masks/quieting.py", "masks/rasters.py", "preview.py", "demo/"),
    "shapely": ("polygons.py",),
    "pydantic": ("config.py",),
    "tenacity": ("retry.py",),
    "typer": ("cli/",),
    "rich": ("cli/",),
}

# Not pydantic: typer itself loads it.
HEAVY = {"numba", "llvmlite", "pyarrow", "aiohttp", "shapely", "numpy", "PIL", "orjson", "asyncio"}


class _ImportCollector(ast.NodeVisitor):
    """Collects imports that happen at run time, also those inside functions, as absolute dotted names."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_If(self, node: ast.If) -> None:
        if ast.unparse(node.test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}:
            for child in node.orelse:
                self.visit(child)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.names.update(alias.name for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        assert node.level == 0, f"line {node.lineno}: relative imports hide where a name comes from"
        self.names.update(f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(source: str) -> set[str]:
    """Absolute names that a module's source imports when it runs."""
    collector = _ImportCollector()
    collector.visit(ast.parse(source))
    return collector.names


def unit_of(path: Path) -> str:
    """The part of the package that a file belongs to: its top-level module or subpackage."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def units_in(names: set[str]) -> set[str]:
    """The parts of the package among imported names; ``from prelabel import x`` is the package itself."""
    found = set()
    for name in names:
        parts = name.split(".")
        if parts[0] == "prelabel":
            is_unit = len(parts) > 1 and ((PACKAGE / parts[1]).is_dir() or (PACKAGE / f"{parts[1]}.py").is_file())
            found.add(parts[1] if is_unit else "__init__")
    return found


def _layer_of(unit: str) -> int:
    for number, layer in enumerate(LAYERS):
        if unit in layer:
            return number
    raise AssertionError(f"{unit} has no place in LAYERS: decide what it may import and who may import it")


def may_import(importer: str, imported: str) -> bool:
    """Whether one part of the package may import another."""
    if importer == imported:
        return True
    if importer == "localhub":
        return imported in LOCALHUB_IMPORTS
    if imported == "localhub":
        return importer in LOCALHUB_USERS
    if imported == "kernels":
        return importer in KERNEL_USERS
    return _layer_of(imported) < _layer_of(importer) or (importer, imported) in WITHIN_A_LAYER | METHODS_OF_POLYGONS


def _relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_imports_go_one_way(path: Path) -> None:
    """No module imports one of its own layer or of a later one, not even lazily."""
    unit = unit_of(path)
    wrong = {other for other in units_in(imports_of(path.read_text("utf-8"))) if not may_import(unit, other)}
    assert not wrong, f"{_relative(path)} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", SOURCES, ids=_relative)
def test_third_party_modules_stay_behind_their_fences(path: Path) -> None:
    """The modules that are costly, or that we may want to replace, are imported only where they belong."""
    place = _relative(path)
    roots = {name.partition(".")[0] for name in imports_of(path.read_text("utf-8"))}
    outside = {root for root in roots & FENCES.keys() if not place.startswith(FENCES[root])}
    assert not outside, f"{place} must not import {', '.join(sorted(outside))}"


def test_the_import_collector_sees_lazy_imports_and_not_those_for_types() -> None:
    """Imports inside functions and branches count, imports under TYPE_CHECKING do not."""
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import numba
else:
    import pyarrow.csv
def later():
    from prelabel.hub import api
try:
    import prelabel
except ImportError:
    pass
"""
    names = imports_of(source)
    assert names == {"typing.TYPE_CHECKING", "pyarrow.csv", "prelabel.hub.api", "prelabel"}
    assert units_in(names) == {"hub", "__init__"}


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("rows", "answers"),
        ("polygons", "pipeline"),
        ("rows", "kernels"),
        ("encode", "upload"),
        ("pipeline", "localhub"),
        ("localhub", "hub"),
        ("errors", "model"),
        ("pipeline", "__init__"),
        ("demo", "cli"),
    ],
)
def test_the_rule_forbids(importer: str, imported: str) -> None:
    """The rule itself can say no."""
    assert not may_import(importer, imported)


def _modules_after(code: str, *arguments: str) -> set[str]:
    """Top-level modules that code loads in a fresh interpreter, beyond what is there at its start."""
    # The first line of the code is the set before: coverage and editable installs load things on their own.
    program = f"import sys, json; before = set(sys.modules)\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
    program += "print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=50, check=True
    )
    return {name.partition(".")[0] for name in json.loads(done.stderr.splitlines()[-1])}


def test_importing_the_package_loads_no_third_party_module() -> None:
    """``import prelabel`` is free: names are resolved when first used."""
    loaded = _modules_after("import prelabel")
    assert loaded - {"prelabel"} <= set(sys.stdlib_module_names)
    assert "prelabel" in loaded


@pytest.mark.parametrize("command", [(), ("import",), ("convert",), ("hub",), ("demo",), ("config-schema",)])
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    """Help is there at once, for every command."""
    loaded = _modules_after("import prelabel.__main__; prelabel.__main__.main()", *command, "--help")
    assert "typer" in loaded, "the command line did not run"
    assert not loaded & HEAVY


def test_the_import_budget_test_sees_what_is_loaded() -> None:
    """A module that needs a heavy one is noticed."""
    assert "pydantic" in _modules_after("import prelabel; prelabel.ImportConfig")


@pytest.mark.parametrize("name", prelabel.__all__)
def test_every_public_name_resolves_and_is_listed(name: str) -> None:
    """``from prelabel import *`` works, and completion knows the names."""
    assert getattr(prelabel, name) is not None
    assert name in dir(prelabel)


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name says so like any module would."""
    with pytest.raises(AttributeError, match="module 'prelabel' has no attribute 'import_label'"):
        _ = prelabel.import_label


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


@pytest.mark.parametrize("path", KERNEL_SOURCES, ids=_relative)
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
