"""The one array of a .npz file; several, none, hostile ones."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from masks.corpus import GREYS, SMALL, npy, npz
from prelabel.errors import MaskError
from prelabel.kernels.pixel_runs import runs_to_array
from prelabel.masks.decoders.decode import decode_mask
from prelabel.masks.decoders.npz import array_in_npz
from prelabel.masks.limits import MaskLimits


def zipped(**members: bytes) -> bytes:
    """Return a zip archive of these members; the names' two underscores stand for a dot."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file.getvalue()


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("name", ["arr_0", "mask", "anything", "in/a/folder"])
def test_the_only_array_is_the_mask(save: object, name: str) -> None:
    """Whatever it is called, as numpy itself writes it."""
    file = BytesIO()
    save(file, **{name: GREYS})  # type: ignore[operator]
    assert array_in_npz(file.getvalue(), MaskLimits()) == npy(GREYS)
    assert np.array_equal(runs_to_array(decode_mask(file.getvalue(), "value")), GREYS)


@given(st.sampled_from(["mask", "label", "labels", "segmentation"]), st.permutations(["image", "scores", None]))
def test_a_telling_name_decides(name: str, others: list[str | None]) -> None:
    """Wherever it stands among the others."""
    arrays = {other or name: GREYS if other is None else SMALL for other in others}
    assert array_in_npz(npz(arrays), MaskLimits()) == npy(GREYS)


def test_other_files_in_the_archive_do_not_count() -> None:
    """A note beside the array."""
    assert array_in_npz(zipped(mask__npy=npy(GREYS), readme__txt=b"a note"), MaskLimits()) == npy(GREYS)


def test_several_arrays_are_named() -> None:
    """None, or two, with a telling name: the message lists them, a few at most."""
    with pytest.raises(MaskError, match=r"several arrays \(arr_0, arr_1\), a mask is one: save it alone, or call"):
        array_in_npz(npz({"arr_0": GREYS, "arr_1": SMALL}), MaskLimits())
    with pytest.raises(MaskError, match=r"several arrays \(labels, mask\)"):
        array_in_npz(npz({"mask": GREYS, "labels": SMALL}), MaskLimits())
    with pytest.raises(MaskError, match=r"\(a0, a1, a2, a3, a4, \.\.\.\)"):
        array_in_npz(npz({f"a{i}": SMALL for i in range(9)}), MaskLimits())


def test_two_arrays_of_one_name_are_two() -> None:
    """A zip archive may hold a name twice; readers differ in which one they take."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mask.npy", npy(GREYS))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("mask.npy", npy(SMALL))
    with pytest.raises(MaskError, match=r"several arrays \(mask, mask\)"):
        array_in_npz(file.getvalue(), MaskLimits())


@pytest.mark.parametrize("encoded", [zipped(), zipped(document__xml=b"<x/>")])
def test_other_archives_are_no_masks(encoded: bytes) -> None:
    """An office document is a zip archive too."""
    with pytest.raises(MaskError, match=r"holds no \.npy array"):
        array_in_npz(encoded, MaskLimits())


def test_the_declared_size_has_a_limit() -> None:
    """Checked before anything is inflated."""
    encoded = npz({"mask": GREYS})
    n_bytes = len(npy(GREYS))
    assert array_in_npz(encoded, MaskLimits(max_bytes=n_bytes))
    with pytest.raises(MaskError, match=f"has {n_bytes} bytes and at most {n_bytes - 1}"):
        array_in_npz(encoded, MaskLimits(max_bytes=n_bytes - 1))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_methods_are_refused(method: int) -> None:
    """Their decoders inflate as much as comes out of a piece, whatever was asked for."""
    with pytest.raises(MaskError, match="packed in an unusual way"):
        array_in_npz(npz({"mask": GREYS}, method), MaskLimits())


def test_encrypted_members_are_refused() -> None:
    """By the flag, before any attempt."""
    encoded = bytearray(npz({"mask": GREYS}))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        struct.pack_into("<H", encoded, encoded.index(magic) + at, 1)
    with pytest.raises(MaskError, match="is encrypted: save it without a password"):
        array_in_npz(bytes(encoded), MaskLimits())


def test_pickles_are_refused() -> None:
    """An array of objects would run code when it is read."""
    file = BytesIO()
    np.savez(file, mask=np.array([[{}, 1]], object))
    with pytest.raises(MaskError, match="type object is no mask"):
        decode_mask(file.getvalue(), "value")


def test_a_size_declared_too_large_is_refused() -> None:
    """The checksum is right, and there is less than both headers say."""
    encoded = bytearray(npz({"mask": GREYS}))
    n_bytes = len(npy(GREYS))
    for magic, at in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", encoded, encoded.index(magic) + at, n_bytes + 1)
    with pytest.raises(MaskError, match=f"has {n_bytes} bytes and not {n_bytes + 1} as declared"):
        array_in_npz(bytes(encoded), MaskLimits())


def test_countless_members_are_refused() -> None:
    """By counting their entries, before any list of them is made."""
    many = npz({f"a{i}": np.zeros((1, 1), np.uint8) for i in range(1001)})
    with pytest.raises(MaskError, match="more than 1000 members: save the mask alone"):
        array_in_npz(many, MaskLimits())


def test_wrong_checksums_are_refused() -> None:
    """What zipfile finds reaches the caller as a reason."""
    encoded = bytearray(npz({"mask": GREYS}, zipfile.ZIP_STORED))
    encoded[encoded.index(GREYS.tobytes())] ^= 1
    with pytest.raises(MaskError, match=r"the \.npz file is damaged"):
        decode_mask(bytes(encoded), "value")
