"""Stage 2, before the first line: a CSV as a file that can be read any number of times.

Standard input, pipes and gzip can be read only once, or only from the begin: they are copied into a temporary file,
which goes when nothing refers to it any more.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import sys
import tempfile
import weakref
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from prelabel.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SPOOLED_BYTES = 4 << 30
"""The most that is copied from standard input, a pipe or a gzip file."""

STDIN = "-"

_COPY_BYTES = 1 << 20
_GZIP = b"\x1f\x8b"


class CsvFile:
    """A CSV's bytes.

    Args:
        csv: the file; ``-`` for standard input. Pipes and gzip files (whatever their names) are copied at once.

    Attributes:
        shown: what to call it in messages.
        path: a file with its bytes, unpacked.

    Raises:
        ConfigError: it cannot be read or unpacked, or is too long to be copied.
    """

    def __init__(self, csv: str | Path) -> None:
        path = Path(csv)
        self.shown = "standard input" if str(csv) == STDIN else str(path)
        if path.is_dir() and str(csv) != STDIN:
            raise unusable(f"{self.shown} is a folder: name the CSV file in it", self.shown)
        self.path = path
        with self._named_errors(), self._source(path) as source:
            is_packed = source.peek(len(_GZIP)).startswith(_GZIP)
            if not is_packed and str(csv) != STDIN and stat.S_ISREG(os.fstat(source.fileno()).st_mode):
                return
            self.path = self._spool()
            self._copy(gzip.GzipFile(fileobj=source) if is_packed else source, is_packed=is_packed)

    @contextmanager
    def opened(self) -> Iterator[io.BufferedReader]:
        """Open the bytes to read; what goes wrong with the file, also later, becomes a ConfigError."""
        with self._named_errors(), self.path.open("rb") as file:
            yield file

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or error
            raise unusable(f"cannot read the CSV {self.shown}: {reason}; check the path", self.shown) from error

    @contextmanager
    def _source(self, path: Path) -> Iterator[io.BufferedReader]:
        if self.shown != "standard input":
            with path.open("rb") as file:
                yield file
        elif sys.stdin is None:
            raise unusable("there is no standard input to read the CSV from: name a file", self.shown)
        else:
            stdin = sys.stdin.buffer
            yield stdin if isinstance(stdin, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", stdin))

    def _spool(self) -> Path:
        """Make the temporary file, which goes with this object."""
        try:
            number, name = tempfile.mkstemp(prefix="prelabel-", suffix=".csv")
        except OSError as error:
            raise self._no_room(error) from error
        os.close(number)
        weakref.finalize(self, Path(name).unlink, missing_ok=True)
        return Path(name)

    def _copy(self, source: BinaryIO | gzip.GzipFile, *, is_packed: bool) -> None:
        """Copy to the temporary file, no more than the limit."""
        n_bytes = 0
        try:
            with self.path.open("wb") as spool:
                while block := self._read(source):
                    n_bytes += len(block)
                    if n_bytes > MAX_SPOOLED_BYTES:
                        raise self._too_long(is_packed=is_packed)
                    spool.write(block)
        except OSError as error:
            raise self._no_room(error) from error

    def _read(self, source: BinaryIO | gzip.GzipFile) -> bytes:
        try:
            return source.read(_COPY_BYTES)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise unusable(
                f"{self.shown} cannot be unpacked, it is damaged or was cut off: {error}; write it again", self.shown
            ) from error
        except OSError as error:
            raise unusable(f"cannot read the CSV {self.shown}: {error.strerror or error}", self.shown) from error

    def _too_long(self, *, is_packed: bool) -> ConfigError:
        what, remedy = (" unpacked", "unpack it") if is_packed else ("", "write it to a file")
        return unusable(
            f"{self.shown} has more than {MAX_SPOOLED_BYTES >> 20:,} MiB{what}: {remedy} first, and name that file",
            self.shown,
        )

    def _no_room(self, error: OSError) -> ConfigError:
        return unusable(
            f"{self.shown} cannot be copied to the temporary folder {tempfile.gettempdir()}: "
            f"{error.strerror or error}; make room there, or set TMPDIR to another folder",
            self.shown,
        )


def folder_of(csv: str | Path) -> Path:
    """Return where relative paths in a CSV start: its folder; the working folder for what a shell pipes in."""
    path = Path(csv)
    is_piped = str(csv) == STDIN or path.parts[:2] in {("/", "dev"), ("/", "proc")}
    return Path() if is_piped else path.parent


def unusable(message: str, shown: str) -> ConfigError:
    """Return the error for a CSV that cannot be read."""
    return ConfigError(message, field="csv", value=shown)
