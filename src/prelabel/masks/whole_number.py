"""Whole numbers as callers write them: whatever their type, and no truth values. Part of stage 4."""

from __future__ import annotations

from typing import Any

import numpy as np

_INTEGERS = (int, np.integer)
_FLOATS = (float, np.floating)


def whole_number(value: Any) -> int | None:
    """Return a number as an int, also one of numpy's, or a float without a fraction; None where it is no such number.

    Args:
        value: anything. A bool, which Python counts among the ints, is none: it stands where something was mixed up.
    """
    if type(value) is int:  # at once: small masks feel their options being looked at
        return value
    if isinstance(value, _INTEGERS):
        return None if isinstance(value, bool) else int(value)
    if isinstance(value, _FLOATS) and float(value).is_integer():
        return int(value)
    return None
