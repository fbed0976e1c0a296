"""Paeth's guess against the PNG specification's words; whole rows are tested with the runs they become."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prelabel.kernels._jit import kernel
from prelabel.kernels.scanline_filters import paeth


@kernel("int64(int64, int64, int64)")
def guess(a: int, b: int, c: int) -> int:
    """Call it from compiled code, the only place it can be called from."""
    return paeth(a, b, c)


def specified(a: int, b: int, c: int) -> int:
    """Return the nearest of three bytes to a + b - c, ties in the order left, above, upper left."""
    p = a + b - c
    return min((a, b, c), key=lambda byte: abs(p - byte))


channel = st.sampled_from((0, 1, 7, 128, 254, 255)) | st.integers(0, 255)
pixel = st.lists(channel, min_size=4, max_size=4)


@given(pixel, pixel, pixel, st.sampled_from(("", "b=c", "a=c", "a=b")))
def test_paeth_is_guessed_byte_by_byte(a: list[int], b: list[int], c: list[int], equal: str) -> None:
    """Also where neighbours are equal, which is decided without looking at bytes."""
    a, b, c = {"": (a, b, c), "b=c": (a, b, b), "a=c": (a, b, a), "a=b": (a, a, c)}[equal]

    found = int(guess(*(int.from_bytes(bytes(part), "little") for part in (a, b, c))))

    assert list(found.to_bytes(4, "little")) == [specified(*bytes_) for bytes_ in zip(a, b, c, strict=True)]
