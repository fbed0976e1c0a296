"""What an import starts from: the CSV and the config, read and checked, and the threads that turn rows into items."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prelabel.errors import ConfigError
from prelabel.inputs.column_check import odd_columns
from prelabel.inputs.config_file import load_config
from prelabel.inputs.csv_file import folder_of
from prelabel.inputs.csv_layout import CsvLayout, later_header, read_header
from prelabel.inputs.csv_rows import read_rows
from prelabel.inputs.ontology import bind, parse_ontology, with_columns_of
from prelabel.inputs.survey import Survey, survey_ids
from prelabel.items.chunk_encoder import ChunkEncoder
from prelabel.items.row_encoder import RowEncoder
from prelabel.items.worker_pool import count_cores, encode_rows
from prelabel.masks.sources.access import MaskSettings
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.outcomes.fingerprint import Fingerprint, digest_of
from prelabel.outcomes.row_keys import RowKeys
from prelabel.records import Record
from prelabel.spelling import escaped, short

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Container, Iterable, Iterator, Mapping, Sequence

    from prelabel.hub.asset_matching import Matches, SizesWanted
    from prelabel.importer.options import ConfigLike, PathLike, RunOptions
    from prelabel.inputs.config import ImportConfig
    from prelabel.items.chunk_encoder import MaskSupply, RowFilter
    from prelabel.items.mask_tracer import MaskTracer
    from prelabel.model import Binding, EncodedChunk, RowBatch

_ROWS_PER_READ = 250
_NO_LABELS = {"upload_batch_size", "requests_per_minute", "max_batch_bytes", "encoding"}  # keys that decide on none


class OpenedCsv(Record, frozen=True):
    """A CSV, the config it is read by, and the options of the run over it.

    Attributes:
        csv: the file.
        config: the checked config.
        options: what the caller chose.
        layout: how the CSV is written; rows are read through it.
        masks: where masks may come from.
        checkpoint: called now and then while the rows are gone over before any is imported, and before a kernel is
            compiled for one; raises to end that.
    """

    csv: Path
    config: ImportConfig
    options: RunOptions
    layout: CsvLayout
    masks: MaskSettings
    checkpoint: Callable[[], None] = lambda: None

    @classmethod
    def open(cls, csv: PathLike, config: ConfigLike, options: RunOptions) -> OpenedCsv:
        """Read the config (a file, a mapping or an ImportConfig) and the CSV's header.

        Raises:
            ConfigError: one of the two, or an option, cannot be used.
        """
        path = Path(csv)
        if options.mask_root is not None and not Path(options.mask_root).is_dir():
            raise ConfigError(
                f"--mask-root: there is no folder {escaped(short(str(options.mask_root)))}: name the one that mask "
                "paths start from",
                field="mask_root",
            )
        settings = MaskSettings.of(folder_of(path), options)
        checked = load_config(config, encoding=options.encoding)
        encoding = options.encoding or checked.encoding or None
        layout = read_header(path, delimiter=options.delimiter, encoding=encoding)
        return cls(path, with_columns_of(layout.header, checked), options, layout, settings)

    @property
    def n_threads(self) -> int:
        """Threads that decode and trace."""
        return self.options.n_threads or count_cores()

    def fingerprint(self, project: str, host: str, *, batches: Iterable[str] = (), run_name: str = "") -> Fingerprint:
        """What must be the same for an import to go on where it was interrupted."""
        labels = {key: value for key, value in self.config.choices().items() if key not in _NO_LABELS}
        chosen = {"batches": sorted(set(batches)), "run_name": run_name}
        options = {"mask_root": str(self.masks.root)} | {name: value for name, value in chosen.items() if value}
        csv = (digest_of(self.layout.file.path), self.layout.delimiter, self.layout.form.coding.name)
        return Fingerprint(json.dumps(csv), json.dumps(labels | options, sort_keys=True), project, host)

    def row_keys(self, binding: Binding) -> RowKeys:
        """What the rows are known by when the CSV was mended; goes once over all that decides on labels."""
        columns = self._columns(binding)
        return RowKeys.of(self.rows(columns), columns)

    def rows(self, columns: Sequence[str]) -> Iterator[RowBatch]:
        """The rows' cells of these columns, for going over them before any is imported."""
        for rows in read_rows(self.layout, columns=columns, rows_per_batch=10_000):
            self.checkpoint()
            yield rows

    def _columns(self, binding: Binding) -> list[str]:
        """The columns that are imported, the external ID's first."""
        config = self.config
        columns = [config.external_id_column, *(link.column for link in binding.columns), config.mask_column]
        return [name for name in columns if name]

    def survey(self, done: Container[int] = ()) -> tuple[Survey, MaskSurvey]:
        """Go once over the columns of IDs and masks; ``done`` rows were imported earlier."""
        id_column, mask_column = self.config.external_id_column, self.config.mask_column
        masks = MaskSurvey(self.config.storage_id)
        columns = [id_column, mask_column] if mask_column else [id_column]
        rows = self.rows(columns)
        if mask_column:
            rows = _seen(rows, mask_column, masks, done)
        # Overwriting sends one row of an ID, so only adding has to know which IDs are done in part.
        return survey_ids(rows, id_column, () if self.config.overwrite else done), masks

    def numbers_of(self, external_ids: Container[str]) -> list[int]:
        """The numbers of the rows that have one of these external IDs."""
        column = self.config.external_id_column
        return [
            number
            for rows in self.rows([column])
            for number, external_id in zip(rows.numbers, rows.columns[column], strict=True)
            if external_id in external_ids
        ]

    def lines_of(self, numbers: Container[int], at_most: int) -> list[int]:
        """The lines on which the first of some rows start."""
        batches = self.rows([self.config.external_id_column])
        lines = (
            line for rows in batches for number, line in zip(rows.numbers, rows.lines, strict=True) if number in numbers
        )
        return list(islice(lines, at_most))

    def bind(self, category_schema: Mapping[str, Any]) -> Binding:
        """Tie the config to a project's schema.

        Raises:
            ConfigError: they do not fit each other.
        """
        names = {self.config.external_id_column, *self.config.classification_columns}
        if self.config.external_id_column not in self.layout.header and (line := later_header(self.layout, names)):
            shown = self.layout.file.shown
            raise ConfigError(f"the header of {shown} is on line {line}: take out what stands before it", field="csv")
        return bind(self.config, parse_ontology(category_schema), self.layout.header, self.layout.delimiter)

    def warnings(self, binding: Binding, document: Mapping[str, Any]) -> list[str]:
        """What to warn of before anything is sent: a doubtful encoding, columns that are wrong as a whole."""
        warnings = [self.layout.doubt] if self.layout.doubt else []
        columns = [link.column for link in binding.columns]
        if columns:
            rows = read_rows(self.layout, columns=columns, rows_per_batch=1_000)
            warnings += odd_columns(rows, binding.columns, parse_ontology(document).classifications)
        return warnings

    def tracer(self, binding: Binding) -> MaskTracer:
        """Return what turns masks into objects; loads the kernels.

        Raises:
            ConfigError: ``min_iou`` cannot be.
        """
        from prelabel.items.mask_tracer import MaskTracer  # noqa: PLC0415 - an import of answers alone does without

        least = self.options.min_iou
        if least is None and self.options.verify:
            least = 0.0
        return MaskTracer(self.config, binding, limits=self.masks.limits.mask, min_iou=least)

    def encoded(
        self,
        binding: Binding,
        matches: Matches,
        row_filter: RowFilter,
        masks: MaskSupply | None,
    ) -> AsyncGenerator[EncodedChunk]:
        """Yield every row, encoded or sorted out by the filter, in file order.

        Args:
            binding: the config tied to the project.
            matches: what is known of the assets: their sizes, and their own IDs where the CSV has others.
            row_filter: says which rows are not worth encoding.
            masks: where masks come from, None where the CSV has none.
        """
        config = self.config
        encoder = RowEncoder(
            config, binding, project=self.options.project, shapes=matches.shapes, own_ids=matches.own_ids
        )
        return encode_rows(
            read_rows(self.layout, columns=self._columns(binding), rows_per_batch=_ROWS_PER_READ),
            ChunkEncoder(encoder, row_filter, config.external_id_column, masks),
            n_threads=self.n_threads,
            chunk_rows=_ROWS_PER_READ if masks is None else masks.chunk_rows,
            checkpoint=self.checkpoint,
        )


def _seen(batches: Iterable[RowBatch], mask_column: str, masks: MaskSurvey, done: Container[int]) -> Iterator[RowBatch]:
    """Let a survey see the masks of the rows that are still to be imported."""
    for rows in batches:
        cells = rows.columns[mask_column]
        masks.see(cell for number, cell in zip(rows.numbers, cells, strict=True) if number not in done)
        yield rows


def sizes_wanted(config: ImportConfig) -> SizesWanted:
    """How much the sizes of assets are worth: masks are compared with them, and scaled where the config says so."""
    if not config.mask_column:
        return "no"
    return "yes" if config.resize == "nearest" else "if cheap"
