"""Large JSON is read as small JSON is, and the collector is as it was before."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import orjson
import pytest

from prelabel.hub.large_json import LARGE_BYTES, _no_collection, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGE = [[number, {"a": "é"}] for number in range(LARGE_BYTES // 10)]


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """The collector is on for the other tests."""
    yield
    gc.enable()


@pytest.mark.parametrize("document", [{}, {"a": [1]}, LARGE], ids=["empty", "small", "large"])
def test_it_reads_what_orjson_reads(document: object) -> None:
    """However large."""
    assert loads(orjson.dumps(document)) == document
    assert gc.isenabled()


@pytest.mark.parametrize("is_on", [True, False])
def test_the_collector_is_left_as_it_was(is_on: bool) -> None:
    """Also where the text is no JSON."""
    (gc.enable if is_on else gc.disable)()

    with pytest.raises(orjson.JSONDecodeError):
        loads(b"[" * LARGE_BYTES)

    assert gc.isenabled() == is_on


def test_the_last_of_several_ends_the_pause() -> None:
    """Whichever thread it is in."""
    with _no_collection():
        with _no_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(loads, orjson.dumps(LARGE)).result() == LARGE
        assert not gc.isenabled()
    assert gc.isenabled()
