"""Writing a result, part of stage 9: whole or not at all where it is a plain file, and a failure that costs no other.

A plain file is written beside its place and takes its name at the end; what was there before stays until then. A
terminal or a pipe is written as it goes, and an open file named by its number (``/dev/stdout``, ``/dev/fd/3``) where
it is: what stands in it stays.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from prelabel.errors import OutputError
from prelabel.spelling import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from types import TracebackType

    Target = str | os.PathLike[str] | BinaryIO

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Numbers of the errors that making room helps against."""

_NO_NEW_FILES = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_STREAMS = (Path("/dev"), Path("/proc"))
_OPEN_FILE = re.compile(
    r"/dev/(?:fd/(?P<fd>\d{1,9})|(?P<name>stdin|stdout|stderr))|/proc/(?:thread-)?self/fd/(?P<own>\d{1,9})"
)
_NUMBERS = {"stdin": 0, "stdout": 1, "stderr": 2}
_MAX_LINKS = 40


class OutputFile:
    """A result on its way to its place. Use as a context manager.

    What cannot be written is no exception here: the work goes on without this result, and :attr:`fault` tells why.

    Args:
        target: a path, or a binary file open for writing, which is flushed and left open.
        option: what a path was given as, such as ``--report``.

    Attributes:
        fault: why the result is not there, None while all is well.

    Raises:
        BrokenPipeError: whoever reads the open file has seen enough.
    """

    def __init__(self, target: Target, option: str = "") -> None:
        self.fault: OutputError | None = None
        self._has_path = isinstance(target, str | os.PathLike)
        self._name = escaped(os.fspath(target)) if isinstance(target, str | os.PathLike) else _name_of(target)
        self._option = option
        self._cause: OSError | None = None
        self._block = _writing(target)
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        try:
            self._file = self._block.__enter__()
        except OSError as error:
            self._note(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is None:
            return
        if self._cause is not None:
            kind, error, traceback = type(self._cause), self._cause, self._cause.__traceback__
        try:
            self._block.__exit__(kind, error, traceback)
        except OSError as fault:
            self._note(fault)

    def write(self, content: bytes) -> None:
        """Write some bytes; does nothing once something failed."""
        if self._file is not None and self._cause is None:
            try:
                self._file.write(content)
            except OSError as error:
                self._note(error)

    def _note(self, error: OSError) -> None:
        if isinstance(error, BrokenPipeError) and not self._has_path:
            raise error
        self._cause = self._cause or error
        self.fault = self.fault or cannot_write(self._name, error, self._option)


def write_output(path: str | os.PathLike[str], parts: Iterable[bytes], option: str = "") -> None:
    """Write a result whose parts are at hand.

    Raises:
        OutputError: it cannot be written.
    """
    with OutputFile(path, option) as file:
        for part in parts:
            file.write(part)
    if file.fault is not None:
        raise file.fault


def check_place(path: Path) -> None:
    """Find out, before the work, whether a result can be written at a path; nothing there is changed.

    Raises:
        OSError: it cannot.
    """
    if (number := open_number(path)) is not None:
        os.write(number, b"")
        return
    if path.exists() and not is_plain(path):
        _check_access(path)
        return
    place = Path(os.path.realpath(path))
    try:
        part, number = _new_beside(place)
    except OSError as error:
        if error.errno not in _NO_NEW_FILES or not place.exists():
            raise
        _check_access(place)
    else:
        os.close(number)
        part.unlink(missing_ok=True)


def _check_access(path: Path) -> None:
    """What the permissions say: opening may wait for a reader, or be an end to one."""
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def cannot_write(name: str, error: OSError, option: str = "") -> OutputError:
    """Say that a file, named as it is to be shown, could not be written, and what to do."""
    other = f"name another file{f' as {option}' if option else ''}"
    remedy = f"make room there, or {other}" if error.errno in NO_ROOM else other
    return OutputError(f"cannot write {name} ({error.strerror or error}): {remedy}", path=name)


def _name_of(file: BinaryIO) -> str:
    name = getattr(file, "name", "the file given")
    return {"<stdout>": "the standard output", 1: "the standard output"}.get(name, escaped(str(name)))


def _writing(target: Target) -> AbstractContextManager[BinaryIO]:
    """The way to write a target; all of them raise OSError."""
    if not isinstance(target, str | os.PathLike):
        return _flushing(target)
    path = Path(target)
    if (number := open_number(path)) is not None:
        return _going_on(number)
    return _replacing(path) if is_plain(path) else _opening(path)


def open_number(path: Path) -> int | None:
    """The number of the open file of this process that a path stands for, by itself or by links; else None."""
    name = os.path.abspath(path)  # noqa: PTH100 - links are followed one by one
    for _ in range(_MAX_LINKS):
        if found := _OPEN_FILE.fullmatch(name):
            number = found["fd"] or found["own"]
            return int(number) if number else _NUMBERS[found["name"]]
        try:
            name = os.path.normpath(os.path.join(os.path.dirname(name), os.readlink(name)))  # noqa: PTH115, PTH118, PTH120
        except (OSError, ValueError):
            return None
    return None


def is_plain(path: Path) -> bool:
    """Whether a path is a plain file's, or a new one's, and not an open file of this process under another name."""
    with suppress(OSError):
        if not stat.S_ISREG(path.stat().st_mode):
            return False
    return not any(path.absolute().is_relative_to(folder) for folder in _STREAMS)


@contextmanager
def _flushing(file: BinaryIO) -> Iterator[BinaryIO]:
    yield file
    file.flush()


@contextmanager
def _going_on(number: int) -> Iterator[BinaryIO]:
    """Write where an open file stands; opened by its name, a plain one would begin anew."""
    with os.fdopen(os.dup(number), "wb") as file:
        yield file


@contextmanager
def _opening(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as file:
        yield file


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """Open a new file that takes the place of ``path`` when the block ends well."""
    place = Path(os.path.realpath(path))  # a link goes on leading to its file
    try:
        part, number = _new_beside(place)
    except OSError as error:
        if error.errno not in _NO_NEW_FILES or not place.exists():
            raise
        number = None
    if number is None:  # a file that may be written in a folder that may not
        with _opening(place) as file:
            yield file
        return
    try:
        with os.fdopen(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(number)
        _move(part, place)
    finally:
        part.unlink(missing_ok=True)


def _new_beside(place: Path) -> tuple[Path, int]:
    """Make a new file beside another; returns its path and its open number."""
    part = place.with_name(f".prelabel-{secrets.token_hex(8)}.part")
    return part, os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)


def _move(part: Path, place: Path) -> None:
    """Give a finished file its name; where that cannot be, as with a single file mounted there, its content."""
    with suppress(OSError):
        part.chmod(stat.S_IMODE(place.stat().st_mode))
    try:
        part.replace(place)
    except OSError:
        shutil.copyfile(part, place)
