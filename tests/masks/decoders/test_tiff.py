"""TIFF beyond Pillow: numbers it has no type for, white that is zero, validity masks; against tifffile and rasterio."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
import rasterio
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conftest import SHARED
from masks.corpus import COLORS, GREYS, SMALL, packed, tiff
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.limits import MaskLimits
from prelabel.model import TRANSPARENT

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.model import MaskValueKind

HIDDEN = np.random.default_rng(3).random(GREYS.shape) < 0.3


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of small inputs from life that lies beside the repository on our machines."""
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip(f"no cases here ({folder} is absent): set PRELABEL_SHARED to the folder that holds cases/")
    return folder


def decoded(encoded: bytes, kind: MaskValueKind = "value", *mapped: int) -> Any:
    """Return the pixels as an array."""
    return runs_to_array(decode_mask(encoded, kind, mapped=mapped or None))


# Numbers that Pillow has no type for


WIDE = ("u8", "i8", "f8", "f2")
PACKINGS: tuple[dict[str, Any], ...] = (
    {},
    {"compression": "packbits"},
    {"compression": "lzw"},
    {"compression": "zlib"},
    {"compression": "zstd"},
    {"compression": "lzw", "predictor": 2},
    {"compression": "zlib", "predictor": 2},
    {"compression": "zstd", "predictor": 3},
    {"compression": "zlib", "predictor": 3},
)


@pytest.mark.parametrize(
    ("dtype", "packing"),
    [(d, p) for d in WIDE for p in PACKINGS if p.get("predictor", 0) in ({0, 3} if d[0] == "f" else {0, 2})],
    ids=str,
)
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 5}, {"tile": (16, 32)}, {"bigtiff": True}], ids=str)
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_wide_numbers_are_what_tifffile_wrote(
    dtype: str, byteorder: str, layout: dict[str, Any], packing: dict[str, Any]
) -> None:
    """Every type, byte order, compression and predictor, in strips and in tiles that the width is no multiple of."""
    array = np.random.default_rng(5).integers(0, 2000, (37, 45)).astype(dtype)
    if dtype in {"u8", "i8", "f8"}:
        array[0, :2] = 2**31 + 7, 2**32 - 5
    encoded = tiff(array, byteorder=byteorder, **layout, **packing)
    assert np.array_equal(tifffile.imread(BytesIO(encoded)), array)
    if encoded.startswith(b"MM\0+"):
        with pytest.raises(MaskError, match="big-endian BigTIFF"):
            decode_mask(encoded, "value")
        return
    assert np.array_equal(decoded(encoded), array)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float64"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compress": "deflate", "predictor": 2},
        {"compress": "lzw", "tiled": True, "blockxsize": 16, "blockysize": 16},
    ],
    ids=str,
)
def test_wide_numbers_are_what_gdal_wrote(dtype: str, options: dict[str, Any]) -> None:
    """As maps are: GDAL's own way of writing strips, tiles and differences."""
    array = np.random.default_rng(6).integers(0, 9, (30, 41)).astype(dtype)
    if dtype == "float64" and options.get("predictor"):
        options = {**options, "predictor": 3}
    assert np.array_equal(decoded(gdal([array], **options)), array)


@pytest.mark.parametrize("bits", [3, 5, 6, 7, 9, 10, 11, 13, 14, 15])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"photometric": "MINISWHITE"},
        {"compress": "lzw", "tiled": True, "blockxsize": 16, "blockysize": 32},
        {"compress": "deflate", "tiled": True, "blockxsize": 48, "blockysize": 16},
    ],
    ids=str,
)
def test_numbers_of_odd_bits_are_what_gdal_packed(bits: int, options: dict[str, Any]) -> None:
    """``NBITS``: in strips, and in tiles that the picture does not fill; stored numbers, whatever white is."""
    array = np.random.default_rng(bits).integers(0, 2**bits, (37, 85)).astype(np.uint8 if bits < 8 else np.uint16)
    encoded = gdal([array], NBITS=bits, **options)
    assert np.array_equal(decoded(encoded, "value", 1), array)
    if bits < 8:
        spread = (array.astype(int) * 255 + 2 ** (bits - 1) - 1) // (2**bits - 1)
        assert np.array_equal(decoded(encoded, "value", 255), spread)
        assert np.array_equal(decoded(encoded, "rgb"), array.astype(np.uint32) * 0x010101)
    else:
        with pytest.raises(MaskError, match="give one value per class"):
            decode_mask(encoded, "rgb")


@pytest.mark.parametrize("bits", [2, 3, 9])
def test_validity_of_packed_numbers(bits: int) -> None:
    """The mask beside them has pages and bits of its own."""
    array = np.random.default_rng(bits).integers(0, 2**bits, GREYS.shape).astype(np.uint8 if bits < 8 else np.uint16)
    found = decoded(gdal([array], valid=~HIDDEN, NBITS=bits), "value", 1)
    assert np.array_equal(found, np.where(HIDDEN, TRANSPARENT, array.astype(np.uint32)))


def test_cut_off_numbers_of_odd_bits_are_refused() -> None:
    """Every prefix of a file ends in a MaskError."""
    encoded = gdal([SMALL], NBITS=3)
    for n in range(8, len(encoded) - 1, 7):
        with pytest.raises(MaskError):
            decode_mask(encoded[:n], "value")


def gdal(bands: list[np.ndarray], valid: np.ndarray | None = None, **options: Any) -> bytes:
    """Return a GeoTIFF of these bands, with a validity mask of its own where there is one."""
    height, width = bands[0].shape
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True, GDAL_PAM_ENABLED="NO"),
        rasterio.MemoryFile() as memory,
    ):
        with memory.open(
            driver="GTiff",
            height=height,
            width=width,
            count=len(bands),
            dtype=bands[0].dtype,
            transform=rasterio.Affine(1, 0, 5, 0, -1, 5),
            **options,
        ) as file:
            for number, band in enumerate(bands, 1):
                file.write(band, number)
            if valid is not None:
                file.write_mask(valid)
        return bytes(memory.read())


@pytest.mark.parametrize(
    ("array", "kind", "part"),
    [
        (np.array([[1, 0.5]]), "value", r"no whole numbers \(such as 0\.5\)"),
        (np.array([[1, np.nan]]), "value", r"NaN or infinite\): .*ignore_values"),
        (np.array([[-3, 1]]), "value", "no negative values; got -3"),
        (np.array([[2**32, 1]]), "value", "renumber the labels"),
        (np.array([[1, 2]]), "rgb", "give one value per class"),
    ],
)
def test_wide_numbers_that_are_no_mask_values(array: np.ndarray, kind: MaskValueKind, part: str) -> None:
    """As in a .npy file, with the shape."""
    with pytest.raises(MaskError, match=part) as caught:
        decode_mask(tiff(array), kind)
    assert caught.value.shape == (1, 2)


def test_wide_numbers_keep_to_the_limits() -> None:
    """The limit on pixels counts pixels, not bytes; the one on bytes what decoding takes."""
    encoded = tiff(GREYS.astype("f8"), compression="zlib")
    assert decode_mask(encoded, "value", MaskLimits(max_pixels=9 * 13)).width == 13
    with pytest.raises(MaskError, match="9 = 117 pixels and at most 116"):
        decode_mask(encoded, "value", MaskLimits(max_pixels=9 * 13 - 1))
    with pytest.raises(MaskError, match="bytes to decode"):
        decode_mask(encoded, "value", MaskLimits(max_bytes=9 * 13 * 8 * 4 - 1))


def test_wide_tiles_of_a_narrow_mask_count_as_they_are() -> None:
    """Whole tiles are decoded, however few of their columns are the mask's."""
    encoded = tiff(np.ones((16, 1)), tile=(16, 1024), compression="zlib")
    assert decoded(encoded).tolist() == [[1]] * 16
    with pytest.raises(MaskError, match="1024 x 16 pixels, which take 524288 bytes"):
        decode_mask(encoded, "value", MaskLimits(max_bytes=16 * 1024 * 32 - 1))


def test_damaged_wide_numbers_are_refused() -> None:
    """A file cut off anywhere gives a reason, or the same pixels."""
    encoded = tiff(GREYS.astype("i8"), compression="zlib")
    for n_bytes in range(8, len(encoded), 7):
        try:
            found = decoded(encoded[:n_bytes])
        except MaskError:
            continue
        assert np.array_equal(found, GREYS), n_bytes


# White that is zero


@pytest.mark.parametrize("packing", PACKINGS[:4], ids=lambda packing: "-".join(map(str, packing.values())) or "raw")
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "u8", "f4"])
def test_numbers_are_as_stored_where_white_is_zero(dtype: str, byteorder: str, packing: dict[str, Any]) -> None:
    """ImageJ writes masks so; Pillow turns those of 8 bits round and leaves the others."""
    array = SMALL.astype(dtype)
    encoded = tiff(array, photometric="miniswhite", byteorder=byteorder, **packing)
    with tifffile.TiffFile(BytesIO(encoded)) as file:
        page: Any = file.pages[0]
        assert page.photometric == 0
    assert np.array_equal(decoded(encoded), array)
    if dtype == "u1":
        assert np.array_equal(decoded(encoded, "rgb"), SMALL * np.uint32(0x010101))


@pytest.mark.parametrize("photometric", ["miniswhite", "minisblack"])
def test_bits_have_white_as_1_however_stored(photometric: str) -> None:
    """Tifffile writes bools as bits without turning them; where white is 0 a stored 1 is black."""
    stored = SMALL > 1
    encoded = tiff(stored, photometric=photometric)
    white = stored if photometric == "minisblack" else ~stored
    assert np.array_equal(decoded(encoded), white)
    assert np.array_equal(decoded(encoded, "value", 1), white)
    assert np.array_equal(decoded(encoded, "value", 255), white * 255)


# Few bits


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize(
    "options", [{}, {"photometric": "MINISWHITE"}, {"compress": "deflate", "tiled": True}], ids=str
)
def test_gdals_numbers_of_few_bits(bits: int, options: dict[str, Any]) -> None:
    """As stored, unless the mapping names a spread grey; without one as stored."""
    if options.get("tiled"):
        options = {**options, "blockxsize": 16, "blockysize": 16}
    encoded = gdal([SMALL], nbits=bits, **options)
    spread = 255 // (2**bits - 1)
    assert np.array_equal(decoded(encoded), SMALL)
    assert np.array_equal(decoded(encoded, "value", 1, 2), SMALL)
    assert np.array_equal(decoded(encoded, "value", spread, 2 * spread), SMALL * spread)


# Validity masks


@pytest.mark.parametrize("options", [{}, {"compress": "deflate"}, {"tiled": True, "blockxsize": 16, "blockysize": 16}])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64", "uint64"])
def test_invalid_pixels_are_transparent(dtype: str, options: dict[str, Any]) -> None:
    """Whatever number stands there; it is no second page."""
    array = GREYS.astype(dtype)
    if dtype[0] != "u":
        array[HIDDEN] = -99
    if dtype[0] == "f":
        array[HIDDEN & (GREYS > 60)] = np.nan
    encoded = gdal([array], ~HIDDEN, **options)
    assert np.array_equal(decoded(encoded), np.where(HIDDEN, np.uint32(TRANSPARENT), GREYS.astype(np.uint32)))


def test_invalid_colours_are_transparent() -> None:
    """RGB has no alpha, and gets one."""
    encoded = gdal([COLORS[..., i] for i in range(3)], ~HIDDEN, photometric="RGB")
    assert np.array_equal(decoded(encoded, "rgb"), np.where(HIDDEN, np.uint32(TRANSPARENT), packed(COLORS)))


def test_all_invalid_and_all_valid() -> None:
    """Nothing but background, and the picture as it is."""
    assert (decoded(gdal([GREYS], np.zeros(GREYS.shape, bool))) == TRANSPARENT).all()
    assert np.array_equal(decoded(gdal([GREYS], np.ones(GREYS.shape, bool))), GREYS)


def pages(*of: tuple[np.ndarray, int], byteorder: Literal["<", ">"] = "<", bigtiff: bool = False) -> bytes:
    """Return a TIFF of these arrays with these subfile types; bools are validity masks of a bit a pixel."""
    file = BytesIO()
    with tifffile.TiffWriter(file, byteorder=byteorder, bigtiff=bigtiff) as writer:
        for array, subfile_type in of:
            photometric = "mask" if array.dtype == bool else "minisblack"
            writer.write(array, subfiletype=subfile_type, photometric=photometric, metadata=None)
    return file.getvalue()


@pytest.mark.parametrize(("byteorder", "bigtiff"), [("<", False), (">", False), ("<", True), (">", True)])
def test_overviews_have_masks_too(byteorder: Literal["<", ">"], bigtiff: bool) -> None:
    """The picture's own is the one that is not smaller, wherever it comes."""
    small = GREYS[::2, ::2]
    of = [(GREYS, 0), (small, 1), (small > 0, 5), (~HIDDEN, 4)]
    if bigtiff and byteorder == ">":
        with pytest.raises(MaskError, match="big-endian BigTIFF"):
            decode_mask(pages(*of, byteorder=byteorder, bigtiff=bigtiff), "value")
        return
    found = decoded(pages(*of, byteorder=byteorder, bigtiff=bigtiff))
    assert np.array_equal(found, np.where(HIDDEN, np.uint32(TRANSPARENT), GREYS.astype(np.uint32)))


def test_two_validity_masks_are_one_too_many() -> None:
    """Which of them counts nobody knows."""
    with pytest.raises(MaskError, match="several pages or frames"):
        decode_mask(pages((GREYS, 0), (HIDDEN, 4), (HIDDEN, 4)), "value")


def test_a_validity_mask_of_another_size_is_refused() -> None:
    """It would have to be scaled."""
    with pytest.raises(MaskError, match="validity mask has 7 x 9 pixels and its picture 13 x 9") as caught:
        decode_mask(pages((GREYS, 0), (HIDDEN[:, :7], 4)), "value")
    assert caught.value.shape == GREYS.shape


@given(hnp.arrays(np.uint8, (6, 9), elements=st.integers(0, 3)), hnp.arrays(bool, (6, 9)))
def test_any_validity_mask(array: np.ndarray, valid: np.ndarray) -> None:
    """Runs are what is seen: those beneath are joined."""
    expected = np.where(valid, array.astype(np.uint32), np.uint32(TRANSPARENT))
    assert np.array_equal(decoded(pages((array, 0), (valid, 4))), expected)


# From life


@pytest.mark.masks
def test_binary_masks_of_imagej(cases: Path) -> None:
    """One object between the edges x = 3 and 8, y = 2 and 5, in each file."""
    for path in sorted((cases / "05").glob("*.tif")):
        expected = np.zeros((8, 10), int)
        found = decoded(path.read_bytes(), "value", 1, 255)
        expected[2:5, 3:8] = found[3, 4]
        assert found[3, 4] in {1, 255}
        assert np.array_equal(found, expected), path.name


@pytest.mark.masks
def test_few_bits_of_gdal_and_png(cases: Path) -> None:
    """The same numbers in each file; and the same spread."""
    seen = [decoded(path.read_bytes(), "value", 1, 2) for path in sorted((cases / "06").glob("g2_*"))]
    assert len(seen) == 4
    assert set(seen[0].ravel().tolist()) == {0, 1, 2}
    assert all(np.array_equal(seen[0], other) for other in seen)
    of_two_bits = (cases / "06" / "g2_nbits2.tif").read_bytes()
    assert np.array_equal(decoded(of_two_bits, "value", 85, 170), seen[0] * 85)


@pytest.mark.masks
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_wide_numbers_and_validity_of_gdal(cases: Path) -> None:
    """As rasterio reads them, invalid pixels transparent."""
    for name in ("g_u64.tif", "g_f64.tif", "g_internal_mask.tif"):
        path = cases / "20" / name
        with rasterio.open(path) as file:
            valid = file.read_masks(1) > 0
            expected = np.where(valid, file.read(1).astype(np.uint32), np.uint32(TRANSPARENT))
        assert np.array_equal(decoded(path.read_bytes()), expected), name
        assert valid.all() == (name != "g_internal_mask.tif")
