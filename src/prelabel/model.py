"""The types that flow from stage to stage, and the geometry conventions, stated once.

Geometry (every module keeps to it):

* Pixel (x, y) covers the square [x, x+1] x [y, y+1]; origin top-left, x right, y down. Points are
  (x, y), shapes (height, width).
* ``"pixel_edges"``: rings run along pixel edges; rasterising by pixel centres gives the mask back.
* ``"pixel_centers"``: exteriors run through their own border pixels' indices, holes through the hole's own
  background pixels; a reader that fills polygons border included and then fills the holes with background
  (``cv2.fillPoly``) gets the mask back.
* Rings are open (the first point is not repeated). Exteriors have a positive shoelace sum
  ``sum(x[i] * y[i+1] - x[i+1] * y[i])`` (clockwise on a screen, counter-clockwise to a reader with y up), holes a
  negative one.
* Regions are 4-connected. Where two diagonal pixels of one region meet at a corner they are joined there, so a hole
  may touch its exterior in a point, and no ring touches itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from prelabel.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from prelabel.codes import Code
    from prelabel.errors import RowError, UploadError

    Int32Array = NDArray[np.int32]
    UInt32Array = NDArray[np.uint32]

Rgb = tuple[int, int, int]
Shape = tuple[int, int]
"""Height and width in pixels."""

# The words of options, once: the config and the library's functions take the same ones.
Coordinates = Literal["pixel_edges", "pixel_centers"]
Connectivity = Literal[4, 8]
Simplification = Literal["shared", "rings"]
SegmentationMode = Literal["instance_segmentation", "semantic_segmentation"]
PolygonHoles = Literal["fill", "keyhole", "reject"]
Resize = Literal["refuse", "nearest"]
UnmatchedMasks = Literal["fail", "import"]
MatchIdsBy = Literal["exact", "stem", "name", "case"]
Trust = Literal["machine", "service"]
OnError = Literal["collect", "raise"]

# The kinds of tools and classifications that are imported, as a category schema names them.
ToolKind = Literal["segmentation", "polygon"]
ChoiceKind = Literal["radio", "single-dropdown"]
MultiChoiceKind = Literal["checkbox", "multi-dropdown"]
TextKind = Literal["text"]
TOOL_KINDS: tuple[str, ...] = get_args(ToolKind)
MULTI_CHOICE_KINDS: tuple[str, ...] = get_args(MultiChoiceKind)
CLASSIFICATION_KINDS: tuple[str, ...] = (*get_args(ChoiceKind), *MULTI_CHOICE_KINDS, *get_args(TextKind))


class Tool(Record, frozen=True):
    """One tool of a project's category schema.

    Attributes:
        kind: the schema's word.
        unsupported: why it cannot be used, or empty.
    """

    title: str
    schema_id: str
    kind: str
    color: Rgb | None
    unsupported: str = ""

    @property
    def has_one_ring(self) -> bool:
        """Whether each of its objects is one ring, without holes; else an object is any number of zones."""
        return self.kind == "polygon"


class Option(Record, frozen=True):
    """One choice of a classification."""

    value: str
    schema_id: str


class Classification(Record, frozen=True):
    """One classification of a project's category schema. ``unsupported`` says why it cannot be used, or is empty."""

    title: str
    schema_id: str
    kind: str
    options: tuple[Option, ...] = ()
    regex: str = ""
    unsupported: str = ""


class Ontology(Record, frozen=True):
    """A project's tools and classifications, in the schema's order."""

    tools: tuple[Tool, ...] = ()
    classifications: tuple[Classification, ...] = ()


class BrokenRow(Record, frozen=True):
    """A line of the CSV that is no row (too few or too many cells, quotes that do not fit): kept as it was.

    Attributes:
        number: its number among the rows.
        line: 1-based line of the file on which it starts.
        text: its beginning, for people.
        error: why it is no row.
        raw: its bytes, the line end included.
        rest: what follows those, where they are too many to be held.
    """

    number: int
    line: int
    text: str
    error: RowError
    raw: bytes = b""
    rest: Iterable[bytes] = ()


class RowBatch(Record, frozen=True):
    """Consecutive rows of the CSV, every cell as text.

    Attributes:
        header: the CSV's column names, in file order.
        numbers: 1-based number of each row (the header is not counted), as people count.
        lines: 1-based line of the file on which each row starts (the header is on line 1).
        columns: column name -> the cells, one per row; an empty cell is ``""``.
        broken: lines of this stretch of the file that are no rows.
        raw: the bytes of each row, the line end included; empty where rows were not read from a file.
        n_blank: rows passed over because nothing stands in them but delimiters and spaces; they have no number.
    """

    header: tuple[str, ...]
    numbers: list[int]
    lines: list[int]
    columns: dict[str, list[str]]
    broken: tuple[BrokenRow, ...] = ()
    raw: Sequence[bytes] = ()
    n_blank: int = 0

    def __len__(self) -> int:
        return len(self.numbers)


class Runs(Record, frozen=True):
    """A run-length-encoded mask: everything after decoding works on it, at a cost per run and not per pixel.

    Runs of row y are ``row_offsets[y]`` to ``row_offsets[y + 1]``; the first starts at x = 0, each ends where the next
    starts (the last at ``width``), and neighbours differ in value.

    Attributes:
        width: columns of the mask.
        row_offsets: int32, height + 1.
        starts: int32, one per run: x of its first pixel.
        values: uint32, one per run: grey value, palette index, packed 0xRRGGBB, or class index once mapped.
    """

    width: int
    row_offsets: Int32Array
    starts: Int32Array
    values: UInt32Array

    @property
    def height(self) -> int:
        """Rows of the mask."""
        return len(self.row_offsets) - 1


class Item(Record, frozen=True):
    """One import item, already JSON, with the row it came from.

    Attributes:
        row_number: the row.
        external_id: names its assets.
        body: the import item.
        task_bodies: instead of ``body``, where one item cannot serve all tasks of the ID: each task's id and the body
            of a request of its own.
    """

    row_number: int
    external_id: str
    body: bytes
    task_bodies: tuple[tuple[str, bytes], ...] = ()


class Note(NamedTuple):
    """What a row's owner should know, with its stable word."""

    code: Code
    text: str


class MaskCounts(Record, frozen=True):
    """What one mask gave and cost.

    Attributes:
        n_objects, n_polygons, n_points: of its labels.
        n_pixels: of the mask.
        n_unknown_pixels: of a colour without a class.
        decode_s: seconds from its bytes to runs, reading them included where that happened in the same thread.
        trace_s: seconds from runs to objects.
        n_near_pixels: given the class that their colour resembles.
    """

    n_objects: int
    n_polygons: int
    n_points: int
    n_pixels: int
    n_unknown_pixels: int
    decode_s: float
    trace_s: float
    n_near_pixels: int = 0


class EncodedRow(Record, frozen=True):
    """A row ready to be sent: its item, what its owner should know, and its mask's counts if it has one."""

    item: Item
    notes: tuple[Note, ...] = ()
    mask: MaskCounts | None = None


class EncodedChunk(Record, frozen=True):
    """Consecutive rows after encoding.

    Attributes:
        rows: the rows.
        results: for each row in order its index in ``rows`` and its item, or its outcome if it ended here.
        encode_s: seconds of one thread's work.
        broken: lines of the batch that are no rows; they come with its first chunk.
        read_s: seconds that reading the batch took; likewise.
        n_blank: rows of the batch that were passed over, as nothing stands in them; likewise.
    """

    rows: RowBatch
    results: list[tuple[int, EncodedRow | RowOutcome]]
    encode_s: float
    broken: tuple[BrokenRow, ...] = ()
    read_s: float = 0.0
    n_blank: int = 0

    @property
    def n_bytes(self) -> int:
        """Bytes of the items."""
        return sum(len(result.item.body) for _, result in self.results if isinstance(result, EncodedRow))


class Batch(Record, frozen=True):
    """Items that travel in one request. ``number`` is 1-based."""

    number: int
    items: tuple[Item, ...]
    n_bytes: int


class Receipt(Record, frozen=True):
    """What the Hub acknowledged of one batch.

    Attributes:
        batch: the batch that was sent.
        n_labeled: tasks the Hub says it wrote, None when its sentence could not be read.
        n_matched: tasks or items the Hub says it considered, None likewise.
        n_attempts: requests it took.
    """

    batch: Batch
    n_labeled: int | None
    n_matched: int | None
    n_attempts: int = 1


class BatchFailure(Record, frozen=True):
    """A batch that was not imported, whole."""

    batch: Batch
    error: UploadError


class HubTask(Record, frozen=True):
    """One task of a project. ``answer`` and the brush URLs are as stored, empty when they were not asked for."""

    task_id: str
    asset_id: str
    external_id: str
    answer: Mapping[str, Any]
    brush_urls: Mapping[str, str]


TRANSPARENT = 0xFFFFFFFF
"""The run value of pixels whose alpha is 0: background, whatever their colour."""

EARLIER = "by an earlier run"
"""The reason of an imported row that this run did not send."""

RowState = Literal["imported", "ready", "skipped", "failed", "not sent"]
RunKind = Literal["import", "dry run", "convert"]
StoppedBy = Literal["", "hub", "interrupt", "failures", "deadline", "output"]
WaitingFor = Literal["", "limit", "hub", "retry"]
"""What requests wait for: room within the limit, what the Hub asked for, another try of one that went wrong."""


class RowOutcome(Record, frozen=True):
    """How one CSV row ended: in exactly one state, with the reason and what is worth knowing.

    Attributes:
        number: 1-based row number.
        line: 1-based line in the file.
        external_id: the row's external ID, as written.
        state: ``"imported"``; ``"ready"``, where nothing is sent (a dry run, a convert); ``"skipped"``; ``"failed"``;
            ``"not sent"``, when the run was stopped before.
        reason: why, for rows that are neither imported nor ready; says what to do. :data:`EARLIER` for rows an earlier
            run imported.
        column: the column at fault, if one is.
        notes: what an imported row's owner should know (an ID shared by several assets, unknown colours, ...).
        code: the stable word for the reason, None where there is none.
        decided_by: number of the row whose labels count in this one's place, None where there is none.
    """

    number: int
    line: int
    external_id: str
    state: RowState
    reason: str = ""
    column: str = ""
    notes: tuple[Note, ...] = ()
    code: Code | None = None
    decided_by: int | None = None


class ColumnLink(Record, frozen=True):
    """A CSV column tied to a classification, by position in the config's lists; ignored where it says so."""

    column: str
    classification: Classification
    ignored: bool = False


class MaskClass(Record, frozen=True):
    """A mask value tied to a tool. ``value`` is a grey value or palette index, or packed 0xRRGGBB."""

    tool: Tool
    value: int
    ignored: bool = False


MaskValueKind = Literal["value", "rgb"]


class Binding(Record, frozen=True):
    """A config tied to a project's ontology: what each column and each mask value means.

    Attributes:
        columns: the classification columns, in the config's order.
        mask_kind: ``"value"`` (grey values or palette indices), ``"rgb"``, or None when there is no mask column.
        mask_classes: the mask's classes, at most one per value.
        left_out: the tools that a mapping of colours leaves out, each with its own colour.
    """

    columns: tuple[ColumnLink, ...] = ()
    mask_kind: MaskValueKind | None = None
    mask_classes: tuple[MaskClass, ...] = ()
    left_out: tuple[MaskClass, ...] = ()
