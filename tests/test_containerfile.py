"""The container's recipe, as far as it can be held against the command without building an image."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from prelabel.cli.plugin import plugin_command

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "Containerfile"
AFTER_GRACE_S = 15
"""What a process may take beyond its grace: sessions that are cut off, and the runtime's own end."""


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a recipe, each a word and the rest of its line, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in joined.splitlines()]


def stages(text: str) -> list[dict[str, list[str]]]:
    """What each stage does, by instruction; what stands before the first is left out."""
    found: list[dict[str, list[str]]] = []
    for word, rest in instructions(text):
        if word == "FROM":
            found.append(defaultdict(list))
        if found:
            found[-1][word].append(rest)
    return found


def environment(stage: dict[str, list[str]]) -> dict[str, str]:
    """The variables that a stage sets."""
    pairs = (pair.partition("=") for line in stage["ENV"] for pair in shlex.split(line))
    return {name: value for name, _, value in pairs}


@cache
def help_of(*command: str) -> str:
    """What the real command says of itself."""
    done = subprocess.run(
        [sys.executable, "-m", "prelabel", *command, "--help"], capture_output=True, text=True, check=True
    )
    return done.stdout


BUILD, FINAL = stages(RECIPE.read_text("utf-8"))


def test_the_recipe_is_read() -> None:
    """Comments go, continued lines are one, and each instruction is found in its stage."""
    text = "# no\nARG A=1\nFROM a AS b\nRUN one \\\n    && two\n# no\nFROM c\nENV X=1 \\\n    Y=2\n"

    assert [dict(stage) for stage in stages(text)] == [
        {"FROM": ["a AS b"], "RUN": ["one && two"]},
        {"FROM": ["c"], "ENV": ["X=1 Y=2"]},
    ]


def test_the_commands_exist() -> None:
    """What starts the container, and what asks how it is, are commands of ours with options that they have."""
    entry = json.loads(FINAL["ENTRYPOINT"][0])
    health = json.loads(FINAL["HEALTHCHECK"][0].partition("CMD ")[2])

    assert entry == ["prelabel", "plugin"]
    assert health[:2] == entry
    for option in (*health[2:], *re.findall(r"(?<= \()--[a-z-]+", RECIPE.read_text("utf-8"))):
        assert option in help_of("plugin")
    assert any("PRELABEL_KERNELS=required" in line and "/prelabel doctor" in line for line in BUILD["RUN"])
    assert "kernels" in help_of("doctor")


def test_the_variables_are_the_command_s() -> None:
    """Ours are in the command's help; numba, which has nothing to compile, needs none."""
    final, named = environment(FINAL), set(re.findall(r"-e ([A-Z_]+)=", RECIPE.read_text("utf-8")))
    ours = {name for name in final if name.startswith("PRELABEL_")} | named

    assert ours >= {"PRELABEL_STATE", "ANGO_PLUGIN_ID"}
    for name in ours:
        assert name.removesuffix("_FILE") in help_of("plugin")
    assert not any(name.startswith("NUMBA_") for name in final)


def test_only_the_volume_is_written() -> None:
    """The user is a number that is not root's; the record and temporary files are on the one volume."""
    volumes, variables = json.loads(FINAL["VOLUME"][0]), environment(FINAL)

    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", FINAL["USER"][0])
    assert volumes == [variables["PRELABEL_STATE"]] == [variables["TMPDIR"]]
    assert any(f"chown {FINAL['USER'][0]} {volumes[0]}" in line for line in FINAL["RUN"])


def test_it_is_given_time_to_stop() -> None:
    """Sessions have their grace, and the process its time after it, before anybody kills it."""
    grace: Any = next(option.default for option in plugin_command.params if option.name == "stop_grace")
    label = re.search(r'prelabel\.stop-timeout="(\d+)"', FINAL["LABEL"][0])

    assert FINAL["STOPSIGNAL"] == ["SIGTERM"]
    assert label is not None
    assert int(label[1]) >= grace + AFTER_GRACE_S
    assert f"--stop-timeout {label[1]}" in RECIPE.read_text("utf-8")


@pytest.mark.parametrize("source", [part for line in BUILD["COPY"] for part in line.split()[:-1]])
def test_what_is_copied_is_there(source: str) -> None:
    """Files that go into the build exist, and the list of what is sent to the builder has them."""
    assert (ROOT / source).exists()
    assert f"!{source}" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def test_stages_fit_together() -> None:
    """Both are of the same Python, and what is taken from the first comes to where it was: commands know the place."""
    assert BUILD["FROM"] == [f"{FINAL['FROM'][0]} AS build"]
    for line in FINAL["COPY"]:
        option, source, target = line.split()
        assert option == "--from=build"
        assert source == target
