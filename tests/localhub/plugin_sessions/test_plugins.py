"""How a plugin is started for a hub."""

from __future__ import annotations

from prelabel.localhub import HubSettings
from prelabel.localhub.plugin_sessions.plugins import start_command


def test_the_command_fits_a_shell_and_the_way_the_plugin_is_called() -> None:
    """Files with spaces are quoted; a REST server is told its port."""
    command = start_command("http://127.0.0.1:1", HubSettings(plugin_id="i"), "my store/plugin_secret")
    rest = HubSettings(plugin_id="i", plugin_url="http://127.0.0.1:8080")
    variables = "ANGO_PLUGIN_ID=i ANGO_PLUGIN_SECRET_FILE={} ANGO_HOST=http://127.0.0.1:1{}"
    known = f"{variables} prelabel plugin --state ./plugin-state"
    assert command == known.format("'my store/plugin_secret'", "")
    assert start_command("http://127.0.0.1:1", rest, "f") == known.format("f", " CONNECTOR=REST PORT=8080")
