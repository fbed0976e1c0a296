"""One HTTP request to the Hub and what its answer means; the only client module that knows aiohttp.

The API key leaves this module in one header, to one host, never across a redirect, and is in no message.
Nothing is retried here: each call is one attempt, sorted into the errors of :mod:`prelabel.errors`.
"""

from __future__ import annotations

import ipaddress
import ssl
import time
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Self

import aiohttp
import orjson
from yarl import URL

from prelabel.errors import BatchTooLarge, ConfigError, UploadError, UploadRefused, UploadUnavailable
from prelabel.hub import large_json
from prelabel.records import Record
from prelabel.retry import asked_wait_s, may_succeed_later
from prelabel.spelling import short

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_HOST = "https://imeritapi.ango.ai"
_EXCERPT_CHARS = 300
_MAX_KEY_CHARS = 4096
_OWN_ADDRESSES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to call where a server says so
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL"})
"""What OpenSSL says of an answer that is no TLS."""
_REMEDIES = {
    401: "check the API key ({key}): it is mistyped, expired, or another Hub's",
    403: "the key's user may not do this: ask to be made project manager or organization admin",
    404: "check the project id, and the host (--host, or ANGO_HOST in the environment)",
    451: "the organization's country or IP rules block this machine: ask its admin to allow it",
}


class Timeouts(Record, frozen=True):
    """How long one request may take, in seconds.

    Attributes:
        connect_s: until a connection stands, TLS included.
        read_s: between two pieces of the answer; also covers the Hub's thinking time.
        total_s: for the whole request.
    """

    connect_s: float = 15.0
    read_s: float = 120.0
    total_s: float = 300.0


USUAL_TIMEOUTS = Timeouts()


def base_url(host: str, *, allow_http: bool = False) -> URL:
    """Check a host and return the URL all paths hang under, ``/v2`` included.

    Args:
        host: ``https://imeritapi.ango.ai`` or the like; without a scheme https is meant; ``/v2`` may be there or not.
        allow_http: let the key travel unencrypted to hosts other than this machine.

    Raises:
        ConfigError: the host is no plain http(s) URL, or the key would travel unencrypted, or https may not be meant.
    """
    text = host.strip()
    try:
        url = URL(text if "://" in text else f"https://{text}")
        str(url.host)  # decoded only now
    except ValueError as error:
        raise ConfigError(
            f"host: {short(host)!r} is no URL ({short(str(error))}): give for instance {DEFAULT_HOST}", field="host"
        ) from error
    if url.scheme not in {"http", "https"} or not url.host or url.query_string or url.fragment or url.user:
        raise ConfigError(
            f"host: {short(_without_secrets(url))!r} must be a plain http(s) URL without user, query or fragment: "
            f"give for instance {DEFAULT_HOST}",
            field="host",
        )
    if own := _OWN_ADDRESSES.get(url.host):
        raise ConfigError(
            f"host: {url.host} means every address of a machine, which a server listens at and none is called by: "
            f"write {url.with_scheme('http').with_host(own)} if the Hub runs on this machine",
            field="host",
            value=host,
        )
    if "://" not in text and _is_loopback(url.host):
        raise ConfigError(
            f"host: {short(host)!r} is this machine, and without a scheme https is meant: write http://{short(text)} "
            f"if it is a local hub, or https://{short(text)}",
            field="host",
            value=host,
        )
    if url.scheme == "http" and not (allow_http or _is_loopback(url.host)):
        raise ConfigError(
            f"host: {short(str(url))!r} is not encrypted and would show the API key to the network: use https",
            field="host",
        )
    url = url.with_path(url.path.rstrip("/") or "/")
    return url if url.name == "v2" else url / "v2"


def _without_secrets(url: URL) -> str:
    return str(url.with_user(None).with_query(None)) if url.host else str(url)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _tls_for(url: URL) -> ssl.SSLContext | bool:
    """Who is trusted, where TLS is spoken: read now and only there; aiohttp's own context is as old as its import."""
    if url.scheme != "https":
        return True
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context


class Transport:
    """One session with one Hub. Use as an async context manager.

    Args:
        host: see :func:`base_url`.
        api_key: sent as the header ``apikey``; an :class:`prelabel.hub.api_key.ApiKey` tells where it came from.
        allow_http: see :func:`base_url`.
        timeouts: bounds of every request.
        max_connections: connections that may be open at once.

    Attributes:
        n_requests: requests sent so far, failed ones included.
        busy_s: seconds spent in requests, summed over concurrent ones.

    Raises:
        ConfigError: the host or the key cannot be used.
    """

    def __init__(
        self,
        host: str,
        api_key: str,
        *,
        allow_http: bool = False,
        timeouts: Timeouts = USUAL_TIMEOUTS,
        max_connections: int = 16,
    ) -> None:
        key = api_key.strip()
        if not key:
            raise ConfigError(
                "api_key: there is none: set ANGO_API_KEY in the environment, or name a file that holds the key with "
                "--api-key-file; a local hub's is in the file that 'prelabel hub' prints",
                field="api_key",
            )
        if len(key) > _MAX_KEY_CHARS:  # a Hub would show a part of it in its answer
            raise ConfigError("api_key: it is longer than any key: copy it again from the Hub", field="api_key")
        if not (key.isascii() and key.isprintable()):
            raise ConfigError("api_key: it holds characters no key has: copy it again from the Hub", field="api_key")
        self.url = base_url(host, allow_http=allow_http)
        self.n_requests = 0
        self.busy_s = 0.0
        self._key = key
        self._key_source = getattr(api_key, "source", "the one the caller gave")
        self._timeouts = timeouts
        self._max_connections = max_connections
        self._has_answered = False
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"Transport({str(self.url)!r}, n_requests={self.n_requests})"

    async def __aenter__(self) -> Self:
        times = self._timeouts
        self._session = aiohttp.ClientSession(
            headers={"apikey": self._key, "Accept": "application/json"},
            connector=aiohttp.TCPConnector(limit=self._max_connections, ssl=_tls_for(self.url)),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=times.total_s, connect=times.connect_s, sock_connect=times.connect_s, sock_read=times.read_s
            ),
        )
        # aiohttp would send a GET again by itself when a kept connection breaks: each try is ours to pace and to count.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def request(
        self,
        method: str,
        *path: str,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        is_secret: bool = False,
    ) -> dict[str, Any]:
        """Send one request and return the ``data`` object of the Hub's answer; a list is put into one, as ``data``.

        Args:
            method: GET or POST.
            path: path segments under ``/v2``; each is percent-encoded.
            query: query parameters; values are percent-encoded here.
            body: JSON, sent as it is.
            is_secret: the answer may hold secrets, so that no error quotes it.

        Raises:
            UploadRefused: the Hub refused for good.
            BatchTooLarge: it refused the body for its size.
            UploadUnavailable: no answer, a broken one, or "not now".
        """
        url = self.url.joinpath(*path).with_query(query)
        self.n_requests += 1
        started = time.perf_counter()
        try:
            status, headers, answer = await self._exchange(method, url, body)
        finally:
            self.busy_s += time.perf_counter() - started
        if not 200 <= status < 300:
            raise self._refusal(status, headers, self._readable(answer, is_secret=is_secret))
        return self._open_envelope(status, answer, is_secret=is_secret)

    async def put_file(self, url: str, content: bytes) -> None:
        """Put a file where the Hub said: by a session of its own, since the API key is for the Hub alone.

        Args:
            url: what the Hub gave; a secret, and in no message.
            content: the file.

        Raises:
            UploadError: it could not be put there.
        """
        times = self._timeouts
        timeout = aiohttp.ClientTimeout(total=times.total_s, sock_connect=times.connect_s, sock_read=times.read_s)
        self.n_requests += 1
        try:
            target = URL(url, encoded=True)
            async with (
                aiohttp.ClientSession(
                    connector=aiohttp.TCPConnector(ssl=_tls_for(target)),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    timeout=timeout,
                ) as session,
                session.put(target, data=BytesIO(content), allow_redirects=False) as response,
            ):
                status = response.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fault = type(error).__name__
        else:
            if 200 <= status < 300:
                return
            fault = f"HTTP {status}"
        # Outside the except clause: that error's text may hold the URL.
        raise UploadUnavailable(f"the file could not be put where the Hub said ({fault})")

    async def _exchange(self, method: str, url: URL, body: bytes | None) -> tuple[int, Mapping[str, str], bytes]:
        if self._session is None:
            raise RuntimeError("the transport is closed: use it inside 'async with'")
        headers = None if body is None else {"Content-Type": "application/json"}
        try:
            async with self._session.request(
                method, url, data=body, headers=headers, allow_redirects=False
            ) as response:
                answer = await response.read()
                self._has_answered = True
                return response.status, response.headers, answer
        except aiohttp.ClientResponseError as error:
            broken = f"the Hub's answer is not HTTP ({error.status} {self._readable(error.message.encode())})"
        except (aiohttp.ClientError, OSError) as error:
            raise self._network_error(error) from error
        except UnicodeError as error:  # a label of the name is empty, or too long
            raise ConfigError(f"host: {short(str(self.url.host))!r} is no host's name", field="host") from error
        # Outside the except clause: that error's repr shows the request's headers, the key among them.
        raise UploadUnavailable(f"{broken}: is {self.url.host} the right host?{self._tls_hint()}")

    def _tls_hint(self) -> str:
        """What a server that speaks TLS does when it is spoken to without: it hangs up, or says odd things."""
        if self.url.scheme == "https" or self._has_answered:
            return ""
        return f"; if it speaks TLS, write https://{self.url.host}:{self.url.port}"

    def _network_error(self, error: Exception) -> UploadError:
        where = f"{self.url.host}:{self.url.port}"
        match error:
            case aiohttp.ClientConnectorCertificateError():
                return UploadRefused(
                    f"the certificate of {where} is not trusted ({error.certificate_error}): check the host"
                )
            case aiohttp.ConnectionTimeoutError():
                return UploadUnavailable(
                    f"{where} did not accept a connection in {self._timeouts.connect_s:g} s", surely_not_done=True
                )
            case aiohttp.ClientConnectorError():
                return UploadUnavailable(self._no_connection(error, where), surely_not_done=True)
            case TimeoutError():
                return UploadUnavailable(f"{where} did not answer in time")
            case _:
                broken = f"the connection to {where} broke ({type(error).__name__}: {error})"
                return UploadUnavailable(broken + self._tls_hint())

    def _no_connection(self, error: aiohttp.ClientConnectorError, where: str) -> str:
        """Say why there is none, and what to do."""
        fault = error.os_error
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return (
                f"there is no host {short(str(self.url.host))} ({fault.strerror or fault}): check --host, or ANGO_HOST "
                "in the environment, and the network"
            )
        if getattr(fault, "reason", "") in _NO_TLS:
            is_own = _is_loopback(str(self.url.host))
            remedy = f"write http://{where} if it is a local hub" if is_own else "check the host and the port"
            return f"what answers at {where} does not speak TLS, as https does: {remedy}"
        return f"cannot connect to {where} ({fault}): is the Hub running there? Name another as --host or in ANGO_HOST"

    def _refusal(self, status: int, headers: Mapping[str, str], message: str) -> UploadError:
        """The error that a status outside 2xx stands for."""
        answer = f"HTTP {status}" + (f", {message!r}" if message else "")
        if status == 413:
            return BatchTooLarge(f"the Hub refused a body for its size ({answer})", status=status)
        if may_succeed_later(status):
            wait_s = asked_wait_s(headers)
            reason = "the Hub's rate limit is reached" if status == 429 else "the Hub cannot answer now"
            return UploadUnavailable(
                f"{reason} ({answer})", status=status, retry_after_s=wait_s, surely_not_done=status == 429
            )
        if 300 <= status < 400:
            return UploadRefused(
                f"the Hub redirects ({answer}) and the API key must not follow: give the final address as host",
                status=status,
            )
        remedy = _REMEDIES.get(status, "").format(key=self._key_source)
        return UploadRefused(f"the Hub refused ({answer})" + (f": {remedy}" if remedy else ""), status=status)

    def _open_envelope(self, status: int, answer: bytes, *, is_secret: bool) -> dict[str, Any]:
        excerpt = partial(self._readable, answer, is_secret=is_secret)
        try:
            document = large_json.loads(answer)
        except orjson.JSONDecodeError as error:
            raise UploadUnavailable(
                f"the Hub's answer is not JSON ({excerpt()!r}): is {self.url.host} the right host?", status=status
            ) from error
        if isinstance(document, dict):
            if document.get("status") in ("fail", "error"):
                raise UploadRefused(f"the Hub refused: {excerpt()}", status=status)
            if isinstance(document.get("data"), dict):
                return dict(document["data"])
            if isinstance(document.get("data"), list):
                return {"data": document["data"]}
        raise UploadUnavailable(f"the Hub's answer has no 'data': {excerpt()!r}", status=status)

    def _readable(self, answer: bytes, *, is_secret: bool = False) -> str:
        """The message of an error body, on one line, short, printable and without the key."""
        text = "(not shown)" if is_secret else answer[:100_000].decode("utf-8", "replace")
        try:
            document = orjson.loads(answer)
            text = document["message"] if isinstance(document["message"], str) else text
        except (orjson.JSONDecodeError, TypeError, KeyError):
            pass  # not the documented error body: the text itself is the best there is
        line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
        return line.replace(self._key, "***")[:_EXCERPT_CHARS]
