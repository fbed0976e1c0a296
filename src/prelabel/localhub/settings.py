"""How the local hub behaves: every unsure fact of the real Hub that matters to a client is a switch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from prelabel.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prelabel.localhub.faults.plan import FaultPlan

ImportMode = Literal["replace", "append"]
AssetForm = Literal["id", "object"]
ListingForm = Literal["keys", "names", "urls", "list"]
_CHOICES: dict[str, Any] = {"import_mode": ImportMode, "asset_form": AssetForm, "listing_form": ListingForm}


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What a local hub is told at its start.

    Attributes:
        api_key: the key every call must carry; empty means the store's own key, made at its first use and kept.
        page_cap: most entries a list call returns, whatever its ``limit`` says.
        import_mode: whether ``/import/labels`` replaces a task's whole answer or adds to it.
        skip_non_todo: whether an import leaves tasks alone that have left the first stage.
        asset_form: whether a task names its asset by id or by an object with ``_id``, ``externalId`` and ``data``.
        listing_form: how a storage's files are listed: objects with their ``"keys"``, objects with ``"names"`` relative
            to the folder, signed ``"urls"`` alone, or a bare ``"list"`` of objects.
        tells_bucket: whether a storage's record says what its bucket is.
        url_lifetime_s: how long a signed URL opens a file.
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
    page_cap: int = 100
    import_mode: ImportMode = "replace"
    skip_non_todo: bool = False
    asset_form: AssetForm = "id"
    listing_form: ListingForm = "keys"
    tells_bucket: bool = True
    url_lifetime_s: float = 24 * 3600
    max_body_bytes: int = 256 * 2**20
    requests_per_minute: int | None = None
    rate_window_s: float = 60.0
    allow_faults: bool = False
    faults: FaultPlan | None = None
    buckets: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("page_cap", "max_body_bytes", "requests_per_minute", "rate_window_s", "url_lifetime_s"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigError(f"the local hub's {name} is {value}: it must be above 0", field=name, value=value)
        for name, choice in _CHOICES.items():
            self._check_choice(name, get_args(choice))

    def _check_choice(self, name: str, allowed: tuple[str, ...]) -> None:
        value = getattr(self, name)
        if value not in allowed:
            message = f"the local hub's {name} is {value!r}: it must be one of {', '.join(allowed)}"
            raise ConfigError(message, field=name, value=value, allowed=allowed)
