"""The config's ``ignore_values``: mask values that mean nothing, read and checked. Part of stage 1."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any, Literal

from prelabel.inputs.color_mapping import HEX_COLOR, as_json
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

IgnoredValue = int | tuple[int, int, int] | Literal["nan"]

MAX_NUMBER = int(sys.float_info.max)
"""The greatest number that may be ignored, and its negative the least: what programs write for no data may be that."""


def read_ignored(values: Any) -> tuple[IgnoredValue, ...]:
    """Return ``ignore_values`` as whole numbers, colours and "nan". Raises ValueError, the remedy as its text."""
    if not isinstance(values, list | tuple):
        raise ValueError(  # noqa: TRY004 - its text is what is told
            'write a list of values, such as [255] or [[255, 255, 255]] or [-1, "nan"]'
        )
    return tuple(map(_as_value, values))


def check_ignored(values: tuple[IgnoredValue, ...], mapping: str | Mapping[str, tuple[int, ...]]) -> None:
    """Check that the values are of the mapping's kind, and none is a class. Raises ValueError, the remedy as its text.

    Args:
        values: what is to be ignored.
        mapping: ``mask_color_mapping``; of "project_colors" the colours are not known yet.
    """
    owners: dict[tuple[object, ...], str] = {}
    if not isinstance(mapping, str):
        owners = {color: name for name, color in mapping.items()}
    are_colors = isinstance(mapping, str) or any(len(color) == 3 for color in owners)
    for value in values:
        if isinstance(value, tuple) != are_colors:
            raise ValueError(_of_other_kind(value))
        packed = value if isinstance(value, tuple) else (value,)
        if packed in owners:
            shown, name = as_json(value), quoted(owners[packed])
            raise ValueError(f'it holds {shown}, which is {name} in "mask_color_mapping": take it out here or there')


def _as_value(value: Any) -> IgnoredValue:
    """Check one value."""
    if isinstance(value, str) and value.lower() == "nan":
        return "nan"
    if isinstance(value, str) and re.fullmatch(HEX_COLOR, value):
        red, green, blue = bytes.fromhex(value[1:7])
        return red, green, blue
    if isinstance(value, float) and math.isnan(value):
        return "nan"
    if _is_whole(value, -MAX_NUMBER, MAX_NUMBER):
        return int(value)
    if isinstance(value, list | tuple) and len(value) == 3 and all(_is_whole(part, 0, 255) for part in value):
        red, green, blue = map(int, value)
        return red, green, blue
    shown = as_json(value)
    if isinstance(value, list | tuple) and len(value) == 1:
        raise ValueError(
            f"it holds the list {shown}: write a number by itself, as in {shown}, and a colour as three, as in "
            "[[255, 255, 255]]"
        )
    raise ValueError(
        f"it holds {shown}, which no mask does: write whole numbers as in [255] or [-1], colours as in "
        '[[255, 255, 255]] or ["#ffffff"], or ["nan"]'
    )


def _is_whole(value: Any, least: int, most: int) -> bool:
    """Whether a value is a whole number in a range; 255.0 is one."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= most
        and value == value // 1
    )


def _of_other_kind(value: IgnoredValue) -> str:
    """What to write instead of a number under colours, or of a colour under numbers."""
    shown = as_json(value)
    if isinstance(value, tuple):
        grey = f"[{value[0]}]" if len(set(value)) == 1 else "its grey value or palette index, as in [255]"
        return (
            f'it holds the colour {shown}, and "mask_color_mapping" has numbers, so it would do nothing: write {grey}'
        )
    text = f'it holds {shown}, and "mask_color_mapping" has colours, so it would do nothing: '
    if isinstance(value, int) and 0 <= value <= 255:
        return f"{text}write a colour, as in [{[value] * 3}]"
    return f"{text}take it out"
