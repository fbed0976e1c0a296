"""What a run has counted and measured, as its report tells it."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING, Any

from msgspec import field

from prelabel.records import Tally

if TYPE_CHECKING:
    from prelabel.codes import Code
    from prelabel.model import RowState

LINES_SHOWN = 5


class MaskTotals(Tally):
    """Sums over all traced masks.

    Pixels of unknown colour have no class and count as background; those of a near one were given the class that it
    resembles, or background.
    """

    n_masks: int = 0
    n_objects: int = 0
    n_polygons: int = 0
    n_points: int = 0
    n_pixels: int = 0
    n_unknown_pixels: int = 0
    n_near_pixels: int = 0

    def add(self, counts: Any) -> None:
        """Add one mask's counts: anything that has the attributes of the same names."""
        self.n_masks += 1
        self.n_objects += counts.n_objects
        self.n_polygons += counts.n_polygons
        self.n_points += counts.n_points
        self.n_pixels += counts.n_pixels
        self.n_unknown_pixels += counts.n_unknown_pixels
        self.n_near_pixels += counts.n_near_pixels

    @property
    def unknown_share(self) -> float:
        """Share of all pixels whose colour has no class, 0 to 1."""
        return self.n_unknown_pixels / self.n_pixels if self.n_pixels else 0.0


class ReplacedTotals(Tally):
    """Stored labels that an overwrite takes away: those that are not among the new ones.

    Attributes:
        n_tasks: tasks that lose some.
        n_objects, n_answers: what they lose.
        n_objects_without_mask: of these objects, those that rows without a mask take.
        n_rows_without_mask: how many such rows.
        lines_without_mask: the file's lines of the first of them.
    """

    n_tasks: int = 0
    n_objects: int = 0
    n_answers: int = 0
    n_objects_without_mask: int = 0
    n_rows_without_mask: int = 0
    lines_without_mask: list[int] = field(default_factory=list)

    def add(self, n_objects: int, n_answers: int) -> None:
        """Count one task's."""
        if n_objects or n_answers:
            self.n_tasks += 1
            self.n_objects += n_objects
            self.n_answers += n_answers

    def add_without_mask(self, line: int, n_objects: int) -> None:
        """Count the objects that one row takes away by bringing no mask."""
        if n_objects:
            self.n_objects_without_mask += n_objects
            self.n_rows_without_mask += 1
            insort(self.lines_without_mask, line)  # batches come in any order
            del self.lines_without_mask[LINES_SHOWN:]


class OutcomeGroup(Tally):
    """Rows with one cause.

    Attributes:
        state: how they ended; ``"imported"`` or ``"ready"`` where this is a note of rows that are in.
        code: the cause's stable word.
        column: the column at fault, if one is.
        n_rows: how many.
        lines: the file's lines of the first of them.
        external_id, text: the first one's.
        others: of the further texts that say something else, the first two, each with its line.
    """

    state: RowState
    code: Code | None
    column: str
    n_rows: int
    lines: list[int]
    external_id: str
    text: str
    others: list[tuple[int, str]] = field(default_factory=list)


class Timings(Tally):
    """Where the time went, in seconds.

    Attributes:
        total_s: wall clock, from start to report.
        read_s: reading the CSV.
        fetch_s: masks coming from elsewhere, summed over those fetched together.
        decode_s: masks to runs, summed over threads.
        trace_s: runs to polygons, summed over threads.
        encode_s: all work on rows, the two above included, summed over threads.
        upload_s: requests to the Hub, summed over those in flight together.
        paced_s: wall clock in which a request waited for the rate limit.
    """

    total_s: float = 0.0
    read_s: float = 0.0
    fetch_s: float = 0.0
    decode_s: float = 0.0
    trace_s: float = 0.0
    encode_s: float = 0.0
    upload_s: float = 0.0
    paced_s: float = 0.0
