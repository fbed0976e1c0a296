"""When signed URLs run out, as each cloud writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prelabel.masks.sources.url_expiry import expires_at, is_fresh, may_have_expired

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("X-Amz-Date=20260504T120000Z&X-Amz-Expires=3600&X-Amz-Signature=s", NOW + timedelta(hours=1)),
        ("X-Goog-Date=20260504T120000Z&X-Goog-Expires=60", NOW + timedelta(minutes=1)),
        ("AWSAccessKeyId=a&Expires=1777896060&Signature=s", NOW + timedelta(minutes=1)),
        ("sv=2024&se=2026-05-04T12%3A01%3A00Z&sig=s", NOW + timedelta(minutes=1)),
        ("se=2026-05-04", datetime(2026, 5, 4, tzinfo=UTC)),
        ("expires=1777896060&token=t", NOW + timedelta(minutes=1)),
        ("token=t", None),
        ("", None),
        ("X-Amz-Expires=3600", None),
        ("X-Amz-Date=soon&X-Amz-Expires=3600", None),
        ("expires=never", None),
        ("expires=1e300", None),
        ("expires=nan", None),
        ("se=never", None),
    ],
)
def test_expires_at(query: str, expected: datetime | None) -> None:
    """AWS and Google in both versions, Azure, and the plain word; nothing where nothing is said."""
    assert expires_at(f"https://h/a?{query}") == expected


@given(st.text(max_size=60))
def test_no_url_makes_it_raise(text: str) -> None:
    """What a server writes there is its own."""
    assert expires_at(f"https://h/a?X-Amz-Expires={text}&X-Amz-Date={text}") is None or True
    assert expires_at(f"https://h/a?{text}") is None or text


@pytest.mark.parametrize(
    ("left_s", "fresh", "expired"), [(-5, False, True), (30, False, True), (600, True, True), (3600, True, False)]
)
def test_freshness(left_s: int, fresh: bool, expired: bool) -> None:
    """A URL that runs out at once is not tried; one refused long before its end was not refused for its age."""
    url = f"https://h/a?expires={int(NOW.timestamp()) + left_s}"
    assert (is_fresh(url, NOW), may_have_expired(url, NOW)) == (fresh, expired)


def test_without_a_date_both_may_be() -> None:
    """Who does not say when is tried, and asked for again."""
    assert is_fresh("https://h/a?token=t", NOW)
    assert may_have_expired("https://h/a?token=t", NOW)
