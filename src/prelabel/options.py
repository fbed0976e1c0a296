"""The keywords of an import that are no part of its config, described once for both public functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Required, TypedDict

from prelabel.config import ImportConfig
from prelabel.model import Progress

if TYPE_CHECKING:
    from prelabel.report import OnError

PathLike = str | Path
ConfigLike = PathLike | Mapping[str, Any] | ImportConfig
OnProgress = Callable[[Progress], None]


class ImportOptions(TypedDict, total=False):
    """Keywords of ``import_labels`` and ``import_labels_async``.

    Attributes:
        project: the project's id.
        host: the Hub; None takes the environment's ANGO_HOST, else https://imeritapi.ango.ai.
        api_key: None takes the environment's ANGO_API_KEY.
        on_progress: told a snapshot now and then, in the event loop: be quick.
        delimiter: the CSV's; None finds out.
        mask_root: folder that mask paths are relative to; None means the CSV's own.
        report: where to write the report as JSON.
        rejects: where to write the failed rows as CSV.
        max_in_flight: batches on their way at once; memory grows with it.
        n_threads: threads that decode and trace; None means one per core.
        on_error: ``"collect"`` returns a report whatever became of the rows; ``"raise"`` raises ImportFailed, the
            report inside, when rows failed.
        dry_run: do everything but import: what would be imported is reported as such.
    """

    project: Required[str]
    host: str | None
    api_key: str | None
    on_progress: OnProgress | None
    delimiter: str | None
    mask_root: PathLike | None
    report: PathLike | None
    rejects: PathLike | None
    max_in_flight: int
    n_threads: int | None
    on_error: OnError
    dry_run: bool
