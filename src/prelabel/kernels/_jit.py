"""The decorators that kernels wear, and the words of their signatures.

``parallel`` is never used (called from several threads it aborts the process) and ``fastmath`` never (geometry must be
exact). Explicit signatures compile on import, or load from numba's disk cache; so "warm up" means "import the kernels".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from prelabel.kernels._kernel_cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])


def kernel(*signatures: str, allocates: bool = False) -> Callable[[F], F]:
    """Compile a function for exactly these signatures, without the GIL, cached on disk.

    Args:
        signatures: numba signatures; inputs are best declared read-only C-contiguous (``RO_*``), so that one compiled
            version serves writable and read-only arrays alike.
        allocates: whether the function makes arrays itself; if not, no references are counted in it, which costs more
            than all else where one kernel calls another row by row.

    Returns:
        The decorator.
    """

    def compile_it(function: F) -> F:
        compiled: Any = numba.njit(nogil=True, _nrt=allocates)(function)
        if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba fills its config at run time
            try:
                compiled._cache = KernelCache(function)  # noqa: SLF001 - as enable_caching()
            except RuntimeError as error:
                if "cannot cache" not in str(error):  # its file is not one of a disk: work without
                    raise
            for signature in signatures:
                compiled.compile(signature)
            compiled.disable_compile()
        return cast("F", compiled)

    return compile_it


def inner(*signatures: str, inline: bool = False) -> Callable[[F], F]:
    """Make a function for kernels to call, of this file or another, with a signature like theirs.

    It is compiled when the first of them is, and is in what they keep on disk: importing it costs nothing.

    Args:
        signatures: as for :func:`kernel`.
        inline: makes LLVM put its code in place of each call, where numba has nothing to do any more: for what is
            called so often that passing arrays counts, which are seven numbers each, or more.

    Returns:
        The decorator.
    """

    def prepare(function: F) -> F:
        prepared: Any = numba.njit(nogil=True, _nrt=False, forceinline=inline)(function)
        if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba fills its config at run time
            template = prepared.get_call_template

            def compiled_template(arguments: Any, keywords: Any) -> Any:
                if prepared._can_compile:  # noqa: SLF001 - what numba itself asks when it is given signatures
                    for signature in signatures:
                        prepared.compile(signature)
                    prepared.disable_compile()
                return template(arguments, keywords)

            prepared.get_call_template = compiled_template
        return cast("F", prepared)

    return prepare


def inlined(function: F) -> F:
    """Make a function part of the kernels that call it before numba looks at them.

    It is type-checked at every place it is called from, which is what costs most in compiling: only for what a
    benchmark shows to be slower with ``inner(inline=True)``, as loops over many counters are.
    """
    compiled: F = numba.njit(inline="always")(function)
    return compiled


def read_only(dtype: str, ndim: int = 1) -> str:
    """Return the signature text of a C-contiguous array that the kernel only reads (``"uint8"``, 2 dimensions, ...)."""
    return f"Array({dtype}, {ndim}, 'C', readonly=True)"


RO_U1, RO_U4 = read_only("uint8"), read_only("uint32")
RO_I4, RO_I8 = read_only("int32"), read_only("int64")
RO_XY = read_only("int32", 2)

U8 = np.uint64
"""Indices that are surely not negative are unsigned: numba then leaves out its test for negative ones."""
