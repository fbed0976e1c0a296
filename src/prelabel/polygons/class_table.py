"""Stage 5: what mask values mean, and where every pixel of a mask went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from msgspec import field

from prelabel.errors import ConfigError
from prelabel.kernels.class_runs import IGNORED as IGNORED  # noqa: PLC0414 - what a table says
from prelabel.kernels.class_runs import classify_runs
from prelabel.kernels.value_counts import count_unknown
from prelabel.masks.given_array import described
from prelabel.masks.whole_number import whole_number
from prelabel.records import Record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prelabel.model import MaskValueKind, Runs, UInt32Array


class PixelCounts(Record, frozen=True):
    """Where every pixel of a mask went; the numbers add up to ``n_pixels``.

    Attributes:
        n_pixels: height * width.
        n_class: pixels that are in polygons.
        n_background: value 0 (black) or transparent, without a class of its own.
        n_ignored: of classes that the config ignores.
        n_small: in objects below ``min_area``.
        unknown: values without a class -> pixels, most first.
    """

    n_pixels: int
    n_class: int
    n_background: int
    n_ignored: int = 0
    n_small: int = 0
    unknown: Mapping[int, int] = field(default_factory=dict)

    @property
    def n_mapped(self) -> int:
        """Pixels whose value the mapping names, in polygons or not."""
        return self.n_class + self.n_small + self.n_ignored

    @property
    def n_unknown(self) -> int:
        """Pixels whose value has no class."""
        return sum(self.unknown.values())


class ClassTable(Record, frozen=True):
    """What mask values mean.

    Attributes:
        names: class names, in order.
        keys: uint32, ascending: the mask values known.
        targets: uint32, one per key: class index + 1, or ``IGNORED``.
    """

    names: tuple[str, ...]
    keys: UInt32Array
    targets: UInt32Array

    @classmethod
    def of(cls, classes: Sequence[tuple[str, int]], ignored: Sequence[int] = ()) -> ClassTable:
        """Make a table of (name, mask value) pairs and of mask values that are ignored on purpose."""
        targets = dict.fromkeys(ignored, IGNORED) | {value: index for index, (_, value) in enumerate(classes, 1)}
        if len(targets) < len(classes) + len(ignored):
            raise ConfigError("two classes have the same mask value: give each its own", field="colors")
        keys = sorted(targets)
        return cls(
            tuple(name for name, _ in classes),
            np.array(keys, np.uint32),
            np.array([targets[key] for key in keys], np.uint32),
        )

    def classify(self, runs: Runs) -> tuple[Runs, PixelCounts]:
        """Turn mask values into class index + 1, everything else into 0, and count the pixels of each kind."""
        classes, (n_class, n_ignored, n_unknown, n_background) = classify_runs(runs, self.keys, self.targets)
        unknown: dict[int, int] = {}
        if n_unknown:
            values, pixels = count_unknown(runs, self.keys)
            unknown = dict(zip(values.tolist(), pixels.tolist(), strict=True))
        n_pixels = runs.width * runs.height
        return classes, PixelCounts(n_pixels, n_class, n_background, n_ignored, 0, unknown)


def class_table(colors: Mapping[str, Sequence[int]] | None) -> tuple[MaskValueKind | None, ClassTable | None]:
    """Return what the colours say of the pixels (None: take them as they are) and the table."""
    if colors is None:
        return None, None
    try:
        sizes = {len(color) for color in colors.values()}
    except AttributeError as error:
        raise ConfigError(
            f'colors is {described(colors)}: give a dict, class name -> [value] or [r, g, b], as in {{"car": [1]}}',
            field="colors",
            value=colors,
        ) from error
    except TypeError:
        sizes = {0}
    if not sizes:
        raise ConfigError("colors is empty: name at least one class, or give None", field="colors", value={})
    if sizes - {1, 3} or len(sizes) > 1:
        raise ConfigError(
            "colors must all be [value] or all be [r, g, b]: give every class the same kind", field="colors"
        )
    most = 2**32 - 4 if sizes == {1} else 255
    classes = [(name, _packed(name, color, most)) for name, color in colors.items()]
    return "value" if sizes == {1} else "rgb", ClassTable.of(classes)


def _packed(name: str, color: Sequence[int], most: int) -> int:
    """Return a class's value: its grey, or its colour as 0xRRGGBB."""
    value = 0
    for part in color:
        number = whole_number(part)
        if number is None or not 0 <= number <= most:
            raise ConfigError(f"colors[{name!r}] is {list(color)}: give whole numbers from 0 to {most}", field="colors")
        value = value << 8 | number
    return value
