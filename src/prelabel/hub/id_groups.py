"""External IDs in groups, as many as one request may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PAGE_SIZE = 100
"""The most a list call returns; asking for more may be capped in silence."""
_MAX_FILTER_CHARS = 3_700


def split_ids(
    ids: Iterable[str], *, max_chars: int = _MAX_FILTER_CHARS, max_ids: int = PAGE_SIZE
) -> Iterator[list[str]]:
    """Group external IDs so that each group's percent-encoded filter stays within ``max_chars`` characters of URL."""
    group: list[str] = []
    n_chars = 0
    for external_id in ids:
        cost = len(quote(orjson.dumps(external_id), safe="")) + len("%2C")
        if group and (n_chars + cost > max_chars or len(group) >= max_ids):
            yield group
            group, n_chars = [], 0
        group.append(external_id)
        n_chars += cost
    if group:
        yield group
