"""The start and the end of a process of the command line."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from hub.raw_server import raw_server, tls_of

if TYPE_CHECKING:
    from pathlib import Path

ASK = """
import asyncio, os, sys
from prelabel.cli.loading import loading, without_authorities
before = dict(os.environ)
with loading(), without_authorities():
    from aiohttp import connector
    from prelabel.hub.transport import Transport
assert dict(os.environ) == before
print(connector._SSL_CONTEXT_VERIFIED.cert_store_stats()["x509_ca"])
async def ask():
    async with Transport(sys.argv[1], "key") as transport:
        print(await transport.request("GET", "project", "p"))
asyncio.run(ask())
"""


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


def test_the_beginning_of_the_work_looks_for_none_in_what_was_loaded() -> None:
    """Else Python would go over all of it as soon as it is told to collect again."""
    program = (
        "import gc; from prelabel.cli.loading import begin_work, start_quickly\n"
        "start_quickly(); import decimal, email.message; begin_work()\n"
        "print(gc.isenabled(), gc.get_freeze_count() > 1000)\n"
    )
    assert _printed(program) == ["True True"]


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


async def test_commands_trust_whom_the_system_trusts(tmp_path: Path) -> None:
    """Authorities are not read as aiohttp is loaded, in vain, but for the connection that needs them."""
    tls, authority = tls_of(tmp_path)
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{"status":"success","data":{}}'
    async with raw_server(answer, tls) as url:
        asking = await asyncio.create_subprocess_exec(
            sys.executable, "-c", ASK, url, env=os.environ | {"SSL_CERT_FILE": str(authority)}, stdout=subprocess.PIPE
        )
        printed, _ = await asking.communicate()
    assert (asking.returncode, printed.split()) == (0, [b"0", b"{}"])
