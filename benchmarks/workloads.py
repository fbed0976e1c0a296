"""Named masks for benchmarks, described by what tracing them gives. All are made from fixed seeds."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Mask = NDArray[np.uint8] | NDArray[np.uint16]


def _smooth(rng: np.random.Generator, height: int, width: int, sigma: float) -> NDArray[np.float32]:
    """A random field with features of about ``sigma`` pixels: white noise, low-passed in the frequency domain."""
    spectrum = np.fft.rfft2(rng.standard_normal((height, width)).astype(np.float32))
    ky, kx = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :]
    field = np.fft.irfft2(spectrum * np.exp(-2 * (np.pi * sigma) ** 2 * (ky**2 + kx**2)), s=(height, width))
    scaled: NDArray[np.float32] = (field / field.std()).astype(np.float32)
    return scaled


@cache
def street() -> Mask:
    """19 classes, 2048 x 1024: large areas with ragged borders and some thousands of specks (a busy semantic map)."""
    rng = np.random.default_rng(19)
    best = np.full((1024, 2048), -np.inf, np.float32)
    mask = np.zeros((1024, 2048), np.uint8)
    for label in range(19):
        field = _smooth(rng, 1024, 2048, 24) + 0.08 * _smooth(rng, 1024, 2048, 1.2)
        mask[field > best] = label + 1
        best = np.maximum(best, field)
    return mask


@cache
def nuclei() -> Mask:
    """5,000 instance ids of 16 bits, 2048 x 2048: small ellipses, some touching."""
    rng = np.random.default_rng(5000)
    mask = np.zeros((2048, 2048), np.uint16)
    for label in range(1, 5001):
        a, b = rng.uniform(6, 14, 2)
        cy, cx, angle = rng.uniform(0, 2048), rng.uniform(0, 2048), rng.uniform(0, np.pi)
        reach = int(max(a, b)) + 1
        y0, y1 = max(int(cy) - reach, 0), min(int(cy) + reach + 1, 2048)
        x0, x1 = max(int(cx) - reach, 0), min(int(cx) + reach + 1, 2048)
        y, x = np.mgrid[y0:y1, x0:x1]
        u = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        v = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        mask[y0:y1, x0:x1][(u / a) ** 2 + (v / b) ** 2 <= 1] = label
    return mask


@cache
def fields() -> Mask:
    """3 classes, 4096 x 4096: some dozens of large smooth regions."""
    field = _smooth(np.random.default_rng(3), 4096, 4096, 200)
    return np.digitize(field, [-0.4, 0.4]).astype(np.uint8) + np.uint8(1)


@cache
def noise() -> Mask:
    """Two classes at random, 50 % each, 1024 x 1024: the worst case."""
    return np.random.default_rng(50).integers(0, 2, (1024, 1024), dtype=np.uint8)


@cache
def granularity(density: int, block: int) -> Mask:
    """Masks like YACCLAB's granularity set, 2048 x 2048: blocks of ``block`` pixels set at ``density`` %."""
    small = np.random.default_rng(density * 100 + block).random((2048 // block, 2048 // block)) * 100 < density
    return np.kron(small, np.ones((block, block), np.uint8)).astype(np.uint8)


WORKLOADS: dict[str, Callable[[], Mask]] = {"street": street, "nuclei": nuclei, "fields": fields, "noise": noise}
for _density in (10, 50, 90):
    for _block in (1, 4, 16):
        WORKLOADS[f"granularity_{_density}_{_block}"] = partial(granularity, _density, _block)
