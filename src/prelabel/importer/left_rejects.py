"""A rejects file that somebody mends is not written over: the record knows what the last run left at its path."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError, PrelabelError
from prelabel.outcomes.fingerprint import digest_of
from prelabel.outcomes.journal import REJECTS_FACT, Journal
from prelabel.outcomes.output_file import is_plain, open_number
from prelabel.spelling import escaped

if TYPE_CHECKING:
    from prelabel.importer.options import ImportOptions


def check_rejects(journal: Journal, options: ImportOptions) -> None:
    """Refuse to write over a rejects file that was changed since a run of this record wrote it.

    Raises:
        ConfigError: it was.
    """
    if options.rejects is None:
        return
    path = Path(options.rejects)
    left, now = journal.facts.get(_fact_of(path)), _content_of(path)
    if left is not None and now is not None and left != now:
        shown = escaped(str(path))
        raise ConfigError(
            f"--rejects: {shown} was changed since the last run wrote it: import it by itself (prelabel import {shown} "
            "...), or name another file",
            field="--rejects",
        )


def remember_rejects(journal: Journal | None, options: ImportOptions) -> None:
    """Record what is in the rejects file now; a record that cannot be written costs nothing but this."""
    if journal is None or options.rejects is None:
        return
    path = Path(options.rejects)
    if (content := _content_of(path)) is None:
        return
    with suppress(PrelabelError):
        if not options.dry_run:
            journal.write_facts({_fact_of(path): content})
            return
        with Journal(journal.folder) as real:  # a dry run's is a copy, and its rejects are there all the same
            real.write_facts({_fact_of(path): content})


def _fact_of(path: Path) -> str:
    return REJECTS_FACT + escaped(os.path.realpath(path))


def _content_of(path: Path) -> str | None:
    """A digest of the file; None where there is none, nothing in it, or it cannot be read."""
    with suppress(OSError, ConfigError):
        if is_plain(path) and open_number(path) is None and path.stat().st_size:
            return digest_of(path)
    return None
