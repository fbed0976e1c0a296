"""What ends a plugin, or its Hub, in the middle of an import: nothing is lost, and another session goes on."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from plugin import seed_page
from plugin.plugin_process import ID, PATIENCE_S, SECRET, PluginProcess, free_port, until
from plugin.proxy import Proxy
from prelabel.localhub import Fault, HubSettings
from prelabel.localhub.testing import HubDouble

if TYPE_CHECKING:
    from pathlib import Path

KEY = "planted-api-key-0987654321"
CONNECTORS = ["WS", "REST"]
CONFIG: dict[str, Any] = seed_page.CLASSIFICATIONS | {"upload_batch_size": 1}
CSV = seed_page.csv_with("")
SLOW = Fault("latency", route="POST /v2/import/labels", delay_s=0.7)
OPTIONS = ("--deadline", "4", "--max-in-flight", "1")
PART_WAY = re.compile("([1-7]) of 8 rows imported; run it again to go on\n")
IMPORTS = "POST /v2/import/labels"


def hub_for(port: int) -> HubDouble:
    """A slow hub whose plugin is at a port in REST."""
    url = f"http://127.0.0.1:{port}" if port else ""
    settings = HubSettings(plugin_id=ID, plugin_secret=SECRET, plugin_url=url)
    hub = HubDouble(seed_page.SCHEMA, seed_page.NAMES, api_key=KEY, settings=settings)
    hub.play(SLOW)
    return hub


def port_for(connector: str) -> int:
    """REST's port; WS has none."""
    return free_port() if connector == "REST" else 0


def begun(hub: HubDouble) -> None:
    """Wait until some rows have been sent."""
    until(lambda: hub.request_counts[IMPORTS] >= 2, "rows are sent")


def is_complete(hub: HubDouble) -> bool:
    """Whether every asset has its answers."""
    return all(len(labels.answers) == 3 for labels in hub.labels().values())


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_session_is_cut_off_at_its_deadline_and_run_again(connector: str, tmp_path: Path) -> None:
    """Each answer says how far it came; no row is sent twice."""
    port = port_for(connector)
    with hub_for(port) as hub, PluginProcess(hub, tmp_path, connector, port, options=OPTIONS) as plugin:
        hub.play(Fault("latency", route=IMPORTS, delay_s=1.0))
        answers = [plugin.run(hub.project, CONFIG, CSV)]
        while "run it again to go on" in answers[-1]:
            answers.append(plugin.run(hub.project, CONFIG, CSV))
        assert PART_WAY.match(answers[0])
        assert answers[-1].splitlines()[0] == "8 of 8 rows imported"
        assert hub.request_counts[IMPORTS] == 8
        assert is_complete(hub)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_plugin_that_was_killed_goes_on(connector: str, tmp_path: Path) -> None:
    """``kill -9`` in the middle; what was confirmed is not sent again, what was on its way is."""
    port = port_for(connector)
    with hub_for(port) as hub:
        with PluginProcess(hub, tmp_path, connector, port) as plugin:
            plugin.start(hub.project, CONFIG, CSV)
            begun(hub)
            plugin.running.kill()
            plugin.running.wait(PATIENCE_S)
        hub.play()
        with PluginProcess(hub, tmp_path, connector, port) as plugin:
            answer = plugin.run(hub.project, CONFIG, CSV)
        assert answer.splitlines()[0].startswith("8 of 8 rows imported")
        assert hub.request_counts[IMPORTS] <= 8 + 4, "more than what was on its way was sent again"
        assert is_complete(hub)


@pytest.mark.parametrize("connector", CONNECTORS)
def test_sigterm_lets_a_session_answer_first(connector: str, tmp_path: Path) -> None:
    """What is on its way arrives, the answer says how far it came, and the process ends well."""
    port = port_for(connector)
    with hub_for(port) as hub, PluginProcess(hub, tmp_path, connector, port) as plugin:
        hub.play(Fault("latency", route=IMPORTS, delay_s=2.0))
        session = plugin.start(hub.project, CONFIG, CSV)
        begun(hub)
        plugin.running.send_signal(signal.SIGTERM)
        document = plugin.finish(session)
        assert plugin.running.wait(PATIENCE_S) == 0, plugin.output.read_text()
        part_way = PART_WAY.match(document["response"])
        assert part_way, document["response"]
        assert "stopped early: the plugin is being stopped" in document["response"]
        assert sum(len(labels.answers) == 3 for labels in hub.labels().values()) == int(part_way[1])


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_session_that_does_not_end_in_its_grace_is_cut_off(connector: str, tmp_path: Path) -> None:
    """The Hub does not answer: the process does not wait for it without limit."""
    port = port_for(connector)
    with hub_for(port) as hub, PluginProcess(hub, tmp_path, connector, port, options=("--stop-grace", "0.5")) as plugin:
        hub.play(Fault("latency", route=IMPORTS, delay_s=600.0))
        session = plugin.start(hub.project, CONFIG, CSV)
        until(lambda: hub.request_counts[IMPORTS], "rows are sent")
        plugin.running.send_signal(signal.SIGTERM)
        document = plugin.finish(session)
        assert plugin.running.wait(PATIENCE_S) == 0, plugin.output.read_text()
        assert document["response"].startswith("the session was cut off")


@pytest.mark.parametrize("connector", CONNECTORS)
def test_asked_twice_it_ends_at_once(connector: str, tmp_path: Path) -> None:
    """As somebody does who presses Ctrl-C again."""
    port = port_for(connector)
    with hub_for(port) as hub, PluginProcess(hub, tmp_path, connector, port) as plugin:
        hub.play(Fault("latency", route=IMPORTS, delay_s=600.0))
        plugin.start(hub.project, CONFIG, CSV)
        until(lambda: hub.request_counts[IMPORTS], "rows are sent")
        plugin.running.send_signal(signal.SIGINT)
        until(lambda: b"once more stops at once" in plugin.output.read_bytes(), "the first was heard")
        plugin.running.send_signal(signal.SIGINT)
        assert plugin.running.wait(PATIENCE_S) == 130


def test_a_hub_that_goes_in_the_middle_and_comes_back(tmp_path: Path) -> None:
    """The session goes on when it is there again, and so does the plugin: it is not started anew."""
    with hub_for(0) as hub, Proxy(hub.url) as proxy, through(proxy, hub, tmp_path) as plugin:
        session = plugin.start(hub.project, CONFIG, CSV)
        begun(hub)
        proxy.fail()
        until(lambda: "cannot connect to" in plugin.output.read_text(), "the plugin misses its hub")
        proxy.mend()
        document = plugin.finish(session)
        assert document["response"].splitlines()[0] == "8 of 8 rows imported"
        assert is_complete(hub)
        assert plugin.run(hub.project, CONFIG, CSV).startswith("8 of 8 rows imported, all of them by earlier sessions")
        assert plugin.running.poll() is None


def test_an_answer_that_finds_no_connection_waits_for_the_next(tmp_path: Path) -> None:
    """The import is through when the network fails; the Hub hears of it when that is mended."""
    with hub_for(0) as hub, Proxy(hub.url) as proxy, through(proxy, hub, tmp_path) as plugin:
        session = plugin.start(hub.project, CONFIG, b"External ID,Color,Category,Image Type\n")
        until(lambda: hub.request_counts["GET /v2/getUploadUrl"], "the report is uploaded")
        proxy.fail()
        until(lambda: "session" in plugin.output.read_text() and "ended!" in plugin.output.read_text(), "it has ended")
        proxy.mend()
        document = plugin.finish(session)
        assert document["response"].startswith("0 of 0 rows imported")


def through(proxy: Proxy, hub: HubDouble, folder: Path) -> PluginProcess:
    """A plugin that knows its hub by the proxy's address."""
    return PluginProcess(hub, folder, environment={"ANGO_HOST": proxy.url})


def test_a_wrong_secret_ends_with_a_clear_message(tmp_path: Path) -> None:
    """The Hub hangs up on it; after a few times the plugin gives up and says what to compare."""
    with hub_for(0) as hub:
        plugin = PluginProcess(hub, tmp_path, environment={"ANGO_PLUGIN_SECRET": "another-secret"})
        with pytest.raises(AssertionError, match="hangs up right after the plugin said who it is"):
            plugin.__enter__()
        assert plugin.running.returncode == 2
