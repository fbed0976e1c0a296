"""Working memory for kernels, kept per thread: fresh pages cost more than the work done in them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

KEPT_BYTES = 64 << 20
"""Larger buffers are given back after use, so that one huge mask does not stay in memory for good."""


class Scratch(threading.local):
    """Named buffers of the calling thread. What it returns is good until the same name is taken again."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[Any]] = {}

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

    def keep(self, name: str, buffer: NDArray[Any]) -> None:
        """Have this buffer under the name from now on, unless it is too large."""
        if buffer.nbytes <= KEPT_BYTES:
            self._buffers[name] = buffer

    def doubled(self, name: str, buffer: NDArray[Number], n_used: int) -> NDArray[Number]:
        """Return a buffer of twice the length that begins with the first ``n_used`` numbers of this one."""
        bigger = np.empty(2 * len(buffer), buffer.dtype)
        bigger[:n_used] = buffer[:n_used]
        self.keep(name, bigger)
        return bigger


scratch = Scratch()
