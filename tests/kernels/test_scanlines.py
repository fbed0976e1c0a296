"""Runs from filtered scanlines against plain unfiltering, for every filter, depth and kind of row."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import deflate
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import JIT_OFF
from kernels.png_twins import guess, unfiltered_after
from prelabel.kernels import scanlines
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.kernels.scanline_pixels import GREY, GREY_ALPHA, PACKED, RGB, RGBA, WORD
from prelabel.kernels.scanlines import LineFormat, runs_from_lines
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

FORMATS = {
    "grey": LineFormat(GREY, 8),
    "word": LineFormat(WORD, 16),
    "rgb": LineFormat(RGB, 24),
    "rgba": LineFormat(RGBA, 32),
    "grey alpha": LineFormat(GREY_ALPHA, 16),
    "1 bit": LineFormat(PACKED, 1),
    "2 bits": LineFormat(PACKED, 2, 85),
    "4 bits": LineFormat(PACKED, 4, 17),
}
FILTERS = range(5)


# The slow twin


def neighbours(rows: Bytes, y: int, x: int, n_bytes: int) -> tuple[int, int, int]:
    """Return the bytes left, above and above left; 0 outside of the image."""
    left = int(rows[y, x - n_bytes]) if x >= n_bytes else 0
    up = int(rows[y - 1, x]) if y else 0
    return left, up, int(rows[y - 1, x - n_bytes]) if y and x >= n_bytes else 0


def filtered(rows: Bytes, filters: list[int], n_bytes: int) -> Bytes:
    """Return the scanlines of these rows of bytes."""
    lines = np.zeros((rows.shape[0], rows.shape[1] + 1), np.uint8)
    for y, kind in enumerate(filters):
        lines[y, 0] = kind
        for x in range(rows.shape[1]):
            lines[y, 1 + x] = (int(rows[y, x]) - guess(kind, *neighbours(rows, y, x, n_bytes))) % 256
    return lines.reshape(-1)


def unfiltered(lines: Bytes, height: int, n_bytes: int) -> Bytes:
    """Return the rows of bytes of these scanlines."""
    table = lines.reshape(height, -1)
    rows = np.zeros((height, table.shape[1] - 1), np.uint8)
    for y in range(height):
        for x in range(rows.shape[1]):
            rows[y, x] = (int(table[y, 1 + x]) + guess(int(table[y, 0]), *neighbours(rows, y, x, n_bytes))) % 256
    return rows


def pixels_of(rows: Bytes, width: int, form: LineFormat) -> NDArray[np.uint32]:
    """Return the run value of every pixel of these rows of bytes."""
    height = len(rows)
    values: NDArray[np.uint32]
    if form.kind == PACKED:
        bits = np.unpackbits(rows, axis=1)[:, : width * form.bits].reshape(height, width, form.bits)
        weights = (form.scale << np.arange(form.bits)[::-1]).astype(np.uint32)
        values = (bits * weights).sum(2, dtype=np.uint32)
        return values
    channels = rows.reshape(height, width, -1).astype(np.uint32)
    if form.kind == GREY:
        values = channels[..., 0]
    elif form.kind == WORD:
        values = channels[..., 0] << np.uint32(8) | channels[..., 1]
    elif form.kind == GREY_ALPHA:
        values = channels[..., 0]
    else:
        values = channels[..., 0] << np.uint32(16) | channels[..., 1] << np.uint32(8) | channels[..., 2]
    if form.kind in {RGBA, GREY_ALPHA}:
        values[channels[..., -1] == 0] = TRANSPARENT
    return values


def check(lines: Bytes, width: int, height: int, form: LineFormat, expected: NDArray[np.uint32]) -> None:
    """Assert that the runs are those of these pixels: maximal, in order, of the right types."""
    runs = runs_from_lines(lines, width, height, form)
    twin = runs_from_array(expected)
    assert runs is not None
    assert runs.width == width
    assert [str(a.dtype) for a in (runs.row_offsets, runs.starts, runs.values)] == ["int32", "int32", "uint32"]
    assert runs.row_offsets.tolist() == twin.row_offsets.tolist()
    assert runs.starts.tolist() == twin.starts.tolist()
    assert runs.values.tolist() == twin.values.tolist()


@st.composite
def byte_rows(draw: st.DrawFn, form: LineFormat) -> tuple[Bytes, int]:
    """Draw rows of bytes as masks have them: few values, rows like the one above, shifted a little or new."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_bytes = (form.bits + 7) // 8
    n_columns = form.n_bytes(width) // n_bytes
    n_colors = draw(st.sampled_from([1, 2, 3, 300]))
    colors = rng.integers(0, 256, (n_colors, n_bytes), np.uint8)
    if draw(st.booleans()):
        colors[:, -1] = rng.choice([0, 1, 255], n_colors)  # an alpha of 0 hides its colour
    rows = np.empty((height, n_columns), np.int64)
    for y in range(height):
        rows[y] = np.repeat(rng.integers(0, n_colors, n_columns), rng.integers(1, 12, n_columns))[:n_columns]
        if y and draw(st.booleans()):
            rows[y] = np.roll(rows[y - 1], draw(st.integers(-1, 1)))
    return colors[rows].reshape(height, -1), width


@settings(max_examples=20 if JIT_OFF else 150)
@pytest.mark.parametrize("name", FORMATS)
@given(st.data())
def test_runs_are_those_of_the_unfiltered_pixels(name: str, data: st.DataObject) -> None:
    """Any mix of filters, on rows as masks have them."""
    form = FORMATS[name]
    rows, width = data.draw(byte_rows(form))
    filters = data.draw(st.lists(st.sampled_from(FILTERS), min_size=len(rows), max_size=len(rows)))
    lines = filtered(rows, filters, (form.bits + 7) // 8)
    check(lines, width, len(rows), form, pixels_of(rows, width, form))


@settings(max_examples=20 if JIT_OFF else 150)
@pytest.mark.parametrize("name", FORMATS)
@given(st.data())
def test_any_residuals_have_their_runs(name: str, data: st.DataObject) -> None:
    """Residuals no writer would choose: sparse ones, which wander through all guesses, or noise."""
    form = FORMATS[name]
    width, height = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 6))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    lines = rng.integers(0, 256, (height, 1 + form.n_bytes(width)), np.uint8)
    lines *= rng.random(lines.shape) < data.draw(st.sampled_from([0, 0.03, 0.2, 1]))
    lines[:, 0] = data.draw(st.lists(st.sampled_from(FILTERS), min_size=height, max_size=height))
    rows = unfiltered(lines.reshape(-1), height, (form.bits + 7) // 8)
    check(lines.reshape(-1), width, height, form, pixels_of(rows, width, form))


@pytest.mark.skipif(JIT_OFF, reason="needs the compiled kernels for this many pixels")
@pytest.mark.parametrize("kind", FILTERS)
@pytest.mark.parametrize("name", FORMATS)
def test_thousands_of_images_of_one_filter(name: str, kind: int) -> None:
    """Two thousand small images for each filter and depth, unfiltered by a vectorised twin of the slow one."""
    form = FORMATS[name]
    n_bytes = (form.bits + 7) // 8
    rng = np.random.default_rng([kind, form.kind, form.bits])
    for _ in range(2000):
        width, height = (int(n) for n in rng.integers(1, [70, 6]))
        lines = rng.integers(0, 256, (height, 1 + form.n_bytes(width)), np.uint8)
        lines *= rng.random(lines.shape) < rng.choice([0.02, 0.1, 0.6])
        lines[:, 0] = kind
        lines = lines.reshape(-1)
        rows = quickly_unfiltered(lines, height, n_bytes)
        check(lines, width, height, form, pixels_of(rows, width, form))


def quickly_unfiltered(lines: Bytes, height: int, n_bytes: int) -> Bytes:
    """Return what :func:`unfiltered` does, a row of one filter at a time; Pillow's own decoder does the rest."""
    table = lines.reshape(height, -1)
    rows = np.zeros((height, table.shape[1] - 1), np.uint8)
    above = np.zeros(rows.shape[1], np.uint8)
    for y in range(height):
        kind, residuals = int(table[y, 0]), table[y, 1:]
        if kind == 0:
            rows[y] = residuals
        elif kind == 2:
            rows[y] = residuals + above
        elif kind == 1:
            rows[y] = np.add.accumulate(residuals.reshape(-1, n_bytes), axis=0, dtype=np.uint8).reshape(-1)
        else:
            rows[y] = unfiltered_after(above, table[y].tolist(), n_bytes)
        above = rows[y]
    return rows


def test_the_quick_twin_is_the_slow_twin() -> None:
    """Otherwise the test above would show less."""
    rng = np.random.default_rng(5)
    for n_bytes in (1, 2, 3, 4):
        lines = rng.integers(0, 256, (6, 1 + 12), np.uint8)
        lines[:, 0] = [4, 3, 2, 1, 0, 4]
        lines = lines.reshape(-1)
        assert quickly_unfiltered(lines, 6, n_bytes).tolist() == unfiltered(lines, 6, n_bytes).tolist()


@pytest.mark.parametrize("name", FORMATS)
def test_noise_outgrows_the_first_arrays(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pixel a run, in rows of every filter: the kernel stops for room and goes on with the same state."""
    form = FORMATS[name]
    width, height = (20, 10) if JIT_OFF else (300, 180)
    n_calls = 0
    kernel = "read_bit_lines" if form.bits == 1 else "_read_lines"
    read_lines: Callable[..., int] = getattr(scanlines, kernel)

    def counted(*arguments: Any) -> int:
        nonlocal n_calls
        n_calls += 1
        return read_lines(*arguments)

    monkeypatch.setattr(scanlines, kernel, counted)
    rng = np.random.default_rng(9)
    lines = rng.integers(0, 256, (height, 1 + form.n_bytes(width)), np.uint8)
    lines[:, 0] = np.arange(height) % 5
    rows = quickly_unfiltered(lines.reshape(-1), height, (form.bits + 7) // 8)
    with ThreadPoolExecutor(1) as fresh:  # a thread of its own has no memory left from other masks
        fresh.submit(check, lines.reshape(-1), width, height, form, pixels_of(rows, width, form)).result()
    assert JIT_OFF or n_calls > 1


def test_repeated_rows_after_growth_are_the_rows_above() -> None:
    """Rows of nothing but zeros under Up and Paeth copy the row before, also when the arrays were just replaced."""
    width, height = 64, 200
    lines = np.zeros((height, 1 + width), np.uint8)
    lines[:, 0] = [1, *([2, 4] * height)[: height - 1]]
    lines[0, 1:] = 1
    expected = np.broadcast_to(np.arange(1, width + 1, dtype=np.uint32), (height, width))
    with ThreadPoolExecutor(1) as fresh:  # as above
        fresh.submit(check, lines.reshape(-1), width, height, FORMATS["grey"], np.ascontiguousarray(expected)).result()


@pytest.mark.parametrize("kind", [5, 6, 127, 128, 255])
@pytest.mark.parametrize("row", [0, 1, 3])
@pytest.mark.parametrize("name", ["grey", "1 bit", "rgb"])
def test_a_filter_png_does_not_know(name: str, row: int, kind: int) -> None:
    """It may stand in any row."""
    form = FORMATS[name]
    lines = np.zeros((4, 1 + form.n_bytes(9)), np.uint8)
    lines[row, 0] = kind
    assert runs_from_lines(lines.reshape(-1), 9, 4, form) is None


@pytest.mark.parametrize("n_bytes", [0, 39, 41])
def test_too_few_or_too_many_bytes_are_a_mistake(n_bytes: int) -> None:
    """Kernels do not look beyond their arrays because this is checked before."""
    with pytest.raises(ValueError, match=rf"4 rows of 1 \+ 9 bytes are 40 bytes; got {n_bytes}"):
        runs_from_lines(np.zeros(n_bytes, np.uint8), 9, 4, FORMATS["grey"])


@pytest.mark.parametrize("width", [1, 7, 8, 9, 63, 64, 65, 128, 200])
@pytest.mark.parametrize("inverted", [False, True])
def test_rows_of_single_bits(width: int, inverted: bool) -> None:
    """Borders at every place of a word of 64 pixels; what lies in the bits after the last pixel does not matter."""
    height = width
    rows = np.zeros((height, (width + 7) // 8 * 8), np.uint8)
    rows[np.arange(height), np.arange(width)] = 1
    rows[:, width:] = np.random.default_rng(width).integers(0, 2, rows[:, width:].shape, np.uint8)
    packed = np.packbits(rows ^ np.uint8(inverted), axis=1)
    expected = (rows[:, :width] ^ np.uint8(inverted)).astype(np.uint32)
    for kind in (0, 1, 2):
        lines = filtered(packed, [kind] * height, 1) if width < 66 else filtered_quickly(packed)
        check(lines, width, height, FORMATS["1 bit"], expected)


def filtered_quickly(rows: Bytes) -> Bytes:
    """Return the rows with filter None."""
    return np.pad(rows, ((0, 0), (1, 0))).reshape(-1)


def test_inflated_pixels_are_read_without_a_copy() -> None:
    """What libdeflate gives is a writable buffer; the kernels take it as well as a read-only one."""
    rows = np.random.default_rng(2).integers(0, 3, (5, 11), np.uint8)
    lines = filtered(rows, [0, 1, 2, 3, 4], 1)
    inflated = deflate.zlib_decompress(zlib.compress(lines.tobytes()), len(lines))
    for buffer in (inflated, bytes(inflated)):
        runs = runs_from_lines(np.frombuffer(buffer, np.uint8), 11, 5, FORMATS["grey"])
        assert runs is not None
        assert runs_to_array(runs).tolist() == rows.tolist()


def test_rows_of_16_bits_put_the_high_byte_first() -> None:
    """PNG's byte order, and the greatest value."""
    lines = np.array([0, 1, 2, 255, 255], np.uint8)
    runs = runs_from_lines(lines, 2, 1, FORMATS["word"])
    assert runs is not None
    assert runs.values.tolist() == [0x0102, 0xFFFF]


@pytest.mark.parametrize("width", [1, 3, 50])
def test_no_more_runs_than_allowed(width: int) -> None:
    """Just as many are made, and not one more; beyond it the arrays stop growing."""
    height = 400
    rows = np.arange(width * height, dtype=np.uint32).astype(np.uint8).reshape(height, width)
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows]).reshape(-1)
    n_runs = width * height
    runs = runs_from_lines(lines, width, height, LineFormat(GREY, 8), max_runs=n_runs)
    assert runs is not None
    assert len(runs.starts) == n_runs
    with pytest.raises(OverflowError, match=f"more than {n_runs - 1} runs"):
        runs_from_lines(lines, width, height, LineFormat(GREY, 8), max_runs=n_runs - 1)
