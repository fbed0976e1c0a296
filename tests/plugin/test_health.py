"""Whether a plugin is well."""

from __future__ import annotations

import http.server
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prelabel.plugin.health import note_heartbeat, problem_of
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def rest_plugin(secret: str) -> Iterator[int]:
    """A server that answers as the runtime does in REST; its port."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            good = self.path == "/heartbeat" and self.headers.get("Secret") == secret
            self.send_response(200 if good else 401)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_in_rest_the_plugin_is_asked_with_its_secret(tmp_path: Path) -> None:
    """The right secret, a wrong one, and nobody there."""
    with rest_plugin("good") as port:
        settings = {"host": "https://h", "connector": "REST", "port": port, "state": tmp_path}
        assert problem_of(PluginSettings(secret="good", **settings)) == ""  # type: ignore[arg-type]
        assert problem_of(PluginSettings(secret="bad", **settings)) == "it has another secret"  # type: ignore[arg-type]
    assert "does not answer on port" in problem_of(PluginSettings(secret="good", **settings))  # type: ignore[arg-type]


def test_in_ws_the_mark_of_its_last_heartbeat_tells(tmp_path: Path) -> None:
    """None yet, a young one, an old one."""
    settings = PluginSettings(host="https://h", state=tmp_path)
    assert "has told no Hub of itself yet" in problem_of(settings)
    note_heartbeat(tmp_path)
    assert problem_of(settings) == ""
    (mark,) = (tmp_path / "heartbeats").iterdir()
    os.utime(mark, (time.time() - 1_000,) * 2)
    assert "its last heartbeat was 1000 s ago" in problem_of(settings)


def test_marks_of_containers_that_are_long_gone_are_removed(tmp_path: Path) -> None:
    """Each container has a name of its own, and the volume outlives them."""
    for name, age_s in (("old", 100_000), ("young", 1_000)):
        (tmp_path / "heartbeats").mkdir(exist_ok=True)
        (tmp_path / "heartbeats" / name).touch()
        os.utime(tmp_path / "heartbeats" / name, (time.time() - age_s,) * 2)
    note_heartbeat(tmp_path)
    names = {mark.name for mark in (tmp_path / "heartbeats").iterdir()}
    assert "young" in names
    assert "old" not in names


def test_a_mark_that_cannot_be_left_ends_nothing(tmp_path: Path) -> None:
    """Whoever watches will see that it is missing."""
    (tmp_path / "heartbeats").write_text("")
    note_heartbeat(tmp_path)
