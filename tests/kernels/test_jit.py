"""The decorators' promises, and the machine instructions with and without the JIT."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import threading
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import prelabel.kernels
from conftest import JIT_OFF
from prelabel.kernels._jit import kernel, load_word, read_only, store_half_word, trailing_zeros
from prelabel.kernels.rings import follow_rings
from prelabel.kernels.runs import runs_from_array
from prelabel.kernels.simplify import simplify_shared
from prelabel.kernels.sweep import sweep_runs

ALLOCATING = {"_paint", "_open_holes"}
MODULES = sorted(module.name for module in pkgutil.iter_modules(prelabel.kernels.__path__))


@kernel(f"int64({read_only('uint8')}, int64)")
def load(array: Any, index: int) -> int:
    """Call the instruction from compiled code, the only place it can be called from."""
    word: int = load_word(array, index)
    return word


@kernel("int64(int64)")
def zeros_below(word: int) -> int:
    """Likewise."""
    return trailing_zeros(word)


@kernel("void(uint8[::1], int64, uint32)")
def store(array: Any, index: int, word: int) -> None:
    """Likewise."""
    store_half_word(array, index, word)


@given(st.binary(min_size=8, max_size=40), st.data())
def test_load_word(content: bytes, data: st.DataObject) -> None:
    """Eight bytes from any index, aligned or not, as a signed little-endian integer."""
    index = data.draw(st.integers(0, len(content) - 8))

    assert load(np.frombuffer(content, np.uint8), index) == int.from_bytes(
        content[index : index + 8], "little", signed=True
    )


@given(st.binary(min_size=4, max_size=20), st.integers(0, 2**32 - 1), st.data())
def test_store_half_word(content: bytes, word: int, data: st.DataObject) -> None:
    """Four bytes at any index, and no other byte is touched."""
    index = data.draw(st.integers(0, len(content) - 4))
    array = np.frombuffer(content, np.uint8).copy()

    store(array, index, word)

    assert array.tobytes() == content[:index] + word.to_bytes(4, "little") + content[index + 4 :]


@given(st.integers(-(2**63), 2**63 - 1).filter(bool))
@example(-(2**63))
@example(2**62)
@example(1)
@example(-1)
def test_trailing_zeros(word: int) -> None:
    """Every bit's place, the sign bit's too."""
    assert zeros_below(word) == f"{word & (2**64 - 1):064b}"[::-1].index("1")


def kernels_of(name: str) -> dict[str, Any]:
    """Return the compiled functions of a kernel module that are its own."""
    module = importlib.import_module(f"prelabel.kernels.{name}")
    dispatchers = {
        key: value for key, value in vars(module).items() if isinstance(value, numba.core.dispatcher.Dispatcher)
    }
    return {key: value for key, value in dispatchers.items() if value.__module__ == module.__name__}


@pytest.mark.skipif(JIT_OFF, reason="without the JIT there are no compiled functions")
@pytest.mark.parametrize("name", [name for name in MODULES if name not in {"_jit", "scratch"}])
def test_kernels_keep_the_contract(name: str) -> None:
    """Without the GIL and references, cached on disk, never parallel or fastmath, one signature, compiled on import."""
    found = kernels_of(name)

    assert found
    for dispatcher in found.values():
        options = dispatcher.targetoptions
        assert not options.get("parallel")
        assert not options.get("fastmath")
        if options.get("inline") == "always":  # part of the kernels that call it
            continue
        assert options["nogil"] is True
        assert options["_nrt"] == (dispatcher.__name__ in ALLOCATING)
        if isinstance(dispatcher._cache, numba.core.caching.NullCache):  # in what the kernels that call it keep
            assert len(dispatcher.signatures) == (0 if dispatcher._can_compile else 1)
            continue
        assert dispatcher._cache.cache_path
        assert len(dispatcher.signatures) == 1
        assert not dispatcher._can_compile


@pytest.mark.parametrize("name", MODULES)
def test_kernels_call_only_their_own_file(name: str) -> None:
    """Numba's cache does not notice a change in another file: no function comes from one but ``_jit``."""
    tree = ast.parse((Path(prelabel.kernels.__path__[0]) / f"{name}.py").read_text())
    module = importlib.import_module(f"prelabel.kernels.{name}")
    imported = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("prelabel.kernels.")
        and node.module != "prelabel.kernels._jit"
        for alias in node.names
    }

    assert not {alias for alias in imported if alias.islower() and callable(getattr(module, alias))}


def test_kernels_run_in_several_threads() -> None:
    """Two threads on masks of their own get what one thread gets."""
    generator = np.random.default_rng(3)
    side = 24 if JIT_OFF else 400
    masks = [generator.integers(0, 3, (side, side)).astype(np.uint8) for _ in range(4)]

    def trace(mask: np.ndarray) -> list[int]:
        rings = follow_rings(sweep_runs(runs_from_array(mask)))
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
