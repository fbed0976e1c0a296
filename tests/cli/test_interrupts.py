"""Signals handed to a stopper; with a whole import behind them they are tested in test_import_."""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from prelabel.cli.interrupts import interrupts_to
from prelabel.importer.stop_signal import StopSignal

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C as in the foreground, wherever the tests run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_twice_and_before_anything_runs(number: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    """The first asks; the second, with nothing to cancel, interrupts; handlers are put back."""
    before = signal.getsignal(number)
    stopper = StopSignal()

    def run() -> None:
        with interrupts_to(stopper):
            signal.raise_signal(number)
            assert (stopper.reason, stopper.kind) == ("interrupted", "interrupt")
            signal.raise_signal(number)

    with pytest.raises(KeyboardInterrupt):
        run()
    assert signal.getsignal(number) is before
    assert "once more stops at once" in capsys.readouterr().err


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no terminals that hang up")
def test_a_terminal_that_hangs_up() -> None:
    """It asks, however often it does: shells send it again. What nohup has made it ignore stays ignored."""
    stopper = StopSignal()
    with interrupts_to(stopper):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        assert (stopper.kind, stopper.is_aborted) == ("interrupt", False)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stopper = StopSignal()
        with interrupts_to(stopper):
            signal.raise_signal(signal.SIGHUP)
        assert not stopper.reason
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_cancelled_import_is_an_interruption() -> None:
    """What asyncio calls a cancelled task a person calls Ctrl-C."""
    stopper = StopSignal()

    async def work() -> None:
        with stopper.heard_by(lambda _: None):
            for _ in range(2):
                signal.raise_signal(signal.SIGTERM)
            await asyncio.sleep(30)

    with pytest.raises(KeyboardInterrupt), interrupts_to(stopper):
        asyncio.run(work())


def test_errors_are_left_alone() -> None:
    """Those of the block come out as they are."""
    with pytest.raises(ValueError, match="mine"), interrupts_to(StopSignal()):
        raise ValueError("mine")


def test_other_threads_have_no_signals() -> None:
    """There the block just runs."""
    ran = []

    def run() -> None:
        with interrupts_to(StopSignal()):
            ran.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ran == [True]
