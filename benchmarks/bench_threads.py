"""A batch of masks on one thread and on two: kernels release the GIL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from workloads import street

from prelabel import mask_to_polygons

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

N_MASKS = 16


@pytest.mark.parametrize("peer", ["1 thread", "2 threads"])
def test_batch_of_masks(benchmark: BenchmarkFixture, peer: str) -> None:
    """Sixteen masks of 19 classes, 2048 x 1024."""
    mask = street()

    def batch() -> list[int]:
        with ThreadPoolExecutor(int(peer[0])) as pool:
            return list(pool.map(lambda _: len(mask_to_polygons(mask)), range(N_MASKS)))

    counts: Any = benchmark.pedantic(batch, rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]

    assert counts == [len(mask_to_polygons(mask))] * N_MASKS
