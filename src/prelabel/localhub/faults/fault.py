"""One fault of the local hub: what it does, to which requests, and when. Its values are checked when it is made."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from prelabel.errors import ConfigError
from prelabel.localhub.words import API_PREFIX, IMPORT_PATH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FaultKind = Literal[
    "too_many_requests",
    "server_error",
    "unauthorized",
    "body_too_large",
    "latency",
    "reset_before_body",
    "reset_after_body",
    "answer_lost",
    "truncated_answer",
    "html_answer",
    "slow_drip",
    "dropped_items",
    "understated_count",
]
RetryAfterForm = Literal["seconds", "date"]
API_ROUTE = f"* {API_PREFIX}*"
IMPORT_ROUTE = f"POST {IMPORT_PATH}"

_OPTIONS: dict[FaultKind, tuple[str, ...]] = {
    "too_many_requests": ("retry_after_s", "retry_after_form"),
    "server_error": ("status", "work_done", "retry_after_s", "retry_after_form"),
    "unauthorized": (),
    "body_too_large": ("max_bytes",),
    "latency": ("delay_s", "max_delay_s", "work_done"),
    "reset_before_body": (),
    "reset_after_body": (),
    "answer_lost": (),
    "truncated_answer": ("sent_share",),
    "html_answer": ("status", "work_done"),
    "slow_drip": ("chunk_bytes", "delay_s"),
    "dropped_items": ("n_items", "hidden"),
    "understated_count": ("n_items",),
}
_COMMON = ("kind", "name", "route", "probability", "after", "times", "burst")
_ROUTE = re.compile(r"(\*|[A-Z]+) (/\S*)")


def is_whole(value: Any, least: int) -> bool:
    """Whether ``value`` is an ``int``, and no less."""
    return type(value) is int and value >= least


def is_number(value: Any, most: float = math.inf) -> bool:
    """Whether ``value`` is a finite number from 0 to ``most``; True and False are none."""
    return type(value) in {int, float} and math.isfinite(value) and 0 <= value <= most


_FLAG: tuple[str, Callable[[Any], bool]] = ("true or false", lambda value: type(value) is bool)
_SECONDS: tuple[str, Callable[[Any], bool]] = ("a number of seconds, at least 0", is_number)
_SECONDS_OR_NONE: tuple[str, Callable[[Any], bool]] = (
    "a number of seconds, at least 0, or null",
    lambda value: value is None or is_number(value),
)
_COUNT: tuple[str, Callable[[Any], bool]] = ("a whole number above 0", lambda value: is_whole(value, 1))
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": ('a text without "#"', lambda value: isinstance(value, str) and "#" not in value),
    "route": (
        f'a method and a path, such as "{IMPORT_ROUTE}" or "{API_ROUTE}"',
        lambda value: isinstance(value, str) and _ROUTE.fullmatch(value) is not None,
    ),
    "probability": ("a number from 0 to 1", lambda value: is_number(value, 1)),
    "after": ("a whole number, at least 0", lambda value: is_whole(value, 0)),
    "times": ("a whole number above 0, or null", lambda value: value is None or is_whole(value, 1)),
    "burst": _COUNT,
    "status": (
        "an HTTP status from 200 to 599, or null",
        lambda value: value is None or (is_whole(value, 200) and value < 600),
    ),
    "work_done": _FLAG,
    "retry_after_s": _SECONDS_OR_NONE,
    "retry_after_form": ('"seconds" or "date"', lambda value: value in get_args(RetryAfterForm)),
    "delay_s": _SECONDS,
    "max_delay_s": _SECONDS_OR_NONE,
    "max_bytes": ("a whole number, at least 0", lambda value: is_whole(value, 0)),
    "sent_share": ("a number from 0 to 1", lambda value: is_number(value, 1)),
    "chunk_bytes": _COUNT,
    "n_items": _COUNT,
    "hidden": _FLAG,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, and when it strikes. Options that its kind does not take must keep their defaults.

    The kinds, with the options each takes:

    * ``too_many_requests``: 429, with or without Retry-After (``retry_after_s``, ``retry_after_form``).
    * ``server_error``: ``status`` from 500, or one of 500, 502, 503, 504 at random; ``work_done``, ``retry_after_s``.
    * ``unauthorized``: 401. With ``after`` it is a key that expires midway.
    * ``body_too_large``: 413 for bodies above ``max_bytes``; smaller ones neither match nor count.
    * ``latency``: waits ``delay_s``, or at random up to ``max_delay_s``; before the work, or after it (``work_done``).
      The one kind that comes on top of another.
    * ``reset_before_body``, ``reset_after_body``: a TCP reset; nothing was done.
    * ``answer_lost``: the work is done and committed, then a TCP reset instead of the answer.
    * ``truncated_answer``: all headers, and ``sent_share`` of the body they promise, then the connection is closed.
    * ``html_answer``: a proxy's page with ``status`` (200 unless set); ``work_done``.
    * ``slow_drip``: the answer in pieces of ``chunk_bytes``, ``delay_s`` before each.
    * ``dropped_items``: imports only. The last ``n_items`` are not written; the sentence counts them (``hidden``) or
      not.
    * ``understated_count``: imports only. All is written, and the sentence says ``n_items`` fewer.

    Attributes:
        kind: what happens.
        route: method and path. ``*`` stands for anything and ``{name}`` for one segment of the path.
        probability: of striking a request that matches.
        after: matching requests that pass before it begins, whatever becomes of them.
        times: most requests it strikes, None for no limit.
        burst: requests in a row that it strikes once it has struck.
        name: what it is called in the counts; its kind if empty.
        status: HTTP status.
        work_done: whether the request does its work all the same.
        retry_after_s: seconds to ask for, None for no header.
        retry_after_form: a number (as given), or an HTTP date (rounded up to a whole second).
        delay_s: seconds to wait.
        max_delay_s: upper end of a random wait; None for a fixed one.
        max_bytes: largest body that passes.
        sent_share: part of the answer's body that is sent, at least a byte less than all.
        chunk_bytes: size of a piece.
        n_items: items concerned.
        hidden: whether the sentence keeps silent about it.

    Raises:
        ConfigError: a value is of the wrong type or out of range, or its kind does not take the option.
    """

    kind: FaultKind
    route: str = API_ROUTE
    probability: float = 1.0
    after: int = 0
    times: int | None = None
    burst: int = 1
    name: str = ""
    status: int | None = None
    work_done: bool = False
    retry_after_s: float | None = None
    retry_after_form: RetryAfterForm = "seconds"
    delay_s: float = 0.1
    max_delay_s: float | None = None
    max_bytes: int = 1_000_000
    sent_share: float = 0.5
    chunk_bytes: int = 16
    n_items: int = 1
    hidden: bool = True

    def __post_init__(self) -> None:
        kinds = get_args(FaultKind)
        if self.kind not in kinds:
            hint = did_you_mean(self.kind, kinds)
            raise ConfigError(f"kind is {self.kind!r}:{hint}", field="kind", value=self.kind, allowed=kinds)
        for name, (wanted, holds) in _RULES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ConfigError(f"{name} is {value!r}: it must be {wanted}", field=name, value=value)
        self._check_options()
        if self.kind == "server_error" and self.status is not None and self.status < 500:
            message = (
                f"status is {self.status}: a server_error's must be 500 or more, or null for any of the usual ones"
            )
            raise ConfigError(message, field="status", value=self.status)
        if self.max_delay_s is not None and self.max_delay_s < self.delay_s:
            message = f"max_delay_s is {self.max_delay_s}: it must not be below delay_s, {self.delay_s}"
            raise ConfigError(message, field="max_delay_s", value=self.max_delay_s)

    def _check_options(self) -> None:
        allowed = _OPTIONS[self.kind]
        for each in fields(self):
            if each.name in _COMMON or each.name in allowed or getattr(self, each.name) == each.default:
                continue
            known = f"it takes {', '.join(allowed)}" if allowed else "it takes no options"
            message = f"{each.name} means nothing to {self.kind}: {known}"
            raise ConfigError(message, field=each.name, value=getattr(self, each.name), allowed=allowed)

    def document(self) -> dict[str, Any]:
        """The fault as JSON has it, without what is at its default."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) != each.default}


def did_you_mean(word: Any, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the known one it resembles, or else all."""
    known = tuple(known)
    nearest = difflib.get_close_matches(str(word).casefold(), known, n=1, cutoff=0.6)
    return f' did you mean "{nearest[0]}"?' if nearest else f" give one of {', '.join(known)}"
