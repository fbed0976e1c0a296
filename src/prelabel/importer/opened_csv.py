"""What an import starts from: the CSV and the config, read and checked, and the threads that turn rows into items."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from prelabel.inputs.config import ImportConfig, load_config
from prelabel.inputs.csv_file import folder_of
from prelabel.inputs.csv_layout import CsvLayout, read_header
from prelabel.inputs.csv_rows import read_rows
from prelabel.inputs.encodings import UTF8
from prelabel.inputs.ontology import bind, parse_ontology
from prelabel.inputs.survey import Survey, survey_ids
from prelabel.items.chunk_encoder import RowWork
from prelabel.items.row_encoder import RowEncoder
from prelabel.items.worker_pool import count_cores, encode_rows
from prelabel.masks.sources.access import MaskSettings
from prelabel.masks.sources.request_plan import MaskSurvey
from prelabel.outcomes.journal import Fingerprint, digest_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Container, Iterable, Iterator, Mapping

    from prelabel.hub.asset_matching import SizesWanted
    from prelabel.importer.options import ConfigLike, MaskOptions, PathLike
    from prelabel.items.chunk_encoder import EncodedChunk, Gate, MaskSupply
    from prelabel.model import Binding, RowBatch, Shape

_ROWS_PER_READ = 250
_PACING_KEYS = {"upload_batch_size", "requests_per_minute", "max_batch_bytes"}  # decide on no label


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV and the config it is read by.

    Attributes:
        csv: the file.
        config: the checked config.
        layout: how the CSV is written; rows are read through it.
        masks: where masks may come from.
        n_threads: threads that decode and trace.
        verify, min_iou: see :class:`prelabel.importer.options.ImportOptions`.
    """

    csv: Path
    config: ImportConfig
    layout: CsvLayout
    masks: MaskSettings
    n_threads: int
    verify: bool = False
    min_iou: float | None = None

    @classmethod
    def open(
        cls,
        csv: PathLike,
        config: ConfigLike,
        delimiter: str | None = None,
        n_threads: int | None = None,
        *,
        verify: bool = False,
        min_iou: float | None = None,
        **masks: Unpack[MaskOptions],
    ) -> Source:
        """Read the config and the CSV's header.

        Args:
            csv: the file.
            config: a file, a mapping or an ImportConfig.
            delimiter: the CSV's; None finds out.
            n_threads: None means one per core.
            verify: see :class:`prelabel.importer.options.ImportOptions`.
            min_iou: likewise.
            masks: see :class:`prelabel.importer.options.MaskOptions`.

        Raises:
            ConfigError: one of the two, or an option, cannot be used.
        """
        path = Path(csv)
        settings = MaskSettings.of(folder_of(path), **masks)
        checked = load_config(config)
        layout = read_header(path, delimiter=delimiter)
        return cls(path, checked, layout, settings, n_threads or count_cores(), verify, min_iou)

    def fingerprint(self, project: str, host: str) -> Fingerprint:
        """What must be the same for an import to go on where it was interrupted."""
        labels = self.config.model_dump(mode="json", exclude=_PACING_KEYS)
        options = {"delimiter": self.layout.delimiter, "mask_root": str(self.masks.root.resolve())}
        if self.layout.form.coding != UTF8:
            options["encoding"] = self.layout.form.coding.name
        return Fingerprint(
            digest_of(self.layout.file.path), json.dumps(labels | options, sort_keys=True), project, host
        )

    def survey(self, done: Container[int] = ()) -> tuple[Survey, MaskSurvey]:
        """Go once over the columns of IDs and masks; ``done`` rows were imported earlier."""
        id_column, mask_column = self.config.external_id_column, self.config.mask_column
        masks = MaskSurvey(self.config.storage_id)
        columns = [id_column, mask_column] if mask_column else [id_column]
        rows = read_rows(self.layout, columns=columns, rows_per_batch=10_000)
        if mask_column:
            rows = _seen(rows, mask_column, masks, done)
        # Overwriting sends one row of an ID, so only adding has to know which IDs are done in part.
        return survey_ids(rows, id_column, () if self.config.overwrite else done), masks

    def numbers_of(self, external_ids: Container[str]) -> list[int]:
        """The numbers of the rows that have one of these external IDs."""
        column = self.config.external_id_column
        batches = read_rows(self.layout, columns=[column], rows_per_batch=10_000)
        return [
            number
            for rows in batches
            for number, external_id in zip(rows.numbers, rows.columns[column], strict=True)
            if external_id in external_ids
        ]

    def bind(self, category_schema: Mapping[str, Any]) -> Binding:
        """Tie the config to a project's schema.

        Raises:
            ConfigError: they do not fit each other.
        """
        return bind(self.config, parse_ontology(category_schema), self.layout.header)

    def encoder(
        self, binding: Binding, project: str, shapes: Mapping[str, tuple[Shape, ...]] | None = None
    ) -> RowEncoder:
        """Return what turns rows into items; ``shapes`` as in :class:`prelabel.items.row_encoder.RowEncoder`."""
        return RowEncoder(
            self.config,
            binding,
            project=project,
            limits=self.masks.limits.mask,
            shapes=shapes,
            verify=self.verify,
            min_iou=self.min_iou,
        )

    def encoded(self, encoder: RowEncoder, gate: Gate, supply: MaskSupply | None) -> AsyncGenerator[EncodedChunk]:
        """Yield every row, encoded or sorted out by the gate, in file order."""
        config = self.config
        columns = [config.external_id_column, *config.classification_columns, config.mask_column]
        return encode_rows(
            read_rows(self.layout, columns=[name for name in columns if name], rows_per_batch=_ROWS_PER_READ),
            RowWork(encoder, gate, self.config.external_id_column, supply),
            n_threads=self.n_threads,
            chunk_rows=_ROWS_PER_READ if supply is None else supply.chunk_rows,
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
