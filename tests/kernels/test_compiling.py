"""Who is told of kernels that are being compiled, and who has it stopped."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from prelabel.kernels import NobodyWaits, ask_first, is_compiling, telling
from prelabel.kernels._compiling import compiling


def test_listeners_are_told_how_far_it_is() -> None:
    """In words, before each kernel; on every run, where it cannot be kept."""
    told = list[str]()
    with telling(told.append):
        with compiling(2, 30, ""):
            assert is_compiling()
        with compiling(3, 30, "there is no folder for them"):
            pass
    assert told == [
        "compiling kernels, once each (about 20 s for all): 3 of 30",
        "compiling kernels, on every run (about 20 s for all): 4 of 30",
    ]
    assert not is_compiling()


def test_a_thread_that_is_to_stop_begins_no_kernel() -> None:
    """Only the one that asks: others go on, and the one that is being compiled is finished."""
    is_over, told = threading.Event(), list[str]()

    def check() -> None:
        if is_over.is_set():
            raise NobodyWaits

    def compile_two() -> None:
        with compiling(0, 2, ""):
            is_over.set()
        with compiling(1, 2, ""):
            pass

    with telling(told.append), ThreadPoolExecutor(1, initializer=ask_first, initargs=(check,)) as pool:
        with pytest.raises(NobodyWaits):
            pool.submit(compile_two).result()
        assert len(told) == 1
        compile_two()
        assert len(told) == 3
    assert not is_compiling()
