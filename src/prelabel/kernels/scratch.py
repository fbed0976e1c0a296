"""Working memory for kernels, kept per thread: fresh pages cost more than the work done in them."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
Arrays = TypeVar("Arrays", bound=tuple["NDArray[Any]", ...])

KEPT_BYTES = 64 << 20
"""Larger buffers are given back after use, so that one huge mask does not stay in memory for good."""


class Scratch(threading.local):
    """Named buffers of the calling thread. What it returns is good until the same name is taken again."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}
        self._together: dict[str, tuple[int, tuple[NDArray[Any], ...]]] = {}

    def at_least(self, name: str, n: int, dtype: type[Number]) -> NDArray[Number]:
        """Return ``n`` numbers or more, of any content; cheaper than :meth:`take` where the length does not matter.

        Args:
            name: two arrays in use at one time need two names.
            n: how many.
            dtype: their type.
        """
        buffer: NDArray[Number] | None = self._buffers.get(name)
        if buffer is None or len(buffer) < n or buffer.dtype.type is not dtype:
            buffer = np.empty(n + (n >> 2), dtype)
            self.keep(name, buffer)
        return buffer

    def take(self, name: str, n: int, dtype: type[Number]) -> NDArray[Number]:
        """Return just ``n`` numbers of any content; otherwise as :meth:`at_least`."""
        return self.at_least(name, n, dtype)[:n]

    def zeros(self, name: str, n: int, dtype: type[Number]) -> NDArray[Number]:
        """Return ``n`` zeros; otherwise as :meth:`take`."""
        array = self.take(name, n, dtype)
        array[:] = 0
        return array

    def together(self, name: str, size: int, make: Callable[[int], Arrays]) -> Arrays:
        """Return several arrays of any content that are always wanted together: one look-up for all of them.

        Args:
            name: apart from the names of other functions that make; single buffers have names of their own.
            size: what they must be large enough for.
            make: makes them for a size, as a tuple.
        """
        made_for, arrays = self._together.get(name, (-1, ()))
        if made_for < size:
            made_for = size + (size >> 2)
            arrays = make(made_for)
            self.keep_together(name, made_for, arrays)
        return cast("Arrays", arrays)

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Leave alone in the block what the thread has in its buffers, for work of the same kind in between."""
        in_use = self._buffers, self._together
        self._buffers, self._together = {}, {}
        try:
            yield
        finally:
            self._buffers, self._together = in_use

    def keep_together(self, name: str, size: int, arrays: tuple[NDArray[Any], ...]) -> None:
        """Have these arrays, large enough for ``size``, under the name from now on, unless one is too large."""
        if max(array.nbytes for array in arrays) <= KEPT_BYTES:
            self._together[name] = size, arrays

    def keep(self, name: str, buffer: NDArray[Any]) -> None:
        """Have this buffer under the name from now on, unless it is too large."""
        if buffer.nbytes <= KEPT_BYTES:
            self._buffers[name] = buffer


def grown(buffer: NDArray[Number], n_used: int, n: int) -> NDArray[Number]:
    """Return a buffer of ``n`` numbers that begins with the first ``n_used`` of this one."""
    bigger = np.empty(n, buffer.dtype)
    bigger[:n_used] = buffer[:n_used]
    return bigger


def doubled(buffer: NDArray[Number], n_used: int) -> NDArray[Number]:
    """Return a buffer of twice the length that begins with the first ``n_used`` numbers of this one."""
    return grown(buffer, n_used, 2 * len(buffer))


scratch = Scratch()
