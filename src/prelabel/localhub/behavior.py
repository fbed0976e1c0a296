"""The switches for what is unsure of the real Hub and matters to a client; each may be thrown at any time."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from prelabel.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

ImportMode = Literal["replace", "append"]
AssetForm = Literal["id", "object"]
ListingForm = Literal["keys", "names", "urls", "list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubBehavior:
    """What a plan of faults may change while a hub runs.

    Attributes:
        page_cap: most entries a list call returns, whatever its ``limit`` says.
        import_mode: whether ``/import/labels`` replaces a task's whole answer or adds to it.
        skip_non_todo: whether an import leaves tasks alone that have left the first stage.
        asset_form: whether a task names its asset by id or by an object with ``_id``, ``externalId`` and ``data``.
        listing_form: how a storage's files are listed: objects with their ``"keys"``, objects with ``"names"`` relative
            to the folder, signed ``"urls"`` alone, or a bare ``"list"`` of objects.
        tells_bucket: whether a storage's record says what its bucket is.
        url_lifetime_s: how long a signed URL opens a file.

    Raises:
        ConfigError: a value is of the wrong kind.
    """

    page_cap: int = 100
    import_mode: ImportMode = "replace"
    skip_non_todo: bool = False
    asset_form: AssetForm = "id"
    listing_form: ListingForm = "keys"
    tells_bucket: bool = True
    url_lifetime_s: float = 24 * 3600

    def __post_init__(self) -> None:
        for name, (wanted, holds) in _RULES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ConfigError(f"the local hub's {name} is {value!r}: it must be {wanted}", field=name, value=value)
        for name, choice in _CHOICES.items():
            value, allowed = getattr(self, name), get_args(choice)
            if value not in allowed:
                message = f"the local hub's {name} is {value!r}: it must be one of {', '.join(allowed)}"
                raise ConfigError(message, field=name, value=value, allowed=allowed)


_CHOICES: dict[str, Any] = {"import_mode": ImportMode, "asset_form": AssetForm, "listing_form": ListingForm}
_BOOL: tuple[str, Callable[[Any], bool]] = ("true or false", lambda value: type(value) is bool)
_RULES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "page_cap": ("a whole number above 0", lambda value: type(value) is int and value > 0),
    "skip_non_todo": _BOOL,
    "tells_bucket": _BOOL,
    "url_lifetime_s": ("a number of seconds above 0", lambda value: type(value) in {int, float} and value > 0),
}

SWITCHABLE = tuple(each.name for each in fields(HubBehavior))
"""The names of these switches."""
