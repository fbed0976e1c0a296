"""Masks saved by numpy in a zip archive: part of stage 4, see decode.py."""

from __future__ import annotations

import zipfile
from io import BytesIO
from typing import TYPE_CHECKING

from prelabel.errors import MaskError

if TYPE_CHECKING:
    from prelabel.masks.limits import MaskLimits

_NAMES = frozenset({"mask", "label", "labels", "segmentation"})
_MOST_MEMBERS = 1_000
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})  # what numpy writes; both stop where they are told to
_IS_ENCRYPTED = 1
_SHOWN = 5


def array_in_npz(encoded: bytes, limits: MaskLimits) -> bytes:
    """Return the mask's .npy file out of a .npz file.

    Args:
        encoded: the file, with a correct signature.
        limits: how large the array may be; its declared size is checked before anything is inflated.

    Returns:
        The only array, or the only one with one of the names mask, label, labels and segmentation.

    Raises:
        MaskError: no array, several without such a name, too large, encrypted, or packed in another way than numpy's.
        zipfile.BadZipFile: damage, for the caller to map, like whatever else is raised.
    """
    if encoded.count(b"PK\1\2") > _MOST_MEMBERS:
        raise MaskError(f"the zip archive has more than {_MOST_MEMBERS} members: save the mask alone")
    with zipfile.ZipFile(BytesIO(encoded)) as archive:
        member = _chosen(archive)
        if member.flag_bits & _IS_ENCRYPTED:
            raise MaskError(f"{member.filename!r} in the .npz file is encrypted: save it without a password")
        if member.compress_type not in _METHODS:
            raise MaskError(f"{member.filename!r} in the .npz file is packed in an unusual way: save it with numpy")
        limits.check_file(member.file_size)
        with archive.open(member) as file:
            content = file.read(member.file_size + 1)
    if len(content) != member.file_size:
        raise MaskError(
            f"{member.filename!r} in the .npz file has {len(content)} bytes and not {member.file_size} as declared; "
            "export it again"
        )
    return content


def _chosen(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    arrays = [member for member in archive.infolist() if member.filename.endswith(".npy")]
    named = [member for member in arrays if member.filename.removesuffix(".npy") in _NAMES]
    for found in (arrays, named):
        if len(found) == 1:
            return found[0]
    if not arrays:
        raise MaskError("the zip archive holds no .npy array, so it is no mask: save it with numpy.savez")
    names = sorted(member.filename.removesuffix(".npy") for member in arrays)
    listed = ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
    raise MaskError(
        f"the .npz file holds several arrays ({listed}), a mask is one: save it alone, or call one of them mask"
    )
