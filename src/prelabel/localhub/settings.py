"""What a local hub is told at its start: its key and limits, how it behaves, and the faults it plays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError
from prelabel.localhub.behavior import HubBehavior

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prelabel.localhub.faults.plan import FaultPlan


@dataclass(frozen=True, slots=True)
class HubSettings(HubBehavior):
    """What a local hub is told at its start, beside the switches of :class:`HubBehavior`.

    Attributes:
        api_key: the key every call must carry; empty means the store's own key, made at its first use and kept.
        max_body_bytes: largest request body; beyond it the answer is 413.
        requests_per_minute: most API calls in ``rate_window_s``, None for no limit; beyond it the answer is 429.
        rate_window_s: length in seconds of the window the calls are counted in.
        allow_faults: whether callers with the key may switch faults over HTTP, at ``/faults``.
        faults: faults to play from the start; None for none.
        buckets: bucket name -> local folder standing in for it; other buckets are folders in the store's ``buckets/``.

    Raises:
        ConfigError: a limit is not positive, or a mode is unknown.

    Example:
        >>> HubSettings(page_cap=7, import_mode="append").skip_non_todo
        False
    """

    api_key: str = field(default="", repr=False)
    max_body_bytes: int = 256 * 2**20
    requests_per_minute: int | None = None
    rate_window_s: float = 60.0
    allow_faults: bool = False
    faults: FaultPlan | None = None
    buckets: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        HubBehavior.__post_init__(self)
        for name in ("max_body_bytes", "requests_per_minute", "rate_window_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"the local hub's {name} is {value}: it must be above 0", field=name, value=value)
