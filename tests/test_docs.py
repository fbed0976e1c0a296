"""What the documentation says, held against the code: examples run, links lead somewhere, tables are current."""

from __future__ import annotations

import ast
import asyncio
import dataclasses
import doctest
import importlib
import io
import json
import pkgutil
import re
import runpy
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click
import pytest

import prelabel
from prelabel.cli.app import app
from prelabel.demo.run import _create_project
from prelabel.demo.scenes import draw_samples, write_files
from prelabel.localhub import Fault, LocalHub
from prelabel.localhub.behavior import SWITCHABLE
from prelabel.localhub.faults.fault import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path(prelabel.__file__).parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
PAGES_WITH_PYTHON = [page for page in PAGES if "```python" in page.read_text("utf-8")]
SOURCES = sorted([*PACKAGE.rglob("*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("scripts/*.py")])

# Modules whose docstrings hold examples; a public name's own must be among them.
WITH_EXAMPLES = [
    "prelabel.importer.convert",
    "prelabel.importer.import_labels",
    "prelabel.importer.rollback",
    "prelabel.importer.stop_signal",
    "prelabel.inputs.config",
    "prelabel.inputs.config_file",
    "prelabel.localhub.faults.plan",
    "prelabel.localhub.server",
    "prelabel.localhub.settings",
    "prelabel.outcomes.report",
    "prelabel.polygons.formats.ango",
    "prelabel.polygons.mask_to_polygons",
    "prelabel.polygons.polygons",
]
PROJECT = "6612f0d2c3a4"
"""The project id of every example; the tests put a real one in its place."""
KEY = "0123456789abcdef0123456789abcdef"

LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROLE = re.compile(r":\w+:`~?(prelabel\.[\w.]+)`")
ABSENT = re.compile(r"design\.md|anchors\.md|ango-hub-contract|\bcontract, section|contract's section|design, section")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, LocalHub, str]]:
    """The files that examples speak of, a local hub with a project for them, and the project's id."""
    folder = tmp_path_factory.mktemp("desk")
    samples = draw_samples(4)
    write_files(folder, samples)
    for name in ("segmentation.csv", "segmentation-config.json", "segmentation-schema.json"):
        (folder / name).rename(folder / name.removeprefix("segmentation-").replace("segmentation.", "labels."))
    shutil.copy(next((folder / "masks").iterdir()), folder / "mask.png")
    schema = json.loads((folder / "schema.json").read_bytes())
    with LocalHub(api_key=KEY) as hub:
        project = asyncio.run(_create_project("docs", schema, folder / "images", samples, hub))
        yield folder, hub, project


@pytest.fixture
def project(desk: tuple[Path, LocalHub, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's id; the files are in the working folder, and the environment says where the hub is."""
    folder, hub, made = desk
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ANGO_HOST", hub.url)
    monkeypatch.setenv("ANGO_API_KEY", KEY)
    return made


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_in_docstrings_run(name: str, project: str) -> None:
    """Each module has examples, and what they print is what stands there."""
    found = [test for test in doctest.DocTestFinder().find(importlib.import_module(name)) if test.examples]
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    log = io.StringIO()
    for test in found:
        for example in test.examples:
            example.source = example.source.replace(PROJECT, project)
        runner.run(test, out=log.write)

    assert found
    assert runner.summarize(verbose=False).failed == 0, log.getvalue()


def test_every_public_function_and_class_has_an_example() -> None:
    """Errors explain themselves; all else that ``prelabel`` exports shows how it is used."""
    public = {name: getattr(prelabel, name) for name in prelabel.__all__ if name != "__version__"}
    without = [
        name
        for name, value in public.items()
        if not (isinstance(value, type) and issubclass(value, Exception)) and ">>> " not in (value.__doc__ or "")
    ]
    assert not without


@pytest.mark.parametrize("page", PAGES_WITH_PYTHON, ids=lambda page: page.name)
def test_python_blocks_run(page: Path, project: str) -> None:
    """Python on a page is Python that runs, one block after the other."""
    names: dict[str, object] = {}
    for number, block in enumerate(BLOCK.findall(page.read_text("utf-8")), start=1):
        code = compile(block.replace(PROJECT, project), f"{page.name}, Python block {number}", "exec")
        exec(code, names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every relative link is a file, and its anchor a heading there."""
    broken = []
    for link in LINK.findall(page.read_text("utf-8")):
        if "://" in link:
            continue
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert not broken


def anchors_of(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_nothing_refers_to_what_is_not_in_the_repository() -> None:
    """No page and no comment sends the reader to a document that only its author has."""
    others = [path for path in (*PAGES, *SOURCES) if path != Path(__file__)]
    referring = {path.relative_to(ROOT) for path in others if ABSENT.search(path.read_text("utf-8"))}

    assert not referring


def test_what_docstrings_refer_to_exists() -> None:
    """Roles such as ``:func:`prelabel.a.b``` resolve; "see a.py" and "docs/a.md" are files."""
    files = {path.name for path in SOURCES}
    wrong = set()
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        wrong |= {(path.name, name) for name in ROLE.findall(text) if not resolves(name)}
        wrong |= {(path.name, name) for name in re.findall(r"see (\w+\.py)", text) if name not in files}
        wrong |= {(path.name, name) for name in re.findall(r"docs/[\w/.-]+\.md", text) if not (ROOT / name).exists()}
    assert not wrong


def resolves(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_the_plugin_page_has_every_option_and_variable() -> None:
    """What the command declares is in the page's table, and the table has no option that is none."""
    command = app.get_command(click.Context(app), "plugin")
    assert command is not None
    own = [parameter for parameter in command.params if parameter.name != "help"]
    table = "\n".join(re.findall(r"^\|.*\|$", (ROOT / "docs" / "plugin.md").read_text("utf-8"), re.MULTILINE))

    options = {option for parameter in own for option in parameter.opts}
    assert set(re.findall(r"--[a-z][a-z-]+", table)) == options
    assert {parameter.envvar for parameter in own if parameter.envvar} <= set(re.findall(r"`([A-Z_]+)`", table))


def test_the_tables_of_config_keys_are_current() -> None:
    """docs/config.md has every key with its default, what may be written and its meaning, as the model has them."""
    page = ROOT / "docs" / "config.md"
    with_tables = runpy.run_path(str(ROOT / "scripts" / "config_table.py"))["with_tables"]
    text = page.read_text("utf-8")

    assert with_tables(text) == text, "run scripts/config_table.py"
    keys = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert keys == list(prelabel.ImportConfig.__struct_fields__)


def test_the_page_of_faults_has_them_all() -> None:
    """docs/faults.md names every fault, every option of one, and every setting that a plan may switch."""
    page = (ROOT / "docs" / "faults.md").read_text("utf-8")
    options = [each.name for each in dataclasses.fields(Fault) if each.name not in {"kind", "name"}]
    wanted = [*get_args(FaultKind), *options, *SWITCHABLE]

    assert [name for name in wanted if f"`{name}`" not in page] == []


def test_the_table_of_changes_names_files_that_exist() -> None:
    """CONTRIBUTING's "where does a change go": at least fourteen rows; each file is there or is marked as new."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.partition("## Where does a change go?")[2].partition("\n## ")[0]
    rows = section.partition("| --- | --- |\n")[2].strip().splitlines()
    named = re.findall(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|md)|(?:\w+/)+)`( \(new\))?", "\n".join(rows))
    wrong = [name for name, is_new in named if bool(is_new) == any((at / name).exists() for at in (PACKAGE, ROOT))]

    assert len(rows) >= 14
    assert len(named) > 40
    assert not wrong


def test_the_architecture_names_every_room() -> None:
    """docs/architecture.md has one row for each file and folder of the package's first floor, and no other."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    section = text.partition("## The rooms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([\w.]+)/?` \| ", section, re.MULTILINE)

    assert sorted(rows) == sorted(
        path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"
    )


def test_the_architecture_states_the_rule_of_imports_that_is_tested() -> None:
    """The line of rooms is the one in tests/test_imports.py."""
    tree = ast.parse((ROOT / "tests" / "test_imports.py").read_text("utf-8"))
    floors = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "FLOORS"
    )
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")

    assert " ".join(floors.split()) in " ".join(page.split())
