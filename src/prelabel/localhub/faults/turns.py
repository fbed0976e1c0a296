"""When the turn of each fault in a plan has come: everything random about faults is decided here, and counted.

Decisions hang on the seed and on the order of requests alone, not on how long each request takes.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prelabel.localhub.words import IMPORT_PATH

if TYPE_CHECKING:
    from prelabel.localhub.faults.fault import Fault
    from prelabel.localhub.faults.plan import FaultPlan

_IMPORTS_ONLY = {"dropped_items", "understated_count"}
_USUAL_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True, slots=True)
class Blow:
    """A fault about to strike one request, with what chance has decided.

    Attributes:
        fault: which.
        status: HTTP status of what is answered.
        wait_s: seconds to wait.
    """

    fault: Fault
    status: int
    wait_s: float


@dataclass(slots=True)
class _Turn:
    """Where one fault stands: how many requests matched, how many were struck."""

    fault: Fault
    name: str
    chance: random.Random
    method: str
    path: re.Pattern[str]
    n_seen: int = 0
    n_struck: int = 0
    burst_left: int = 0

    def matches(self, method: str, path: str, n_bytes: int) -> bool:
        """Whether the fault is for requests such as this one."""
        if self.method not in {"*", method} or not self.path.fullmatch(path):
            return False
        if self.fault.kind in _IMPORTS_ONLY:
            return (method, path) == ("POST", IMPORT_PATH)
        return self.fault.kind != "body_too_large" or n_bytes > self.fault.max_bytes

    def is_due(self) -> bool:
        """Whether the fault strikes this matching request, if none before it does. To be asked once for each."""
        self.n_seen += 1
        # Drawn even when nothing hangs on it, so that the choice for a request depends on its number alone.
        is_drawn = self.chance.random() < self.fault.probability
        if self.fault.times is not None and self.n_struck >= self.fault.times:
            return False
        return self.burst_left > 0 or (is_drawn and self.n_seen > self.fault.after)

    def blow(self) -> Blow:
        """Strike."""
        fault = self.fault
        self.n_struck += 1
        self.burst_left = (self.burst_left or fault.burst) - 1
        usual = self.chance.choice(_USUAL_ERRORS) if fault.kind == "server_error" else 200
        longest = fault.delay_s if fault.max_delay_s is None else fault.max_delay_s
        return Blow(fault, fault.status or usual, self.chance.uniform(fault.delay_s, longest))


class FaultPlayer:
    """A plan being played on one hub.

    Args:
        plan: what to play; its faults begin anew.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self.plan = plan
        self._turns = [
            _Turn(fault, name, random.Random(f"{plan.seed}/{number}"), *_parsed(fault.route))  # noqa: S311 - no secret
            for number, (fault, name) in enumerate(zip(plan.faults, plan.names, strict=True))
        ]
        self.minds_size = any(fault.kind == "body_too_large" for fault in plan.faults)

    @property
    def counts(self) -> dict[str, int]:
        """How many requests each fault has struck, by its name in the plan."""
        return {turn.name: turn.n_struck for turn in self._turns}

    @property
    def seen(self) -> dict[str, int]:
        """How many requests each fault might have struck: those of its route."""
        return {turn.name: turn.n_seen for turn in self._turns}

    def blows(self, method: str, path: str, n_bytes: int) -> list[Blow]:
        """What strikes the next request, the outermost first: waits, one other fault at most, waits after the work.

        Args:
            method: of the request.
            path: of the request, without its query.
            n_bytes: size of its body.
        """
        due = [turn for turn in self._turns if turn.matches(method, path, n_bytes) and turn.is_due()]
        waits = [turn.blow() for turn in due if turn.fault.kind == "latency"]
        others = [turn for turn in due if turn.fault.kind != "latency"][:1]
        early, late = ([each for each in waits if each.fault.work_done is done] for done in (False, True))
        return [*early, *(turn.blow() for turn in others), *late]


def _parsed(route: str) -> tuple[str, re.Pattern[str]]:
    method, path = route.split(" ", 1)
    parts = re.split(r"(\*|\{\w+\})", path)
    forms = {"*": ".*"}
    pattern = "".join(forms.get(part, "[^/]+") if i % 2 else re.escape(part) for i, part in enumerate(parts))
    return method, re.compile(pattern)
