"""Ctrl-C, SIGTERM and a terminal's end during an import: the first ends it gently, the second at once."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from prelabel.cli.console import say
from prelabel.cli.hang_up import HANG_UP, send_nowhere, terminals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prelabel.importer.stop_signal import StopSignal


@contextmanager
def interrupts_to(stopper: StopSignal, say: Callable[[str], None] = say) -> Iterator[None]:
    """Hand the signals of the block to a stopper; does nothing outside the main thread.

    Args:
        stopper: asked to stop.
        say: prints what that means.

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

    streams = terminals()

    def hang_up(number: int, frame: Any) -> None:
        send_nowhere(streams)
        stopper.request()  # once: shells send it again

    handlers = {signal.SIGTERM: interrupt, signal.SIGINT: interrupt, **dict.fromkeys(HANG_UP, hang_up)}
    before = {
        number: signal.signal(number, handler)
        for number, handler in handlers.items()
        # Ignored ones stay so: shells start what runs in the background without Ctrl-C, nohup without a hang-up.
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    except BaseException as error:
        if stopper.is_aborted and not isinstance(error, Exception):
            raise KeyboardInterrupt from None  # asyncio calls it a cancelled task
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
