"""Values to classes against a dictionary."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from prelabel.kernels.class_runs import IGNORED, UNKNOWN, classify_runs
from prelabel.model import TRANSPARENT, Runs
from run_checks import check_runs


@given(
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 600), max_size=80),
    st.dictionaries(
        st.integers(0, 2**32 - 1) | st.integers(0, 600), st.integers(0, 2**32 - 4) | st.just(IGNORED), max_size=40
    ),
    st.integers(1, 9),
)
@example([0, 257, 0, 65536, 257], {0: 5, 65536: 6}, 3)  # all in one slot of the kernel's table of recent answers
@example([0, 1], {}, 1)
@example([0], {0: 0}, 1)
@example([TRANSPARENT, 7, 3, 0], {7: IGNORED}, 2)
def test_classify(values: list[int], table: dict[int, int], width: int) -> None:
    """Translation is a dictionary's; neighbours that become equal join; every pixel is counted once."""
    values += list(table) or [1]
    mask = np.resize(np.array(values, np.uint32), (-(-len(values) // width), width))
    runs = Runs(  # one a pixel: some neighbours are equal, as transparent ones of different colours are
        width,
        np.arange(0, mask.size + 1, width, dtype=np.int32),
        np.tile(np.arange(width, dtype=np.int32), len(mask)),
        mask.ravel(),
    )
    keys = np.array(sorted(table), np.uint32)
    targets = np.array([table[key] for key in sorted(table)], np.uint32)

    classes, counts = classify_runs(runs, keys, targets)

    pixels = mask.ravel().tolist()
    answers = [table.get(value, 0 if value in {0, TRANSPARENT} else UNKNOWN) for value in pixels]
    check_runs(classes, np.array([answer if answer < UNKNOWN else 0 for answer in answers]).reshape(mask.shape))
    n_class = sum(0 < answer < UNKNOWN for answer in answers)
    n_ignored, n_unknown = answers.count(IGNORED), answers.count(UNKNOWN)
    assert counts == (n_class, n_ignored, n_unknown, len(pixels) - n_class - n_ignored - n_unknown)
