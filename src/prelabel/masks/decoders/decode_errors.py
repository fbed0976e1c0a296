"""Foreign exceptions to :class:`MaskError`: part of stage 4, see decode.py."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prelabel.errors import MaskError

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(" object at 0x[0-9A-Fa-f]+")  # would make messages differ from run to run


@contextmanager
def refusing(what: str, shape: tuple[int, ...] | None = None) -> Iterator[None]:
    """Turn every error of a decoder into a :class:`MaskError`.

    Pillow and numpy promise no set of exceptions for hostile bytes (struct.error, IndexError, zlib.error and more), so
    all of them are taken.

    Args:
        what: what cannot be done, for the message.
        shape: (height, width) in pixels, where it is known.

    Raises:
        MaskError: the block raised.
    """
    try:
        yield
    except MaskError as error:
        error.shape = error.shape or shape
        raise
    except MemoryError as error:
        raise MaskError(f"{what}: there is not enough memory for it", shape=shape) from error
    except (OSError, ValueError, SyntaxError, Warning) as error:
        reason = _ADDRESS.sub("", str(error))[:200]
        raise MaskError(f"{what}: {reason}; export it again", shape=shape) from error
    except Exception as error:
        raise MaskError(f"{what}: {type(error).__name__} in it; export it again", shape=shape) from error
