"""Starting, stopping, restarting."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp
import pytest

from localhub.hubclient import Api
from localhub.project import CAR, KEY
from prelabel.errors import ConfigError
from prelabel.localhub import HubSettings, LocalHub

if TYPE_CHECKING:
    from pathlib import Path

SERVE = """
import sys
from prelabel.localhub import serve_forever
serve_forever(sys.argv[1], on_ready=lambda hub: print(hub.url, hub.api_key, flush=True))
print("stopped", flush=True)
"""


async def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    """Projects, labels, files, storages, and the key and the plugin's secret that the store made, are there again."""
    async with LocalHub(tmp_path) as hub, aiohttp.ClientSession() as session:
        api, key = Api(hub, session), hub.api_key
        plugin = hub.plugin_id, hub.plugin_secret
        assert all(plugin)
        _, made, _ = await api.call("POST", "/v2/project", {"name": "p"}, key=key)
        project_id = made["data"]["project"]["_id"]
        await api.call("POST", f"/v2/project/{project_id}/cloud", {"assets": [{"data": "u/a.png"}]}, key=key)
        items = [{"externalId": "a.png", "objects": [CAR]}]
        await api.call("POST", "/v2/import/labels", {"project": project_id, "jsonContent": items}, key=key)
        path = f"/v2/project/{project_id}/tasks"
        before = await api.call("GET", path, query={"includeAnswer": "true"}, key=key)
    async with LocalHub(tmp_path) as hub, aiohttp.ClientSession() as session:
        assert hub.api_key == key
        assert (hub.plugin_id, hub.plugin_secret) == plugin
        after = await Api(hub, session).call("GET", path, query={"includeAnswer": "true"}, key=key)
    assert after[:2] == before[:2]
    assert after[1]["data"]["tasks"][0]["answer"]["tools"][0]["objectId"] == "car-1"


async def test_without_a_folder_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary store goes with the hub."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with LocalHub() as hub:
        assert hub.api_key
        assert len(os.listdir(tmp_path)) == 1  # noqa: PTH208 - pathlib is not for coroutines
    assert os.listdir(tmp_path) == []  # noqa: PTH208


async def test_it_listens_on_this_machine_only(tmp_path: Path) -> None:
    """The loopback address is the default."""
    async with LocalHub(tmp_path, api_key="k&y#1") as hub:
        assert urlsplit(hub.url).hostname == "127.0.0.1"
        assert hub.page_url == f"{hub.url}/#key=k%26y%231"


async def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """The message says which port and what to do."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1 port {port}: .*choose another port"):
            await LocalHub(tmp_path, port=port).start()


async def test_a_store_that_cannot_be_is_named(tmp_path: Path) -> None:
    """A file where the folder should be, and rubbish where the database should be."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"cannot keep its store in .*file"):
        await LocalHub(tmp_path / "file").start()
    (tmp_path / "hub.sqlite3").write_bytes(b"rubbish" * 1000)
    with pytest.raises(ConfigError, match="not a database"):
        await LocalHub(tmp_path).start()


async def test_a_store_has_one_hub_at_a_time(tmp_path: Path) -> None:
    """A second one is refused while the first runs, which does not mind; when it has stopped, another may."""
    async with LocalHub(tmp_path) as hub:
        with pytest.raises(
            ConfigError, match=r"another local hub is running on the store .*: stop that one, or give an"
        ):
            await LocalHub(tmp_path).start()
        assert hub.projects == {}
    async with LocalHub(tmp_path):
        pass


def test_a_hub_that_was_not_started_says_so() -> None:
    """Asking it for its key is a programming error."""
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = LocalHub().api_key


def test_in_a_thread(tmp_path: Path) -> None:
    """Synchronous callers get a hub beside them, and its errors."""
    with LocalHub(tmp_path, api_key=KEY, settings=HubSettings(page_cap=7)) as hub:
        request = urllib.request.Request(f"{hub.url}/v2/listProjects", headers={"apikey": KEY})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer) == {"status": "success", "data": {"projects": [], "total": 0}}
        assert hub.request_counts["GET /v2/listProjects"] == 1
        with (
            pytest.raises(ConfigError, match="choose another port"),
            LocalHub(tmp_path / "b", port=urlsplit(hub.url).port or 0),
        ):
            pass


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """A process of its own says where it listens, answers, and stops cleanly on either signal."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        request = urllib.request.Request(f"{url}/v2/listProjects", headers={"apikey": key})
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        process.send_signal(number)
        assert process.stdout.read() == "stopped\n"
    assert process.returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="signals are sent the POSIX way")
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """A process that is killed outright loses nothing it had answered for."""
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        headers = {"apikey": key, "Content-Type": "application/json"}
        for number in range(5):
            content = json.dumps({"name": f"p{number}"}).encode()
            with urllib.request.urlopen(urllib.request.Request(f"{url}/v2/project", content, headers)) as answer:
                assert answer.status == 201
        process.kill()
    with LocalHub(tmp_path) as hub:
        request = urllib.request.Request(f"{hub.url}/v2/listProjects", headers={"apikey": key})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["data"]["total"] == 5
