"""What ``ignore_values`` names: values of a mask that mean nothing and become background. Stage 4, for one import."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

import numpy as np

from prelabel.errors import ConfigError
from prelabel.inputs.color_mapping import MAX_GREY
from prelabel.kernels.run_values import with_values
from prelabel.polygons.near_colors import color_name
from prelabel.records import Record
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prelabel.inputs.ignored_values import IgnoredValue
    from prelabel.model import MaskClass, MaskValueKind, Runs, UInt32Array


class VoidValues(Record, frozen=True):
    """The values that mean nothing.

    Attributes:
        values: uint32: those that a decoded mask may hold, greys or packed 0xRRGGBB.
        numbers: those that only a file may hold, and no decoded mask: negative ones, too great ones, NaN.
        kind: what the mapping speaks of.
    """

    values: UInt32Array
    numbers: tuple[float, ...]
    kind: MaskValueKind

    @classmethod
    def of(cls, ignored: Iterable[IgnoredValue], kind: MaskValueKind) -> Self:
        """Sort a config's ``ignore_values``, which are of the mapping's kind."""
        values: list[int] = []
        numbers: list[float] = []
        for value in ignored:
            if value == "nan":
                numbers.append(math.nan)
            elif isinstance(value, tuple):
                values.append(value[0] << 16 | value[1] << 8 | value[2])
            elif 0 <= value <= MAX_GREY:
                values.append(value)
            else:
                numbers.append(value)
        return cls(np.array(values, np.uint32), tuple(numbers), kind)

    def check(self, classes: Iterable[MaskClass]) -> None:
        """Refuse to ignore a class: of "project_colors" the values are known only where the project is.

        Raises:
            ConfigError: a class that is imported has a value that is ignored.
        """
        for each in classes:
            if not each.ignored and each.value in self.values:
                shown = color_name(each.value, as_rgb=self.kind == "rgb")
                raise ConfigError(
                    f'"ignore_values" holds {shown}, which is the class {quoted(each.tool.title)}: take it out, or put '
                    'the class into "ignored_schema_ids"',
                    field="ignore_values",
                    value=shown,
                )

    def as_background(self, runs: Runs) -> Runs:
        """Return a mask in which these values are 0."""
        if not len(self.values):
            return runs
        return with_values(runs, np.where(np.isin(runs.values, self.values), np.uint32(0), runs.values))
