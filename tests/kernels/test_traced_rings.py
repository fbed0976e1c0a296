"""Rings in one call: what is counted and ranked on the way, and room that runs out; test_ring_walk has the rings."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given

import strategies
from prelabel.kernels import scratch
from prelabel.kernels import traced_rings as module
from prelabel.kernels.distinct_values import MOST_INSERTED
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.traced_rings import TracedRings, trace_classes, trace_values
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Callable


def found(traced: TracedRings | None) -> list[list[int]]:
    """Return the rings' arrays and each region's value, as lists: the next mask takes their memory."""
    assert traced is not None
    return [*(array.tolist() for array in traced.rings), traced.values.tolist()]


@given(strategies.masks(max_labels=6))
def test_values_are_counted_and_ranked(mask: np.ndarray) -> None:
    """The rings are those of classes."""
    traced = trace_values(runs_from_array(mask))

    assert traced is not None
    assert traced.n_zero == np.count_nonzero(mask == 0)
    assert traced.distinct is not None
    assert traced.distinct.tolist() == sorted({*mask.ravel().tolist()} - {0})
    assert traced.distinct[traced.ranks].tolist() == traced.values.tolist()
    assert found(traced) == found(trace_classes(runs_from_array(mask)))


@pytest.mark.parametrize(("step", "is_ranked"), [(1, True), (1 << 16, False)])
def test_many_large_values_are_not_ranked(step: int, is_ranked: bool) -> None:
    """Small ones are, however many there are; the rings are there all the same."""
    mask = step * np.arange(1, 3 * MOST_INSERTED, dtype=np.uint32)[:, None]

    traced = trace_values(runs_from_array(mask))

    assert traced is not None
    assert (traced.distinct is not None) == is_ranked
    assert traced.values.tolist() == mask[:, 0].tolist()


def test_transparent_pixels_are_not_traced() -> None:
    """They are to be made background first."""
    assert trace_values(runs_from_array(np.array([[1, TRANSPARENT, 0]], np.uint32))) is None


@pytest.mark.parametrize("trace", [trace_classes, trace_values])
def test_more_corners_than_expected(
    trace: Callable[[object], TracedRings | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no border goes on into the next row, room for corners runs out, is doubled, and tracing goes on."""
    rows, columns = np.mgrid[:60, :40]
    mask = ((columns + rows % 2) // 2 % 2 + 1).astype(np.uint8)
    asked: list[int] = []

    def doubled(buffer: np.ndarray, n_used: int) -> np.ndarray:
        asked.append(n_used)
        return original(buffer, n_used)

    original = scratch.doubled
    monkeypatch.setattr(module, "doubled", doubled)

    def twice() -> tuple[list[list[int]], int, list[list[int]]]:
        first = found(trace(runs_from_array(mask)))
        return first, len(asked), found(trace(runs_from_array(mask)))

    with ThreadPoolExecutor(1) as fresh:  # a thread of its own has no memory left from other masks
        first, n_asked, second = fresh.submit(twice).result()

    assert n_asked > 0
    assert len(asked) == n_asked  # what was made room for is kept
    assert first == second
    with ThreadPoolExecutor(1) as fresh:  # here there is room at once, made for a mask of more runs
        roomy = fresh.submit(
            lambda: (found(trace(runs_from_array(np.eye(600, dtype=np.uint8)))), found(trace(runs_from_array(mask))))
        )
        assert roomy.result()[1] == first
