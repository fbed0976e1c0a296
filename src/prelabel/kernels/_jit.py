"""The decorators that kernels wear, and the words of their signatures.

A kernel is one function, whichever way it is compiled: ahead of time, when the wheel is built; just in time, when it is
first called, or loaded from numba's cache on disk then; or not at all.
``parallel`` is never used (called from several threads it aborts the process) and ``fastmath`` never (geometry must be
exact).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from prelabel.kernels._ahead import AHEAD, JUST_IN_TIME, chosen_road

F = TypeVar("F", bound=Callable[..., object])

ROAD = chosen_road()
"""How kernels are compiled in this process, and why so."""


def kernel(signature: str) -> Callable[[F], F]:
    """Compile a function for exactly this signature, without the GIL.

    It makes no arrays itself, so no references are counted in it, which costs more than all else where one function
    calls another row by row.

    Args:
        signature: numba's; inputs are best declared read-only C-contiguous (``RO_*``), so that one compiled version
            serves writable and read-only arrays alike.

    Returns:
        The decorator.
    """
    if ROAD.name == JUST_IN_TIME:
        from prelabel.kernels import _just_in_time  # noqa: PLC0415 - loads numba

        return _just_in_time.kernel(signature)

    def find(function: F) -> F:
        package, _, module = function.__module__.rpartition(".")
        if ROAD.name != AHEAD or package != __package__:  # tests have kernels of their own
            return function
        compiled: F = ROAD.functions[f"{module}.{function.__name__}"]
        return compiled

    return find


def inner(signature: str, *, inline: bool = False) -> Callable[[F], F]:
    """Make a function for kernels to call, of this file or another, with a signature like theirs.

    It is compiled when the first of them is, and into them.

    Args:
        signature: as for :func:`kernel`.
        inline: makes LLVM put its code in place of each call, where numba has nothing to do any more: for what is
            called so often that passing arrays counts, which are seven numbers each, or more.

    Returns:
        The decorator.
    """
    if ROAD.name == JUST_IN_TIME:
        from prelabel.kernels import _just_in_time  # noqa: PLC0415 - loads numba

        return _just_in_time.inner(signature, inline=inline)
    return lambda function: function


def inlined(function: F) -> F:
    """Make a function part of the kernels that call it before numba looks at them.

    It is type-checked at every place it is called from, which is what costs most in compiling: only for what a
    benchmark shows to be slower with ``inner(inline=True)``, as loops over many counters are.
    """
    if ROAD.name == JUST_IN_TIME:
        from prelabel.kernels import _just_in_time  # noqa: PLC0415 - loads numba

        return _just_in_time.inlined(function)
    return function


def read_only(dtype: str, ndim: int = 1) -> str:
    """Return the signature text of a C-contiguous array that the kernel only reads (``"uint8"``, 2 dimensions, ...)."""
    return f"Array({dtype}, {ndim}, 'C', readonly=True)"


RO_U1, RO_U4 = read_only("uint8"), read_only("uint32")
RO_I4, RO_I8 = read_only("int32"), read_only("int64")
RO_XY = read_only("int32", 2)

U8 = np.uint64
"""Indices that are surely not negative are unsigned: numba then leaves out its test for negative ones."""
