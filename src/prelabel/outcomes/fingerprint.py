"""What must be the same for an import to go on where another run ended; part of the journal."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError
from prelabel.records import Record

if TYPE_CHECKING:
    from pathlib import Path


class Fingerprint(Record, frozen=True):
    """What must be the same for a run to go on where another ended.

    Attributes:
        csv: digest of the file's bytes, and how they are read. Another one is the same CSV, mended.
        config: the config's keys that decide on labels, as JSON, and the options that do; the run's name if it has one.
        project: the project's id.
        host: the Hub's URL.
    """

    csv: str
    config: str
    project: str
    host: str


def digest_of(path: Path) -> str:
    """A file's content in 32 letters; read in pieces, about a second per gigabyte.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise ConfigError(f"cannot read the CSV {path}: {error.strerror or error}", field="csv") from error


def keys_that_differ(one: str, other: str) -> list[str]:
    """The keys in which two configs, as fingerprints hold them, differ; none where one cannot be read."""
    try:
        before, now = json.loads(one), json.loads(other)
        return sorted(key for key in before | now if before.get(key) != now.get(key))
    except (ValueError, TypeError, AttributeError):
        return []
