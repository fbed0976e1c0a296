"""Masks from http(s) servers, within limits and walls: part of stage 4, see router.py.

An address is checked when its socket is made, whatever name, spelling, answer of a name server or redirect led to it:
there is no moment between check and use. What a server sends is counted as it comes. The API key is unknown here.
"""

from __future__ import annotations

import asyncio
import errno
import random
import re
import socket
import ssl
import zlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from prelabel.codes import Code
from prelabel.errors import MaskError, MaskUnavailable
from prelabel.masks.references import without_secrets
from prelabel.masks.sources.byte_budget import take_in_time
from prelabel.masks.sources.ip_policy import refusal
from prelabel.retry import MASK_SERVERS, RetryBudget, Retrying, RetryPolicy, asked_wait_s, may_succeed_later

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import AddrInfoType

    from prelabel.masks.sources.access import Access, Limits
    from prelabel.masks.sources.byte_budget import Hold
    from prelabel.masks.sources.ip_policy import Reach

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REMEDIES = {
    401: "it wants a password, or its signature is wrong",
    403: "it is not for us, or its signature has run out",
    404: "there is no mask at this URL",
    410: "there is no mask at this URL any more",
}
_NO_SUCH_HOST = frozenset({socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)})
_UNPACKED_STEP = 1 << 18  # bytes unpacked at a time, in the event loop
_SPELLED = re.compile(r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")
_GZIP_OR_ZLIB = 47


class AddressRefused(OSError):
    """The address behind a host may not be reached."""


@dataclass(slots=True)
class _Errand:
    """One mask that is being fetched.

    Errors and the loop of tries refer to each other, so that what they refer to stays until Python looks for such
    circles: the mask is here, where it can be let go of.

    Attributes:
        shown: its name for people.
        hold: counts its bytes.
        time: the time it has.
        pieces: what has come.
    """

    shown: str
    hold: Hold
    time: asyncio.Timeout
    pieces: list[bytes] = field(default_factory=list)

    async def add(self, piece: bytes) -> None:
        """Keep a piece, once there is room for it."""
        await take_in_time(self.hold, len(piece), self.time)
        self.pieces.append(piece)

    def drop(self) -> None:
        """Let go of all that has come, to begin anew."""
        self.pieces.clear()
        self.hold.drop()


class WebMasks:
    """Fetches masks. Close it in the end.

    Args:
        access: which hosts may be reached.
        limits: how much, how long, how often.
        policy: patience with servers that cannot answer.
    """

    def __init__(self, access: Access, limits: Limits, *, policy: RetryPolicy = MASK_SERVERS) -> None:
        self._access = access
        self._limits = limits
        self._policy = policy
        self._budget = RetryBudget()
        self._rng = random.Random()  # noqa: S311 - jitter, not secrets
        self._sessions: dict[Reach, aiohttp.ClientSession] = {}
        self._tls: ssl.SSLContext | None = None

    async def close(self) -> None:
        """Close all connections."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def fetch(self, url: str, shown: str, hold: Hold, *, trusted_origin: str = "") -> bytes:
        """Fetch one mask.

        Args:
            url: http or https; where it holds nothing but characters of URLs it is sent as it is.
            shown: the mask's name in errors.
            hold: counts the bytes.
            trusted_origin: ``http://host:port`` that may be reached wherever it is: the Hub's own.

        Raises:
            MaskUnavailable: the server could not be reached, or could not answer, several times.
            MaskError: it refused, lied, or sent too much or too slowly; or the host may not be reached.
        """
        first = _url_of(url, shown)
        reach = self._reach_of(first, trusted_origin)
        tries = Retrying(lambda: self._policy, self._budget, self._rng, lambda _error, _wait_s: None)
        pieces: list[bytes] = []
        try:
            async with asyncio.timeout(self._limits.timeout_s) as time:
                await tries(self._attempt, first, reach, _Errand(shown, hold, time, pieces))
            self._budget.earn()
            return b"".join(pieces)
        except TimeoutError as error:
            raise MaskError(
                f"mask {shown!r} did not arrive within {self._limits.timeout_s:g} s: look at the server, or allow more "
                "time with --fetch-timeout",
                reference=shown,
                code=Code.MASK_UNAVAILABLE,
            ) from error
        finally:
            pieces.clear()

    def _reach_of(self, url: URL, trusted_origin: str) -> Reach:
        return "any" if str(url.origin()) == trusted_origin else self._access.reach_of(url.raw_host or "")

    async def _attempt(self, url: URL, reach: Reach, errand: _Errand) -> None:
        errand.drop()
        for _ in range(self._limits.max_redirects + 1):
            try:
                async with self._session(reach).get(url, allow_redirects=False) as response:
                    if response.status not in _REDIRECTS or "Location" not in response.headers:
                        await self._read(response, errand)
                        return
                    location = response.headers["Location"]
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                broken = self._network_error(error, url, errand.shown)
            except UnicodeError:  # a label of the host's name is empty, or too long
                broken = _no_url(errand.shown)
            else:
                url, reach = self._next_hop(url, reach, location, errand.shown)
                continue
            # Outside the except clause: that error's text may hold a URL's query, its request a URL's password.
            raise broken
        raise MaskError(
            f"mask {errand.shown!r} was redirected more than {self._limits.max_redirects} times: give its final URL",
            reference=errand.shown,
            code=Code.MASK_FORBIDDEN,
        )

    def _next_hop(self, url: URL, reach: Reach, location: str, shown: str) -> tuple[URL, Reach]:
        """Where a redirect leads, without the credentials of where it comes from."""
        target = url.join(_url_of(location, shown, relative=True))
        if target.scheme not in {"http", "https"} or not target.raw_host:
            raise MaskError(
                f"mask {shown!r} redirects to {without_secrets(str(target))!r}, which is no http(s) URL",
                reference=shown,
                code=Code.MASK_FORBIDDEN,
            )
        if (url.scheme, target.scheme) == ("https", "http"):
            raise MaskError(
                f"mask {shown!r} redirects from https to http, where anybody could change it: give its https URL",
                reference=shown,
                code=Code.MASK_FORBIDDEN,
            )
        target = target.with_user(None)
        if target.origin() == url.origin():
            return target.with_user(url.user).with_password(url.password), reach
        # A server may not send us to where it cannot go itself: to other hosts of our network.
        own = self._access.reach_of(target.raw_host or "")
        is_same_host = target.raw_host == url.raw_host
        return target, own if is_same_host or own == "any" else "public"

    async def _read(self, response: aiohttp.ClientResponse, errand: _Errand) -> None:
        self._check_status(response, errand.shown)
        most = self._limits.mask.max_bytes
        if (response.content_length or 0) > most:
            raise self._too_large(f"{response.content_length}", errand.shown)
        n_bytes = 0
        async for piece in _unpacked(response, errand.shown):
            n_bytes += len(piece)
            if n_bytes > most:
                raise self._too_large(f"more than {most}", errand.shown)
            await errand.add(piece)

    def _too_large(self, n_bytes: str, shown: str) -> MaskError:
        return MaskError(
            f"mask {shown!r} has {n_bytes} bytes and at most {self._limits.mask.max_bytes} are allowed: compress it, "
            "or raise --max-mask-bytes",
            reference=shown,
            code=Code.MASK_TOO_LARGE,
        )

    def _check_status(self, response: aiohttp.ClientResponse, shown: str) -> None:
        status = response.status
        if status == 200:
            return
        where = without_secrets(str(response.url.origin()))
        if may_succeed_later(status):
            raise MaskUnavailable(
                f"mask {shown!r}: {where} cannot answer now (HTTP {status})",
                reference=shown,
                status=status,
                retry_after_s=asked_wait_s(response.headers),
            )
        remedy = _REMEDIES.get(status, "look at the URL in a browser")
        code = Code.MASK_MISSING if status in {404, 410} else Code.MASK_FORBIDDEN
        message = f"mask {shown!r}: {where} refused (HTTP {status}): {remedy}"
        raise MaskError(message, reference=shown, status=status, code=code)

    def _network_error(self, error: Exception, url: URL, shown: str) -> MaskError:
        where = f"mask {shown!r}: {url.raw_host}"
        refused = _said_for_good(error)
        if refused:
            return MaskError(f"{where} {refused}", reference=shown)
        match error:
            case aiohttp.ConnectionTimeoutError():
                said = f"{where} did not accept a connection in {self._limits.connect_s:g} s"
            case aiohttp.ClientConnectorError():
                said = f"{where} cannot be connected to ({error.os_error})"
            case TimeoutError():
                said = f"{where} sent nothing for {self._limits.stall_s:g} s"
            case _:
                said = f"{where} broke off the connection ({type(error).__name__})"
        return MaskUnavailable(said, reference=shown)

    def _session(self, reach: Reach) -> aiohttp.ClientSession:
        """The session whose connections all reach as far: they are kept open, and never lent to a narrower one."""
        session = self._sessions.get(reach)
        if session is None:
            self._tls = self._tls or ssl.create_default_context()  # aiohttp's own is older than SSL_CERT_FILE may be
            times = self._limits
            session = self._sessions[reach] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._tls, socket_factory=partial(_checked_socket, reach)),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=times.connect_s, sock_read=times.stall_s),
                auto_decompress=False,
            )
        return session


def _said_for_good(error: Exception) -> str:
    """What is wrong with a host that no other try will change, or an empty string."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"has a certificate that is not trusted ({error.certificate_error}): check the host"
        case aiohttp.ClientConnectorDNSError() if getattr(error.os_error, "errno", None) in _NO_SUCH_HOST:
            return "is no host that is known: check the URL"
        case aiohttp.ClientConnectorError(os_error=AddressRefused() as refused):
            return (
                f"is at {refused.strerror}, which masks are not fetched from: if the host is yours, allow it by name "
                "with --allow-mask-host"
            )
        case aiohttp.InvalidURL():
            return "is no host that a URL can have: mend it"
        case aiohttp.ClientResponseError():
            return "does not speak HTTP"
    return ""


def _checked_socket(reach: Reach, info: AddrInfoType) -> socket.socket:
    """Make the socket for an address, unless it may not be reached."""
    family, kind, protocol, _, address = info
    reason = refusal(str(address[0]), reach)
    if reason:
        raise AddressRefused(errno.EACCES, reason)
    return socket.socket(family, kind, protocol)


def _url_of(text: str, shown: str, *, relative: bool = False) -> URL:
    """Read a URL; what is spelled right already is left alone, since a signature may be over it.

    Raises:
        MaskError: it is none, or (unless ``relative``) names no host.
    """
    try:
        url = URL(text, encoded=_SPELLED.fullmatch(text) is not None)
        is_whole = bool(url.raw_host) and url.port is not None and bool(str(url))
    except (ValueError, IndexError):  # IndexError: yarl, of "[1]@"
        is_whole = relative = False
    if not (relative or is_whole):
        raise _no_url(shown)
    return url


def _no_url(shown: str) -> MaskError:
    return MaskError(f"mask {shown!r} is no URL: write http://host/path", reference=shown, code=Code.MASK_REFERENCE)


async def _unpacked(response: aiohttp.ClientResponse, shown: str) -> AsyncIterator[bytes]:
    """Yield the body in pieces of bounded size. We ask for it as it is, but stores may keep it packed."""
    packing = response.headers.get("Content-Encoding", "").strip().lower()
    if packing in {"", "identity"}:
        async for piece in response.content.iter_any():
            yield piece
        return
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise MaskError(
            f"mask {shown!r} comes packed as {packing[:20]!r}, which was not asked for: store it unpacked",
            reference=shown,
        )
    unpacker: Any = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        async for packed in response.content.iter_any():
            piece, left = b"", packed
            while left or len(piece) == _UNPACKED_STEP:  # a full piece may not be all that is ready
                piece = unpacker.decompress(left, _UNPACKED_STEP)
                yield piece
                left = unpacker.unconsumed_tail
    except zlib.error as error:
        raise MaskError(f"mask {shown!r} comes packed as {packing} and cannot be unpacked", reference=shown) from error
    if not unpacker.eof:
        raise MaskUnavailable(f"mask {shown!r} comes packed as {packing} and is cut off", reference=shown)
