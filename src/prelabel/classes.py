"""Stage 5: what mask values mean, and where every pixel of a mask went."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from prelabel.errors import ConfigError
from prelabel.kernels.runs import count_pixels, look_up, run_lengths, with_values
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import Runs, UInt32Array


@dataclass(frozen=True, slots=True)
class PixelCounts:
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
    def n_unknown(self) -> int:
        """Pixels whose value has no class."""
        return sum(self.unknown.values())


@dataclass(frozen=True, slots=True)
class ClassTable:
    """What mask values mean.

    Attributes:
        names: class names, in order.
        keys: uint32, ascending: the mask values known.
        targets: uint32, one per key: class index + 1, or ``IGNORED``.
    """

    IGNORED = 0xFFFFFFFE
    UNKNOWN = 0xFFFFFFFD

    names: tuple[str, ...]
    keys: UInt32Array
    targets: UInt32Array

    @classmethod
    def of(cls, classes: Sequence[tuple[str, int]], ignored: Sequence[int] = ()) -> ClassTable:
        """Make a table of (name, mask value) pairs and of mask values that are ignored on purpose."""
        pairs = [(value, index + 1) for index, (_, value) in enumerate(classes)]
        pairs += [(value, cls.IGNORED) for value in ignored]
        pairs.sort()
        keys = np.array([value for value, _ in pairs], np.uint32)
        if len(np.unique(keys)) < len(keys):
            raise ConfigError("two classes have the same mask value: give each its own", field="colors")
        return cls(tuple(name for name, _ in classes), keys, np.array([target for _, target in pairs], np.uint32))

    def classify(self, runs: Runs) -> tuple[Runs, PixelCounts]:
        """Turn mask values into class index + 1, everything else into 0, and count the pixels of each kind."""
        targets = look_up(runs.values, self.keys, self.targets, self.UNKNOWN)
        n_class, n_ignored, n_unknown, n_background = count_pixels(runs, targets, self.IGNORED, self.UNKNOWN)
        unknown = _by_value(runs, targets == self.UNKNOWN) if n_unknown else {}
        targets[targets >= self.UNKNOWN] = 0
        n_pixels = runs.width * runs.height
        return with_values(runs, targets), PixelCounts(n_pixels, n_class, n_background, n_ignored, 0, unknown)


def _by_value(runs: Runs, chosen: NDArray[np.bool_]) -> dict[int, int]:
    """Return the values of the chosen runs -> pixels, most first; 0 and transparent are left out."""
    chosen &= (runs.values != 0) & (runs.values != TRANSPARENT)
    values, inverse = np.unique(runs.values[chosen], return_inverse=True)
    pixels = np.bincount(inverse, weights=run_lengths(runs)[chosen]).astype(np.int64)
    order = np.lexsort((values, -pixels))
    return dict(zip(values[order].tolist(), pixels[order].tolist(), strict=True))
