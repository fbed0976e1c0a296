"""``prelabel plugin``: what it says before it serves, and when it does not."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from cli.conftest import KEY, command_line, environment_with
from importer.desk import CONFIG
from localhub.project import SCHEMA
from plugin.sessions import csv_of, data_for
from prelabel.localhub import Fault, HubSettings
from prelabel.localhub.testing import HubDouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.conftest import Command

SECRET = "planted-plugin-secret"
NAMES = {"ANGO_PLUGIN_ID": "pid", "ANGO_PLUGIN_SECRET": SECRET}


@pytest.fixture(scope="module")
def hub() -> Iterator[HubDouble]:
    """A hub that knows the plugin."""
    settings = HubSettings(plugin_id="pid", plugin_secret=SECRET)
    with HubDouble(SCHEMA, ["0.png", "1.png"], api_key=KEY, settings=settings) as hub:
        yield hub


def test_help_teaches(prelabel: Command) -> None:
    """What the environment has to hold, and an example of each way to call it."""
    done = prelabel("plugin", "--help")
    for words in ("ANGO_PLUGIN_SECRET", "X_FILE", "--check", "--once session.json", "CONNECTOR", "--deadline"):
        assert words in done.stdout


@pytest.mark.parametrize(
    ("environment", "arguments", "words"),
    [
        ({}, (), "there is no plugin id: set ANGO_PLUGIN_ID, or ANGO_PLUGIN_ID_FILE"),
        ({"ANGO_PLUGIN_ID": "pid"}, (), "there is no plugin secret"),
        (NAMES | {"CONNECTOR": "HTTP"}, (), 'CONNECTOR is "HTTP": write WS'),
        (NAMES | {"PORT": "http"}, (), 'PORT is "http": write a TCP port'),
        (NAMES | {"ANGO_HOST": "http://hub.example.com"}, (), "is not encrypted"),
        (NAMES | {"LOGLEVEL": "loud"}, (), 'LOGLEVEL is "loud": write DEBUG, INFO'),
        (NAMES, ("--check", "--health"), "exclude each other"),
        (NAMES, ("--csv", "x.csv"), "--csv goes with --once"),
        (NAMES, ("--project", "x"), "--project goes with --check"),
        (NAMES | {"ANGO_API_KEY": ""}, ("--check", "--project", "x"), "there is no API key, which --project needs"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_done(
    prelabel: Command, environment: dict[str, str], arguments: tuple[str, ...], words: str
) -> None:
    """With exit code 2, and no secret."""
    done = prelabel("plugin", *arguments, **environment)
    assert done.returncode == 2
    assert words in done.stderr
    assert SECRET not in done.stderr


def test_check_says_what_fits(prelabel: Command, hub: HubDouble, tmp_path: Path) -> None:
    """A line for each thing on stdout; the secret may be in a file."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    environment = {"ANGO_PLUGIN_ID": "pid", "ANGO_PLUGIN_SECRET_FILE": str(tmp_path / "secret"), "ANGO_HOST": hub.url}
    arguments = ("--check", "--project", hub.project, "--state", str(tmp_path / "state"))
    done = prelabel("plugin", *arguments, ANGO_API_KEY=KEY, **environment)
    assert done.returncode == 0, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [
        ["ok", what] for what in ("runtime", "volume", "hub", "project", "key")
    ]
    assert not [secret for secret in (KEY, SECRET) if secret in done.stdout + done.stderr]


def test_once_runs_a_session_and_prints_its_answer(prelabel: Command, hub: HubDouble, tmp_path: Path) -> None:
    """The answer on stdout, the log's lines on stderr; no plugin id is needed. The exit code is the import's."""
    session = data_for(hub, csv_of(tmp_path, 2))
    del session["apiKey"]
    (tmp_path / "session.json").write_text(json.dumps(session))
    arguments = ("--once", str(tmp_path / "session.json"), "--state", str(tmp_path / "state"))
    done = prelabel("plugin", *arguments, ANGO_HOST=hub.url, ANGO_API_KEY=KEY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 of 2 rows imported\n")
    assert "Plugin session is started!" in done.stderr
    failed = prelabel("plugin", *arguments, ANGO_HOST=hub.url, ANGO_API_KEY="a-wrong-key-of-somebody")
    assert failed.returncode == 3
    assert "a-wrong-key-of-somebody" not in failed.stdout + failed.stderr


@pytest.mark.parametrize(
    ("session", "words"),
    [
        ({"projectId": "p"}, "the session has no API key: set ANGO_API_KEY"),
        ({"apiKey": "key-1"}, 'names no project: write {"projectId"'),
        ({"projectId": "p", "apiKey": "key-1"}, "or give --csv FILE"),
    ],
)
def test_once_says_how_what_is_missing_is_given(
    prelabel: Command, session: dict[str, str], words: str, tmp_path: Path
) -> None:
    """To whoever typed the command, not to a user of the Hub."""
    (tmp_path / "session.json").write_text(json.dumps(session))
    done = prelabel("plugin", "--once", tmp_path / "session.json", "--state", tmp_path / "state", ANGO_API_KEY="")
    assert done.returncode == 2
    assert words in done.stderr


def test_once_answers_when_it_is_stopped(hub: HubDouble, tmp_path: Path) -> None:
    """As the plugin does: what is on its way arrives, and the answer says how far it came."""
    data = data_for(hub, csv_of(tmp_path, 2), configJSON={**CONFIG, "upload_batch_size": 1})
    (tmp_path / "session.json").write_text(json.dumps(data))
    arguments = ("--once", tmp_path / "session.json", "--state", tmp_path / "state", "--max-in-flight", 1)
    hub.play(Fault("latency", route="POST /v2/import/labels", delay_s=2.0))
    before = hub.request_counts["POST /v2/import/labels"]
    environment = environment_with(ANGO_HOST=hub.url)
    command = command_line("plugin", *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as running:
        while hub.request_counts["POST /v2/import/labels"] == before:
            assert running.poll() is None
            threading.Event().wait(0.02)
        running.send_signal(signal.SIGTERM)
        answer, _ = running.communicate(timeout=60)
    hub.play()
    assert answer.startswith(b"1 of 2 rows imported; run it again to go on\n"), answer
    assert running.returncode == 130


def test_a_port_that_is_taken_is_named(prelabel: Command, tmp_path: Path) -> None:
    """Before anything says that it listens."""
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        environment = NAMES | {"CONNECTOR": "REST", "PORT": port, "ANGO_HOST": "http://127.0.0.1:1"}
        done = prelabel("plugin", "--state", tmp_path, **environment)
    assert done.returncode == 2
    assert f"PORT: cannot listen on {port}" in done.stderr
    assert "listening on" not in done.stderr


def test_health_of_a_plugin_that_does_not_run(prelabel: Command, tmp_path: Path) -> None:
    """Exit code 1, as container engines want it."""
    done = prelabel("plugin", "--health", "--state", str(tmp_path), **NAMES)
    assert done.returncode == 1
    assert "not well: it has told no Hub of itself yet" in done.stdout
