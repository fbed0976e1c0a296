"""Foreign exceptions to :class:`MaskError`: part of stage 4, see decode.py."""

from __future__ import annotations

import re

from prelabel.errors import MaskError

_ADDRESS = re.compile(" object at 0x[0-9A-Fa-f]+")  # would make messages differ from run to run


class refusing:  # noqa: N801 - reads as the function it would be, were a generator not felt on small masks
    """Turn every error of a decoder in the block into a :class:`MaskError`.

    Pillow and numpy promise no set of exceptions for hostile bytes (struct.error, IndexError, zlib.error and more), so
    all of them are taken.

    Args:
        what: what cannot be done, for the message.
        shape: (height, width) in pixels, where it is known.

    Raises:
        MaskError: the block raised.
    """

    def __init__(self, what: str, shape: tuple[int, ...] | None = None) -> None:
        self._what = what
        self._shape = shape

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, MaskError):
            error.shape = error.shape or self._shape
        elif isinstance(error, Exception):
            raise MaskError(f"{self._what}: {_reason(error)}", shape=self._shape) from error


def _reason(error: Exception) -> str:
    """Say what happened, and what to do."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for it"
    if isinstance(error, OSError | ValueError | SyntaxError | Warning):
        return f"{_ADDRESS.sub('', str(error))[:200]}; export it again"
    return f"{type(error).__name__} in it; export it again"
