"""The decorators' promises."""

from __future__ import annotations

import importlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import prelabel.kernels
from conftest import JIT_OFF
from prelabel.kernels._ahead import JUST_IN_TIME
from prelabel.kernels._jit import ROAD, kernel
from prelabel.kernels.pixel_runs import runs_from_array
from prelabel.kernels.simplify_shared import simplify_shared
from prelabel.kernels.traced_rings import trace_classes

NO_KERNELS = {"words", "scratch"}
MODULES = sorted({name.rpartition(".")[2] for name in prelabel.kernels.module_names()} - NO_KERNELS)


def kernels_of(name: str) -> dict[str, Any]:
    """Return the compiled functions of a kernel module that are its own."""
    from numba.core.dispatcher import Dispatcher  # noqa: PLC0415 - may be absent where kernels are compiled ahead

    module = importlib.import_module(f"prelabel.kernels.{name}")
    dispatchers = {key: value for key, value in vars(module).items() if isinstance(value, Dispatcher)}
    return {key: value for key, value in dispatchers.items() if value.__module__ == module.__name__}


@pytest.mark.skipif(ROAD.name != JUST_IN_TIME, reason=f"kernels are compiled {ROAD.name}: numba has none")
@pytest.mark.parametrize("name", MODULES)
def test_kernels_keep_the_contract(name: str) -> None:
    """Without the GIL and references, cached on disk, never parallel or fastmath, one signature at most."""
    from numba.core.caching import NullCache  # noqa: PLC0415 - as above

    found = kernels_of(name)

    assert found
    for dispatcher in found.values():
        options = dispatcher.targetoptions
        assert not options.get("parallel")
        assert not options.get("fastmath")
        if options.get("inline") == "always":  # part of the kernels that call it
            continue
        assert options["nogil"] is True
        assert options["_nrt"] is False
        if isinstance(dispatcher._cache, NullCache):  # in what the kernels that call it keep
            assert len(dispatcher.overloads) == (0 if dispatcher._can_compile else 1)
            continue
        assert dispatcher._cache.cache_path
        assert len(dispatcher.signatures) == (0 if dispatcher._can_compile else 1)


@pytest.mark.skipif(ROAD.name != JUST_IN_TIME, reason=f"kernels are compiled {ROAD.name}: not when they are called")
def test_a_first_call_compiles_for_the_signature_and_for_no_other() -> None:
    """Also where several threads call it first; arguments of other types are refused, before it and after."""

    @kernel("int64(int32[::1])")
    def total(numbers: np.ndarray) -> int:
        found = 0
        for number in numbers:
            found += number
        return found

    numbers = np.arange(10, dtype=np.int32)
    with pytest.raises(TypeError, match="No matching definition"):
        total(numbers.astype(np.float64))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(total, [numbers] * 8)) == [45] * 8
    with pytest.raises(TypeError, match="No matching definition"):
        total(numbers[::2])
    assert len(total.signatures) == 1  # type: ignore[attr-defined] # numba's


def test_kernels_run_in_several_threads() -> None:
    """Two threads on masks of their own get what one thread gets."""
    generator = np.random.default_rng(3)
    side = 24 if JIT_OFF else 400
    masks = [generator.integers(0, 3, (side, side)).astype(np.uint8) for _ in range(4)]

    def trace(mask: np.ndarray) -> list[int]:
        rings = trace_classes(runs_from_array(mask)).rings
        kept, _ = simplify_shared(rings, 1.0)
        return rings.polygons(kept)[0].ravel().tolist()

    expected = [trace(mask) for mask in masks]
    found: list[list[int]] = [[] for _ in masks]

    def work(index: int) -> None:
        found[index] = trace(masks[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(masks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == expected
