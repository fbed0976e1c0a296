"""Stage 5, the proof: polygons rasterised again and compared with the mask they came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.errors import ConfigError, MaskError
from prelabel.kernels.class_runs import classify_runs
from prelabel.kernels.overlap import overlap
from prelabel.kernels.run_values import with_values
from prelabel.masks.load import runs_of
from prelabel.model import TRANSPARENT, Runs
from prelabel.polygons.class_table import class_table

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.polygons.arrays import PolygonArrays


@dataclass(frozen=True, slots=True)
class Verification:
    """How well polygons stand for their mask.

    Attributes:
        n_wrong_pixels: pixels whose class (or lack of one) is not the mask's; those of objects left out as smaller
            than ``min_area`` are among them.
        iou: class name -> intersection over union, 0 to 1, of the classes that the mask or the polygons have.
    """

    n_wrong_pixels: int
    iou: Mapping[str, float]

    @property
    def min_iou(self) -> float:
        """The worst class's IoU; 1 where there is no class."""
        return min(self.iou.values(), default=1.0)

    @property
    def worst_class(self) -> str:
        """The class that :attr:`min_iou` is of; empty where there is none."""
        return min(self.iou, key=self.iou.__getitem__, default="")


def verify(
    polygons: PolygonArrays,
    mask: Runs | NDArray[np.generic] | bytes | str | os.PathLike[str] | Mapping[str, Any],
    colors: Mapping[str, Sequence[int]] | None = None,
) -> Verification:
    """Rasterise polygons and compare them with a mask, pixel by pixel.

    ``"pixel_edges"`` polygons are read by pixel centres, ``"pixel_centers"`` ones as ``cv2.fillPoly`` paints them,
    exterior by exterior, holes cleared: exactly so at any tolerance. Memory goes with the runs, not with the pixels.

    Args:
        polygons: as traced from the mask, or from another one of its size.
        mask: the mask, as :func:`prelabel.mask_to_polygons` takes it, or its runs.
        colors: as there; must be given if it was given there.

    Raises:
        ConfigError: ``colors`` cannot be, or is missing.
        MaskError: the mask cannot be read, or is not of the polygons' shape.
    """
    kind, table = class_table(colors)
    runs = mask if isinstance(mask, Runs) else runs_of(mask, kind, None if table is None else table.keys)
    if table is not None:
        names, classes = table.names, table.classify(runs)[0]
    else:
        if not all(name.isdecimal() for name in polygons.class_names):
            raise ConfigError(
                "the polygons' classes have names: give verify the colors that mask_to_polygons had", field="colors"
            )
        keys = np.unique(runs.values)
        keys = keys[(keys != 0) & (keys != TRANSPARENT)]
        names = tuple(map(str, keys.tolist()))
        targets = np.arange(1, len(keys) + 1, dtype=np.uint32)
        classes = classify_runs(runs, keys, targets)[0]
    return compare(polygons, classes, names)


def compare(polygons: PolygonArrays, classes: Runs, names: Sequence[str]) -> Verification:
    """Compare polygons with a mask of class indices.

    Args:
        polygons: the polygons.
        classes: the mask: index into ``names`` + 1, or 0.
        names: class names; polygons of a class that is not among them are wrong everywhere.

    Raises:
        MaskError: the mask is not of the polygons' shape.
    """
    shape = (classes.height, classes.width)
    if shape != polygons.shape:
        raise MaskError(f"the polygons are of a mask of shape {polygons.shape}, this one is {shape}", shape=shape)
    numbers = {name: number for number, name in enumerate(dict.fromkeys([*names, *polygons.class_names]), 1)}
    ours = np.array([numbers[name] for name in polygons.class_names], np.uint32)
    theirs = np.array([0, *(numbers[name] for name in names)], np.uint32)
    wanted = with_values(classes, theirs[classes.values])
    drawn = polygons.to_runs(ours[polygons.class_indices])
    counted = overlap(wanted, drawn, len(numbers) + 1)
    union = counted.n_first + counted.n_second - counted.n_both
    iou = {name: float(counted.n_both[k] / union[k]) for name, k in numbers.items() if union[k]}
    return Verification(counted.n_wrong, iou)
