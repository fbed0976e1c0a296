"""Street scenes drawn by chance, the same every time: images, their masks, and the files an import starts from.

The masks hold holes, islands in holes and touching classes; every other one is a palette image, the rest are RGB.
"""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw

from prelabel.demo.photographs import photograph
from prelabel.demo.seed import COLORS, COLUMNS, TYPE_OPTIONS, seed_config, seed_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    ClassMask = NDArray[np.uint8]

WIDTH_PX, HEIGHT_PX = 320, 240


@dataclass(frozen=True, slots=True)
class Sample:
    """One row: an image with its labels. ``mask`` holds class numbers from 1, 0 is background; None: no mask."""

    external_id: str
    answers: tuple[str, str, str]
    mask: ClassMask | None


def draw_samples(rows: int) -> list[Sample]:
    """Draw that many street scenes, the same ones every time."""
    chance = random.Random(7)  # noqa: S311 - the same pictures every time, no secrets
    samples = []
    for number in range(1, rows + 1):
        color = chance.choice(["red", "blue", "silver, two-tone", 'as in "the brochure"', ""])
        category = chance.choice([*TYPE_OPTIONS, ""])
        image_type = chance.choice(["Option1", "Option2", "Option1;Option2", ""])
        # A row without a mask is a row without objects, not an error.
        mask = None if number % 12 == 0 else _draw_mask(chance)
        samples.append(Sample(f"street-{number:04d}.png", (color, category, image_type), mask))
    return samples


def _draw_mask(chance: random.Random) -> ClassMask:
    image = Image.new("L", (WIDTH_PX, HEIGHT_PX), 0)
    draw = ImageDraw.Draw(image)
    _draw_tree(draw, chance.randint(20, 300), chance.randint(60, 110), chance.randint(18, 40))
    for _ in range(chance.randint(1, 3)):
        left, top = chance.randint(-30, 240), chance.randint(120, 185)
        _draw_car(draw, left, top, chance.randint(70, 110))
        # The driver stands before the car: two classes that touch.
        _draw_person(draw, left + chance.randint(0, 90), top - 14)
    return np.asarray(image)


def _draw_tree(draw: ImageDraw.ImageDraw, x: int, y: int, radius: int) -> None:
    draw.rectangle((x - 5, y, x + 5, y + 2 * radius), fill=3)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=3)
    inner = radius // 2
    draw.ellipse((x - inner, y - inner, x + inner, y + inner), fill=0)
    draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=3)  # an island in the hole


def _draw_car(draw: ImageDraw.ImageDraw, left: int, top: int, length: int) -> None:
    draw.polygon([(left + 16, top + 18), (left + 28, top), (left + length - 26, top), (left + length - 8, top + 18)], 1)
    draw.rounded_rectangle((left, top + 16, left + length, top + 40), radius=8, fill=1)
    middle = left + length // 2
    draw.rectangle((left + 31, top + 4, middle - 3, top + 14), fill=0)
    draw.rectangle((middle + 3, top + 4, left + length - 30, top + 14), fill=0)
    for wheel in (left + 18, left + length - 20):
        draw.ellipse((wheel - 9, top + 32, wheel + 9, top + 50), fill=1)


def _draw_person(draw: ImageDraw.ImageDraw, left: int, top: int) -> None:
    draw.ellipse((left + 5, top, left + 17, top + 14), fill=2)
    draw.rounded_rectangle((left, top + 14, left + 22, top + 48), radius=7, fill=2)
    draw.rectangle((left + 3, top + 44, left + 9, top + 68), fill=2)
    draw.rectangle((left + 13, top + 44, left + 19, top + 68), fill=2)


def _class_colors() -> NDArray[np.uint8]:
    """Red, green and blue of background and classes, one per row."""
    colors = ["000000", *(color[1:] for color in COLORS)]
    return np.array([list(bytes.fromhex(color)) for color in colors], np.uint8)


def write_files(folder: Path, samples: Sequence[Sample], on_image: Callable[[], None] = lambda: None) -> None:
    """Write ``images/`` and ``masks/``, and for each of the two examples its CSV, config and category schema.

    Args:
        folder: where to; it is made at need, and files of the same names are replaced.
        samples: the rows.
        on_image: called as each of them has its image and its mask.

    Raises:
        OSError: the folder cannot be written.
    """
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    for number, sample in enumerate(samples):
        seen = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8) if sample.mask is None else sample.mask
        photograph(seen, number).save(folder / "images" / sample.external_id)
        if sample.mask is not None:
            _mask_image(sample.mask, indexed=number % 2 == 1).save(folder / "masks" / sample.external_id)
        on_image()
    for name, has_masks in (("classification", False), ("segmentation", True)):
        _write_json(folder / f"{name}-config.json", seed_config(with_masks=has_masks))
        _write_json(folder / f"{name}-schema.json", seed_schema(with_tools=has_masks))
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS if has_masks else COLUMNS[:-1])
            for sample in samples:
                reference = "" if sample.mask is None else f"masks/{sample.external_id}"
                writer.writerow([sample.external_id, *sample.answers, *([reference] if has_masks else [])])


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _mask_image(mask: ClassMask, *, indexed: bool) -> Image.Image:
    colors = _class_colors()
    if not indexed:
        return Image.fromarray(colors[mask])
    image = Image.fromarray(mask).convert("P")
    image.putpalette(colors.tobytes())
    return image
