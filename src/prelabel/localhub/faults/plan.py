"""The faults that a local hub plays, and the settings it has meanwhile; read from JSON or built in Python.

:mod:`prelabel.localhub.faults.strikes` plays them. The same seed and the same order of requests give the same faults.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, get_args

import orjson

from prelabel.errors import ConfigError
from prelabel.localhub.behavior import SWITCHABLE, HubBehavior
from prelabel.localhub.faults.fault import Fault, FaultKind, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_PLAN_KEYS = ("seed", "faults", "settings")


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """The faults a hub plays, and settings it has while it plays them.

    Of several faults whose turn it is, the first strikes; latencies come on top.

    Attributes:
        seed: of all random choices. Each fault has a stream of its own, so that one more does not move the others.
        faults: in order of precedence.
        settings: values for any of :class:`prelabel.localhub.behavior.HubBehavior`.

    Raises:
        ConfigError: a setting is unknown, cannot be switched or has a wrong value; or two faults have one given name.
    """

    seed: int = 0
    faults: tuple[Fault, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if type(self.seed) is not int:
            raise ConfigError(f"seed is {self.seed!r}: it must be a whole number", field="seed", value=self.seed)
        _check_settings(self.settings)
        given = Counter(fault.name for fault in self.faults if fault.name)
        for name, count in given.items():
            if count > 1:
                raise ConfigError(f'{count} faults are named "{name}": names must differ', field="faults", value=name)

    @property
    def names(self) -> tuple[str, ...]:
        """What each fault is called: its name or its kind; the second of a kind is ``kind#2``, and so on."""
        seen: Counter[str] = Counter()
        names = []
        for fault in self.faults:
            name = fault.name or fault.kind
            seen[name] += 1
            names.append(name if seen[name] == 1 else f"{name}#{seen[name]}")
        return tuple(names)

    def document(self) -> dict[str, Any]:
        """The plan as JSON has it; :func:`plan_of` reads it back."""
        faults = [fault.document() for fault in self.faults]
        return {"seed": self.seed, "faults": faults, "settings": dict(self.settings)}


def read_plan(path: Path) -> FaultPlan:
    """The plan in a JSON file.

    Raises:
        ConfigError: the file cannot be read, is no JSON, or holds no plan.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"cannot read the faults file {path}: {error.strerror}", field="faults") from error
    except orjson.JSONDecodeError as error:
        raise ConfigError(f"the faults file {path} is not valid JSON: {error}", field="faults") from error
    try:
        return plan_of(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}", field=error.field, value=error.value, allowed=error.allowed) from error


def plan_of(document: Any) -> FaultPlan:
    """The plan in parsed JSON: ``{"seed": 7, "faults": [{"kind": "server_error", "probability": 0.1}]}``.

    Args:
        document: an object with any of ``seed``, ``faults`` (a list of objects, see :class:`Fault`) and ``settings``.

    Raises:
        ConfigError: it is something else; the message says where, and what was probably meant.

    Example:
        >>> plan = plan_of({"seed": 7, "faults": [{"kind": "server_error", "burst": 3}, {"kind": "latency"}]})
        >>> plan.names, plan.faults[0].burst
        (('server_error', 'latency'), 3)
    """
    _check_keys(document, _PLAN_KEYS, "the plan")
    given, settings = document.get("faults", []), document.get("settings", {})
    if not isinstance(given, list):
        raise ConfigError("faults must be a list of objects", field="faults", value=given)
    _check_keys(settings, SWITCHABLE, "settings")
    return FaultPlan(document.get("seed", 0), tuple(_fault_of(each, i) for i, each in enumerate(given)), settings)


def _fault_of(document: Any, number: int) -> Fault:
    where = f"faults[{number}]"
    _check_keys(document, tuple(each.name for each in fields(Fault)), where)
    if "kind" not in document:
        kinds = get_args(FaultKind)
        raise ConfigError(f"{where} has no kind: give one of {', '.join(kinds)}", field=f"{where}.kind", allowed=kinds)
    try:
        return Fault(**document)
    except ConfigError as error:
        at = f"{where}.{error.field}"
        raise ConfigError(f"{where}: {error}", field=at, value=error.value, allowed=error.allowed) from error


def _check_keys(document: Any, known: tuple[str, ...], where: str) -> None:
    if not isinstance(document, dict):
        raise ConfigError(f"{where} must be a JSON object", field=where, value=document)
    for key in document:
        if key not in known:
            hint = did_you_mean(key, known)
            raise ConfigError(f'{where} has an unknown key "{key}":{hint}', field=key, allowed=known)


def _check_settings(settings: Mapping[str, Any]) -> None:
    _check_keys(dict(settings), SWITCHABLE, "settings")
    HubBehavior(**settings)
