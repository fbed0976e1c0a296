"""The end of a plugin's process: asked once, sessions end and answer first; asked twice, it ends at once.

The runtime would die of SIGTERM in one connector and wait without limit in the other. So both signals are kept from
it, and a thread that waits for them lets it go when the sessions have answered.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.plugin.desk import SessionDesk

logger = logging.getLogger("prelabel.plugin")

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_AFTER_ABORT_S = 5.0
_LAST_S = 10.0


def keep_signals() -> None:
    """Keep the signals that end a process from this thread and those it starts: call it before there are any."""
    if hasattr(signal, "pthread_sigmask"):  # elsewhere the runtime ends as it does by itself
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def watch_signals(desk: SessionDesk, grace_s: float, end: Callable[[], None]) -> None:
    """Begin to wait for them.

    Args:
        desk: whose sessions are asked to end.
        grace_s: seconds they have.
        end: lets the runtime go.
    """
    if hasattr(signal, "pthread_sigmask"):
        arguments = (desk, grace_s, end)
        threading.Thread(target=_wait, args=arguments, name="prelabel-signals", daemon=True).start()


def _wait(desk: SessionDesk, grace_s: float, end: Callable[[], None]) -> None:
    signal.sigwait(_SIGNALS)
    logger.warning("stopping: sessions have %g s to answer; once more stops at once", grace_s)
    threading.Thread(target=_end, args=(desk, grace_s, end), name="prelabel-end", daemon=True).start()
    signal.sigwait(_SIGNALS)
    os._exit(130)


def _end(desk: SessionDesk, grace_s: float, end: Callable[[], None]) -> None:
    desk.stop()
    if not desk.wait_until_idle(grace_s):
        logger.warning("sessions are cut off; run again, they go on where they were")
        desk.abort()
        desk.wait_until_idle(_AFTER_ABORT_S)
    end()
    time.sleep(_LAST_S)
    os._exit(1)  # the runtime did not go
