"""Masks that take longer to be asked for than to be traced: one by one, and many of them at once.

    nox -s bench -- benchmarks/bench_small_masks.py

Tolerance 1; the peer is the usual OpenCV road: imdecode, findContours with holes, approxPolyDP for each contour.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from prelabel import mask_to_polygons, masks_to_polygons

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pytest_benchmark.fixture import BenchmarkFixture

TOLERANCE = 1.0
N_MASKS = 1000


@cache
def nucleus_files() -> list[bytes]:
    """One nucleus each in 256 x 256 pixels, 0 and 255, as PNG files: the kind that an instance a file gives."""
    rng, files = np.random.default_rng(256), []
    y, x = np.mgrid[:256, :256]
    for _ in range(27):
        (cx, cy), (a, b), angle = rng.uniform(30, 226, 2), rng.uniform(6, 16, 2), rng.uniform(0, np.pi)
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        mask = ((u / a) ** 2 + (v / b) ** 2 <= 1).astype(np.uint8) * np.uint8(255)
        files.append(cv2.imencode(".png", mask)[1].tobytes())
    return files


def pixels(file: bytes) -> Any:
    """Decode as OpenCV does."""
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)


@cache
def stack() -> NDArray[np.bool_]:
    """The same nuclei as planes of bools."""
    return np.stack([pixels(file) > 0 for file in nucleus_files()])


def shared(file: bytes) -> int:
    """Borders simplified once."""
    return len(mask_to_polygons(file, tolerance=TOLERANCE))


def rings(file: bytes) -> int:
    """Each ring alone, as the peer does."""
    return len(mask_to_polygons(file, tolerance=TOLERANCE, simplification="rings"))


def opencv(file: bytes) -> int:
    """Pixel-centre rings, exteriors and holes."""
    contours, _ = cv2.findContours(pixels(file), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return len([cv2.approxPolyDP(contour, TOLERANCE, closed=True) for contour in contours])


@pytest.mark.parametrize("call", [shared, rings, opencv])
def test_small_files(benchmark: BenchmarkFixture, call: Callable[[bytes], int]) -> None:
    """Twenty-seven files, one call each."""
    files = nucleus_files()

    found: Any = benchmark.pedantic(  # type: ignore[no-untyped-call] # pytest-benchmark has no types
        lambda: [call(file) for file in files], rounds=20, warmup_rounds=2
    )

    assert found == [1] * len(files)


def test_the_least_a_call_costs(benchmark: BenchmarkFixture) -> None:
    """An array of 8 x 8 pixels: what is left when there is no work."""
    mask = np.zeros((8, 8), np.uint8)
    mask[2:6, 2:6] = 1

    polygons: Any = benchmark.pedantic(mask_to_polygons, (mask,), rounds=200, warmup_rounds=5)  # type: ignore[no-untyped-call]

    assert len(polygons) == 1


@pytest.mark.parametrize("n_threads", [0, 1, 2])
def test_many_files(benchmark: BenchmarkFixture, n_threads: int) -> None:
    """A thousand files through ``masks_to_polygons``; 0 threads is a loop of single calls."""
    files = nucleus_files() * (N_MASKS // len(nucleus_files()) + 1)

    def single() -> int:
        return sum(shared(file) for file in files)

    def at_once() -> int:
        return sum(len(polygons) for polygons in masks_to_polygons(files, tolerance=TOLERANCE, n_threads=n_threads))

    found: Any = benchmark.pedantic(  # type: ignore[no-untyped-call]
        at_once if n_threads else single, rounds=3, warmup_rounds=1
    )

    assert found == len(files)


def test_a_stack(benchmark: BenchmarkFixture) -> None:
    """A stack's planes, in one call."""
    found: Any = benchmark.pedantic(  # type: ignore[no-untyped-call]
        lambda: next(masks_to_polygons([stack()], n_threads=1)), rounds=5, warmup_rounds=1
    )

    assert len(found) == len(stack())
