"""What can be found out before the first session."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from localhub.project import SCHEMA
from plugin.plugin_process import free_port
from prelabel.localhub import Fault, HubSettings
from prelabel.localhub.testing import HubDouble
from prelabel.plugin import runtime
from prelabel.plugin.check import Finding, check
from prelabel.plugin.health import problem_of
from prelabel.plugin.settings import PluginSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ID, SECRET = "the-plugin", "the-plugin-s-secret"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runtime reads its environment once, when it is imported: a process has one connector. Here it has several."""
    monkeypatch.setenv("CONNECTOR", "WS")
    monkeypatch.setenv("PORT", "8080")
    loaded = runtime.load_runtime(PluginSettings(host="https://h"))
    monkeypatch.setattr(loaded, "CONNECTOR", "WS")


@pytest.fixture(scope="module")
def hub() -> Iterator[HubDouble]:
    """A hub that knows the plugin."""
    with HubDouble(SCHEMA, ["a.png"], settings=HubSettings(plugin_id=ID, plugin_secret=SECRET)) as hub:
        yield hub


@pytest.fixture
def settings(hub: HubDouble, tmp_path: Path) -> PluginSettings:
    """Settings that fit it."""
    return PluginSettings(plugin_id=ID, secret=SECRET, host=hub.url, state=tmp_path / "state")


def found(findings: Iterator[Finding]) -> dict[str, Finding]:
    """Findings by what they are about."""
    return {each.what: each for each in findings}


def test_all_is_well(hub: HubDouble, settings: PluginSettings) -> None:
    """Runtime, volume, the Hub with id and secret, the ontology, the key's right to write; nothing is written."""
    findings = found(check(settings, hub.project, hub.api_key))
    assert [each.is_good for each in findings.values()] == [True] * 5
    assert "imerit_ango" in findings["runtime"].text
    assert findings["project"].text == f"{hub.project} has 2 tools and 3 classifications"
    assert findings["key"].text.startswith("may import labels")
    assert not any(labels.objects or labels.answers for labels in hub.labels().values())
    assert problem_of(settings) != "", "the heartbeat of a check is taken for a plugin's"


def test_no_folder_for_temporary_files(settings: PluginSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a root that may only be read."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/no/such/folder"])
    volume = next(each for each in check(settings) if each.what == "volume")
    assert (volume.is_good, volume.exit_code) == (False, 4)
    assert "set TMPDIR to one on the volume" in volume.text


def test_rest_asks_for_any_answer(hub: HubDouble, settings: PluginSettings) -> None:
    """There the secret is compared at our end."""
    findings = found(check(replace(settings, connector="REST")))
    assert list(findings) == ["runtime", "volume", "hub"]
    assert "has to send the plugin's secret" in findings["hub"].text


@pytest.mark.parametrize("connector", ["WS", "REST"])
def test_a_host_that_does_not_answer(settings: PluginSettings, connector: str) -> None:
    """Is the Hub's exit code."""
    away = replace(settings, host=f"http://127.0.0.1:{free_port()}", connector=connector)  # type: ignore[arg-type]
    finding = found(check(away))["hub"]
    assert (finding.is_good, finding.exit_code) == (False, 3)
    assert "check ANGO_HOST and the network" in finding.text


def test_a_wrong_secret(settings: PluginSettings) -> None:
    """The Hub hangs up; the secret is not shown."""
    finding = found(check(replace(settings, secret="another-secret")))["hub"]
    assert (finding.is_good, finding.exit_code) == (False, 2)
    assert "compare ANGO_PLUGIN_ID and ANGO_PLUGIN_SECRET" in finding.text
    assert "another-secret" not in finding.text


def test_a_volume_that_cannot_be_written(settings: PluginSettings, tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "file").write_text("")
    finding = found(check(replace(settings, state=tmp_path / "file" / "state")))["volume"]
    assert (finding.is_good, finding.exit_code) == (False, 4)
    assert "mount a volume there, or give --state" in finding.text


def test_a_project_that_is_not_there_and_a_key_that_is_wrong(hub: HubDouble, settings: PluginSettings) -> None:
    """Each is named; nothing is said of what depends on it."""
    for project, key, words in (("no-such-project", hub.api_key, "HTTP 4"), (hub.project, "a-wrong-key", "HTTP 401")):
        findings = found(check(settings, project, key))
        assert "key" not in findings
        assert not findings["project"].is_good
        assert words in findings["project"].text


def test_a_key_that_may_only_read(hub: HubDouble, settings: PluginSettings) -> None:
    """An import of nothing tells."""
    hub.play(Fault("unauthorized", route="POST /v2/import/labels"))
    finding = found(check(settings, hub.project, hub.api_key))["key"]
    hub.play()
    assert not finding.is_good
    assert finding.exit_code == 3
