"""When a signed URL stops working, as far as it tells itself. Part of stage 4, see hub_storage.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

_FRESH_S = 60.0
_SKEW_S = 900.0  # how far clocks may be apart: what clouds allow


def expires_at(url: str) -> datetime | None:
    """When a signed URL runs out; None when it does not say.

    Read are the ways of AWS and Google (a date and a lifetime, or a time), of Azure (``se``), and ``expires``.
    """
    try:
        query = {name.lower(): values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        for vendor in ("amz", "goog"):
            if f"x-{vendor}-expires" in query:
                signed = datetime.strptime(query[f"x-{vendor}-date"], "%Y%m%dT%H%M%S%z")
                return signed + timedelta(seconds=float(query[f"x-{vendor}-expires"]))
        if "expires" in query:
            return datetime.fromtimestamp(float(query["expires"]), UTC)
        if "se" in query:
            end = datetime.fromisoformat(query["se"])
            return end.replace(tzinfo=end.tzinfo or UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None
    return None


def is_fresh(url: str, now: datetime) -> bool:
    """Whether a URL is worth a try: it does not say that it has run out, or will at once."""
    end = expires_at(url)
    return end is None or end > now + timedelta(seconds=_FRESH_S)


def may_have_expired(url: str, now: datetime) -> bool:
    """Whether a refusal may be for the URL's age: unless it has long to go, clocks being what they are."""
    end = expires_at(url)
    return end is None or end < now + timedelta(seconds=_SKEW_S)
