"""One request and what its answer means, against real servers on loopback."""

from __future__ import annotations

import asyncio
import socket
import ssl
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING

import aiohttp
import pytest
import trustme
from aiohttp import web
from aiohttp.client_reqrep import ConnectionKey

from hub.raw_server import raw_server, tls_of
from prelabel.errors import BatchTooLarge, ConfigError, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub.api_key import ApiKey
from prelabel.hub.transport import Timeouts, Transport, base_url
from prelabel.localhub.testing import ScriptedHub, failure, success

if TYPE_CHECKING:
    from pathlib import Path

KEY = ScriptedHub.api_key
NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


async def ask(url: str, **options: object) -> dict[str, object]:
    """One GET with a fresh transport."""
    async with Transport(url, KEY, **options) as transport:  # type: ignore[arg-type]
        return await transport.request("GET", "project", "p1")


async def error_of(url: str, **options: object) -> UploadError:
    """The error of one GET; the key is in none of its texts."""
    with pytest.raises(UploadError) as caught:
        await ask(url, **options)
    said = "".join(traceback.format_exception(caught.value))
    chain: BaseException | None = caught.value
    while chain is not None:
        said += repr(chain) + str(chain)
        chain = chain.__cause__ or chain.__context__

    assert KEY not in said

    return caught.value


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("https://hub.example", "https://hub.example/v2"),
        ("hub.example", "https://hub.example/v2"),
        ("https://hub.example/v2/", "https://hub.example/v2"),
        ("https://hub.example/behind/proxy", "https://hub.example/behind/proxy/v2"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v2"),
        ("http://localhost:1", "http://localhost:1/v2"),
        ("http://[::1]:1", "http://[::1]:1/v2"),
        ("https://localhost:1", "https://localhost:1/v2"),
    ],
)
def test_base_url(host: str, expected: str) -> None:
    """A host is taken with or without scheme and version."""
    assert str(base_url(host)) == expected


@pytest.mark.parametrize(
    ("host", "part"),
    [
        ("http://hub.example", "is not encrypted and would show the API key"),
        ("http://127.0.0.1.evil.example", "is not encrypted"),
        ("ftp://hub.example", "must be a plain http(s) URL"),
        ("https://user:pw@hub.example", "without user, query or fragment"),
        ("https://hub.example?x=1", "must be a plain http(s) URL"),
        ("https://", "must be a plain http(s) URL"),
        ("https://hub.example:port", "is no URL"),
        ("https://xn--a", "is no URL"),
        ("", "must be a plain http(s) URL"),
        ("127.0.0.1:8765", "write http://127.0.0.1:8765 if it is a local hub, or https://127.0.0.1:8765"),
        (" localhost:8765/v2", "write http://localhost:8765/v2 if it is a local hub"),
        ("[::1]:8765", "write http://[::1]:8765 if it is a local hub"),
        ("localhost", "without a scheme https is meant"),
        ("0.0.0.0:8765", "write http://127.0.0.1:8765 if the Hub runs on this machine"),
        ("http://0.0.0.0:8765", "write http://127.0.0.1:8765 if the Hub runs on this machine"),
        ("https://[::]:8765", "write http://[::1]:8765 if the Hub runs on this machine"),
    ],
)
def test_base_url_refused(host: str, part: str) -> None:
    """Hosts that would leak the key or are no hosts are refused, and their passwords not shown."""
    with pytest.raises(ConfigError, match="host:") as caught:
        base_url(host)

    assert part in str(caught.value)
    assert "pw" not in str(caught.value)
    assert caught.value.field == "host"


@pytest.mark.parametrize("host", ["https://hub.example:{}", "https://hub.example?{}", "localhost/{}", "http://{}.x"])
def test_long_hosts_are_cut(host: str) -> None:
    """A file's content in place of a host's name does not fill the screen."""
    with pytest.raises(ConfigError) as caught:
        base_url(host.format("x" * 100_000))
    assert len(str(caught.value)) < 1000


def test_http_allowed_on_request() -> None:
    """Unencrypted hosts need to be asked for."""
    assert str(base_url("http://hub.example", allow_http=True)) == "http://hub.example/v2"


@pytest.mark.parametrize(
    ("key", "part"),
    [
        ("", "there is none: set ANGO_API_KEY .*--api-key-file"),
        (" \n", "'prelabel hub' prints"),
        ("a\nb", "characters no key has"),
    ],
)
def test_bad_keys(key: str, part: str) -> None:
    """A key that cannot be one is refused before it is sent."""
    with pytest.raises(ConfigError, match=part) as caught:
        Transport("https://hub.example", key)

    assert caught.value.value is None


def test_repr_hides_the_key() -> None:
    """Neither the transport's repr nor its host's shows the key."""
    assert KEY not in repr(Transport("https://hub.example", KEY))


async def test_request_on_the_wire() -> None:
    """Method, path, query, key and body arrive as they were given, encoded once."""
    query = {"filter": '{"externalId":{"$in":["a&b#c+d%20 e/ü;=?"]}}', "page": "1"}
    async with (
        ScriptedHub(success({"project": {"_id": "p1"}})) as hub,
        Transport(hub.url + "/v2", f" {KEY}\n") as transport,
    ):
        answer = await transport.request("POST", "import", "labels", query=query, body=b'{"a":1}')

    request = hub.requests[0]
    assert answer == {"project": {"_id": "p1"}}
    assert (request.method, request.raw_path.partition("?")[0]) == ("POST", "/v2/import/labels")
    assert dict(request.query) == query
    assert (request.headers["apikey"], request.headers["Content-Type"]) == (KEY, "application/json")
    assert request.body == b'{"a":1}'
    assert transport.n_requests == 1
    assert transport.busy_s > 0


async def test_get_has_no_content_type_and_201_is_fine() -> None:
    """A GET has no body; any 2xx is a success."""
    async with ScriptedHub(success({"x": 1}, status=201)) as hub:
        assert await ask(hub.url) == {"x": 1}

    assert "Content-Type" not in hub.requests[0].headers


@pytest.mark.parametrize(
    ("status", "kind", "part"),
    [
        (400, UploadRefused, "the Hub refused (HTTP 400, 'the message')"),
        (401, UploadRefused, "check the API key (the one the caller gave): it is mistyped, expired, or another Hub's"),
        (403, UploadRefused, "ask to be made project manager"),
        (404, UploadRefused, "check the project id, and the host (--host, or ANGO_HOST in the environment)"),
        (451, UploadRefused, "country or IP rules"),
        (413, BatchTooLarge, "refused a body for its size"),
        (408, UploadUnavailable, "the Hub cannot answer now"),
        (429, UploadUnavailable, "rate limit is reached"),
        (500, UploadUnavailable, "the Hub cannot answer now (HTTP 500, 'the message')"),
        (502, UploadUnavailable, "the Hub cannot answer now"),
        (504, UploadUnavailable, "the Hub cannot answer now"),
    ],
)
async def test_statuses(status: int, kind: type[UploadError], part: str) -> None:
    """Each status becomes the error that says what can be done."""
    async with ScriptedHub(failure("the message", status=status)) as hub:
        error = await error_of(hub.url)

    assert type(error) is kind
    assert part in str(error)
    assert error.status == status
    if isinstance(error, UploadUnavailable):
        assert error.surely_not_done == (status == 429)
        assert error.retry_after_s is None


async def test_retry_after_is_read() -> None:
    """Seconds and dates are understood; a date counts from the Hub's own clock, however wrong it goes."""
    hubs_clock = NOW - timedelta(days=400)
    date = format_datetime(hubs_clock + timedelta(seconds=30), usegmt=True)
    for header, expected in (("7", 7.0), (date, 30.0)):
        headers = {"Retry-After": header, "Date": format_datetime(hubs_clock, usegmt=True)}
        answer = failure("slow down", status=429, headers=headers)
        async with ScriptedHub(answer) as hub:
            error = await error_of(hub.url)

        assert isinstance(error, UploadUnavailable)
        assert error.retry_after_s == expected


async def test_redirects_are_not_followed() -> None:
    """The key is never sent to where a redirect points."""
    async with ScriptedHub(success({})) as elsewhere:
        redirect = web.Response(status=307, headers={"Location": elsewhere.url + "/v2/project/p1"})
        async with ScriptedHub(redirect) as hub:
            error = await error_of(hub.url)

    assert isinstance(error, UploadRefused)
    assert "the API key must not follow: give the final address as host" in str(error)
    assert elsewhere.requests == []


async def test_echoed_key_is_struck_out() -> None:
    """A Hub that repeats the key in its message does not put it into ours; control characters go too."""
    async with ScriptedHub(failure(f"Invalid API KEY\x1b[31m\n{KEY}!", status=401)) as hub:
        error = await error_of(hub.url)

    assert "Invalid API KEY[31m ***!" in str(error)


@pytest.mark.parametrize(
    ("answer", "part"),
    [
        (b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"status":', "the connection to 127.0.0.1"),
        (b"", "the connection to 127.0.0.1"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the Hub's answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "the Hub's answer is not JSON ('<html>')"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", "the Hub's answer has no 'data': '[]'"),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"data":null}', "the Hub's answer has no 'data'"),
    ],
)
async def test_broken_answers(answer: bytes, part: str) -> None:
    """Answers that are cut off or no answers at all are worth another try."""
    async with raw_server(answer) as url:
        error = await error_of(url)

    assert isinstance(error, UploadUnavailable)
    assert part in str(error)
    assert not error.surely_not_done


async def test_failure_in_a_200() -> None:
    """A refusal dressed as a success is a refusal."""
    async with ScriptedHub(failure("no such project", status=200)) as hub:
        error = await error_of(hub.url)

    assert isinstance(error, UploadRefused)
    assert str(error) == "the Hub refused: no such project"


async def test_the_wrong_scheme() -> None:
    """TLS spoken to a server that has none, and the other way round: the right address is named."""
    async with ScriptedHub(success({})) as hub:
        error = await error_of(hub.url.replace("http:", "https:"))
    where = hub.url.removeprefix("http://")
    assert isinstance(error, UploadUnavailable)
    assert error.surely_not_done
    assert str(error) == (
        f"what answers at {where} does not speak TLS, as https does: write http://{where} if it is a local hub"
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await error_of(f"http://127.0.0.1:{port}")
    assert str(error).endswith(f"; if it speaks TLS, write https://127.0.0.1:{port}")


async def test_who_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate of an authority that nobody knows is refused; the usual way to add an authority works at once."""
    tls, authority = tls_of(tmp_path)
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n{"status":"success","data":{}}\n'
    async with raw_server(answer, tls) as url:
        error = await error_of(url)
        assert isinstance(error, UploadRefused)
        assert "is not trusted" in str(error)
        with pytest.raises(UploadError):
            await put(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        assert await ask(url) == {}
        await put(url)


async def put(url: str) -> None:
    """Put a file where the Hub could have said."""
    await Transport("https://hub.example", KEY).put_file(f"{url}/file?signature=1", b"content")


async def test_nobody_listens() -> None:
    """A refused connection has surely done nothing."""
    async with ScriptedHub(success({})) as hub:
        url = hub.url
    error = await error_of(url)

    assert isinstance(error, UploadUnavailable)
    assert error.surely_not_done
    assert str(error).startswith("cannot connect to 127.0.0.1:")


def test_failures_of_connecting() -> None:
    """A certificate nobody vouches for is no reason to try again; a slow handshake is, and did nothing."""
    transport = Transport("https://hub.example", KEY)
    where = ConnectionKey("hub.example", 443, True, True, None, None, None)
    refused = transport._network_error(aiohttp.ClientConnectorCertificateError(where, ssl.CertificateError("expired")))
    slow = transport._network_error(aiohttp.ConnectionTimeoutError())

    assert isinstance(refused, UploadRefused)
    assert "the certificate of hub.example:443 is not trusted" in str(refused)
    assert isinstance(slow, UploadUnavailable)
    assert slow.surely_not_done
    assert str(slow) == "hub.example:443 did not accept a connection in 15 s"


def test_a_host_that_is_not_found() -> None:
    """The message names the host, and where hosts are given."""
    transport = Transport("https://hub.exmaple", KEY)
    where = ConnectionKey("hub.exmaple", 443, True, True, None, None, None)
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    error = transport._network_error(aiohttp.ClientConnectorDNSError(where, unknown))

    assert isinstance(error, UploadUnavailable)
    assert error.surely_not_done
    assert str(error) == (
        "there is no host hub.exmaple (Name or service not known): check --host, or ANGO_HOST in the environment, and "
        "the network"
    )


async def test_a_refused_key_tells_where_it_came_from() -> None:
    """The place is named, the key is not."""
    async with ScriptedHub(failure(f"Invalid API KEY {KEY}", status=401)) as hub:
        transport = Transport(hub.url, ApiKey(KEY, "the one in the file {k}"))
        async with transport:
            with pytest.raises(UploadRefused) as caught:
                await transport.request("GET", "project", "p1")

    assert "check the API key (the one in the file {k}): it is mistyped" in str(caught.value)
    assert KEY not in str(caught.value)


async def test_silence_times_out() -> None:
    """A Hub that thinks for too long is given up on; whether it did its work is unknown."""

    async def think(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return success({})

    async with ScriptedHub(think) as hub:
        for timeouts in (Timeouts(read_s=0.1), Timeouts(total_s=0.1)):
            error = await error_of(hub.url, timeouts=timeouts)

            assert isinstance(error, UploadUnavailable)
            assert "did not answer in time" in str(error)
            assert not error.surely_not_done


async def test_each_try_is_counted() -> None:
    """A GET on a kept connection that breaks is an error of that one request, not sent again behind our back."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with (
        ScriptedHub(success({"n": 1}), hang_up, success({"n": 2})) as script,
        Transport(script.url, KEY) as transport,
    ):
        await transport.request("GET", "project")
        with pytest.raises(UploadUnavailable, match="broke"):
            await transport.request("GET", "project")

    assert len(script.requests) == transport.n_requests == 2


async def test_cancellation_passes_through() -> None:
    """Cancelling a request is no error of ours, and leaves the transport usable."""

    async def think(_: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return success({})

    async with ScriptedHub(think, success({"x": 1})) as hub, Transport(hub.url, KEY) as transport:
        task = asyncio.create_task(transport.request("GET", "slow"))
        await asyncio.wait([task], timeout=0.2)
        assert len(hub.requests) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await transport.request("GET", "quick") == {"x": 1}


async def test_closed_transport() -> None:
    """Using it outside its block is a mistake that is named."""
    transport = Transport("https://hub.example", KEY)
    with pytest.raises(RuntimeError, match="the transport is closed"):
        await transport.request("GET", "project")
