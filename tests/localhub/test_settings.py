"""The local hub's settings."""

from __future__ import annotations

from typing import Any

import pytest

from prelabel.errors import ConfigError
from prelabel.localhub import HubSettings


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ({"page_cap": 0}, "page_cap is 0: it must be a whole number above 0"),
        ({"max_body_bytes": -1}, "max_body_bytes is -1"),
        ({"requests_per_minute": 0}, "requests_per_minute is 0"),
        ({"rate_window_s": 0.0}, "rate_window_s is 0.0"),
        ({"import_mode": "merge"}, "import_mode is 'merge': it must be one of replace, append"),
        ({"url_lifetime_s": 0}, "url_lifetime_s is 0"),
        ({"listing_form": "xml"}, "listing_form is 'xml': it must be one of keys, names, urls, list"),
        ({"plugin_timeout_s": 0}, "plugin_timeout_s is 0"),
        ({"plugin_url": "127.0.0.1:8080"}, "plugin_url must be an address such as http://127.0.0.1:8080"),
        ({"plugin_url": "http://[::1"}, "plugin_url must be an address"),
        ({"plugin_url": "http://h:99999"}, "plugin_url must be an address"),
        ({"plugin_url": "http://user:word@h"}, "plugin_url must be an address"),
        ({"plugin_secret": "two\nlines"}, "plugin_secret goes into a header: it must be printable ASCII"),
        ({"asset_form": "text"}, "asset_form is 'text': it must be one of id, object"),
    ],
)
def test_wrong_settings_are_named(wrong: dict[str, Any], part: str) -> None:
    """Each wrong setting is refused with its name, its value and what would be right."""
    with pytest.raises(ConfigError, match=r"the local hub's") as caught:
        HubSettings(**wrong)
    assert part in str(caught.value)
    assert caught.value.field == next(iter(wrong))


def test_secrets_are_not_in_the_repr() -> None:
    """Settings may be printed without giving the key or the plugin's secret away."""
    assert "secret-" not in repr(HubSettings(api_key="secret-key", plugin_secret="secret-word"))
