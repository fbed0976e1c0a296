"""Working memory for kernels, kept per thread: fresh pages cost more than the work done in them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

KEPT_BYTES = 64 << 20
"""Larger buffers are given back after use, so that one huge mask does not stay in memory for good."""


class Scratch(threading.local):
    """Named buffers of the calling thread. What :meth:`take` returns is good until the same name is taken again."""

    def __init__(self) -> None:
        self._buffers: dict[str, NDArray[np.uint8]] = {}

    def take(self, name: str, n: int, dtype: type[Number]) -> NDArray[Number]:
        """Return ``n`` numbers of any content.

        Args:
            name: two arrays in use at one time need two names.
            n: how many.
            dtype: their type.
        """
        n_bytes = n * np.dtype(dtype).itemsize
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < n_bytes:
            buffer = np.empty(n_bytes + (n_bytes >> 2), np.uint8)
            if n_bytes <= KEPT_BYTES:
                self._buffers[name] = buffer
        return buffer[:n_bytes].view(dtype)

    def zeros(self, name: str, n: int, dtype: type[Number]) -> NDArray[Number]:
        """Return ``n`` zeros; otherwise as :meth:`take`."""
        array = self.take(name, n, dtype)
        array[:] = 0
        return array


scratch = Scratch()
