"""What is said of a folder that cannot hold the record of an import."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from prelabel.spelling import escaped

if TYPE_CHECKING:
    from pathlib import Path


def no_place(folder: Path, problem: str) -> str:
    """Say that a record cannot be kept in a folder, and what to do."""
    return (
        f"cannot keep a record of the import in {escaped(str(folder))} ({problem}): name another folder as --state, or "
        "do without with --no-state"
    )


def doubt_of_place(folder: Path) -> str:
    """Why no record could be begun in a folder, as far as looking tells; empty where one could, or nothing is known."""
    there = next((each for each in (folder, *folder.absolute().parents) if os.path.lexists(each)), folder)
    if not there.is_dir():
        return no_place(folder, os.strerror(errno.ENOTDIR))
    return "" if os.access(there, os.W_OK | os.X_OK) else no_place(folder, os.strerror(errno.EACCES))
