"""The start and the end of a process of the command line."""

from __future__ import annotations

import subprocess
import sys

import pytest


def _printed(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True)
    return done.stdout.splitlines()


def test_no_garbage_is_collected_until_the_work_begins() -> None:
    """While modules load nobody looks for garbage; afterwards it is collected again, in what came since."""
    program = (
        "import gc; from prelabel.cli.loading import loading, start_quickly\n"
        "start_quickly(); print(gc.isenabled())\n"
        "with loading(): print(gc.isenabled(), gc.get_freeze_count())\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 1000)\n"
    )
    assert _printed(program) == ["False", "False 0", "True True"]


def test_it_is_collected_again_where_loading_fails() -> None:
    """An import that fails is told of, and the process goes on as it should."""
    program = (
        "import gc; from prelabel.cli.loading import loading, start_quickly\n"
        "start_quickly()\n"
        "try:\n"
        "    with loading(): import no_such_module\n"
        "except ImportError: print(gc.isenabled())\n"
    )
    assert _printed(program) == ["True"]


@pytest.mark.parametrize("command", ["config-schema", "import"])
def test_commands_work_with_garbage_collected(command: str) -> None:
    """Also those that end before they load much."""
    arguments = [command, *(["no.csv", "--config", "no.json", "--project", "p"] if command == "import" else [])]
    program = (
        "import atexit, gc, sys; from prelabel.__main__ import main\n"
        f"sys.argv[1:] = {arguments}; atexit.register(lambda: print(gc.isenabled()))\n"
        "try: main()\n"
        "except SystemExit: pass\n"
    )
    assert _printed(program)[-1] == "True"


def test_who_is_called_at_exit_is_called() -> None:
    """Whether it was registered before our start or after it, and what it prints is written."""
    program = (
        "import atexit; from prelabel.cli.loading import start_quickly\n"
        "atexit.register(print, 'first'); start_quickly(); atexit.register(print, 'last')\n"
    )
    assert _printed(program) == ["last", "first"]
