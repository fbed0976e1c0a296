"""Mask files of this machine, below one folder: part of stage 4, see router.py."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prelabel.codes import Code
from prelabel.errors import MaskError
from prelabel.spelling import Spellings, describe_near, first_few, plain_name, short

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

# Absent on Windows, where neither symlinks nor FIFOs in a folder can stall or divert an open.
_OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_SEPARATORS = frozenset("/\\")
_NO_MASKS = frozenset({".csv", ".tsv", ".json", ".ndjson", ".jsonl", ".toml", ".txt", ".md", ".xlsx", ".py", ".sqlite"})
_SHOWN = 3
_MAX_FOLDERS = 20
"""Folders below the root that are searched for a file that is not where its row says."""


class LocalFiles:
    """Mask files under one folder, and nothing outside it unless allowed. Safe to use from several threads.

    Args:
        root: the folder that references are relative to: the CSV's own, unless told otherwise.
        max_bytes: bytes a mask file may have.
        outside_root: files outside the root may be read too; devices, pipes and sockets never are.
        no_masks: files that are never named as what is meant, as the CSV itself.
    """

    def __init__(
        self, root: Path, *, max_bytes: int = 1 << 30, outside_root: bool = False, no_masks: Collection[Path] = ()
    ) -> None:
        self._root = root.resolve()
        self._below_root = os.path.join(self._root, "")  # noqa: PTH118 - a row's path stays a text: see _inside
        self._no_masks = {path.resolve() for path in no_masks}
        self._max_bytes = max_bytes
        self._outside_root = outside_root
        self._names: dict[Path, Spellings] = {}
        self._folders: list[Path] | None = None

    def read(self, reference: str) -> bytes:
        r"""Read a mask file.

        Args:
            reference: a path relative to the root, or an absolute one below it; ``\`` separates folders too, as in CSV
                files made on Windows, unless a file is really named so.

        Returns:
            The file's bytes.

        Raises:
            MaskError: no such file (with a near miss, if there is one), outside the root, no regular file, too large or
                unreadable.
        """
        try:
            return self._read_regular(self._locate(reference), reference)
        except MaskError:
            raise
        except (OSError, RuntimeError, ValueError) as error:  # unreadable; symlink loops; characters no path can hold
            reason = getattr(error, "strerror", None) or str(error)
            raise MaskError(f"mask file {short(reference)!r} cannot be read: {reason}", reference=reference) from error

    def _locate(self, reference: str) -> str:
        """Return the resolved path of an existing thing below the root."""
        if not reference.strip():
            raise MaskError("the mask reference is empty", reference=reference, code=Code.MASK_REFERENCE)
        if "\0" in reference:
            raise MaskError(
                f"mask reference {short(reference)!r} holds a NUL character",
                reference=reference,
                code=Code.MASK_REFERENCE,
            )
        path = self._inside(reference, reference)
        if not _is_there(path) and "\\" in reference:
            path = self._inside(reference.replace("\\", "/"), reference)
        if not _is_there(path):
            raise MaskError(
                f"no mask file {short(reference)!r} in {self._root}{self._hint(Path(path), reference)}",
                reference=reference,
                code=Code.MASK_MISSING,
            )
        return path

    def _inside(self, spelling: str, reference: str) -> str:
        # Texts, not paths, which would take longer than the file system does; each row comes along here.
        # Not even resolved: Windows would log in at whatever machine a path such as \\\\host\\share names.
        is_outside = spelling[:1] in _SEPARATORS and spelling[1:2] in _SEPARATORS
        # Resolved before anything is asked about it, so that not even the existence of files outside leaks.
        asked = "" if is_outside and not self._outside_root else spelling
        path = os.path.realpath(os.path.join(self._root, asked))  # noqa: PTH118
        if not self._outside_root and (is_outside or not self._is_inside(path)):
            near = self._near_miss(self._inner_folders(), reference)
            raise MaskError(
                f"mask file {short(reference)!r} lies outside of {self._root}: {near + '; else ' if near else ''}move "
                "it there, name a folder above both with --mask-root, or --allow-outside-root",
                reference=reference,
                code=Code.MASK_FORBIDDEN,
            )
        return path

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._below_root) or Path(path).is_relative_to(self._root)

    def _read_regular(self, path: str, reference: str) -> bytes:
        # Looked at before opening, as opening a device may do things, and after, as it may have been swapped meanwhile.
        self._check_regular(os.stat(path), reference)  # noqa: PTH116
        with os.fdopen(os.open(path, _OPEN_FLAGS), "rb") as file:
            found = os.fstat(file.fileno())
            self._check_regular(found, reference)
            content = file.read(found.st_size + 1)
        if len(content) != found.st_size:
            raise MaskError(f"mask file {short(reference)!r} changed while it was read; run again", reference=reference)
        return content

    def _check_regular(self, found: os.stat_result, reference: str) -> None:
        if not stat.S_ISREG(found.st_mode):
            thing = "a folder" if stat.S_ISDIR(found.st_mode) else "a device, pipe or socket"
            raise MaskError(
                f"mask {short(reference)!r} is {thing}, not a file", reference=reference, code=Code.MASK_FORBIDDEN
            )
        if found.st_size > self._max_bytes:
            raise MaskError(
                f"mask file {short(reference)!r} has {found.st_size} bytes and at most {self._max_bytes} are allowed: "
                "compress it, or raise the limit",
                reference=reference,
                code=Code.MASK_TOO_LARGE,
            )

    def _hint(self, path: Path, reference: str) -> str:
        """Say that the folder is missing, if it is, and which file is meant perhaps."""
        is_in_a_folder = path.parent.is_dir()
        own = self._near_miss([path.parent], reference) if is_in_a_folder else ""
        if near := own or self._near_miss(self._inner_folders(), reference):
            return f": {near}"
        name = short(path.parent.name)
        return "" if is_in_a_folder else f": there is no folder {name!r} either; paths are relative to {self._root}"

    def _near_miss(self, folders: Sequence[Path], reference: str) -> str:
        """Name the file of a like name in these folders, as a cell would have it; or the files, where several are."""
        name = plain_name(reference)
        found = []
        for folder in folders:
            near = self._names_in(folder).nearest(name)
            file = folder / (near.word if near else name)
            if near or (_is_there(file) and not file.is_dir() and self._may_be_mask(file)):
                found.append(file.relative_to(self._root).as_posix() if file.is_relative_to(self._root) else str(file))
        if len(found) > 1:
            shown = first_few([repr(short(own)) for own in found[:_SHOWN]], len(found))
            return f"there are {len(found)} of a like name: {shown}"
        return describe_near(reference.replace("\\", "/"), found[0]) if found else ""

    def _inner_folders(self) -> Sequence[Path]:
        """The root and the folders in it: where a file may be that is not where it is said to be."""
        if self._folders is None:
            with os.scandir(self._root) as entries:
                folders = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            self._folders = [self._root, *(self._root / name for name in folders[:_MAX_FOLDERS])]
        return self._folders

    def _names_in(self, folder: Path) -> Spellings:
        """The names in a folder; it is listed once, as a CSV with one wrong extension asks for every row."""
        if folder not in self._names:
            names: list[str] = []
            with suppress(OSError), os.scandir(folder) as entries:
                names = sorted(e.name for e in entries if not e.is_dir() and self._may_be_mask(folder / e.name))
            self._names[folder] = Spellings(names, are_files=True)
        return self._names[folder]

    def _may_be_mask(self, path: Path) -> bool:
        """Whether a file may be named as a mask: not the CSV, the config and what else lies beside them."""
        return path.suffix.lower() not in _NO_MASKS and path not in self._no_masks


def _is_there(path: str | Path) -> bool:
    """Tell whether there is anything; unlike ``Path.exists`` of some Pythons, never guess where one may not look."""
    try:
        os.stat(path)  # noqa: PTH116
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True
