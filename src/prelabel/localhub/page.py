"""The page at ``/``: static files, which read and run everything through the API once the user gives the key."""

from __future__ import annotations

from importlib.resources import files

from aiohttp import web

routes = web.RouteTableDef()

_KINDS = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
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
    """The page itself."""
    return _static("page.html")


@routes.get("/{name:page\\.css|page\\.js|plugin\\.js}")
async def part(request: web.Request) -> web.Response:
    """Its style and its scripts."""
    return _static(request.match_info["name"])


def _static(name: str) -> web.Response:
    content = (files("prelabel.localhub") / "static" / name).read_bytes()
    return web.Response(body=content, content_type=_KINDS[name.rpartition(".")[2]], charset="utf-8", headers=_HEADERS)
