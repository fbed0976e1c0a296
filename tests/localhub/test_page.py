"""The viewer's files."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localhub.hubclient import Api

STATIC = files("prelabel.localhub") / "static"
SCRIPTS = ("page.js", "plugin.js")


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/plugin.js", "text/javascript")],
)
async def test_the_page_needs_no_key_and_nothing_from_elsewhere(api: Api, path: str, kind: str) -> None:
    """Served as it lies in the package, under a policy that lets nothing else in."""
    async with api.session.get(api.hub.url + path) as answer:
        assert answer.status == 200
        assert answer.content_type == kind
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert await answer.read() == (STATIC / (path[1:] or "page.html")).read_bytes()


async def test_no_other_file_of_the_package_is_served(api: Api) -> None:
    """Only the page and its parts have an address."""
    for path in ("/page.html", "/plugin.html", "/plugin.css", "/page.py", "/static/page.js", "/page.js/..%2fpage.py"):
        async with api.session.get(api.hub.url + path) as answer:
            assert answer.status == 404


@pytest.mark.parametrize("name", SCRIPTS)
def test_texts_never_become_markup(name: str) -> None:
    """The scripts build elements and set texts; nothing in them parses markup or code."""
    script = (STATIC / name).read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc", script)
    assert "textContent" in script


def test_nothing_is_loaded_from_another_host() -> None:
    """No URL in the files but the name of the SVG namespace; no inline script, style or event."""
    for name in ("page.html", "page.css", *SCRIPTS):
        text = (STATIC / name).read_text("utf-8")
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}
    html = (STATIC / "page.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_every_id_the_scripts_ask_for_is_in_the_page() -> None:
    """Scripts and page belong together."""
    html = (STATIC / "page.html").read_text("utf-8")
    for name in SCRIPTS:
        script = (STATIC / name).read_text("utf-8")
        asked = set(re.findall(r'(?:byId|setText)\("([\w-]+)"', script))
        assert asked
        assert asked <= set(re.findall(r'id="([\w-]+)"', html))
        assert f'<script src="/{name}" defer></script>' in html


def test_every_control_has_a_label() -> None:
    """One around it, or one that names it."""
    html = (STATIC / "page.html").read_text("utf-8")
    named = set(re.findall(r'<label for="([\w-]+)">', html))
    inside = "".join(re.findall(r"<label>.*?</label>", html, re.DOTALL))
    controls = re.findall(r'<(?:input|textarea|select) id="([\w-]+)"', html)
    assert len(controls) == len(re.findall(r"<(?:input|textarea|select)\b", html)) >= 5
    assert all(control in named or f'id="{control}"' in inside for control in controls)


def test_the_config_to_begin_with_is_the_plugins() -> None:
    """All eleven keys, as an object that can be read."""
    html = (STATIC / "page.html").read_text("utf-8")
    (text,) = re.findall(r"<textarea[^>]*>(.*?)</textarea>", html, re.DOTALL)
    config = json.loads(text)
    assert len(config) == 11
    assert (config["overwrite"], config["upload_batch_size"]) == (True, 100)
