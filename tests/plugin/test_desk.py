"""Sessions in bounded number, one of an import at a time, answered in time, stopped together."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from importer.desk import CONFIG, rows_of
from localhub.project import SCHEMA
from plugin.sessions import Lines, csv_of, data_for, desk_for
from prelabel.importer.import_labels import import_labels
from prelabel.localhub import HubSettings
from prelabel.localhub.testing import HubDouble
from prelabel.outcomes.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aiohttp.typedefs import Handler, Middleware

    from prelabel.plugin.answer import SessionAnswer

IDS = [f"{number}.png" for number in range(40)]
SMALL = json.dumps(CONFIG | {"upload_batch_size": 5})


class Gate:
    """Holds imports up, from the one after the first so many, until it is opened."""

    def __init__(self, n_free: int = 0) -> None:
        self.is_reached = threading.Event()
        self.is_open = threading.Event()
        self.n_free = n_free
        self.keys: set[str] = set()

    def middleware(self) -> Middleware:
        """What the hub is started with."""

        @web.middleware
        async def hold(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith("/v2/"):
                self.keys.add(request.headers.get("apikey", ""))
            if request.path == "/v2/import/labels":
                self.n_free -= 1
                if self.n_free < 0:
                    self.is_reached.set()
                    await asyncio.to_thread(self.is_open.wait, 60)
            return await handler(request)

        return hold


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A gate that is open in the end."""
    gate = Gate()
    yield gate
    gate.is_open.set()


def labels_of(hub: HubDouble) -> dict[str, Any]:
    """What every asset is labelled with."""
    return {name: labels.answers for name, labels in hub.labels().items()}


def test_more_sessions_than_there_is_room_for_are_refused_at_once(tmp_path: Path, gate: Gate) -> None:
    """Those at work go on; sixty at once are no harm. The others are told in one sentence."""
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub, ThreadPoolExecutor(60) as pool:
        desk = desk_for(hub, tmp_path / "state", max_sessions=2)
        data = [data_for(hub, csv_of(tmp_path, number + 1), session=f"s{number}") for number in range(60)]
        taken = [pool.submit(desk.take, each, Lines()) for each in data]
        assert gate.is_reached.wait(30)
        refused = [each for each in taken if is_refused(each)]
        while len(refused) < 58:
            refused = [each for each in taken if is_refused(each)]
        gate.is_open.set()
        texts = [each.result(60).text for each in taken]
    assert sum("rows imported" in text or "row imported" in text for text in texts) == 2
    busy = "the plugin is busy with 2 other sessions: nothing was done, run it again later"
    assert texts.count(busy) == 58


def is_refused(answer: Any) -> bool:
    """Whether a session has its answer already."""
    return bool(answer.done())


def test_an_import_that_still_runs_is_not_begun_a_second_time(tmp_path: Path, gate: Gate) -> None:
    """The second session hears how far the first is; when that is done, what came of it."""
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub, ThreadPoolExecutor(2) as pool:
        desk = desk_for(hub, tmp_path / "state")
        data = data_for(hub, csv_of(tmp_path, 40))
        first = pool.submit(desk.take, data, Lines())
        assert gate.is_reached.wait(30)
        second = desk.take(data | {"session": "s2"}, Lines())
        gate.is_open.set()
        assert first.result(60).text.startswith("40 of 40 rows imported")
        third = desk.take(data | {"session": "s3"}, Lines())
        n_imports = hub.request_counts["POST /v2/import/labels"]

    assert second.text.startswith("another session is importing this CSV into this project (Rows imported: [0/40]")
    assert third.text.startswith("40 of 40 rows imported, all of them by earlier sessions")
    assert n_imports == 1


def test_another_container_on_the_same_volume_is_one_writer_too(tmp_path: Path) -> None:
    """Its process holds the record; here that is another connection to the file."""
    with HubDouble(SCHEMA, IDS) as hub:
        desk, data = desk_for(hub, tmp_path / "state"), data_for(hub, csv_of(tmp_path, 3))
        desk.take(data, Lines())
        (folder,) = (tmp_path / "state" / "imports").iterdir()
        with Journal(folder):
            answer = desk.take(data, Lines())
    assert answer.text.startswith("another session, in another container, is importing this CSV into this project")
    assert answer.text.endswith("wait for its end, then run it again to see what came of it")


def test_a_deadline_ends_an_import_and_another_session_goes_on(tmp_path: Path) -> None:
    """The answer says how far it came; in the end every row is in, and none was sent twice."""
    settings = HubSettings(requests_per_minute=None)
    with HubDouble(SCHEMA, IDS, settings=settings, middlewares=[slow(0.3)]) as hub:
        data = data_for(hub, csv_of(tmp_path, 40), configJSON=json.dumps(CONFIG | {"upload_batch_size": 2}))
        desk = desk_for(hub, tmp_path / "state", deadline_s=1.5)
        texts = [desk.take(data, Lines()).text]
        while "run it again to go on" in texts[-1]:
            texts.append(desk.take(data, Lines()).text)
        expected = labels_of(hub)
        n_imports = hub.request_counts["POST /v2/import/labels"]
    assert len(texts) > 1
    assert "rows imported; run it again to go on" in texts[0]
    assert "stopped early: the deadline of 1.5 s is over" in texts[0]
    assert texts[-1].startswith("40 of 40 rows imported")
    assert n_imports == 20
    assert all(expected[name] for name in IDS)


def slow(delay_s: float) -> Middleware:
    """A hub that takes its time for each import, one after the other."""
    turn = asyncio.Lock()

    @web.middleware
    async def wait(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/v2/import/labels":
            async with turn:
                await asyncio.sleep(delay_s)
        return await handler(request)

    return wait


def test_an_answer_comes_in_time_whatever_the_work_is_at(
    tmp_path: Path, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Hub does not answer; the work goes on, and the next session of it hears that."""
    monkeypatch.setattr("prelabel.plugin.desk._GRACE_S", 0.2)
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub:
        data = data_for(hub, csv_of(tmp_path, 40))
        desk = desk_for(hub, tmp_path / "state", deadline_s=1.0)
        first = desk.take(data, Lines())
        second = desk.take(data, Lines())
        assert not desk.wait_until_idle(0)
        gate.is_open.set()
        assert desk.wait_until_idle(60)
        third = desk.take(data, Lines())
    assert first.text == "the deadline of 1 s is over and requests are still on their way: run it again to go on"
    assert second.text.startswith("another session is importing this CSV")
    assert third.text.startswith("40 of 40 rows imported, all of them by earlier sessions")


def test_a_stop_lets_what_is_on_its_way_arrive(tmp_path: Path, gate: Gate) -> None:
    """The session answers, no new one is taken, and a new desk goes on."""
    gate.n_free = 1
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub, ThreadPoolExecutor(1) as pool:
        desk, data = desk_for(hub, tmp_path / "state"), data_for(hub, csv_of(tmp_path, 40), configJSON=SMALL)
        answer = pool.submit(desk.take, data, Lines())
        assert gate.is_reached.wait(30)
        desk.stop()
        gate.is_open.set()
        assert desk.wait_until_idle(60)
        text, later = answer.result(1).text, desk.take(data, Lines()).text
        again = desk_for(hub, tmp_path / "state").take(data, Lines()).text
    assert "run it again to go on" in text
    assert "stopped early: the plugin is being stopped" in text
    assert later == "the plugin is being stopped: nothing was done, run it again in a minute"
    assert again.startswith("40 of 40 rows imported")


def test_what_is_cut_off_is_sent_again(tmp_path: Path, gate: Gate) -> None:
    """After its grace a session is cancelled: its answer says so, and nothing is lost."""
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub, ThreadPoolExecutor(1) as pool:
        desk, data = desk_for(hub, tmp_path / "state"), data_for(hub, csv_of(tmp_path, 40))
        answer = pool.submit(desk.take, data, Lines())
        assert gate.is_reached.wait(30)
        desk.stop()
        desk.abort()
        assert desk.wait_until_idle(30)
        gate.is_open.set()
        again = desk_for(hub, tmp_path / "state").take(data, Lines()).text
    assert answer.result(1).text.startswith(
        "the session was cut off: what had been confirmed is imported; run it again"
    )
    assert again.startswith("40 of 40 rows imported")


def test_each_session_uses_its_own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never another's, never the machine's; one without a key is refused."""
    monkeypatch.setenv("ANGO_API_KEY", "the-machine-s-own-key")
    gate = Gate(n_free=100)
    with HubDouble(SCHEMA, IDS, middlewares=[gate.middleware()]) as hub, ThreadPoolExecutor(2) as pool:
        desk = desk_for(hub, tmp_path / "state")
        good = pool.submit(desk.take, data_for(hub, csv_of(tmp_path, 3)), Lines())
        other = desk.take(data_for(hub, csv_of(tmp_path, 4), apiKey="somebody-else-s-key"), Lines())
        none = desk.take(data_for(hub, csv_of(tmp_path, 5), apiKey=""), Lines())
        assert good.result(60).text.startswith("3 of 3 rows imported")
        assert gate.keys == {hub.api_key}, "requests that passed the hub's door had another key"
    assert "Invalid API KEY" in other.text
    assert none.text.startswith("nothing was imported: the session has no API key")


def test_a_record_tells_nothing_to_a_key_that_may_not_see_the_project(tmp_path: Path) -> None:
    """Also where nothing is left to be sent, so that the import itself would ask the Hub nothing."""
    with HubDouble(SCHEMA, IDS) as hub:
        desk, content = desk_for(hub, tmp_path / "state"), csv_of(tmp_path, 3)
        assert desk.take(data_for(hub, content), Lines()).exit_code == 0
        stranger = desk.take(data_for(hub, content, apiKey="somebody-else-s-key"), Lines())
    assert stranger.text.startswith("the import could not go on: the Hub refused (HTTP 401")


def test_a_new_config_or_a_new_word_imports_anew(tmp_path: Path) -> None:
    """The record is begun anew by itself: nobody can type --restart here. The same word twice does nothing more."""
    with HubDouble(SCHEMA, IDS) as hub:
        desk, content = desk_for(hub, tmp_path / "state"), csv_of(tmp_path, 3)

        def imports(**config: Any) -> tuple[str, int]:
            before = hub.request_counts["POST /v2/import/labels"]
            answer = desk.take(data_for(hub, content, configJSON=json.dumps(CONFIG | config)), Lines())
            return answer.text, hub.request_counts["POST /v2/import/labels"] - before

        assert [imports()[1], imports()[1]] == [1, 0]
        assert [imports(restart="2")[1], imports(restart="2")[1], imports(restart="3")[1]] == [1, 0, 1]
        assert imports(ignored_schema_ids=["cls-note"])[1] == 1


def test_only_assets_of_the_session_s_batches_are_touched(tmp_path: Path) -> None:
    """Those that the Hub sends along; a batch that is not there is named without a command's options."""
    with HubDouble(SCHEMA, IDS[:2]) as hub:
        desk = desk_for(hub, tmp_path / "state")
        answer = desk.take(data_for(hub, csv_of(tmp_path, 2), batches=["no-such-batch"]), Lines())
    assert answer.text.startswith('nothing was imported: batches: the project has no batch "no-such-batch"')


def test_masks_have_the_walls_of_a_service(tmp_path: Path) -> None:
    """No file of this machine, no host of its network: each such row fails, and says why."""
    secret = tmp_path / "secret.png"
    secret.write_bytes(b"planted")
    rows = [
        ["0.png", str(secret)],
        ["1.png", "labels.csv"],
        ["2.png", "http://127.0.0.1:1/a.png"],
        ["3.png", "s3://bucket/a.png"],
        ["4.png", f"file://{secret}"],
    ]
    content = ("ID,Mask\n" + "".join(f"{name},{mask}\n" for name, mask in rows)).encode()
    config = {"external_id_column": "ID", "mask_column": "Mask", "mask_color_mapping": "project_colors"}
    with HubDouble(SCHEMA, IDS[:5]) as hub:
        answer = desk_for(hub, tmp_path / "state").take(data_for(hub, content, configJSON=config), Lines())
    assert answer.text.startswith("0 of 5 rows imported; 5 rows failed")
    (folder,) = (tmp_path / "state" / "imports").iterdir()
    report = json.loads((folder / "report.json").read_bytes())
    reasons = " ".join(outcome["reason"] for outcome in report["outcomes"])
    assert reasons.count("a service reads no local files") == 3
    assert "a loopback address" in reasons
    assert "which a service does not lend" in reasons


def test_no_answer_says_where_the_volume_is(tmp_path: Path) -> None:
    """To a stranger it is just the CSV."""
    with HubDouble(SCHEMA, IDS) as hub:
        answer = desk_for(hub, tmp_path / "state").take(data_for(hub, b"\x89PNG\r\n\x1a\n" + bytes(99)), Lines())
    assert answer.text.startswith("nothing was imported: the CSV is no CSV but a PNG picture")
    assert str(tmp_path) not in answer.text


def test_the_final_state_is_that_of_the_command_line(tmp_path: Path) -> None:
    """Row by row, failed ones too."""
    rows = [*rows_of(30), ["nope.png", "day", "", "", ""], ["", "day", "", "", ""], ["3.png", "night", "rain", "x", ""]]
    content = csv_of(tmp_path, rows)
    with HubDouble(SCHEMA, IDS) as ours, HubDouble(SCHEMA, IDS) as theirs:
        answer = desk_for(ours, tmp_path / "state").take(data_for(ours, content), Lines())
        report = import_labels(tmp_path / "rows.csv", CONFIG, **theirs.target)
        assert labels_of(ours) == labels_of(theirs)
    (folder,) = (tmp_path / "state" / "imports").iterdir()
    own = json.loads((folder / "report.json").read_bytes())
    assert own["rows"] == report.to_dict()["rows"]
    assert [each["code"] for each in own["outcomes"]] == [each["code"] for each in report.to_dict()["outcomes"]]
    assert answer.exit_code == report.exit_code


def test_a_fault_of_ours_is_an_answer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session without an answer would never end."""

    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a fault")

    with HubDouble(SCHEMA, IDS) as hub:
        desk = desk_for(hub, tmp_path / "state", max_sessions=1)
        with monkeypatch.context() as patched:
            patched.setattr("prelabel.plugin.session.read_csv", fail)
            answer: SessionAnswer = desk.take(data_for(hub, csv_of(tmp_path, 1)), Lines())
        assert answer.text.startswith("a fault in prelabel ended the session (ZeroDivisionError: a fault)")
        assert desk.wait_until_idle(10)
        assert desk.take(data_for(hub, csv_of(tmp_path, 1)), Lines()).exit_code == 0
