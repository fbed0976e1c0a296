"""Where sessions keep what survives them: a folder for each project and CSV, on the plugin's volume.

A folder holds the CSV as it came, the record of the import (so that another session goes on where one ended, and so
that an undo is possible), and the latest report and rejects.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from prelabel.errors import OutputError
from prelabel.outcomes.output_file import write_output

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

_DIGEST_CHARS = 24
_DAY_S = 86_400.0
_IMPORTS = "imports"


@dataclass(frozen=True, slots=True)
class RecordFolder:
    """What is kept of one CSV's import into one project.

    Attributes:
        path: the folder.
    """

    path: Path

    @classmethod
    def of(cls, state: Path, project: str, content: bytes) -> RecordFolder:
        """The folder for this CSV and project; two of its names differ whenever one of these does."""
        name = sha256(project.encode("utf-8", "backslashreplace") + b"\0" + content).hexdigest()[:_DIGEST_CHARS]
        return cls(state / _IMPORTS / name)

    @property
    def name(self) -> str:
        """What it is called in answers, so that whoever runs the plugin finds it."""
        return f"{_IMPORTS}/{self.path.name}"

    @property
    def csv(self) -> Path:
        """The CSV."""
        return self.path / "labels.csv"

    @property
    def report(self) -> Path:
        """The latest report."""
        return self.path / "report.json"

    @property
    def rejects(self) -> Path:
        """The rows that are not in, after the latest session."""
        return self.path / "rejects.csv"

    def keep_csv(self, content: bytes) -> None:
        """Put the CSV into the folder, whole or not at all.

        Raises:
            OutputError: the volume has no room for it, or cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            if self.csv.is_file() and self.csv.stat().st_size == len(content) and self.csv.read_bytes() == content:
                return
        except OSError as error:
            raise OutputError(
                f"cannot use {self.path} ({error.strerror or error}): mount a volume there that can be written",
                path=str(self.path),
            ) from error
        write_output(self.csv, [content], "--state")


def prune(state: Path, keep_days: float, in_use: Container[Path]) -> int:
    """Remove the folders that no session has touched for so many days; returns how many.

    Args:
        state: the plugin's folder.
        keep_days: days.
        in_use: folders that a session works with.
    """
    oldest = time.time() - keep_days * _DAY_S
    n_removed = 0
    for path in (state / _IMPORTS).glob("*"):
        try:
            latest = max((each.stat().st_mtime for each in path.iterdir()), default=path.stat().st_mtime)
        except OSError:  # gone meanwhile, or no folder
            continue
        if latest < oldest and path not in in_use:
            shutil.rmtree(path, ignore_errors=True)
            n_removed += 1
    return n_removed
