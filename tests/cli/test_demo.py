"""``prelabel demo``: the real command, to its end and serving."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from imerit_ango.sdk import SDK

from cli.conftest import command_line, environment_with
from prelabel.cli.demo import _show
from prelabel.demo import run_demo

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command


def test_it_shows_what_landed(prelabel: Command, tmp_path: Path) -> None:
    """Exit code 0, a table with both examples on stdout, and where to look on stderr; no key is needed."""
    done = prelabel(
        "demo", "--rows", 3, "--store", tmp_path / "kept", ANGO_API_KEY="", ANGO_HOST="http://nowhere.invalid"
    )
    assert done.returncode == 0, done.stderr
    for example in ("classification", "segmentation"):
        assert re.search(rf"{example} +│ +3 of 3 │", done.stdout)
    assert "every mask pixel for pixel as drawn" in done.stdout
    last = done.stderr.splitlines()[-1].partition("in a browser: ")[2]
    assert re.fullmatch(rf"\S+ -m prelabel hub --store {tmp_path}/kept/hub --port \d+", last)
    served = _page_of(shlex.split(last), cwd=tmp_path.parent)
    assert served == {"prelabel demo: classification", "prelabel demo: segmentation"}
    assert (tmp_path / "kept" / "segmentation.csv").is_file()


def test_it_leaves_nothing_behind(prelabel: Command, tmp_path: Path) -> None:
    """Without a folder of its own everything is gone at the end."""
    done = prelabel("demo", "--rows", 1, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("prelabel*")) == []
    assert "-m prelabel demo --rows 1 --serve" in done.stderr


def test_a_folder_that_is_not_empty(prelabel: Command, tmp_path: Path) -> None:
    """It is refused, and named."""
    (tmp_path / "mine").write_text("")
    done = prelabel("demo", "--rows", 1, "--store", tmp_path)
    assert done.returncode == 2
    assert f"the folder {tmp_path} is not empty" in done.stderr


def test_what_differs_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Labels that are not as drawn are named, and nothing claims that all is well."""
    result = run_demo(1)
    spoiled = replace(result, projects=(replace(result.projects[0], differences=("a.png: 3 pixels differ",)),))
    assert not spoiled.succeeded
    _show(spoiled, None)
    shown = capsys.readouterr()
    assert "not as drawn: a.png: 3 pixels differ" in shown.err
    assert "read back from the hub" not in shown.out


@pytest.mark.parametrize("rows", [0, 10_001])
def test_too_many_or_too_few_rows_end_with_2(rows: int, prelabel: Command) -> None:
    """The message says how many it makes."""
    done = prelabel("demo", "--rows", rows)
    assert done.returncode == 2
    assert f"rows is {rows}: the demo makes 1 to 10,000" in done.stderr


def _page_of(command: list[str], cwd: Path) -> set[str]:
    """Run a hub as it was printed, from another folder, and list what the page's address opens."""
    with subprocess.Popen(
        command, encoding="utf-8", env=environment_with(ANGO_API_KEY=""), cwd=cwd, stderr=subprocess.PIPE
    ) as running:
        assert running.stderr is not None
        found = None
        while not found:
            line = running.stderr.readline()
            assert line, "it ended before it served"
            found = re.search(r"web page +(http://127\.0\.0\.1:\d+)/#key=([0-9a-f]+)$", line.rstrip())
        client = SDK(found[2], host=found[1])
        names = {project["name"] for project in client.list_projects()["data"]["projects"]}
        client.session.close()
        running.terminate()
        running.communicate(timeout=15)
    return names


@pytest.mark.usefixtures("_interruptible")
def test_serving_keeps_the_hub_until_ctrl_c() -> None:
    """The address it prints opens the hub that holds both projects; Ctrl-C is a good end."""
    command = command_line("demo", "--rows", 2, "--serve")
    with subprocess.Popen(
        command, encoding="utf-8", env=environment_with(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as running:
        assert running.stderr is not None
        found = None
        while not found:
            line = running.stderr.readline()
            assert line, "it ended before it served"
            found = re.search(r"look at the labels: (http://127\.0\.0\.1:\d+)/#key=([0-9a-f]+)", line)
        client = SDK(found[2], host=found[1])
        names = {project["name"] for project in client.list_projects()["data"]["projects"]}
        client.session.close()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=15)
    assert names == {"prelabel demo: classification", "prelabel demo: segmentation"}
    assert running.returncode == 0
