"""The one decorator every kernel wears.

``parallel`` is never used (called from several threads it aborts the process) and ``fastmath`` never (geometry must be
exact). Explicit signatures compile on import, or load from numba's disk cache; so "warm up" means "import the kernels".
A kernel calls only kernels of its own file: numba's cache does not notice a change in another file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(*signatures: str) -> Callable[[F], F]:
    """Compile a function for exactly these signatures, without the GIL, cached on disk.

    Args:
        signatures: numba signatures; inputs are best declared read-only C-contiguous, so that one compiled version
            serves writable and read-only arrays alike.

    Returns:
        The decorator.
    """

    def compile_it(function: F) -> F:
        compiled: F = numba.njit(list(signatures), nogil=True, cache=True)(function)
        return compiled

    return compile_it
