"""How far a run is, for whoever watches it."""

from __future__ import annotations

from prelabel.records import Record


class Progress(Record, frozen=True):
    """A snapshot for whoever watches an import.

    Attributes:
        n_rows: rows of the CSV, None while they are still being counted.
        n_imported, n_skipped, n_failed: rows that have ended, by state.
        n_masks: masks traced so far.
        n_requests: requests sent to the Hub so far.
        elapsed_s: seconds since the start.
        requests_per_minute: the most requests that are sent in a minute, None where none are needed.
        rows_per_request: rows that a request brings further, as far as it is known; None likewise.
        n_not_sent: rows that ended without being sent, as the import had stopped.
        unit: what is counted, as a word; a rollback counts assets.
        compiling: the kernel that is being compiled, while all else waits for it; empty otherwise. It happens where
            none were compiled when the package was installed, and once.

    Example:
        >>> progress = Progress(100, n_imported=40, n_skipped=2, n_failed=1, n_masks=40, n_requests=4, elapsed_s=1.5)
        >>> progress.n_imported + progress.n_skipped + progress.n_failed
        43
    """

    n_rows: int | None
    n_imported: int
    n_skipped: int
    n_failed: int
    n_masks: int
    n_requests: int
    elapsed_s: float
    requests_per_minute: int | None = None
    rows_per_request: float | None = None
    n_not_sent: int = 0
    unit: str = "row"
    compiling: str = ""
