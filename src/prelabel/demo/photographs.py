"""The images of the demo: street scenes with light, texture and outlines, so that labels over them can be told apart.

Nothing in them has a class's colour, and no area is of one colour: what is flat and bright in a viewer is a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Scene = NDArray[np.float32]
    ClassMask = NDArray[np.uint8]

_PAINTS = ((150, 152, 155), (70, 84, 96), (128, 116, 92), (72, 72, 78))
_COAT, _LEAVES = (120, 96, 78), (74, 98, 58)
_HORIZON = 0.55
_CAR, _PERSON, _TREE = 1, 2, 3


def photograph(mask: ClassMask, seed: int) -> Image.Image:
    """Paint the scene that a mask (height, width) of class numbers belongs to; the same seed gives the same picture."""
    chance = np.random.default_rng(seed)
    scene = _street(mask.shape, chance)
    looks = {_CAR: _car(mask.shape, chance), _PERSON: _person(mask.shape), _TREE: _tree(mask.shape, chance)}
    for number, look in looks.items():
        scene = np.where((mask == number)[..., None], look, scene)
    scene *= np.where(_outline(mask), 0.3, 1.0)[..., None]
    scene += chance.normal(0, 7, scene.shape)
    image = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(0.6))


def _street(shape: tuple[int, ...], chance: np.random.Generator) -> Scene:
    """Sky, a row of houses with windows, and asphalt with a broken line."""
    height, width = shape
    horizon = int(height * _HORIZON)
    scene = np.empty((height, width, 3), np.float32)
    scene[:horizon] = np.linspace([168, 186, 205], [205, 208, 206], horizon)[:, None]
    left = 0
    while left < width:
        right, top = left + int(chance.integers(30, 70)), int(horizon * chance.uniform(0.25, 0.7))
        scene[top:horizon, left:right] = chance.uniform(110, 170) * np.array([1, 0.96, 0.9])
        scene[top + 8 : horizon - 6 : 16, left + 6 : right - 8] -= 30
        scene[top + 9 : horizon - 6 : 16, left + 6 : right - 8] -= 30
        left = right
    scene[horizon:] = np.linspace([112, 112, 114], [78, 78, 82], height - horizon)[:, None]
    scene[horizon:] += _blotches((height - horizon, width), 3, chance)[..., None] * 14
    middle = (horizon + height) // 2
    scene[middle : middle + 4, np.arange(width) % 50 < 28] = 190
    return scene


def _car(shape: tuple[int, ...], chance: np.random.Generator) -> Scene:
    """Lacquer: bright above, dark below, with a line of light."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    light = 0.95 + 0.35 * np.sin(rows / 9)
    paint = np.array(_PAINTS[int(chance.integers(len(_PAINTS)))], np.float32)
    return np.broadcast_to(light[..., None] * paint, (*shape, 3)).astype(np.float32)


def _person(shape: tuple[int, ...]) -> Scene:
    """Cloth with stripes."""
    rows, columns = np.indices(shape)
    light = np.where((rows + columns) % 8 < 4, 1.2, 0.8)
    look: Scene = (light[..., None] * np.array(_COAT)).astype(np.float32)
    return look


def _tree(shape: tuple[int, ...], chance: np.random.Generator) -> Scene:
    """Leaves: blotches of light and shade, coarse and fine."""
    light = 1 + 0.35 * _blotches(shape, 8, chance) + 0.2 * _blotches(shape, 3, chance)
    look: Scene = (light[..., None] * np.array(_LEAVES)).astype(np.float32)
    return look


def _blotches(shape: tuple[int, ...], size_px: int, chance: np.random.Generator) -> Scene:
    """Smooth noise, (height, width), mostly from -1 to 1."""
    height, width = shape
    coarse = chance.normal(0, 0.7, (height // size_px + 1, width // size_px + 1)).astype(np.float32)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _outline(mask: ClassMask) -> NDArray[np.bool_]:
    """Pixels of things that touch another class or the street."""
    padded = np.pad(mask, 1, mode="edge")
    inner = padded[1:-1, 1:-1]
    neighbours = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    is_rim: NDArray[np.bool_] = np.logical_or.reduce([inner != other for other in neighbours])
    return is_rim & (inner > 0)
