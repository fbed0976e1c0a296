"""Bombs fail one mask, with a clear reason, while memory and time stay bounded."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest

from conftest import JIT_OFF
from masks.bombs import BOMBS, defused

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is measured as Linux tells it"),
    pytest.mark.skipif(JIT_OFF, reason="some bombs are only told by reading their pixels, which takes too long"),
]

FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["masks.bombs", "prelabel.masks.decoders.decode"])
MOST_MEMORY = 700 << 20
"""Bytes a bomb may take: less than the limit of a mask's own, which is 1 GiB."""
MOST_SECONDS = 20


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[str, float, int]]:
    """All bombs, each read by a process of its own."""
    with FORKSERVER.Pool(2, maxtasksperchild=1) as pool:
        encoded = [(name, make()) for name, (make, _) in BOMBS.items()]
        return dict(zip(BOMBS, pool.starmap(defused, encoded, chunksize=1), strict=True))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", BOMBS)
def test_bombs(outcomes: dict[str, tuple[str, float, int]], name: str) -> None:
    """The reason says what is wrong, and neither memory nor time go with what the file asks for."""
    said, seconds, n_bytes = outcomes[name]

    assert re.search(BOMBS[name][1], said), said
    assert "not enough memory" not in said
    assert n_bytes < MOST_MEMORY, f"{n_bytes >> 20} MB"
    assert seconds < MOST_SECONDS
