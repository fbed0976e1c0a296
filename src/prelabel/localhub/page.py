"""The viewer at ``/``: three static files, which read everything through the same API once the user gives the key."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

routes = web.RouteTableDef()

_KINDS = {"page.html": "text/html", "page.css": "text/css", "page.js": "text/javascript"}
# Nothing from elsewhere, and nothing inline: a label's text can never become a script.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


@routes.get("/")
async def page(_request: web.Request) -> web.Response:
    """The viewer itself."""
    return _static("page.html")


@routes.get("/{name:page\\.(?:css|js)}")
async def part(request: web.Request) -> web.Response:
    """Its style and its script."""
    return _static(request.match_info["name"])


def _static(name: str) -> web.Response:
    content = (files("prelabel.localhub") / "static" / name).read_bytes()
    return web.Response(body=content, content_type=_KINDS[name], charset="utf-8", headers=_HEADERS)
