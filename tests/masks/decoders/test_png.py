"""The fast road and the checks Pillow leaves out, on files made chunk by chunk; both roads must agree on every one."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from conftest import JIT_OFF
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.masks.decoders import decode
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.decoders.png import PngFile, check_pixels, read_png, read_usual, split_chunks
from prelabel.masks.limits import MaskLimits

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import MaskValueKind

KINDS: tuple[MaskValueKind, ...] = ("value", "rgb")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
N_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
FAST_LAYOUTS = [(1, 0), (2, 0), (4, 0), (8, 0), (16, 0), (8, 2), (1, 3), (2, 3), (4, 3), (8, 3), (8, 4), (8, 6)]


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one PNG chunk with its right length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    width: int, height: int, scanlines: bytes, *, depth: int = 8, colour_type: int = 0, interlaced: int = 0
) -> bytes:
    """Return a PNG file around these scanlines, however many there are."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlaced)
    chunks = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(scanlines)), chunk(b"IEND", b"")
    return SIGNATURE + b"".join(chunks)


def file_of(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """Return the file of these chunks."""
    return SIGNATURE + b"".join(chunk(kind, body) for kind, body in chunks)


def chunks_of(
    scanlines: bytes, size: tuple[int, int], layout: tuple[int, int] = (8, 0), palette: bytes = bytes(range(12))
) -> list[tuple[bytes, bytes]]:
    """Return the chunks of a right file of this width and height, depth and colour type."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", *size, *layout, 0, 0, 0))]
    if layout[1] == 3:
        chunks.append((b"PLTE", palette))
    return [*chunks, (b"IDAT", zlib.compress(scanlines)), (b"IEND", b"")]


def outcome(encoded: bytes, kind: MaskValueKind) -> list[list[int]] | str:
    """Return the pixels, or the reason why there are none."""
    try:
        runs = decode_mask(encoded, kind, MaskLimits(max_pixels=1_000_000))
    except MaskError as error:
        return str(error)
    pixels: list[list[int]] = runs_to_array(runs).tolist()
    return pixels


def pillows_outcome(encoded: bytes, kind: MaskValueKind) -> list[list[int]] | str:
    """Return what comes of a file without the fast road."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_read_png", lambda *_: None)
        return outcome(encoded, kind)


def opened(encoded: bytes) -> PngFile | None:
    """Return what the fast road makes of a file's chunks."""
    return read_png(split_chunks(encoded))


def check_png(encoded: bytes) -> None:
    """Check all that Pillow leaves out."""
    check_pixels(split_chunks(encoded))


def is_fast(encoded: bytes) -> bool:
    """Tell whether the fast road goes all the way."""
    file = opened(encoded)
    return file is not None and file.runs(MaskLimits()) is not None


# The fast road


@pytest.mark.parametrize("layout", FAST_LAYOUTS)
def test_usual_files_are_told_at_once(layout: tuple[int, int]) -> None:
    """A header, one IDAT chunk and the end, as the chunks say it; palettes and files of more chunks are not."""
    chunks = chunks_of(b"\0" * 9, (1, 1), layout)
    noted = [*chunks[:-1], (b"tEXt", b"Title\0mask"), chunks[-1]]
    split = [*chunks[:-2], (b"IDAT", chunks[-2][1][:3]), (b"IDAT", chunks[-2][1][3:]), chunks[-1]]

    assert read_usual(file_of(chunks)) == (opened(file_of(chunks)) if layout[1] != 3 else None)
    assert read_usual(file_of(noted)) is None
    assert read_usual(file_of(split)) is None
    assert read_usual(file_of(chunks) + b"more") is None


def test_no_damage_passes_as_usual() -> None:
    """Wherever a byte is another one, or the file ends, all chunks are to be looked at."""
    encoded = file_of(chunks_of(bytes(6), (2, 2)))

    assert read_usual(encoded) is not None
    for place in range(len(SIGNATURE), len(encoded)):
        damaged = bytearray(encoded)
        damaged[place] ^= 1
        assert read_usual(bytes(damaged)) is None
        assert read_usual(encoded[:place]) is None


def test_a_stream_needs_an_end_of_its_own() -> None:
    """What is put behind it for the decompressor's sake is no part of it: a cut off stream is none."""
    whole = zlib.compress(bytes(range(1, 7)) * 50)
    header = (b"IHDR", struct.pack(">IIBBBBB", 299, 1, 8, 0, 0, 0, 0))

    assert is_fast(file_of([header, (b"IDAT", whole), (b"IEND", b"")]))
    for n_missing in (1, 4, 5, 20):
        assert not is_fast(file_of([header, (b"IDAT", whole[:-n_missing]), (b"IEND", b"")]))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_what_pillow_writes_takes_the_fast_road(mode: str) -> None:
    """Every mode Pillow writes, at several compression levels (0 stores, so rows come as they are)."""
    image = Image.fromarray(np.random.default_rng(1).integers(0, 2, (9, 21), np.uint8) * 255).convert(mode)
    for level in (0, 1, 6, 9):
        file = BytesIO()
        image.save(file, "PNG", compress_level=level)
        assert is_fast(file.getvalue())
        for kind in KINDS:
            assert outcome(file.getvalue(), kind) == pillows_outcome(file.getvalue(), kind)


@st.composite
def scanlines(draw: st.DrawFn, width: int, height: int, layout: tuple[int, int]) -> bytes:
    """Draw filters and residuals, few or many of them not 0."""
    n_bytes = (width * layout[0] * N_CHANNELS[layout[1]] + 7) // 8
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lines = rng.integers(0, 256, (height, 1 + n_bytes), np.uint8)
    lines *= rng.random(lines.shape) < draw(st.sampled_from([0, 0.05, 0.3, 1]))
    lines[:, 0] = draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    return lines.tobytes()


@settings(max_examples=100 if JIT_OFF else 1000)
@given(st.data(), st.sampled_from(FAST_LAYOUTS), st.sampled_from(KINDS))
def test_both_roads_read_the_same(data: st.DataObject, layout: tuple[int, int], kind: MaskValueKind) -> None:
    """Any filters and residuals, palettes of any length, any transparency: what Pillow says, texts included."""
    width, height = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 6))
    palette = data.draw(st.binary(min_size=1, max_size=256)) * 3
    chunks = chunks_of(data.draw(scanlines(width, height, layout)), (width, height), layout, palette)
    if layout[1] in {0, 2, 3} and data.draw(st.booleans()):
        n_bytes = {0: 2, 2: 6, 3: data.draw(st.integers(0, 256))}[layout[1]]
        alphas = bytes(data.draw(st.lists(st.sampled_from([0, 1, 2, 255]), min_size=n_bytes, max_size=n_bytes)))
        chunks.insert(-2, (b"tRNS", bytes(n if layout[1] == 3 or i % 2 else 0 for i, n in enumerate(alphas))))
    encoded = file_of(chunks)
    assert is_fast(encoded)
    assert outcome(encoded, kind) == pillows_outcome(encoded, kind)


@st.composite
def hostile_files(draw: st.DrawFn) -> bytes:
    """Draw a file that is nearly right: pixels, header and chunks damaged, the checksums right again."""
    layout = draw(st.sampled_from(FAST_LAYOUTS))
    width, height = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    lines = bytearray(draw(scanlines(width, height, layout)))
    for _ in range(draw(st.integers(0, 2))):
        lines[draw(st.integers(0, len(lines) - 1))] = draw(st.sampled_from([5, 6, 128, 255]))
    lines = lines[: draw(st.integers(0, len(lines)))] if draw(st.booleans()) else lines + draw(st.binary(max_size=9))
    chunks = chunks_of(bytes(lines), (width, height), layout)
    for _ in range(draw(st.integers(0, 2))):
        i = draw(st.integers(0, len(chunks) - 1))
        kind, body = chunks[i]
        what = draw(st.sampled_from(["flip", "cut", "twice", "gone"]))
        if what == "flip" and body:
            at = draw(st.integers(0, len(body) - 1))
            chunks[i] = (kind, body[:at] + draw(st.binary(min_size=1, max_size=1)) + body[at + 1 :])
        elif what == "cut":
            chunks[i] = (kind, body[: draw(st.integers(0, len(body)))])
        elif what == "twice":
            chunks.insert(draw(st.integers(0, len(chunks))), chunks[i])
        elif len(chunks) > 1:
            del chunks[i]
    return file_of(chunks)


@settings(max_examples=200 if JIT_OFF else 2000)
@given(hostile_files(), st.sampled_from(KINDS))
def test_hostile_files_end_as_with_pillow(encoded: bytes, kind: MaskValueKind) -> None:
    """Filters unknown to PNG, pixels too short or too long, headers that lie, chunks twice, cut or gone."""
    assert outcome(encoded, kind) == pillows_outcome(encoded, kind)


def orientation(value: int) -> bytes:
    """Return the body of an eXIf chunk that holds an orientation and nothing else."""
    return b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0%c\0\0\0\0\0\0" % value


XMP = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="%d"/>'
PLAIN = chunks_of(bytes(12), (3, 3))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"eXIf", orientation(6)),
        (b"iTXt", XMP % 6),
        (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n0\n" + orientation(6).hex().encode())),
        (b"tEXt", b"Raw profile type exif\0\nexif\n0\n" + orientation(6).hex().encode()),
    ],
)
@pytest.mark.parametrize("place", [1, 2])
def test_orientations_are_found_wherever_they_hide(kind: bytes, body: bytes, place: int) -> None:
    """In every kind of chunk, before and after the pixels; and the file goes the fast road all the same."""
    encoded = file_of([*PLAIN[:place], (kind, body), *PLAIN[place:]])
    assert is_fast(encoded)
    with pytest.raises(MaskError, match=r"EXIF orientation 6\); save it upright") as caught:
        decode_mask(encoded, "value")
    assert caught.value.shape == (3, 3)
    assert pillows_outcome(encoded, "value") == str(caught.value)


NOTES = [
    (b"eXIf", orientation(1)),
    (b"iTXt", XMP % 1),
    (b"zTXt", b"Comment\0\0" + zlib.compress(b"two classes")),
    (b"tEXt", b"Software\0by hand"),
    (b"tEXt", b"date:create\0today"),
    (b"iCCP", b"sRGB\0\0" + zlib.compress(b"profile")),
    (b"gAMA", b"\0\0\1\0"),
    (b"cHRM", bytes(32)),
    (b"sRGB", b"\0"),
    (b"pHYs", bytes(9)),
    (b"tIME", bytes(7)),
    (b"bKGD", bytes(2)),
    (b"sBIT", b"\x08"),
    (b"hIST", bytes(2)),
    (b"sPLT", b"x\0\x08"),
]


@pytest.mark.parametrize(("kind", "body"), NOTES)
def test_harmless_chunks_do_not_slow_a_file_down(kind: bytes, body: bytes) -> None:
    """What image programs leave in their files."""
    encoded = file_of([PLAIN[0], (kind, body), *PLAIN[1:]])
    assert is_fast(encoded)
    assert outcome(encoded, "value") == [[0] * 3] * 3


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"tEXt", b"transparency\0x"),
        (b"tEXt", b"interlace\0x"),
        (b"tEXt", b"no end of a word"),
        (b"zTXt", b"exif\0\0x"),
        (b"gAMA", b"\0"),
        (b"acTL", bytes(8)),
        (b"fcTL", bytes(26)),
        (b"abCD", b""),
        (b"ABCD", b""),
        (b"tRNS", b"\0"),
    ],
)
def test_rare_chunks_are_left_to_pillow(kind: bytes, body: bytes) -> None:
    """Chunks Pillow may refuse, or takes for its own notes: the outcome is Pillow's."""
    encoded = file_of([PLAIN[0], (kind, body), *PLAIN[1:]])
    assert opened(encoded) is None
    assert outcome(encoded, "value") == pillows_outcome(encoded, "value")


@pytest.mark.parametrize(
    ("kind", "body"), [(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2 << 20))), (b"iCCP", b"sRGB\0\1")]
)
def test_notes_that_pillow_refuses_are_refused(kind: bytes, body: bytes) -> None:
    """A text that inflates to more than Pillow allows, a profile compressed in no known way."""
    encoded = file_of([PLAIN[0], (kind, body), *PLAIN[1:]])
    assert "PNG file is damaged" in str(outcome(encoded, "value"))
    assert outcome(encoded, "value") == pillows_outcome(encoded, "value")


@pytest.mark.parametrize(
    "chunks",
    [
        [PLAIN[1], PLAIN[0], PLAIN[2]],
        [PLAIN[0], PLAIN[2]],
        [*PLAIN[:2], (b"gAMA", bytes(4)), *PLAIN[1:]],
        [*PLAIN[:2], (b"tRNS", bytes(2)), PLAIN[2]],
        [PLAIN[0], (b"tRNS", bytes(2)), (b"tRNS", bytes(2)), *PLAIN[1:]],
        [(b"IHDR", PLAIN[0][1] + b"\0"), *PLAIN[1:]],
    ],
)
def test_chunks_out_of_order_are_left_to_pillow(chunks: list[tuple[bytes, bytes]]) -> None:
    """First the header, then what belongs before the pixels, the pixels in one stretch, the end."""
    encoded = file_of(chunks)
    assert opened(encoded) is None
    assert outcome(encoded, "value") == pillows_outcome(encoded, "value")


def test_a_header_that_promises_too_much_allocates_nothing() -> None:
    """No deflated byte stands for more than 1032: a small file cannot have 400 million pixels."""
    encoded = png(20_000, 20_000, bytes(1 << 20))
    file = opened(encoded)
    assert file is not None
    tracemalloc.start()
    assert file.runs(MaskLimits()) is None
    assert tracemalloc.get_traced_memory()[1] < 1 << 16
    tracemalloc.stop()
    with pytest.raises(MaskError, match="fewer pixels than its header says"):
        decode_mask(encoded, "value")


@pytest.mark.masks
def test_pngsuite_takes_the_road_it_should(pngsuite: Path) -> None:
    """All but the interlaced and the 16-bit colours go the fast road, of the broken ones none; both roads agree."""
    for path in sorted(pngsuite.glob("*.png")):
        encoded = path.read_bytes()
        is_rare = encoded[28] == 1 or (encoded[24] == 16 and encoded[25] != 0)
        assert path.name.startswith("x") or is_fast(encoded) != is_rare, path.name
        for kind in KINDS:
            assert outcome(encoded, kind) == pillows_outcome(encoded, kind), path.name


# The checks of files that are left to Pillow


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["1", "L", "P", "RGB", "RGBA", "LA", "I;16"]))
def test_what_pillow_writes_is_accepted(width: int, height: int, mode: str) -> None:
    """Right files of every kind pass, so the expected number of bytes is not too high."""
    file = BytesIO()
    Image.new(mode, (width, height)).save(file, "PNG")
    check_png(file.getvalue())


@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 2, 4, 8, 16]))
def test_one_missing_byte_is_noticed(width: int, height: int, depth: int) -> None:
    """Nor is the expected number too low: the last byte counts."""
    n_bytes = height * (1 + (width * depth + 7) // 8)
    check_png(png(width, height, bytes(n_bytes), depth=depth))
    with pytest.raises(MaskError, match="holds fewer pixels than its header says"):
        check_png(png(width, height, bytes(n_bytes - 1), depth=depth))


@pytest.mark.masks
def test_interlaced_files_count_their_passes(pngsuite: Path) -> None:
    """PngSuite's interlaced images of 1 x 1 to 40 x 40 pass, and fail when a byte of pixels is gone."""
    names = sorted(path.name for path in pngsuite.glob("s*i3p0?.png"))
    assert len(names) == 18
    for name in names:
        encoded = (pngsuite / name).read_bytes()
        check_png(encoded)
        at = encoded.index(b"IDAT")
        (length,) = struct.unpack_from(">I", encoded, at - 4)
        scanlines = zlib.decompress(encoded[at + 4 : at + 4 + length])
        short = encoded[: at - 4] + chunk(b"IDAT", zlib.compress(scanlines[:-1])) + chunk(b"IEND", b"")
        with pytest.raises(MaskError, match="fewer pixels"):
            check_png(short)


def test_pixels_may_come_in_many_chunks() -> None:
    """Writers split the compressed pixels anywhere."""
    whole = png(50, 50, bytes(np.random.default_rng(1).integers(0, 256, 50 * 51, np.uint8)))
    at = whole.index(b"IDAT")
    (length,) = struct.unpack_from(">I", whole, at - 4)
    deflated = whole[at + 4 : at + 4 + length]
    pieces = b"".join(chunk(b"IDAT", deflated[i : i + 7]) for i in range(0, length, 7))
    check_png(whole[: at - 4] + pieces + chunk(b"IEND", b""))


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"IEND"])
def test_a_wrong_checksum_names_its_chunk(kind: bytes) -> None:
    """Each chunk's checksum is checked, the pixels' too."""
    encoded = bytearray(png(3, 3, bytes(12)))
    at = encoded.index(kind)
    (length,) = struct.unpack_from(">I", encoded, at - 4)
    encoded[at + 4 + length] ^= 1
    with pytest.raises(MaskError, match=f"its {kind.decode()} chunk has a wrong checksum"):
        check_png(bytes(encoded))


def test_a_cut_off_file_names_the_chunk() -> None:
    """A download that stopped within the pixels."""
    encoded = png(30, 30, bytes(np.random.default_rng(2).integers(0, 256, 30 * 31, np.uint8)))
    with pytest.raises(MaskError, match="cut off within its IDAT chunk"):
        check_png(encoded[: len(encoded) // 2])


@pytest.mark.parametrize("n_bytes", [1, 7])
def test_a_file_may_end_within_the_head_of_a_chunk(n_bytes: int) -> None:
    """Where its last chunk has no length or name."""
    with pytest.raises(MaskError, match="cut off between two chunks"):
        check_png(file_of(PLAIN[:2]) + bytes(n_bytes))


def test_countless_small_chunks_are_refused() -> None:
    """Telling them apart takes longer than reading pixels; a few thousand are nothing."""
    empty = (b"IDAT", b"")
    assert is_fast(file_of([PLAIN[0], *[empty] * 5_000, *PLAIN[1:]]))
    with pytest.raises(MaskError, match=r"more than 1\d{4} chunks in \d+ bytes; export it again"):
        decode_mask(file_of([PLAIN[0], *[empty] * 20_000, *PLAIN[1:]]), "value")


def test_noise_beyond_the_limit_is_refused() -> None:
    """By the fast road, with the same words as by the other."""
    file = BytesIO()
    Image.fromarray(np.arange(2000, dtype=np.uint8).reshape(40, 50)).save(file, "PNG")
    limits = MaskLimits(max_bytes=64 * 1999)
    with pytest.raises(MaskError, match="more than 1999 runs of equal pixels") as caught:
        decode_mask(file.getvalue(), "value", limits)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decode, "_read_png", lambda *_: None)
        with pytest.raises(MaskError) as slow:
            decode_mask(file.getvalue(), "value", limits)
    assert str(slow.value) == str(caught.value)
    assert caught.value.shape == slow.value.shape == (40, 50)
