"""A server that plays answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from prelabel.localhub.testing import ScriptedHub, failure, success


def ask(url: str, body: bytes | None = None) -> tuple[int, Any]:
    """Status and JSON body of one call."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, {"apikey": "k"})) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_answers_in_order_and_the_last_again() -> None:
    """On a thread; answers made once are sent many times."""
    with ScriptedHub(failure("busy", status=503), success({"n": 1}, status=201)) as hub:
        assert [ask(hub.url) for _ in range(3)] == [
            (503, {"status": "error", "message": "busy"}),
            *[(201, {"status": "success", "data": {"n": 1}})] * 2,
        ]
    assert len(hub.requests) == 3


def test_requests_are_kept_as_they_came() -> None:
    """Method, path, parameters, headers in whatever case, and the whole body."""
    with ScriptedHub(success({})) as hub:
        ask(f"{hub.url}/v2/a%20b?x=1%2B1", b"body" * 100_000)

    (request,) = hub.requests
    assert (request.method, request.raw_path, request.query) == ("POST", "/v2/a%20b?x=1%2B1", {"x": "1+1"})
    assert (request.headers["APIKEY"], request.body) == ("k", b"body" * 100_000)


async def test_answers_that_are_worked_out() -> None:
    """An async function sees the request; in the running event loop."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read(), headers={"X-Path": request.path})

    async with ScriptedHub(echo) as hub, aiohttp.request("POST", hub.url + "/p", data=b"hello") as answer:
        assert (await answer.read(), answer.headers["X-Path"]) == (b"hello", "/p")


def test_it_stops_and_needs_an_answer() -> None:
    """Nobody listens after the block; a script without answers is a mistake."""
    with ScriptedHub(success({})) as hub:
        assert ask(hub.url)[0] == 200
    with pytest.raises(urllib.error.URLError):
        ask(hub.url)
    with pytest.raises(ValueError, match="needs an answer"):
        ScriptedHub()
