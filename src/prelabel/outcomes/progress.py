"""How far a run is, for whoever watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.records import Record
from prelabel.spelling import counted

if TYPE_CHECKING:
    from prelabel.model import WaitingFor


class Progress(Record, frozen=True):
    """A snapshot for whoever watches an import.

    Attributes:
        n_rows: rows of the CSV, None while they are still being counted.
        n_imported, n_skipped, n_failed: rows that have ended, by state; those of earlier runs are among the imported.
        n_masks: masks traced so far.
        n_requests: requests sent to the Hub so far.
        elapsed_s: seconds since the start.
        requests_per_minute: the most requests that are sent in a minute now, None where none are needed: the config's,
            or fewer for a while after the Hub had too many.
        rows_per_request: rows that a request brings further, as far as it is known; None likewise.
        n_not_sent: rows that ended without being sent, as the import had stopped.
        unit: what is counted, as a word; a rollback counts assets.
        n_earlier: imported rows that earlier runs had sent.
        n_last_minute: requests that count as sent within the last minute, which the limit is about.
        masks_per_s: masks traced a second, over the last ten seconds that were not spent waiting for the limit.
        left_s: seconds that the rest will take, at the speed of late and within the limit; None while nobody knows.
        waiting_s: seconds until a request may start that waits, 0 where none does. What needs no request goes on.
        waiting_for: ``"limit"``: no more may be sent in this minute; ``"hub"``: the Hub asked for it, by
            ``Retry-After`` or as it had too many requests; ``"retry"``: a request that went wrong is sent again then;
            empty where none waits.
        compiling: what to show while a kernel is compiled and all else waits for it, such as "compiling kernels, once
            each (about 20 s for all): 3 of 30"; empty otherwise. It happens where none were compiled when the package
            was installed, to each kernel when it is first needed.

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
    n_earlier: int = 0
    n_last_minute: int = 0
    masks_per_s: float = 0.0
    left_s: float | None = None
    waiting_s: float = 0.0
    waiting_for: WaitingFor = ""

    @property
    def n_done(self) -> int:
        """Rows that somebody waits for; those that end unsent, as the import has stopped, bring it no further."""
        return self.n_imported + self.n_skipped + self.n_failed

    @property
    def wait_text(self) -> str:
        """What is waited for and how long, in words; empty where it is nothing, or less than a second."""
        if self.waiting_s < 1 or not self.waiting_for:
            return ""
        limit = f"at most {counted(self.requests_per_minute or 1, 'request')} a minute"
        why = {"limit": limit, "hub": "the Hub asked for it", "retry": "then a request that failed is sent again"}
        return f"waiting {self.waiting_s:.0f} s: {why[self.waiting_for]}"
