"""Ending an import early, gently: what is on its way to the Hub arrives, everything else is reported as not sent."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prelabel.codes import Code
from prelabel.errors import UploadUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prelabel.model import StoppedBy


class StopSignal:
    """Asks an import to stop: from a signal handler, another thread or a callback; every stage that listens hears it.

    Attributes:
        reason: why, for people; empty while nobody has asked.
        kind: why, for programs.
        is_aborted: whether the import was cancelled on top.

    Example:
        >>> import prelabel
        >>> stop = StopSignal()
        >>> stop.request("the disk is full")  # from a signal handler, a thread, a callback; here before the start
        >>> report = prelabel.import_labels("labels.csv", "config.json", project="6612f0d2c3a4", stop=stop)
        >>> report.stopped, report.exit_code
        ('the disk is full', 130)
    """

    def __init__(self) -> None:
        self.reason = ""
        self.kind: StoppedBy = ""
        self.is_aborted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._listeners: list[Callable[[str], None]] = []

    def request(self, reason: str = "interrupted", kind: StoppedBy = "interrupt") -> None:
        """Ask; the first reason counts."""
        if self.reason:
            return
        self.kind = kind
        self.reason = reason
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener(self.reason)

    def check(self) -> None:
        """End what a thread is at, if somebody has asked.

        Raises:
            UploadUnavailable: with the reason.
        """
        if self.reason:
            text = f"the import had stopped: {self.reason}"
            raise UploadUnavailable(text, surely_not_done=True, code=Code.NOT_SENT)

    def abort(self) -> bool:
        """Cancel the import, what is on its way included; False when there is nothing to cancel, or it was before."""
        if self._loop is None or self._task is None or self.is_aborted or self._loop.is_closed():
            return False
        self.is_aborted = True
        self._loop.call_soon_threadsafe(self._task.cancel)
        return True

    @contextmanager
    def heard_by(self, listener: Callable[[str], None]) -> Iterator[None]:
        """Have ``listener`` called with the reason, in the running event loop, when somebody asks during the block.

        If somebody has asked already it is called at once. The current task is the one that :meth:`abort` cancels.
        """
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._listeners.append(listener)
        try:
            if self.reason:
                listener(self.reason)
            yield
        finally:
            self._listeners.remove(listener)

    @contextmanager
    def after(self, deadline_s: float | None) -> Iterator[None]:
        """Ask by itself when the block takes longer than so many seconds; None sets no deadline."""
        if deadline_s is None:
            yield
            return
        reason = f"the deadline of {deadline_s:g} s is over"
        timer = asyncio.get_running_loop().call_later(deadline_s, self.request, reason, "deadline")
        try:
            yield
        finally:
            timer.cancel()
