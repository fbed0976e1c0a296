"""Masks and options that formats are tried on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

RING = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 0, 2], [1, 1, 1, 0, 0]], np.uint8)

EMPTY = np.zeros((2, 3), np.uint8)

options = st.fixed_dictionaries(
    {
        "tolerance": st.sampled_from((0.0, 1.0)),
        "simplification": st.sampled_from(("shared", "rings")),
        "connectivity": st.sampled_from((4, 8)),
    }
)
