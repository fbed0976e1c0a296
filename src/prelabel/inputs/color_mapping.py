"""The config's ``mask_color_mapping``: each class's value, read and checked. Part of stage 1."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from prelabel.spelling import quoted, short

MAX_GREY = 2**32 - 2
"""The largest one-value class: 2**32 - 1 marks transparent pixels."""

HEX_COLOR = "#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?"


def read_mapping(value: Any) -> Any:
    """Check a ``mask_color_mapping`` and make its colours tuples. Raises ValueError, the remedy as its text."""
    if value == "project_colors":
        return value
    if not isinstance(value, Mapping):
        raise ValueError(  # noqa: TRY004 - its text is what is told
            'write "project_colors", or {"Car": [244, 67, 54]} for colours, or {"Car": [1]} for grey values'
        )
    if not value:
        raise ValueError(
            'it names no class: write "project_colors", or each class with its value, such as {"Car": [1]}'
        )
    colors = {name: _as_color(name, color) for name, color in value.items()}
    one, three = (next((name for name, color in colors.items() if len(color) == n), None) for n in (1, 3))
    if one is not None and three is not None:
        raise ValueError(
            f"{quoted(one)} has one value and {quoted(three)} has three: a mask holds either grey values "
            "or colours, so give every class one value or every class three"
        )
    owners: dict[tuple[int, ...], str] = {}
    for name, color in colors.items():
        other = owners.setdefault(color, name)
        if other != name:
            raise ValueError(
                f"{quoted(other)} and {quoted(name)} both have {list(color)}: give each class its own value"
            )
    return colors


def _as_color(name: Any, color: Any) -> tuple[int, ...]:
    """Check one colour of a mapping. Raises ValueError, the remedy as its text."""
    shown = as_json(color)
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"the class name {as_json(name)} is not one: write a tool's title as the project shows it")
    if isinstance(color, int) and not isinstance(color, bool):
        raise ValueError(  # noqa: TRY004 - its text is what is told
            f"{quoted(name)} is {shown}: write the value as a list, [{shown}]"
        )
    if isinstance(color, str) and re.fullmatch(HEX_COLOR, color):
        return tuple(bytes.fromhex(color[1:7]))
    if not isinstance(color, list | tuple) or len(color) not in {1, 3}:
        raise ValueError(
            f"{quoted(name)} is {shown}: write one value, such as [1], or three, red, green and blue, such as "
            '[244, 67, 54] or "#f44336"'
        )
    highest = MAX_GREY if len(color) == 1 else 255
    for part in color:
        if isinstance(part, bool) or not isinstance(part, int) or not 0 <= part <= highest:
            raise ValueError(
                f"{quoted(name)} is {shown}, and {as_json(part)} is not a whole number from 0 to {highest}"
            )
    return tuple(color)


def as_json(value: Any) -> str:
    """Return a value as JSON would show it, not too long; of what cannot be shown at all, its type."""
    try:
        return short(json.dumps(value, ensure_ascii=False, default=repr))
    except (TypeError, ValueError, RecursionError):  # odd keys, numbers of thousands of digits, thousands of levels
        return f"a {type(value).__name__} that cannot be shown"
