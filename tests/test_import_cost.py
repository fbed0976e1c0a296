"""What importing costs: the fences around third-party modules, and what a start loads."""

from __future__ import annotations

import ast
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

import prelabel
from prelabel.demo.run import _create_project
from prelabel.demo.scenes import draw_samples, write_files
from prelabel.localhub import LocalHub

KEY = "0123456789abcdef0123456789abcdef"
PACKAGE = Path(prelabel.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))

# Third-party modules that stay behind a fence: where they may be imported, by path inside the package.
FENCES = {
    "numba": ("kernels/_just_in_time.py", "kernels/_kernel_cache.py", "kernels/words.py"),
    "llvmlite": ("kernels/words.py",),
    "aiohttp": ("hub/transport.py", "masks/sources/web.py", "localhub/"),
    "pyarrow": ("inputs/csv_rows.py", "masks/sources/cloud.py", "polygons/formats/geoarrow.py"),
    "PIL": ("masks/decoders/", "demo/"),
    "shapely": ("polygons/polygons.py",),
    "click": ("cli/",),
    "rich": ("cli/",),
    "socketio": ("localhub/plugin_sessions/connections.py",),
    "imerit_ango": ("plugin/runtime.py",),
}

HEAVY = {"numba", "llvmlite", "pyarrow", "aiohttp", "shapely", "numpy", "PIL", "orjson", "asyncio", "socketio"}
HEAVY |= {"pydantic"}


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


def _relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


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
    from PIL import Image
"""
    assert imports_of(source) == {"typing.TYPE_CHECKING", "pyarrow.csv", "PIL.Image"}


# Not of any use to a row with a PNG mask on this machine, where nobody looks at a terminal.
IDLE = {"pandas", "scipy", "shapely", "rich", "pygments", "PIL", "socketio", "requests", "imerit_ango", "llvmlite.ir"}
IDLE |= {"pyarrow.compute", "pyarrow.fs", "pyarrow.dataset", "pyarrow.pandas_compat", "numpy.random", "numpy.testing"}
IDLE |= {"pydantic", "typer", "tenacity", "prelabel.inputs.config_schema"}
IDLE |= {"multiprocessing", "logging.config", "tomllib", "prelabel.masks.sources.web", "prelabel.masks.sources.cloud"}
IDLE |= {"prelabel.masks.decoders.other_files", "prelabel.localhub", "prelabel.demo"}
NUMBA = {"llvmlite.ir", "multiprocessing", "numpy.random", "numpy.testing", "scipy", "logging.config", "tomllib"}
"""What numba loads where kernels are compiled just in time."""


def _modules_after(code: str, *arguments: str) -> set[str]:
    """Top-level modules that code loads in a fresh interpreter, beyond what is there at its start."""
    return {name.partition(".")[0] for name in _names_after(code, *arguments)}


def _names_after(code: str, *arguments: str) -> set[str]:
    """All modules that it loads, submodules by their whole names."""
    # The first line of the code is the set before: coverage and editable installs load things on their own.
    program = f"import sys, json; before = set(sys.modules)\ntry:\n    {code}\nexcept SystemExit:\n    pass\n"
    program += "print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=50, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def _idle(loaded: set[str]) -> set[str]:
    """What was loaded and is of no use; what numba brings is numba's affair."""
    return (IDLE - NUMBA if "numba" in loaded else IDLE) & loaded


def test_importing_the_package_loads_no_third_party_module() -> None:
    """``import prelabel`` is free: names are resolved when first used."""
    loaded = _modules_after("import prelabel")
    assert loaded - {"prelabel"} <= set(sys.stdlib_module_names)
    assert "prelabel" in loaded


@pytest.mark.parametrize(
    "command", [(), ("import",), ("convert",), ("hub",), ("demo",), ("plugin",), ("config-schema",)]
)
def test_help_loads_nothing_heavy(command: tuple[str, ...]) -> None:
    """Help is there at once, for every command."""
    loaded = _modules_after("import prelabel.__main__; prelabel.__main__.main()", *command, "--help")
    assert "click" in loaded, "the command line did not run"
    assert not loaded & HEAVY


def test_the_import_budget_test_sees_what_is_loaded() -> None:
    """A module that needs a heavy one is noticed."""
    assert "msgspec" in _modules_after("import prelabel; prelabel.ImportConfig")


MAIN = "import prelabel.__main__; prelabel.__main__.main()"


@pytest.fixture(scope="module")
def row(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's examples, one row each."""
    folder = tmp_path_factory.mktemp("row")
    write_files(folder, draw_samples(1))
    return folder


def test_an_import_loads_nothing_idle(row: Path, tmp_path: Path) -> None:
    """One row with a mask: what other masks, clouds, terminals and tables of figures need stays where it is."""
    schema = json.loads((row / "segmentation-schema.json").read_bytes())
    with LocalHub(tmp_path / "hub", api_key=KEY) as hub:
        project = asyncio.run(_create_project("start", schema, row / "images", draw_samples(1), hub))
        key_file = tmp_path / "key"
        key_file.write_text(KEY)
        options = ["--config", f"{row}/segmentation-config.json", "--report", f"{tmp_path}/report"]
        options += ["--project", project, "--host", hub.url, "--api-key-file", str(key_file)]
        loaded = _names_after(MAIN, "import", f"{row}/segmentation.csv", *options)

    assert json.loads((tmp_path / "report").read_bytes())["rows"]["n_imported"] == 1
    assert {"aiohttp", "prelabel.kernels.sweep"} <= loaded
    assert not _idle(loaded)
    others = {"prelabel.cli.convert", "prelabel.cli.hub", "prelabel.plugin", "prelabel.inputs.json_faults"}
    assert not others & loaded


def test_a_convert_without_a_hub_loads_no_client(row: Path, tmp_path: Path) -> None:
    """Given a schema, nobody is asked."""
    out = tmp_path / "items.ndjson"
    options = ["--config", f"{row}/segmentation-config.json", "--schema", f"{row}/segmentation-schema.json"]
    loaded = _names_after(MAIN, "convert", f"{row}/segmentation.csv", *options, "--out", str(out))

    assert len(out.read_bytes().splitlines()) == 1
    assert not _idle(loaded) | (loaded & {"aiohttp", "prelabel.hub.client", "prelabel.hub.transport"})


def test_a_first_mask_loads_numpy_and_kernels_only(row: Path) -> None:
    """A service that traces PNG masks has nothing to do with files of rows, hubs and command lines."""
    loaded = _names_after("import prelabel; prelabel.mask_to_polygons(sys.argv[1])", f"{row}/masks/street-0001.png")
    others = {"pyarrow", "aiohttp", "asyncio", "click", "yarl", "ssl", "email"}
    if "numba" in loaded:  # which loads some of the standard library's
        others -= {"asyncio", "ssl", "email"}

    assert "prelabel.kernels.sweep" in loaded
    assert not _idle(loaded) | (loaded & others)


def test_the_version_loads_nothing_heavy() -> None:
    """Nor anything else that a command would need."""
    loaded = _modules_after(MAIN, "--version")
    assert "click" in loaded
    assert not loaded & (HEAVY | {"rich", "email"})
