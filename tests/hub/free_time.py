"""An event loop whose time costs nothing."""

from __future__ import annotations

import asyncio


class FreeTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer whenever nothing else is to be done. No network."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def time(self) -> float:
        """Seconds that have seemed to pass."""
        return self.now

    def _run_once(self) -> None:
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
        if not self._ready and timers:  # type: ignore[attr-defined]
            # Time always moves, as it does elsewhere: who waits for less than it can tell apart would wait for ever.
            self.now = max(self.now + 1e-9, min(timers))
        super()._run_once()  # type: ignore[misc]
