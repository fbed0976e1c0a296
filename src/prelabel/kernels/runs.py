"""Pixels to runs, and runs to runs (docs/architecture.md, "Runs")."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from prelabel.kernels._jit import inlined, kernel, load_word, read_only, trailing_zeros
from prelabel.kernels.scratch import scratch
from prelabel.model import TRANSPARENT, Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.model import Int32Array, UInt32Array

RO_U1 = read_only("uint8")
RO_I4 = read_only("int32")
RO_U4 = read_only("uint32")

Number = TypeVar("Number", bound=np.generic)

GREY, RGB, RGBA = 0, 1, 2

IGNORED, UNKNOWN = 0xFFFFFFFE, 0xFFFFFFFD
"""What a table of classes says of values that are left out on purpose; and what is said of those it does not have."""

N_RECENT = 256

# Indices that are surely not negative are unsigned: numba then leaves out its test for negative ones.
U8 = np.uint64


@inlined
def _value_at(pixels: NDArray[np.uint8], offset: int, n_bytes: int, kind: int) -> int:
    """Return the run value of the pixel whose bytes start at ``offset``: little-endian grey, or packed 0xRRGGBB."""
    if kind == GREY:
        value = np.uint32(pixels[offset])
        for k in range(1, n_bytes):
            value |= np.uint32(pixels[offset + k]) << np.uint32(8 * k)
        return value
    if kind == RGBA and pixels[offset + 3] == 0:
        return np.uint32(TRANSPARENT)
    red, green, blue = np.uint32(pixels[offset]), np.uint32(pixels[offset + 1]), np.uint32(pixels[offset + 2])
    return (red << np.uint32(16)) | (green << np.uint32(8)) | blue


@inlined
def _is_flat(pixels: NDArray[np.uint8], at: int, n_bytes: int) -> bool:
    """Tell whether 32 bytes are those one pixel before."""
    return (
        (load_word(pixels, at) ^ load_word(pixels, at - n_bytes))
        | (load_word(pixels, at + 8) ^ load_word(pixels, at + 8 - n_bytes))
        | (load_word(pixels, at + 16) ^ load_word(pixels, at + 16 - n_bytes))
        | (load_word(pixels, at + 24) ^ load_word(pixels, at + 24 - n_bytes))
    ) == 0


@kernel(f"int64({RO_U1}, int64, int64, int64, int64, int64, int32[::1], int32[::1], uint32[::1])")
def _scan_rows(
    pixels: NDArray[np.uint8],
    width: int,
    height: int,
    n_bytes: int,
    kind: int,
    first_row: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
) -> int:
    """Append the runs of rows ``first_row`` on, as long as a whole row surely fits, comparing eight bytes at a time.

    Args:
        pixels: uint8, height * width * n_bytes, row after row.
        width: pixels in a row, at least 1.
        height: rows.
        n_bytes: bytes of a pixel, 1 to 4.
        kind: GREY (little-endian integer), RGB or RGBA.
        first_row: where to go on; runs before it are already in place.
        row_offsets: int32, height + 1, written.
        starts: int32, written.
        values: uint32, written.

    Returns:
        The row to go on with: ``height`` when done, less when ``starts`` has no room for one more row.
    """
    n_runs, one = U8(row_offsets[first_row]), U8(1)
    room = U8(len(starts))
    row_bytes = width * n_bytes
    for y in range(first_row, height):
        if n_runs + U8(width) > room:
            return y
        begin = y * row_bytes
        end = begin + row_bytes
        last_value = _value_at(pixels, begin, n_bytes, kind)
        starts[n_runs] = 0
        values[n_runs] = last_value
        n_runs += one
        last_x = np.int64(0)
        at = begin + n_bytes
        while at < end:
            # A byte that differs from the one a pixel before marks a border; most words differ nowhere.
            if at + 8 <= end:
                word = load_word(pixels, at) ^ load_word(pixels, at - n_bytes)
                step = np.int64(8)
            else:
                word = np.int64(0)
                step = end - at
                for k in range(step):
                    if pixels[at + k] != pixels[at + k - n_bytes]:
                        word |= np.int64(1) << (8 * k)
            at += step
            if word == 0:
                while at + 32 <= end and _is_flat(pixels, at, n_bytes):
                    at += 32
            while word != 0:
                shift = trailing_zeros(word) & ~7
                word &= ~(np.int64(255) << shift)
                byte = at - step + (shift >> 3) - begin
                x = byte if n_bytes == 1 else (byte // 3 if n_bytes == 3 else byte >> (n_bytes >> 1))
                if x != last_x:
                    last_x = x
                    value = _value_at(pixels, begin + x * n_bytes, n_bytes, kind)
                    if value != last_value:  # two transparent pixels may differ in colour
                        starts[n_runs] = x
                        values[n_runs] = value
                        last_value = value
                        n_runs += one
        row_offsets[y + 1] = n_runs
    return height


def runs_from_array(array: NDArray[np.generic]) -> Runs:
    """Run-length-encode pixels.

    Args:
        array: height x width of bool or integers of at most 32 bits (negative numbers are refused), or
            height x width x 3 (RGB) or x 4 (RGBA, alpha 0 becomes ``TRANSPARENT``) of uint8. Any layout, writable or
            not. A uint32 of 4294967295 is ``TRANSPARENT`` too.

    Returns:
        The runs; values are grey values or packed 0xRRGGBB.

    Raises:
        ValueError: wrong number of dimensions, no pixels, a dtype that is no mask, or negative values.
    """
    kind, n_bytes, height, width = _check_pixels(array)
    pixels = _as_bytes(array)
    row_offsets = np.zeros(height + 1, np.int32)
    capacity = max(2 * width, min(width * height, (width * height >> 5) + 4096))
    starts, values = np.empty(capacity, np.int32), np.empty(capacity, np.uint32)
    row = 0
    while True:
        row = _scan_rows(pixels, width, height, n_bytes, kind, row, row_offsets, starts, values)
        if row == height:
            break
        capacity = min(2 * capacity + width, width * height + width)
        starts, values = _grown(starts, capacity), _grown(values, capacity)
    n_runs = int(row_offsets[height])
    return Runs(width, row_offsets, starts[:n_runs], values[:n_runs])


def _check_pixels(array: NDArray[np.generic]) -> tuple[int, int, int, int]:
    """Return (kind, bytes per pixel, height, width) of an array that can be a mask."""
    shape, dtype = array.shape, array.dtype
    if array.size == 0:
        raise ValueError(f"a mask needs at least one pixel; got shape {shape}")
    if array.ndim == 3 and shape[2] in {3, 4}:
        if dtype != np.uint8:
            raise ValueError(f"a colour mask needs 8-bit channels (uint8); got {dtype}")
        kind, n_bytes = (RGB, 3) if shape[2] == 3 else (RGBA, 4)
    elif array.ndim == 2:
        if dtype.kind not in "bui" or dtype.itemsize > 4:
            if dtype.kind not in "ui":
                raise ValueError(f"a mask holds integers of at most 32 bits; got {dtype}: convert it first")
            if int(array.max()) >= TRANSPARENT:
                raise ValueError(f"a mask holds integers below {TRANSPARENT}; got {array.max()}: renumber the labels")
            n_bytes = 4
        else:
            n_bytes = dtype.itemsize
        if dtype.kind == "i" and int(array.min()) < 0:
            raise ValueError(f"a mask holds no negative values; got {array.min()}: map them to 0 or a class first")
        kind = GREY
    else:
        raise ValueError(f"a mask is height x width, or height x width x 3 or 4; got shape {shape}")
    if shape[0] * shape[1] > 2**31 - 1:
        raise ValueError(f"a mask has at most 2**31 - 1 pixels; got shape {shape}")
    return kind, n_bytes, shape[0], shape[1]


def _as_bytes(array: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return the pixels as flat little-endian bytes, copying only where the layout asks for it."""
    if array.dtype == np.bool_:  # True may be any byte but 0: Pillow's 1-bit images have 255
        array = np.not_equal(array.view(np.uint8), 0)
    elif array.dtype.itemsize > 4:
        array = array.astype(np.uint32)
    elif array.dtype.byteorder == ">" or (array.dtype.byteorder == "=" and not np.little_endian):
        array = array.astype(array.dtype.newbyteorder("<"))
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)


def _grown(array: NDArray[Number], capacity: int) -> NDArray[Number]:
    bigger = np.empty(capacity, array.dtype)
    bigger[: len(array)] = array
    return bigger


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, int32[::1], int32[::1], uint32[::1])")
def _merge_equal(
    height: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    out_offsets: Int32Array,
    out_starts: Int32Array,
    out_values: UInt32Array,
) -> int:
    """Copy runs, joining neighbours of one row that have the same value. Returns the number written."""
    n_out = 0
    for y in range(height):
        out_offsets[y] = n_out
        for i in range(row_offsets[y], row_offsets[y + 1]):
            if i == row_offsets[y] or values[i] != out_values[n_out - 1]:
                out_starts[n_out] = starts[i]
                out_values[n_out] = values[i]
                n_out += 1
    out_offsets[height] = n_out
    return np.int64(n_out)


def with_values(runs: Runs, values: UInt32Array) -> Runs:
    """Return the runs with other values, neighbours of equal value joined.

    Args:
        runs: the mask.
        values: uint32, one per run.

    Returns:
        New runs; the given arrays are not changed.
    """
    out_offsets = np.empty_like(runs.row_offsets)
    out_starts, out_values = np.empty_like(runs.starts), np.empty_like(values)
    n_runs = _merge_equal(runs.height, runs.row_offsets, runs.starts, values, out_offsets, out_starts, out_values)
    return Runs(runs.width, out_offsets, out_starts[:n_runs], out_values[:n_runs])


@kernel(f"void(int64, {RO_I4}, {RO_I4}, int32[::1])")
def _run_lengths(width: int, row_offsets: Int32Array, starts: Int32Array, lengths: Int32Array) -> None:
    """Write each run's number of pixels."""
    for y in range(len(row_offsets) - 1):
        end = row_offsets[y + 1]
        for i in range(row_offsets[y], end):
            lengths[i] = (starts[i + 1] if i + 1 < end else width) - starts[i]


def run_lengths(runs: Runs) -> Int32Array:
    """Return int32, one per run: its number of pixels."""
    lengths = np.empty(len(runs.starts), np.int32)
    _run_lengths(runs.width, runs.row_offsets, runs.starts, lengths)
    return lengths


@kernel(
    f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_U4}, {RO_U4}, uint32[::1], int32[::1], int32[::1], uint32[::1],"
    " int64[::1])"
)
def _classify(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    keys: UInt32Array,
    targets: UInt32Array,
    recent: UInt32Array,
    out_offsets: Int32Array,
    out_starts: Int32Array,
    out_values: UInt32Array,
    n_pixels: NDArray[np.int64],
) -> int:
    """Translate the runs' values, join neighbours that become equal, and count the pixels of each kind.

    A direct-mapped table of recent answers comes before the binary search: masks hold few values, over and over.

    Args:
        width, row_offsets, starts, values: the runs.
        keys, targets: uint32: what each value that is a key becomes, keys ascending.
        recent: uint32 scratch, 2 x N_RECENT: recent values and their answers.
        out_offsets, out_starts, out_values: the new runs, written.
        n_pixels: int64, 4, written: pixels of a class, ignored, unknown, background.

    Returns:
        The number of runs written.
    """
    for slot in range(N_RECENT):  # with values that belong elsewhere
        recent[slot] = 1 if slot == 0 else 0
    answers = U8(N_RECENT)
    n_out, one = U8(0), U8(1)
    n_class = n_ignored = n_unknown = np.int64(0)
    for y in range(len(row_offsets) - 1):
        out_offsets[y] = n_out
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        last = np.uint32(UNKNOWN)
        for i in range(begin, end):
            value = values[i]
            slot = U8((value ^ (value >> np.uint32(8)) ^ (value >> np.uint32(16))) & np.uint32(N_RECENT - 1))
            if recent[slot] != value:
                k = np.searchsorted(keys, value)
                is_known = k < len(keys) and keys[k] == value
                is_background = value == 0 or value == np.uint32(TRANSPARENT)
                recent[answers + slot] = targets[k] if is_known else np.uint32(0 if is_background else UNKNOWN)
                recent[slot] = value
            target = recent[answers + slot]
            length = np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
            n_ignored += length * (target == np.uint32(IGNORED))
            n_unknown += length * (target == np.uint32(UNKNOWN))
            target = target if target < np.uint32(UNKNOWN) else np.uint32(0)
            n_class += length * (target != 0)
            out_starts[n_out], out_values[n_out] = starts[i], target
            n_out += U8(target != last)
            last = target
    out_offsets[len(row_offsets) - 1] = n_out
    n_pixels[0], n_pixels[1], n_pixels[2] = n_class, n_ignored, n_unknown
    n_pixels[3] = np.int64(width) * (len(row_offsets) - 1) - n_class - n_ignored - n_unknown
    return np.int64(n_out)


def classify_runs(runs: Runs, keys: UInt32Array, targets: UInt32Array) -> tuple[Runs, tuple[int, int, int, int]]:
    """Turn values into classes.

    Args:
        runs: the mask.
        keys: uint32, ascending, no repeats: the values that are known.
        targets: uint32, one per key: its class from 1, or ``IGNORED``.

    Returns:
        The mask with classes, 0 where there is none, and how many pixels have a class, are ignored, have a value that
        is no key, and are background: 0 or transparent, and no key.
    """
    out_offsets = np.empty(len(runs.row_offsets), np.int32)
    out_starts, out_values = np.empty(len(runs.starts) + 1, np.int32), np.empty(len(runs.starts) + 1, np.uint32)
    n_pixels = np.empty(4, np.int64)
    n_runs = _classify(
        runs.width,
        runs.row_offsets,
        runs.starts,
        runs.values,
        keys,
        targets,
        scratch.at_least("recent", 2 * N_RECENT, np.uint32),
        out_offsets,
        out_starts,
        out_values,
        n_pixels,
    )
    n_class, n_ignored, n_unknown, n_background = n_pixels.tolist()
    classes = Runs(runs.width, out_offsets, out_starts[:n_runs], out_values[:n_runs])
    return classes, (n_class, n_ignored, n_unknown, n_background)


@kernel(f"UniTuple(int64, 2)(int64, {RO_I4}, {RO_I4}, {RO_U4})")
def _count_background(width: int, row_offsets: Int32Array, starts: Int32Array, values: UInt32Array) -> tuple[int, int]:
    """Count the pixels of value 0, and the transparent ones."""
    n_zero = n_transparent = np.int64(0)
    one = U8(1)
    for y in range(len(row_offsets) - 1):
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        for i in range(begin, end):
            length = np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
            n_zero += length * (values[i] == 0)
            n_transparent += length * (values[i] == np.uint32(TRANSPARENT))
    return n_zero, n_transparent


def count_background(runs: Runs) -> tuple[int, int]:
    """Return how many pixels have the value 0, and how many are transparent."""
    return _count_background(runs.width, runs.row_offsets, runs.starts, runs.values)


@kernel(f"int64(int64, {RO_I4}, {RO_I4}, {RO_U4}, {RO_U4}, uint32[::1], int64[::1])")
def _count_unknown(
    width: int,
    row_offsets: Int32Array,
    starts: Int32Array,
    values: UInt32Array,
    keys: UInt32Array,
    slot_values: UInt32Array,
    slot_pixels: NDArray[np.int64],
) -> int:
    """Add up the pixels of each value that is no key, 0 and transparent ones left out: a hash table, probed in line.

    Args:
        width, row_offsets, starts, values: the runs.
        keys: uint32, ascending.
        slot_values: uint32, a power of two of slots, written.
        slot_pixels: int64, likewise, zeros, written: 0 for an empty slot, -1 for a key's.

    Returns:
        The number of slots in use; one more than half of them when there is no room for all values.
    """
    mask, n_used, one = U8(len(slot_values) - 1), 0, U8(1)
    for y in range(len(row_offsets) - 1):
        begin, end = U8(row_offsets[y]), U8(row_offsets[y + 1])
        for i in range(begin, end):
            value = values[i]
            if value == 0 or value == np.uint32(TRANSPARENT):
                continue
            slot = ((U8(value) * U8(0x9E3779B1)) >> U8(15)) & mask
            while slot_pixels[slot] != 0 and slot_values[slot] != value:
                slot = (slot + one) & mask
            if slot_pixels[slot] == 0:
                n_used += 1
                if n_used > len(slot_values) >> 1:
                    return n_used
                k = np.searchsorted(keys, value)
                slot_values[slot] = value
                slot_pixels[slot] = -1 if k < len(keys) and keys[k] == value else 0
            if slot_pixels[slot] >= 0:
                slot_pixels[slot] += np.int64(starts[i + one] if i + one < end else width) - np.int64(starts[i])
    return n_used


def count_unknown(runs: Runs, keys: UInt32Array) -> tuple[UInt32Array, NDArray[np.int64]]:
    """Return the values that are no key, most pixels first, and how many pixels each has; not 0 and transparent.

    Args:
        runs: the mask.
        keys: uint32, ascending.
    """
    n_slots = 1 << 10
    while True:
        values, pixels = np.empty(n_slots, np.uint32), np.zeros(n_slots, np.int64)
        n_used = _count_unknown(runs.width, runs.row_offsets, runs.starts, runs.values, keys, values, pixels)
        if n_used <= n_slots >> 1:
            break
        n_slots <<= 3
    values, pixels = values[pixels > 0], pixels[pixels > 0]
    order = np.lexsort((values, -pixels))
    return values[order], pixels[order]


def runs_to_array(runs: Runs) -> UInt32Array:
    """Return the pixels, height x width of uint32: what :func:`runs_from_array` read, colours packed."""
    return np.repeat(runs.values, run_lengths(runs)).reshape(runs.height, runs.width)
