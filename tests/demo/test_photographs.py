"""The demo's images: labels over them can be told from what is in them."""

from __future__ import annotations

import numpy as np

from prelabel.demo.photographs import photograph
from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX, draw_samples
from prelabel.demo.seed import COLORS

CLASS_COLORS = np.array([list(bytes.fromhex(color[1:])) for color in COLORS])


def test_nothing_looks_like_a_label() -> None:
    """No pixel is near a class's colour, and things have light and shade: a flat area is no part of it."""
    for number, sample in enumerate(draw_samples(6)):
        assert sample.mask is not None
        pixels = np.asarray(photograph(sample.mask, number)).astype(int)
        distance = np.abs(pixels[:, :, None] - CLASS_COLORS).max(axis=3).min()
        assert distance > 40
        for thing in set(np.unique(sample.mask)) - {0}:
            assert pixels[sample.mask == thing].std(axis=0).min() > 10


def test_things_have_outlines() -> None:
    """Where a thing ends the image is darker than inside it and outside of it."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    mask[100:140, 100:200] = 1
    grey = np.asarray(photograph(mask, 1).convert("L")).astype(int)
    rim = np.concatenate([grey[100, 102:198], grey[139, 102:198]])
    around = np.concatenate([grey[96, 102:198], grey[143, 102:198]])
    assert rim.mean() < around.mean() - 20


def test_the_same_picture_every_time() -> None:
    """A seed decides on it, and another seed makes another."""
    mask = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    first, again, other = (photograph(mask, seed).tobytes() for seed in (3, 3, 4))
    assert first == again != other
