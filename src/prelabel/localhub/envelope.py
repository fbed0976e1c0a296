"""The Hub's wire form: the envelope of answers, and what is read from bodies and query strings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_PAGE = 10**9


class Refusal(Exception):
    """A request the hub answers with ``{"status": "fail"}``.

    Args:
        message: what the caller reads.
        status: HTTP status.
        headers: extra headers of the answer.
    """

    def __init__(self, message: str, *, status: int = 400, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})


def wrong_key() -> Refusal:
    """The key is missing or another one."""
    return Refusal("Invalid API KEY", status=401)


def body_too_large(max_bytes: int) -> Refusal:
    """The body is more than is taken."""
    return Refusal(f"the body is larger than {max_bytes} bytes", status=413)


def no_such_file() -> Refusal:
    """Nothing lies there, or nothing that may be shown."""
    return Refusal("no such file", status=404)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: ``number`` from 1, ``size`` entries at most."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Entries before this page."""
        return (self.number - 1) * self.size


def success(content: Any, *, status: int = 200) -> web.Response:
    """The success envelope around ``content``."""
    return _json_response({"status": "success", "data": content}, status)


def failure(message: str, *, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    """The failure envelope with its message."""
    return _json_response({"status": "error" if status >= 500 else "fail", "message": message}, status, headers)


def _json_response(body: Mapping[str, Any], status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


async def read_object(request: web.Request) -> dict[str, Any]:
    """The request's body as a JSON object.

    Raises:
        Refusal: the body is no JSON, or no object, or the caller went away before its end.
    """
    body = parse_json(await read_body(request), "the body")
    if not isinstance(body, dict):
        raise Refusal("the body must be a JSON object")
    return body


async def read_body(request: web.Request) -> bytes:
    """The request's whole body.

    Raises:
        Refusal: the caller went away before its end.
    """
    try:
        return await request.read()
    except ConnectionResetError as error:
        raise Refusal("the body ended early") from error


def parse_json(text: str | bytes, what: str) -> Any:
    """``text`` parsed; ``what`` names it in the message.

    Raises:
        Refusal: it is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"{what} is not valid JSON: {error}") from error


def json_text(value: Any) -> str:
    """``value`` as JSON text for the store.

    Raises:
        Refusal: it nests deeper than the encoder goes.
    """
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError as error:
        raise Refusal(f"the body cannot be stored: {error}") from error


def page_of(query: Mapping[str, str], cap: int) -> Page:
    """``page`` (default 1) and ``limit`` (default 10, silently capped) of a list call.

    Raises:
        Refusal: either is not a positive whole number.
    """
    return Page(_positive(query, "page", 1), min(_positive(query, "limit", 10), cap))


def _positive(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= MAX_PAGE):
        raise Refusal(f"{name} must be a whole number from 1 to {MAX_PAGE}, not {text[:40]!r}")
    return int(text)


def flag_of(query: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A true/false parameter, whatever its case."""
    text = query.get(name, "").lower()
    return text in {"true", "1"} if text else default


def object_param(query: Mapping[str, str], name: str) -> dict[str, Any]:
    """A parameter holding a JSON object; absent or empty is ``{}``.

    Raises:
        Refusal: it holds anything else.
    """
    text = query.get(name, "")
    value = parse_json(text, f"the parameter {name}") if text else {}
    if not isinstance(value, dict):
        raise Refusal(f"the parameter {name} must be a JSON object")
    return value


def list_param(query: Mapping[str, str], name: str) -> list[str]:
    """A parameter holding a JSON list of texts, or texts divided by commas.

    Raises:
        Refusal: a JSON list with anything but texts in it.
    """
    text = query.get(name, "").strip()
    if not text.startswith("["):
        return [part for part in text.split(",") if part]
    return text_list(parse_json(text, f"the parameter {name}"), f"the parameter {name}")


def text_list(value: Any, what: str) -> list[str]:
    """``value`` checked to be a list of texts; None is an empty one.

    Raises:
        Refusal: it is not.
    """
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise Refusal(f"{what} must be a list of texts")
    return value


def optional_text(body: Mapping[str, Any], key: str, what: str) -> str | None:
    """``body[key]`` checked to be a text; None where it is absent or null.

    Raises:
        Refusal: it is something else.
    """
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise Refusal(f"{what}: {key} must be a text")
    return value


def number_or_zero(value: Any) -> float:
    """``value`` when it is a finite number, else 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else 0.0


def now_text() -> str:
    """The time now, as the Hub writes it: ISO 8601, milliseconds, Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
