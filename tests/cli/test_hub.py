"""``prelabel hub``: the server in the foreground, its key, its end."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from imerit_ango.sdk import SDK

from cli.conftest import KEY, command_line, environment_with
from prelabel.cli.hub import plugin_text, ready_text, write_secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("_interruptible")


@contextmanager
def _hub(
    store: Path, *options: object, key: str = "", stop_with: signal.Signals = signal.SIGINT
) -> Iterator[tuple[str, list[str]]]:
    """Run the command; yields its URL and the lines it has said so far. It must end well when it is stopped."""
    command = command_line("hub", "--port", 0, "--store", store, *options)
    environment = environment_with(ANGO_API_KEY=key)
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env=environment) as running:
        assert running.stderr is not None
        lines: list[str] = []
        while not lines or "prelabel import" not in lines[-1]:
            lines.append(running.stderr.readline())
            assert lines[-1], f"it ended: {lines}"
        try:
            url = re.search(r"url +(http://127\.0\.0\.1:\d+)", "".join(lines))
            assert url
            yield url[1], lines
        finally:
            running.send_signal(stop_with)
            rest = running.stderr.read()
    assert running.returncode == 0
    assert rest == "the local hub has stopped\n"


def _project_names(url: str, key: str) -> list[str]:
    client = SDK(key, host=url)
    try:
        return [project["name"] for project in client.list_projects()["data"]["projects"]]
    finally:
        client.session.close()


@pytest.mark.parametrize("stop_with", [signal.SIGINT, signal.SIGTERM])
def test_what_it_says_is_enough_to_connect_the_sdk(tmp_path: Path, stop_with: signal.Signals) -> None:
    """The printed lines run as they are; the key is in a file of its owner only, and in the page's address."""
    store = tmp_path / "store"
    with _hub(store, stop_with=stop_with) as (url, lines):
        said = "".join(lines)
        code = "\n".join(line.strip() for line in lines if line.startswith(("  from imerit", "  sdk =")))
        program = f"{code}\nprint(sdk.list_projects()['data']['total'])\nsdk.session.close()"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=True)
        assert done.stdout == "0\n"
        key_file = store / "api_key"
        assert f"  web page  {url}/#key={key_file.read_text().strip()}\n" in lines
        assert said.count(key_file.read_text().strip()) == 1
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_a_restart_keeps_projects_and_key(tmp_path: Path) -> None:
    """Started again with the same folder, all is there, under the same key."""
    store = tmp_path / "store"
    with _hub(store) as (url, _):
        key = (store / "api_key").read_text().strip()
        client = SDK(key, host=url)
        client.create_project("kept", "")
        client.session.close()
    with _hub(store) as (url, lines):
        assert _project_names(url, key) == ["kept"]
        (project,) = re.findall(r"  projects  ([0-9a-f]{24})  kept\n", "".join(lines))
        assert f"--project {project} --host {url} --api-key-file {store}/api_key" in lines[-1]


def test_a_given_key_is_used_and_not_written(tmp_path: Path) -> None:
    """With ANGO_API_KEY set, that is the key; it is neither printed nor kept in a file."""
    store = tmp_path / "store"
    with _hub(store, key=KEY) as (url, lines):
        assert _project_names(url, KEY) == []
        assert KEY not in "".join(lines)
        assert f"  web page  {url}/ (asks for the key)\n" in lines
        assert not (store / "api_key").exists()


def _status(url: str, method: str = "GET") -> int:
    request = urllib.request.Request(url, method=method, headers={"apikey": KEY})
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_plugins_secret_is_in_a_file_of_its_owner_only(tmp_path: Path) -> None:
    """The file is named, the secret is not shown; a key that was given changes nothing in this."""
    store = tmp_path / "store"
    with _hub(store, key=KEY) as (url, lines):
        (command,) = re.findall(r"^ +(ANGO_PLUGIN_ID=.*)\n", "".join(lines), re.MULTILINE)
        secret_file = store.resolve() / "plugin_secret"
        ident = _json(f"{url}/plugin")["id"]
        assert command == (
            f"ANGO_PLUGIN_ID={ident} ANGO_PLUGIN_SECRET_FILE={secret_file} ANGO_HOST={url} "
            "prelabel plugin --state ./plugin-state"
        )
        assert _json(f"{url}/plugin")["command"] == command
        assert secret_file.read_text().strip() not in "".join(lines)
        assert stat.S_IMODE(secret_file.stat().st_mode) == 0o600


def test_a_plugin_that_is_a_rest_server_has_an_address(tmp_path: Path, prelabel: Command) -> None:
    """It is told its port; an address that is none ends with 2."""
    with _hub(tmp_path / "store", "--plugin-url", "http://127.0.0.1:8081", key=KEY) as (url, lines):
        assert " CONNECTOR=REST PORT=8081 prelabel plugin " in "".join(lines)
        assert _json(f"{url}/plugin")["url"] == "http://127.0.0.1:8081"
    done = prelabel("hub", "--port", 0, "--store", tmp_path / "store", "--plugin-url", "127.0.0.1:8081")
    assert done.returncode == 2
    assert "plugin_url must be an address such as http://127.0.0.1:8080" in done.stderr


def _json(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"apikey": KEY})) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        return data


def test_faults_from_a_file_are_played_and_can_be_ended(tmp_path: Path) -> None:
    """They strike from the start, where to change them is said, and they end on request."""
    faults = tmp_path / "faults.json"
    faults.write_text('{"faults": [{"kind": "server_error", "status": 503}]}')
    with _hub(tmp_path / "store", "--faults", faults, key=KEY) as (url, lines):
        assert f"  faults    from the file {faults}; see and change them at {url}/faults\n" in lines
        assert _status(f"{url}/v2/listProjects") == 503
        assert _status(f"{url}/faults", "DELETE") == 200
        assert _status(f"{url}/v2/listProjects") == 200


def test_without_the_option_there_is_no_switch(tmp_path: Path) -> None:
    """Faults are for those who ask for them."""
    with _hub(tmp_path / "store", key=KEY) as (url, lines):
        assert "faults" not in "".join(lines)
        assert _status(f"{url}/faults") == 404


def test_a_wrong_faults_file_ends_with_2(prelabel: Command, tmp_path: Path) -> None:
    """Before anything is made; the message names the file and what is wrong in it."""
    faults = tmp_path / "faults.json"
    faults.write_text('{"faults": [{"kind": "latncy"}]}')
    done = prelabel("hub", "--port", 0, "--store", tmp_path / "store", "--faults", faults)
    assert done.returncode == 2
    assert "faults.json: faults[0]: kind is 'latncy': did you mean \"latency\"?" in done.stderr
    assert not (tmp_path / "store").exists()


def test_a_demos_folder_is_not_the_hubs(prelabel: Command, tmp_path: Path) -> None:
    """The store in it is named, and nothing is made; that one is served, and so is a folder that has one itself."""
    demo = tmp_path / "my demo"
    with _hub(demo / "hub"):
        pass
    done = prelabel("hub", "--port", 0, "--store", demo)
    assert done.returncode == 2
    assert "has no hub's store, but its folder hub has" in done.stderr
    assert f"give --store '{demo}/hub', or another folder" in done.stderr
    assert [path.name for path in demo.iterdir()] == ["hub"]
    with _hub(demo / "hub"):
        pass


def test_a_taken_port_ends_with_2(prelabel: Command, tmp_path: Path) -> None:
    """The message says which port and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = prelabel("hub", "--port", port, "--store", tmp_path / "store")
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr


def test_the_ready_text_names_the_environment_when_the_key_is_there() -> None:
    """The lines to copy fit the key's place."""
    text = ready_text("http://127.0.0.1:1", Path("s"), None)
    assert "connect Ango's SDK (pip install imerit_ango):\n" in text
    assert "  import os\n  from imerit_ango.sdk import SDK\n" in text
    assert 'SDK(api_key=os.environ["ANGO_API_KEY"], host="http://127.0.0.1:1")' in text
    assert "--api-key-file" not in text
    assert "--api-key-file k" in ready_text("http://127.0.0.1:1", Path("s"), Path("k"))
    assert "--api-key-file 'my k'" in ready_text("http://127.0.0.1:1", Path("s"), Path("my k"))


def test_the_ready_text_names_projects() -> None:
    """The latest few, and the latest of all in the command to copy."""
    assert "  projects  none yet\n" in ready_text("http://127.0.0.1:1", Path("s"), None)
    text = ready_text("http://127.0.0.1:1", Path("s"), None, projects={f"p{n}": f"Street {n}" for n in range(7)})
    assert "  projects  p0  Street 0\n            p1  Street 1\n" in text
    assert "p4  Street 4\n            ... and more\n" in text
    assert "--project p0 " in text


def test_the_ready_text_has_the_command_of_a_plugin() -> None:
    """On a line of its own, to be copied."""
    plugin = plugin_text("i", Path("s/plugin_secret"), "ANGO_PLUGIN_ID=i prelabel plugin")
    text = ready_text("http://127.0.0.1:1", Path("s"), None, Path("f.json"), plugin=plugin)
    about = "  plugin    id i, secret in the file s/plugin_secret; run it from the web page once it is started with\n"
    assert f"{about}            ANGO_PLUGIN_ID=i prelabel plugin\n  faults    from the file f.json; " in text


def test_a_secret_replaces_a_file_that_others_could_read(tmp_path: Path) -> None:
    """The file is made anew, so that an old one's permissions do not stay."""
    path = tmp_path / "api_key"
    path.write_text("old")
    path.chmod(0o644)
    write_secret(path, "new")
    assert path.read_text() == "new\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
