"""Ending an import early, gently: what is on its way to the Hub arrives, everything else is reported as not sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.outcomes.report import StoppedBy


class Stopper:
    """Asked to stop, from a signal handler, another thread or a callback, it tells the import that listens.

    Attributes:
        reason: why, for people; empty while nobody has asked.
        kind: why, for programs.
        is_aborted: whether the import was cancelled on top.

    Example:
        >>> import prelabel
        >>> stopper = Stopper()
        >>> stopper.request("the disk is full")  # from a signal handler, a thread, a callback; here before the start
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4", stop=stopper)
        >>> report.stopped, report.exit_code
        ('the disk is full', 130)
    """

    def __init__(self) -> None:
        self.reason = ""
        self.kind: StoppedBy = ""
        self.is_aborted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._on_stop: Callable[[], None] = lambda: None

    def request(self, reason: str = "interrupted", kind: StoppedBy = "interrupt") -> None:
        """Ask; the first reason counts."""
        if self.reason:
            return
        self.kind = kind
        self.reason = reason
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        self._on_stop()

    def abort(self) -> bool:
        """Cancel the import, what is on its way included; False when there is nothing to cancel, or it was before."""
        if self._loop is None or self._task is None or self.is_aborted or self._loop.is_closed():
            return False
        self.is_aborted = True
        self._loop.call_soon_threadsafe(self._task.cancel)
        return True

    def listen(self, on_stop: Callable[[], None]) -> None:
        """Have ``on_stop`` called, in the running event loop, when somebody asks or if somebody has asked already.

        Whoever listened before hears no more. The current task is the one that :meth:`abort` cancels.
        """
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._on_stop = on_stop
        if self.reason:
            on_stop()
