"""The viewer's files."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from localhub.hubclient import Api

STATIC = files("prelabel.localhub") / "static"


@pytest.mark.parametrize(
    ("path", "kind"), [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")]
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
    """Only the three files have an address."""
    for path in ("/page.html", "/page.py", "/static/page.js", "/page.js/..%2fpage.py"):
        async with api.session.get(api.hub.url + path) as answer:
            assert answer.status == 404


def test_texts_never_become_markup() -> None:
    """The script builds elements and sets texts; nothing in it parses markup or code."""
    script = (STATIC / "page.js").read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc", script)
    assert "textContent" in script


def test_nothing_is_loaded_from_another_host() -> None:
    """No URL in the files but the name of the SVG namespace; no inline script, style or event."""
    for name in ("page.html", "page.css", "page.js"):
        text = (STATIC / name).read_text("utf-8")
        assert set(re.findall(r"https?://[^\s\"'`]+", text)) <= {"http://www.w3.org/2000/svg"}
    html = (STATIC / "page.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", html)


def test_every_id_the_script_asks_for_is_in_the_page() -> None:
    """Script and page belong together."""
    script, html = ((STATIC / name).read_text("utf-8") for name in ("page.js", "page.html"))
    asked = set(re.findall(r'byId\("([\w-]+)"\)', script))
    assert asked
    assert asked <= set(re.findall(r'id="([\w-]+)"', html))
