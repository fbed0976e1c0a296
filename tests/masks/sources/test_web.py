"""Masks from web servers: what arrives, what each limit stops, and how each attack on the walls ends."""

from __future__ import annotations

import asyncio
import gzip
import socket
import traceback
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from hub.raw_server import raw_server
from masks.webserver import QUICK, endless, fetch, redirecting, saying, serving, tls_for
from prelabel.errors import MaskError, MaskUnavailable
from prelabel.masks.limits import MaskLimits
from prelabel.masks.sources.access import Access, Limits
from prelabel.masks.sources.byte_budget import HeldBytes
from prelabel.masks.sources.web import WebMasks
from prelabel.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SERVICE = Access("service")


async def error_of(url: str, access: Access | None = None, **limits: Any) -> MaskError:
    """The error that a fetch ends with; no secret of the URL is in any of its texts."""
    with pytest.raises(MaskError) as caught:
        await fetch(url, access, **limits)
    said = "".join(traceback.format_exception(caught.value))
    link: BaseException | None = caught.value
    while link is not None:
        said += repr(link) + str(link)
        link = link.__cause__ or link.__context__
    assert "s3cret" not in said
    return caught.value


# What arrives


async def test_a_mask_arrives() -> None:
    """Whole, asked for once, as it is, without a cookie, a referrer or a key."""
    async with serving(saying(b"\x89PNG" * 5_000)) as server:
        assert await fetch(f"{server.url}/a.png") == b"\x89PNG" * 5_000
    (request,) = server.seen
    assert request.headers["Accept-Encoding"] == "identity"
    assert not {"apikey", "cookie", "authorization", "referer"} & {name.lower() for name in request.headers}


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/a%20b.png?X-Amz-Signature=a%2Fb%2B&x=~%7E", "/a%20b.png?X-Amz-Signature=a%2Fb%2B&x=~%7E"),
        ("/a b/ü.png", "/a%20b/%C3%BC.png"),
        ("/a.png#part", "/a.png"),
        ("/a%2fb", "/a%2fb"),
        ("/100%.png", "/100%25.png"),
    ],
)
async def test_urls_are_sent_as_they_are_spelled(path: str, raw: str) -> None:
    """A signature is over the spelling; only what no URL may hold is encoded."""
    async with serving(saying()) as server:
        await fetch(f"{server.url}{path}")
    assert server.seen[0].raw_path == raw


async def test_connections_are_kept() -> None:
    """A hundred masks of one server do not take a hundred connections."""
    async with serving(saying()) as server:
        masks, held = WebMasks(Access(), Limits()), HeldBytes(1000)
        for turn in range(20):
            with held.hold(turn) as hold:
                assert await masks.fetch(f"{server.url}/{turn}", "m", hold) == b"mask"
        await masks.close()
    assert len({id(request.transport) for request in server.seen}) == 1


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    """Of every kind, relative ones too."""
    async with serving(redirecting("../mask.png", status)) as server:
        assert await fetch(f"{server.url}/a/b.png") == b"mask"


async def test_redirects_are_bounded() -> None:
    """A circle ends in one failed row."""
    async with serving(redirecting("/again")) as server:
        error = await error_of(f"{server.url}/a.png", max_redirects=3)
    assert "was redirected more than 3 times" in str(error)
    assert len(server.seen) == 4


async def test_no_redirects() -> None:
    """They may be forbidden."""
    async with serving(redirecting("/mask.png")) as server:
        assert "more than 0 times" in str(await error_of(f"{server.url}/a.png", max_redirects=0))


async def test_a_redirect_without_a_place_is_a_refusal() -> None:
    """There is nothing to follow."""
    async with serving(saying(status=302)) as server:
        assert "refused (HTTP 302)" in str(await error_of(f"{server.url}/a.png"))


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://127.0.0.1/a", "data:,x", "gopher://h/", "javascript:1", "http://h:x/"]
)
async def test_redirects_lead_to_http_only(location: str) -> None:
    """No other scheme, and no host that is none."""
    async with serving(redirecting(location)) as server:
        error = await error_of(f"{server.url}/a.png")
    assert not isinstance(error, MaskUnavailable)
    assert "no http(s) URL" in str(error) or "is no URL" in str(error)


async def test_credentials_do_not_follow_to_another_origin() -> None:
    """User and password of a URL are for its own host and port; those of a redirect's target are not taken either."""
    async with serving(saying()) as other:
        away = redirecting(f"http://bad:s3cret@127.0.0.1:{other.port}/mask.png")
        async with serving(away) as server:
            url = server.url.replace("http://", "http://user:s3cret@")
            assert await fetch(f"{url}/a.png") == b"mask"
        assert server.seen[0].headers["Authorization"].startswith("Basic ")
        assert "Authorization" not in other.seen[0].headers


async def test_credentials_stay_with_their_own_origin() -> None:
    """As in every browser."""
    async with serving(redirecting("/mask.png")) as server:
        await fetch(f"{server.url.replace('http://', 'http://user:s3cret@')}/a.png")
    assert server.seen[1].headers["Authorization"] == server.seen[0].headers["Authorization"]


async def test_cookies_are_not_kept() -> None:
    """One server cannot mark us for another, or for later."""
    async with serving(redirecting("/mask.png")) as server:

        async def marking(request: web.Request) -> web.StreamResponse:
            place = {"Location": f"{server.url}/mask.png", "Set-Cookie": "a=b; Path=/"}
            return web.Response(status=302, headers=place)

        async with serving(marking) as first:
            await fetch(f"{first.url}/a.png")
    assert "Cookie" not in server.seen[0].headers


# TLS, by an authority that trustme makes


async def test_untrusted_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An authority nobody knows, or a certificate for another host: refused, and not tried again."""
    tls, authority = tls_for(tmp_path, "masks.example.com")
    async with serving(saying(), tls=tls) as server:
        untrusted = await error_of(f"{server.url}/a.png")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        misnamed = await error_of(f"{server.url}/a.png")
    assert "hostname" in str(misnamed).lower() or "IP address" in str(misnamed)
    for error in (untrusted, misnamed):
        assert not isinstance(error, MaskUnavailable)
        assert "has a certificate that is not trusted" in str(error)


async def test_trusted_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual way to add an authority works; from https a redirect never leads to http."""
    tls, authority = tls_for(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    async with serving(saying()) as plain, serving(redirecting(f"{plain.url}/mask.png"), tls=tls) as server:
        assert await fetch(f"{server.url}/mask.png") == b"mask"
        error = await error_of(f"{server.url}/a.png")
        assert "redirects from https to http" in str(error)
        assert plain.seen == []
        async with serving(redirecting(f"{server.url}/mask.png")) as upgrading:
            assert await fetch(f"{upgrading.url}/a.png") == b"mask"


async def test_a_server_without_tls() -> None:
    """An https URL of an http server: no crash, and no fallback."""
    async with serving(saying()) as server:
        error = await error_of(server.url.replace("http", "https"))
    assert isinstance(error, MaskUnavailable)
    assert server.seen == []


# Refusals and failures


@pytest.mark.parametrize(
    ("status", "part"),
    [
        (400, "look at the URL in a browser"),
        (401, "it wants a password, or its signature is wrong"),
        (403, "it is not for us, or its signature has run out"),
        (404, "there is no mask at this URL"),
        (410, "any more"),
        (204, "refused (HTTP 204)"),
        (206, "refused (HTTP 206)"),
        (304, "refused (HTTP 304)"),
    ],
)
async def test_refusals_are_final(status: int, part: str) -> None:
    """They are asked for once, and say what to look at; a query is left out."""
    async with serving(saying(b"", status)) as server:
        error = await error_of(f"{server.url}/a.png?sig=s3cret")
    assert part in str(error)
    assert error.status == status
    assert not error.retryable
    assert len(server.seen) == 1


def failing(n_times: int, status: int, **headers: str) -> Callable[[web.Request], Any]:
    """A handler that fails so many times before it answers."""
    left = [n_times]

    async def answer(_: web.Request) -> web.StreamResponse:
        left[0] -= 1
        if left[0] >= 0:
            return web.Response(status=status, headers={name.replace("_", "-"): v for name, v in headers.items()})
        return web.Response(body=b"mask")

    return answer


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    """A few times; then the row fails."""
    async with serving(failing(2, status)) as server:
        assert await fetch(f"{server.url}/a.png") == b"mask"
    async with serving(failing(3, status)) as server:
        error = await error_of(f"{server.url}/a.png")
    assert isinstance(error, MaskUnavailable)
    assert f"cannot answer now (HTTP {status})" in str(error)
    assert len(server.seen) == 3


async def test_retry_after_is_obeyed() -> None:
    """A server that says when to come back is not asked earlier; one that says next year is given up on."""
    loop = asyncio.get_running_loop()
    async with serving(failing(1, 429, Retry_After="0.3")) as server:
        started = loop.time()
        assert await fetch(f"{server.url}/a.png") == b"mask"
        assert loop.time() - started >= 0.3
    async with serving(failing(1, 503, Retry_After="31536000")) as server:
        assert (await error_of(f"{server.url}/a.png")).status == 503
    assert len(server.seen) == 1


async def test_nobody_there() -> None:
    """A closed port is tried again, then told."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = await error_of(f"http://127.0.0.1:{port}/a.png")
    assert isinstance(error, MaskUnavailable)
    assert "127.0.0.1 cannot be connected to" in str(error)


async def test_a_host_that_is_none() -> None:
    """It is not looked up again and again."""
    error = await error_of("http://no-such-host.invalid/a.png")
    assert "no-such-host.invalid" in str(error)


@pytest.mark.parametrize(
    "url", ["http://", "http:///a.png", "http://h:99999/a", "http://h:x/a", "http://[::1/a", "http://user:s3cret@/a"]
)
async def test_urls_that_are_none(url: str) -> None:
    """One failed row, and nothing of the URL that may be secret."""
    error = await error_of(url)
    assert "is no URL" in str(error)


@pytest.mark.parametrize(
    ("answer", "is_final", "part"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", True, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nmask", True, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", True, "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nmask", False, "broke off the connection"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nmask\r\n", False, "broke off the connection"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nmask", True, "does not speak HTTP"),
        (b"", False, "broke off the connection"),
    ],
)
async def test_servers_that_lie_or_break_off(answer: bytes, is_final: bool, part: str) -> None:
    """A length that is not kept, answers that are none, connections that end: a failed row, and no half mask."""
    async with raw_server(answer) as url:
        error = await error_of(f"{url}/a.png?sig=s3cret")
    assert part in str(error)
    assert isinstance(error, MaskUnavailable) is not is_final


async def test_a_body_longer_than_it_says() -> None:
    """What is beyond the length is no part of the mask: it is left away, or the whole answer is no HTTP."""
    async with raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nmaskMORE") as url:
        (outcome,) = await asyncio.gather(fetch(f"{url}/a.png"), return_exceptions=True)
    assert outcome == b"mask" or "does not speak HTTP" in str(outcome)


# Limits


async def test_an_endless_body_ends_at_the_limit() -> None:
    """It is not waited for, and no more of it is kept."""
    async with serving(endless(b"x" * 65_536)) as server:
        error = await error_of(f"{server.url}/a.png", mask=MaskLimits(1_000_000))
    assert "has more than 1000000 bytes and at most 1000000 are allowed" in str(error)
    assert len(server.seen) == 1


async def test_a_length_above_the_limit_is_not_read() -> None:
    """Its word is enough against it, if not for it."""
    async with serving(endless(b"x", 1.0, Content_Length="2000000")) as server:
        error = await asyncio.wait_for(error_of(f"{server.url}/a.png", mask=MaskLimits(1_000_000)), 5)
    assert "has 2000000 bytes and at most 1000000 are allowed" in str(error)


async def test_a_mask_of_just_the_limit_arrives() -> None:
    """The limit is a limit, not one less."""
    async with serving(saying(b"x" * 1000)) as server:
        assert len(await fetch(f"{server.url}/a.png", mask=MaskLimits(1000))) == 1000
        assert "at most 999" in str(await error_of(f"{server.url}/a.png", mask=MaskLimits(999)))


async def test_a_silent_server_is_given_up_on() -> None:
    """Before its answer and in the midst of it, after some tries."""

    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(600)
        raise AssertionError("nobody waits so long")

    for handler in (silent, endless(b"x", 600.0)):
        async with serving(handler) as server:
            error = await error_of(f"{server.url}/a.png", stall_s=0.1)
        assert isinstance(error, MaskUnavailable)
        assert "127.0.0.1 sent nothing for 0.1 s" in str(error)
        assert len(server.seen) == 3


async def test_a_slow_drip_is_given_up_on() -> None:
    """A byte now and then keeps nobody busy for longer than the time a mask has."""
    async with serving(endless(b"x", 0.05)) as server:
        loop = asyncio.get_running_loop()
        started = loop.time()
        error = await error_of(f"{server.url}/a.png", timeout_s=0.6, stall_s=0.5)
    assert "did not arrive within 0.6 s" in str(error)
    assert loop.time() - started < 3
    assert len(server.seen) == 1


async def test_headers_that_drip() -> None:
    """The time runs from the first byte of the question to the last of the answer."""
    is_over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while not is_over.is_set():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.05)
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        error = await error_of(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/a.png", timeout_s=0.6)
        is_over.set()
        await asyncio.sleep(0.1)
    assert "did not arrive within 0.6 s" in str(error)


async def test_tries_and_waits_are_in_the_time() -> None:
    """A server that keeps failing does not hold a row for longer than its time."""
    patient = RetryPolicy(max_attempts=100, first_wait_s=0.2, max_wait_s=0.2)
    async with serving(saying(status=503)) as server:
        with pytest.raises(MaskError, match=r"did not arrive within 0\.5 s"):
            await fetch(f"{server.url}/a.png", policy=patient, timeout_s=0.5)


async def test_waiting_for_room_is_not_the_servers_fault() -> None:
    """While others hold the bytes that may be held, the clock stands still, and the server is not read from."""
    async with serving(saying(b"x" * 300_000)) as server:
        masks, held = WebMasks(Access(), Limits(timeout_s=1.0, stall_s=0.5)), HeldBytes(100_000)
        with held.hold(1) as first, held.hold(2) as second:
            await first.take(100_000)
            fetching = asyncio.create_task(masks.fetch(f"{server.url}/a.png", "a.png", second))
            await asyncio.sleep(1.5)
            assert not fetching.done()
            assert held.n_bytes < 200_000
            first.drop()
            first.__exit__(None, None, None)
            assert len(await fetching) == 300_000
        await masks.close()


@pytest.mark.parametrize("packing", ["gzip", "x-gzip", "deflate", "GZIP"])
async def test_what_is_kept_packed_is_unpacked(packing: str) -> None:
    """Some buckets' objects come packed whatever is asked for."""
    mask = bytes(range(256)) * 4_000
    packed = zlib.compress(mask) if packing == "deflate" else gzip.compress(mask)

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=packed, headers={"Content-Encoding": packing})

    async with serving(answer) as server:
        assert await fetch(f"{server.url}/a.png") == mask


# Without a time in it, since test names hold it and must be the same in all workers.
_BOMB = gzip.compress(bytes(50_000_000), 9, mtime=0)


@pytest.mark.parametrize(
    ("body", "packing", "part"),
    [
        (_BOMB, "gzip", "has more than 1000000 bytes"),
        (
            gzip.compress(_BOMB, 9, mtime=0),
            "gzip, gzip",
            "packed as 'gzip, gzip'",
        ),
        (b"\x0b\x02\x80mask\x03", "br", "comes packed as 'br', which was not asked for"),
        (b"mask", "gzip", "cannot be unpacked"),
        (gzip.compress(b"mask" * 999, mtime=0)[:-9], "gzip", "is cut off"),
        (b"", "gzip", "is cut off"),
    ],
)
async def test_packed_bombs_and_lies(body: bytes, packing: str, part: str) -> None:
    """What comes out is counted while it comes; a nested bomb is not even begun."""
    async with serving(saying(body, Content_Encoding=packing)) as server:
        assert part in str(await error_of(f"{server.url}/a.png", mask=MaskLimits(1_000_000)))


# Walls


LOOPBACK_FORMS = [
    "127.0.0.1",
    "127.1",
    "127.0.0.2",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "localhost",
    "LOCALHOST.",
    "0.0.0.0",
    "0",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "127.0.0.1%2f@127.0.0.1",
]


@pytest.mark.parametrize("host", LOOPBACK_FORMS)
async def test_a_service_reaches_no_loopback_address(host: str) -> None:
    """However it is spelled; the server that listens there sees nobody."""
    async with serving(saying()) as server:
        error = await error_of(f"http://{host}:{server.port}/a.png", SERVICE)
    assert server.seen == []
    assert not isinstance(error, MaskUnavailable)
    assert "allow it by name with --allow-mask-host" in str(error) or "is no" in str(error)


@pytest.mark.parametrize(
    "host",
    [
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[64:ff9b::a9fe:a9fe]",
        "[::ffff:10.0.0.1]",
        "[2002:a00:1::]",
        "224.0.0.1",
        "3232235521",
        "0xa9fea9fe",
    ],
)
async def test_a_service_reaches_no_address_of_a_network(host: str) -> None:
    """Private, shared, link-local, metadata, multicast: refused at once, not after a timeout."""
    error = await asyncio.wait_for(error_of(f"http://{host}/latest/meta-data", SERVICE), 5)
    assert "which masks are not fetched from" in str(error) or "is no host that a URL can have" in str(error)


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "168.63.129.16", "0.0.0.0", "[::]"]
)
async def test_nobody_reaches_metadata_addresses(host: str) -> None:
    """Not from a person's machine either: no mask is there, and credentials are."""
    error = await asyncio.wait_for(error_of(f"http://{host}/latest/meta-data"), 5)
    assert "which masks are not fetched from" in str(error)


async def test_a_persons_machine_reaches_itself() -> None:
    """And its network: masks on the intranet are the rule."""
    async with serving(saying()) as server:
        assert await fetch(f"{server.url}/a.png") == b"mask"
        assert await fetch(f"http://localhost:{server.port}/a.png") == b"mask"


async def test_named_hosts_are_reached() -> None:
    """By the name the URL has, and by no other that leads to the same place."""
    access = Access.of("service", ["LocalHost"], outside_root=False)
    async with serving(saying()) as server:
        assert await fetch(f"http://localhost:{server.port}/a.png", access) == b"mask"
        await error_of(f"http://127.0.0.1:{server.port}/a.png", access)
    assert len(server.seen) == 1


def answering(*addresses: str) -> Callable[..., Any]:
    """A name server that gives each of these addresses in turn for names that end in .example, the last for ever."""
    real, left = socket.getaddrinfo, list(addresses)

    def getaddrinfo(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(".example"):
            return real(host, port, *rest, **options)
        address = left.pop(0) if len(left) > 1 else left[0]
        return [info for one in address.split() for info in real(one, port, *rest, **options)]

    return getaddrinfo


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1 127.0.0.1", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_inside_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's name server may say anything; what counts is the address."""
    monkeypatch.setattr(socket, "getaddrinfo", answering(address))
    async with serving(saying()) as server:
        error = await error_of(f"http://masks.example:{server.port}/a.png", SERVICE)
    assert server.seen == []
    assert not isinstance(error, MaskUnavailable)
    assert "masks.example is at" in str(error)


async def test_rebinding_gets_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is public when it is checked and loopback when it is used: check and use are one, each time."""
    monkeypatch.setattr(socket, "getaddrinfo", answering("192.88.99.1", "127.0.0.1"))
    async with serving(saying()) as server:
        masks = WebMasks(SERVICE, Limits(connect_s=0.2), policy=QUICK)
        with HeldBytes(1000).hold(1) as hold, pytest.raises(MaskError):
            await masks.fetch(f"http://rebind.example:{server.port}/a.png", "m", hold)
        for session in masks._sessions.values():
            session.connector.clear_dns_cache()  # type: ignore[union-attr] # as ten seconds later
        with HeldBytes(1000).hold(1) as hold, pytest.raises(MaskError, match="at a loopback address"):
            await masks.fetch(f"http://rebind.example:{server.port}/a.png", "m", hold)
        await masks.close()
    assert server.seen == []


async def test_a_mixed_answer_never_reaches_the_inner_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a public and a loopback address only the public one is tried, also when it does not answer."""
    monkeypatch.setattr(socket, "getaddrinfo", answering("192.88.99.1 127.0.0.1"))
    async with serving(saying()) as server:
        await error_of(f"http://mixed.example:{server.port}/a.png", SERVICE, connect_s=0.2)
    assert server.seen == []


async def test_a_redirect_leads_not_inside() -> None:
    """A named host may be reached where it is, but what it points at is judged anew."""
    access = Access.of("service", ["localhost"], outside_root=False)
    async with serving(saying()) as inner, serving(redirecting(f"{inner.url}/mask.png")) as server:
        error = await error_of(f"http://localhost:{server.port}/a.png", access)
    assert inner.seen == []
    assert "127.0.0.1 is at a loopback address" in str(error)


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data", "http://[fd00:ec2::254]/", "http://10.0.0.1/"]
)
async def test_a_redirect_leads_not_to_other_hosts_of_the_own_network(target: str) -> None:
    """On a person's machine too: a public server must not have us ask the router in its place."""
    async with serving(redirecting(target)) as server:
        error = await asyncio.wait_for(error_of(f"{server.url}/a.png"), 5)
    assert "which masks are not fetched from" in str(error)


async def test_a_redirect_may_stay_on_its_host_or_lead_to_a_named_one() -> None:
    """Another port of the same host, and hosts that were allowed."""
    async with serving(saying()) as inner, serving(redirecting(f"{inner.url}/mask.png")) as server:
        assert await fetch(f"{server.url}/a.png") == b"mask"
        named = Access.of("machine", ["127.0.0.1"], outside_root=False)
        assert await fetch(f"http://localhost:{server.port}/a.png", named) == b"mask"
        error = await error_of(f"http://localhost:{server.port}/a.png")
    assert "127.0.0.1 is at a loopback address" in str(error)


async def test_a_connection_is_not_lent_to_a_narrower_fetch() -> None:
    """What was opened for a named host does not serve a redirect that may only reach the internet."""
    named = Access.of("service", ["127.0.0.1"], outside_root=False)

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.host.startswith("localhost"):
            return web.Response(status=302, headers={"Location": f"http://localhost:{request.url.port}/again"})
        return web.Response(body=b"mask")

    async with serving(answer) as server:
        masks, held = WebMasks(named, Limits(), policy=QUICK), HeldBytes(1000)
        with held.hold(1) as hold:
            assert await masks.fetch(f"{server.url}/a", "m", hold) == b"mask"
        with held.hold(1) as hold, pytest.raises(MaskError, match="loopback"):
            await masks.fetch(f"http://localhost:{server.port}/a", "m", hold)
        await masks.close()
    assert len(server.seen) == 1


async def test_the_hubs_own_origin_may_be_reached_wherever_it_is() -> None:
    """A service beside its Hub: signed URLs on the Hub itself; not on another port of its machine."""
    async with serving(saying()) as hub, serving(saying()) as other:
        masks, held = WebMasks(SERVICE, Limits(), policy=QUICK), HeldBytes(1000)
        with held.hold(1) as hold:
            assert await masks.fetch(f"{hub.url}/a", "m", hold, trusted_origin=hub.url) == b"mask"
        with held.hold(1) as hold, pytest.raises(MaskError, match="loopback"):
            await masks.fetch(f"{other.url}/a", "m", hold, trusted_origin=hub.url)
        await masks.close()
    assert other.seen == []


async def test_environment_proxies_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would connect in our place, to addresses nobody checks."""
    async with serving(saying(b"of the proxy")) as proxy, serving(saying()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert await fetch(f"{server.url}/a.png") == b"mask"
    assert proxy.seen == []


async def test_line_breaks_make_no_second_request() -> None:
    """A cell with a header in it stays one URL."""
    async with serving(saying()) as server:
        await fetch(f"{server.url}/a.png\r\nX-Injected: 1\r\n\r\nGET /b")
    assert len(server.seen) == 1
    assert "X-Injected" not in server.seen[0].headers


async def test_many_endless_bodies_hold_a_bounded_number_of_bytes() -> None:
    """Sixteen at once: the bound and one mask, never sixteen masks."""
    limits = Limits(mask=MaskLimits(2_000_000))
    async with serving(endless(b"x" * 65_536)) as server:
        masks, held, most = WebMasks(Access(), limits, policy=QUICK), HeldBytes(3_000_000), 0

        async def one(turn: int) -> str:
            with held.hold(turn) as hold:
                try:
                    await masks.fetch(f"{server.url}/{turn}", "m", hold)
                except MaskError as error:
                    return str(error)
            return ""

        async def watch() -> AsyncIterator[int]:
            while True:
                yield held.n_bytes
                await asyncio.sleep(0)

        fetches = asyncio.gather(*map(one, range(16)))
        async for n_bytes in watch():
            most = max(most, n_bytes)
            if fetches.done():
                break
        assert all("more than 2000000 bytes" in said for said in await fetches)
        await masks.close()
    assert 3_000_000 < most <= 5_000_000 + 262_144
    assert held.n_bytes == 0
