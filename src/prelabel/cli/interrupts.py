"""Ctrl-C and SIGTERM during an import: the first ends it gently, the second at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prelabel.cli.console import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prelabel.importer.stop_signal import StopSignal


@contextmanager
def interrupts_to(stopper: StopSignal) -> Iterator[None]:
    """Hand the signals of the block to a stopper; does nothing outside the main thread.

    Raises:
        KeyboardInterrupt: asked twice, the import was cancelled.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        if not stopper.reason:
            say("stopping: what is on its way to the Hub may arrive; once more stops at once")
            stopper.request()
        elif not stopper.abort():
            raise KeyboardInterrupt

    numbers = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:  # as shells start what runs in the background
        numbers.append(signal.SIGINT)
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except BaseException as error:
        if stopper.is_aborted and not isinstance(error, Exception):
            raise KeyboardInterrupt from None  # asyncio calls it a cancelled task
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
