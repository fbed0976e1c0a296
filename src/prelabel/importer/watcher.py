"""Tells whoever watches a run how far it is: whenever it has come further, and twice a second in between.

What takes long is often nothing but waiting, for the Hub's limit say, and nothing comes further then: so that is told
by the clock.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from prelabel.hub.client import HubClient
    from prelabel.outcomes.progress import Progress

_ROWS_WINDOW_S = 60.0  # they end batch by batch
_MASKS_WINDOW_S = 10.0


class Watcher:
    """Makes the snapshots of one run and hands them on.

    Args:
        on_progress: told, in the event loop; None for nobody.
        counts: what has ended so far, the rest left out.
        hub: the client, None where there is none.
        rows_per_request: how far a request brings the run, as far as it is known.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None,
        counts: Callable[[], Progress],
        hub: HubClient | None = None,
        rows_per_request: Callable[[], float] | None = None,
    ) -> None:
        self._on_progress = on_progress
        self._counts = counts
        self._hub = hub
        self._rows_per_request = rows_per_request
        self._row_speed, self._mask_speed = Speed(_ROWS_WINDOW_S), Speed(_MASKS_WINDOW_S)
        self._latest: Progress | None = None

    def tell(self) -> None:
        """The run has come further."""
        if self._on_progress is not None:
            self._latest = self._snapshot()
            self._on_progress(self._latest)

    def tell_of_compiling(self, words: str) -> None:
        """All waits for a kernel that is being compiled; called in the thread that needs it."""
        if self._on_progress is not None:
            self._latest = replace(self._latest or self._counts(), compiling=words)
            self._on_progress(self._latest)

    @asynccontextmanager
    async def ticking(self, seconds: float = 0.5) -> AsyncIterator[None]:
        """Tell also by the clock during the block.

        Raises:
            Exception: what ``on_progress`` raised, which ended the telling.
        """
        if self._on_progress is None:
            yield
            return
        ticks = asyncio.create_task(self._tick(self._on_progress, seconds))
        try:
            yield
        finally:
            ticks.cancel()
            with suppress(asyncio.CancelledError):
                await ticks

    async def _tick(self, on_progress: Callable[[Progress], None], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            # Nobody says when a kernel is ready; it is when the run comes further.
            compiling = self._latest.compiling if self._latest is not None else ""
            self._latest = replace(self._snapshot(), compiling=compiling)
            on_progress(self._latest)

    def _snapshot(self) -> Progress:
        progress, waited_s = self._counts(), 0.0
        if self._hub is not None:
            pace = self._hub.pace
            wait, waited_s = pace.wait, pace.waited_s
            progress = replace(
                progress,
                n_requests=self._hub.transport.n_requests,
                requests_per_minute=int(pace.requests_per_minute),
                rows_per_request=self._rows_per_request() if self._rows_per_request is not None else None,
                n_last_minute=pace.n_last_minute,
                waiting_s=wait.seconds,
                waiting_for=wait.reason,
            )
        # At a standstill for the limit nothing is slow: that time is reckoned with by itself.
        active_s, n_rows = progress.elapsed_s - waited_s, progress.n_done - progress.n_earlier
        has_begun = bool(n_rows or progress.n_masks)
        masks_per_s = self._mask_speed.update(active_s, progress.n_masks, has_begun=has_begun)
        rows_per_s = self._row_speed.update(active_s, n_rows, has_begun=has_begun)
        if not rows_per_s and active_s > 0:  # a batch that takes longer than the window is no standstill
            rows_per_s = n_rows / active_s
        return replace(progress, masks_per_s=masks_per_s, left_s=self._left_s(progress, rows_per_s))

    def _left_s(self, progress: Progress, rows_per_s: float) -> float | None:
        """At the speed of late, and no sooner than the limit lets the requests start that are still to come."""
        n_left = (progress.n_rows or 0) - progress.n_done
        if n_left <= 0 or not rows_per_s or progress.n_not_sent:
            return None
        by_speed_s = n_left / rows_per_s
        if self._hub is None or not progress.rows_per_request:
            return by_speed_s
        return max(by_speed_s, self._hub.pace.seconds_until(math.ceil(n_left / progress.rows_per_request)))


class Speed:
    """How many a second, of late.

    Args:
        window_s: seconds that count.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s = window_s
        self._seen = deque([(0.0, 0)])

    def update(self, active_s: float, n: int, *, has_begun: bool) -> float:
        """Note how many have ended after so many seconds of work, and return how many a second do.

        What comes before the first, as the CSV is read and assets are matched, tells nothing of the speed to come.
        """
        if not has_begun:
            self._seen.clear()
        self._seen.append((active_s, n))
        while len(self._seen) > 1 and self._seen[1][0] <= active_s - self._window_s:
            self._seen.popleft()
        began_s, n_before = self._seen[0]
        return (n - n_before) / (active_s - began_s) if active_s > began_s else 0.0
