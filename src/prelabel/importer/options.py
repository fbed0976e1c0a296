"""The options of an import that are no part of its config: one frozen record each, from the caller to its use.

A record's fields are the keywords of the public function that takes it; :func:`takes` makes them so. To add an option,
add it here (where masks may come from: in :class:`prelabel.masks.sources.access.MaskOptions`), use it where it acts,
and declare it in ``cli/options.py``.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, Protocol, TypeAlias, TypeVar, cast

from msgspec.structs import asdict

from prelabel.masks.sources.access import MaskOptions
from prelabel.outcomes.progress import Progress

if TYPE_CHECKING:
    from prelabel.importer.stop_signal import StopSignal
    from prelabel.inputs.config import ImportConfig
    from prelabel.model import OnError

PathLike = str | Path
ConfigLike: TypeAlias = "PathLike | Mapping[str, Any] | ImportConfig"
OnProgress = Callable[[Progress], None]

P = ParamSpec("P")
Chosen = TypeVar("Chosen")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class RunOptions(MaskOptions, frozen=True, kw_only=True):
    """What every run over a CSV takes.

    Attributes:
        project: the project's id.
        host: the Hub; None takes the environment's ANGO_HOST, else https://imeritapi.ango.ai.
        api_key: None takes the environment's ANGO_API_KEY.
        on_progress: given a snapshot twice a second and as rows end, in the event loop: be quick. While kernels
            are compiled, which happens once and only where the install brought none, in the thread that waits for them.
        on_warning: given, before it does harm, what may make the whole run useless; the report's notes tell of it too.
        delimiter: the CSV's; None finds out.
        encoding: the CSV's, and a config's or schema's that is not UTF-8, by Python's name of it; None means UTF-8. A
            byte order mark counts more.
        report: where to write the report as JSON.
        rejects: where to write the failed rows as CSV.
        n_threads: threads that decode and trace; None means one per core.
        on_error: ``"collect"`` returns a report whatever became of the rows; ``"raise"`` raises ImportFailed, the
            report inside, when rows failed.
        verify: rasterise each mask's polygons again, compare them with the mask, and note the outcome with the row.
        min_iou: rows with a class below this IoU (0 to 1) fail; given, it verifies.
    """

    project: str = ""
    host: str | None = None
    api_key: str | None = None
    on_progress: OnProgress | None = None
    on_warning: Callable[[str], None] | None = None
    delimiter: str | None = None
    encoding: str | None = None
    report: PathLike | None = None
    rejects: PathLike | None = None
    n_threads: int | None = None
    on_error: OnError = "collect"
    verify: bool = False
    min_iou: float | None = None

    def __repr__(self) -> str:
        """All of it but the key, which must not be in a log."""
        shown = (f"{name}={value!r}" for name, value in asdict(self).items() if name != "api_key")
        return f"{type(self).__name__}({', '.join(shown)})"


class ImportOptions(RunOptions, frozen=True, kw_only=True):
    """What an import takes besides.

    Attributes:
        batches: ids or names of batches of the project: only assets of any of them are touched, rows of others are
            skipped. Empty for all assets.
        max_in_flight: batches of rows on their way at once; memory grows with it.
        dry_run: do everything but import: what would be imported is reported as such. A record that is there is looked
            into and left as it is: rows that are in are told apart, and what an import would refuse is refused.
        state: folder of the record that lets another run go on where this one ended; None keeps none.
        restart: forget which rows are in and import everything; what an undo needs is kept.
        restart_if_changed: do so where the record is of another config, instead of refusing; another project or host is
            refused all the same. For callers that nobody could ask.
        run_name: counts as part of the config, for the record: with ``restart_if_changed`` a new name imports
            everything anew, once, however often it is then run again.
        undo: keep replaced labels in the record, for ``prelabel rollback``; the assets are then read batch by batch,
            which takes the place of listing them beforehand.
        stop: ask it, from anywhere, to end the import once what is on its way has arrived.
        deadline_s: seconds after which the import ends likewise.
        max_failures: the import ends likewise when more rows than this have failed.
        read_back: where the Hub tells that it labelled another number of tasks than it should have, read them again;
            rows that are not there fail.
    """

    project: str
    batches: Sequence[str] = ()
    max_in_flight: int = 4
    dry_run: bool = False
    state: PathLike | None = None
    restart: bool = False
    restart_if_changed: bool = False
    run_name: str = ""
    undo: bool = True
    stop: StopSignal | None = None
    deadline_s: float | None = None
    max_failures: int | None = None
    read_back: bool = False


class ConvertOptions(RunOptions, frozen=True, kw_only=True):
    """What a convert takes besides. Its ``project`` is needed with a schema only if object ids are to be an import's.

    Attributes:
        out: where to: a path, or a binary file open for writing, which is left open.
        schema: a categorySchema or a project that has one, as a JSON file or an object; None asks the Hub for the
            project's, and for what masks in its storages need.
    """

    out: PathLike | BinaryIO
    schema: PathLike | Mapping[str, Any] | None = None


class OverCsv(Protocol[P, Result_co]):
    """A function over a CSV and its config that takes options as keywords."""

    def __call__(self, csv: PathLike, config: ConfigLike, *args: P.args, **kwargs: P.kwargs) -> Result_co:
        """Call it."""


def takes(
    record: Callable[P, Chosen],
) -> Callable[[Callable[[PathLike, ConfigLike, Chosen], Result]], OverCsv[P, Result]]:
    """Let a function that takes an option record take its fields as keywords, typed, and described by ``help()``.

    Args:
        record: the record's class.

    Returns:
        The decorator.
    """

    def with_keywords(function: Callable[[PathLike, ConfigLike, Chosen], Result]) -> OverCsv[P, Result]:
        @functools.wraps(function)
        def call(csv: PathLike, config: ConfigLike, *args: P.args, **kwargs: P.kwargs) -> Result:
            return function(csv, config, record(*args, **kwargs))

        csv, config, _ = inspect.signature(function).parameters.values()
        keywords = inspect.signature(record).parameters.values()
        wrapped: Any = call
        wrapped.__signature__ = inspect.signature(function).replace(parameters=[csv, config, *keywords])
        wrapped.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nKeywords:\n{_described(cast('type', record))}"
        return cast("OverCsv[P, Result]", call)

    return with_keywords


def _described(record: type) -> str:
    """The "Attributes" of a record and of those it extends, as their docstrings have them."""
    sections = (re.split(r"Attributes:\n", inspect.cleandoc(base.__doc__ or ""))[1:] for base in record.__mro__)
    return "\n".join(section.rstrip() for parts in sections for section in parts)
