"""What the tests of the command line share: a hub, a project with files to import, and the real command."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest

from prelabel.demo.run import _create_project
from prelabel.demo.scenes import draw_samples, write_files
from prelabel.demo.seed import seed_schema
from prelabel.localhub import LocalHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prelabel.demo.scenes import Sample

KEY = "0123456789abcdef0123456789abcdef"
N_ROWS = 4


class Command(Protocol):
    """Runs ``prelabel`` in a process of its own."""

    def __call__(self, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end, with the key of the tests' hub in the environment unless another is given."""


@dataclass(frozen=True)
class DemoFiles:
    """A folder with images, masks, CSVs, configs and schemas, and what they were made from."""

    folder: Path
    samples: list[Sample]

    def config(self, example: str) -> Path:
        """The config of an example."""
        return self.folder / f"{example}-config.json"

    def csv(self, example: str) -> Path:
        """The CSV of an example."""
        return self.folder / f"{example}.csv"

    def schema(self, example: str) -> Path:
        """The category schema of an example."""
        return self.folder / f"{example}-schema.json"


@pytest.fixture
def files(tmp_path: Path) -> DemoFiles:
    """The two examples of the plugin's documentation, a few rows each."""
    made = DemoFiles(tmp_path / "files", draw_samples(N_ROWS))
    write_files(made.folder, made.samples)
    return made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    """A hub on a thread."""
    with LocalHub(tmp_path / "hub", api_key=KEY) as running:
        yield running


def make_project(files: DemoFiles, hub: LocalHub, *, with_tools: bool = True) -> str:
    """Create a project with the assets of the files and return its id."""
    schema = seed_schema(with_tools=with_tools)
    return asyncio.run(_create_project("tests", schema, files.folder / "images", files.samples, hub))


@pytest.fixture
def project(files: DemoFiles, hub: LocalHub) -> str:
    """A project of the segmentation example with its assets, still without labels."""
    return make_project(files, hub)


def environment_with(**changes: str) -> dict[str, str]:
    """This process's environment without what would steer the command, and with these changes."""
    steering = {"ANGO_API_KEY", "ANGO_HOST", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"}
    kept = {name: value for name, value in os.environ.items() if name not in steering}
    return {**kept, "ANGO_API_KEY": KEY, **changes}


def command_line(*arguments: object) -> list[str]:
    """What to run for ``prelabel`` with these arguments."""
    return [sys.executable, "-m", "prelabel", *map(str, arguments)]


@pytest.fixture
def prelabel() -> Command:
    """The real command."""

    def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command_line(*arguments),
            capture_output=True,
            encoding="utf-8",
            env=environment_with(**environment),
            timeout=110,
            check=False,
        )

    return run


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """Let children be interrupted even where the tests run in a shell's background, which ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
