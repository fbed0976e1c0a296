"""Masks that several rows name: fetched and traced once, then handed to every row; between stages 5 and 6.

What is shared is all that does not depend on the row: shapes as JSON, notes, counts, or the reason why there are none.
"""

from __future__ import annotations

import copy
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec.structs import replace

from prelabel.errors import RowError
from prelabel.masks.references import InlineMask
from prelabel.masks.sources.single_flight import SingleFlight

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prelabel.items.mask_tracer import TracedMask
    from prelabel.masks.references import Reference
    from prelabel.model import Shape

    MaskKey = tuple[Reference, tuple[Shape, ...]]
    """A mask, and the sizes of the assets that it is for."""

_ERROR_BYTES = 1_000


class TraceCache:
    """Keeps what was traced of masks that are named more than once, the latest used first, in bounded memory.

    Args:
        is_repeated: tells of a cell whether several rows have it.
        max_bytes: bytes that what is kept may take.
    """

    def __init__(self, is_repeated: Callable[[str], bool], max_bytes: int) -> None:
        self.is_repeated = is_repeated
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._kept: OrderedDict[MaskKey, TracedMask | RowError] = OrderedDict()
        self._lock = threading.Lock()
        self._flights: SingleFlight[MaskKey, TracedMask | RowError] = SingleFlight()

    def find(self, key: MaskKey) -> TracedMask | RowError | None:
        """What is kept of a mask, for one more row. Safe to call from any thread."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
        return None if kept is None else _for_another_row(kept)

    async def get(self, key: MaskKey, make: Callable[[], Awaitable[TracedMask | RowError]]) -> TracedMask | RowError:
        """What is traced of a mask: kept, being traced for another row right now, or traced here."""
        kept = self.find(key)
        if kept is not None:
            return kept
        is_ours = False

        async def make_and_keep() -> TracedMask | RowError:
            nonlocal is_ours
            is_ours = True
            traced = await make()
            self._keep(key, traced)
            return traced

        traced = await self._flights.get(key, make_and_keep)
        return traced if is_ours else _for_another_row(traced)

    def _keep(self, key: MaskKey, traced: TracedMask | RowError) -> None:
        if isinstance(traced, RowError):
            traced = copy.copy(traced)  # without the frames that its traceback holds, and the mask in them
        n_bytes = _n_bytes_of(key, traced)
        with self._lock:
            self._kept[key] = traced
            self._n_bytes += n_bytes
            while self._n_bytes > self._max_bytes:
                self._n_bytes -= _n_bytes_of(*self._kept.popitem(last=False))


def _n_bytes_of(key: MaskKey, traced: TracedMask | RowError) -> int:
    reference = key[0]
    named = len(reference.text) if isinstance(reference, InlineMask) else 0
    return named + (_ERROR_BYTES if isinstance(traced, RowError) else traced.n_bytes)


def _for_another_row(traced: TracedMask | RowError) -> TracedMask | RowError:
    """The same for a row that costs no tracing; errors are copied, as rows add to theirs."""
    if isinstance(traced, RowError):
        return copy.copy(traced)
    return replace(traced, counts=replace(traced.counts, decode_s=0.0, trace_s=0.0))
