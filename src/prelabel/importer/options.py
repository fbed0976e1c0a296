"""The keywords of an import that are no part of its config, described once for both public functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Required, TypedDict

from prelabel.inputs.config import ImportConfig
from prelabel.model import Progress

if TYPE_CHECKING:
    from prelabel.importer.stop_signal import Stopper
    from prelabel.masks.sources.access import Trust
    from prelabel.outcomes.report import OnError

PathLike = str | Path
ConfigLike = PathLike | Mapping[str, Any] | ImportConfig
OnProgress = Callable[[Progress], None]


class MaskOptions(TypedDict, total=False):
    """Keywords about where masks come from; docs/masks.md tells more.

    Attributes:
        mask_root: folder that mask paths are relative to, and must stay in; None means the CSV's own.
        fetch_concurrency: masks fetched at once.
        fetch_timeout_s: seconds in which a mask has to arrive, further tries included.
        max_mask_bytes: bytes that a mask may have, as a file (counted while it comes, whatever its server says) and
            while its pixels are decoded.
        max_mask_pixels: pixels that a mask may have.
        max_redirects: redirects that are followed for a mask.
        max_shared_bytes: memory for the polygons of masks that several rows name, so that each is traced once.
        trust: whose word the references are. ``"machine"``, the default: a person's at their own machine.
            ``"service"``: a stranger's, for whom no local file is read, no host of the local network reached, no bucket
            opened with this machine's credentials.
        allow_outside_root: read files outside of ``mask_root`` too; not for a service.
        allow_mask_hosts: hosts that may be reached wherever they are, and buckets (``s3://name``) that a service opens.
    """

    mask_root: PathLike | None
    fetch_concurrency: int
    fetch_timeout_s: float
    max_mask_bytes: int
    max_mask_pixels: int
    max_redirects: int
    max_shared_bytes: int
    trust: Trust
    allow_outside_root: bool
    allow_mask_hosts: Sequence[str]


class ImportOptions(MaskOptions, total=False):
    """Keywords of ``import_labels`` and ``import_labels_async``, besides those of :class:`MaskOptions`.

    Attributes:
        project: the project's id.
        host: the Hub; None takes the environment's ANGO_HOST, else https://imeritapi.ango.ai.
        api_key: None takes the environment's ANGO_API_KEY.
        on_progress: told a snapshot now and then, in the event loop: be quick.
        delimiter: the CSV's; None finds out.
        report: where to write the report as JSON.
        rejects: where to write the failed rows as CSV.
        max_in_flight: batches on their way at once; memory grows with it.
        n_threads: threads that decode and trace; None means one per core.
        on_error: ``"collect"`` returns a report whatever became of the rows; ``"raise"`` raises ImportFailed, the
            report inside, when rows failed.
        dry_run: do everything but import: what would be imported is reported as such.
        state: folder of the record that lets another run go on where this one ended; None keeps none.
        restart: forget what is recorded there and import everything.
        undo: keep replaced labels in the record, for ``prelabel rollback``; the assets are then read batch by batch,
            which takes the place of listing them beforehand.
        stop: ask it, from anywhere, to end the import once what is on its way has arrived.
        deadline_s: seconds after which the import ends likewise.
        read_back: where the Hub tells that it labelled another number of tasks than it should have, read them again;
            rows that are not there fail.
        max_failures: the import ends likewise when more rows than this have failed.
        verify: rasterise each mask's polygons again, compare them with the mask, and note the outcome with the row.
        min_iou: rows with a class below this IoU (0 to 1) fail; given, it verifies.
    """

    project: Required[str]
    host: str | None
    api_key: str | None
    on_progress: OnProgress | None
    delimiter: str | None
    report: PathLike | None
    rejects: PathLike | None
    max_in_flight: int
    n_threads: int | None
    on_error: OnError
    dry_run: bool
    state: PathLike | None
    restart: bool
    undo: bool
    stop: Stopper | None
    deadline_s: float | None
    max_failures: int | None
    read_back: bool
    verify: bool
    min_iou: float | None
