"""What an import starts from: the CSV and the config, read and checked, and the threads that turn rows into items."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prelabel.config import ImportConfig, load_config
from prelabel.encode import RowEncoder
from prelabel.journal import Fingerprint, digest_of
from prelabel.masks.limits import MaskLimits
from prelabel.matching import Survey, survey_ids
from prelabel.ontology import bind, parse_ontology
from prelabel.parallel import count_cores, encode_rows
from prelabel.rows import CsvLayout, read_header, read_rows

if TYPE_CHECKING:
    from collections.abc import Container, Generator, Mapping

    from prelabel.model import Binding, Shape
    from prelabel.options import ConfigLike, PathLike
    from prelabel.parallel import EncodedChunk, Gate

_MASKS_PER_CHUNK = 4
_ROWS_PER_READ = 250
_PACING_KEYS = {"upload_batch_size", "requests_per_minute", "max_batch_bytes"}  # decide on no label


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV and the config it is read by.

    Attributes:
        csv: the file.
        config: the checked config.
        layout: the CSV's header and delimiter.
        mask_root: folder that mask paths are relative to.
        n_threads: threads that decode and trace.
        limits: how large a mask may be.
        verify, min_iou: see :class:`prelabel.options.ImportOptions`.
    """

    csv: Path
    config: ImportConfig
    layout: CsvLayout
    mask_root: Path
    n_threads: int
    limits: MaskLimits
    verify: bool = False
    min_iou: float | None = None

    @classmethod
    def open(  # noqa: PLR0913 - what both public functions hand on
        cls,
        csv: PathLike,
        config: ConfigLike,
        delimiter: str | None = None,
        mask_root: PathLike | None = None,
        n_threads: int | None = None,
        *,
        limits: MaskLimits = MaskLimits(),  # noqa: B008 - frozen
        verify: bool = False,
        min_iou: float | None = None,
    ) -> Source:
        """Read the config and the CSV's header.

        Args:
            csv: the file.
            config: a file, a mapping or an ImportConfig.
            delimiter: the CSV's; None finds out.
            mask_root: None means the CSV's own folder.
            n_threads: None means one per core.
            limits: how large a mask may be.
            verify: see :class:`prelabel.options.ImportOptions`.
            min_iou: likewise.

        Raises:
            ConfigError: one of the two cannot be used.
        """
        path = Path(csv)
        checked = load_config(config)
        layout = read_header(path, delimiter=delimiter)
        root = path.parent if mask_root is None else Path(mask_root)
        return cls(path, checked, layout, root, n_threads or count_cores(), limits, verify, min_iou)

    def fingerprint(self, project: str, host: str) -> Fingerprint:
        """What must be the same for an import to go on where it was interrupted."""
        labels = self.config.model_dump(mode="json", exclude=_PACING_KEYS)
        options = {"delimiter": self.layout.delimiter, "mask_root": str(self.mask_root.resolve())}
        return Fingerprint(digest_of(self.csv), json.dumps(labels | options, sort_keys=True), project, host)

    def survey(self, done: Container[int] = ()) -> Survey:
        """Go once over the ID column: rows, IDs, IDs on several rows; ``done`` rows were imported earlier."""
        column = self.config.external_id_column
        rows = read_rows(self.csv, columns=[column], delimiter=self.layout.delimiter, rows_per_batch=10_000)
        # Overwriting sends one row of an ID, so only adding has to know which IDs are done in part.
        return survey_ids(rows, column, () if self.config.overwrite else done)

    def numbers_of(self, external_ids: Container[str]) -> list[int]:
        """The numbers of the rows that have one of these external IDs."""
        column = self.config.external_id_column
        batches = read_rows(self.csv, columns=[column], delimiter=self.layout.delimiter, rows_per_batch=10_000)
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
        """Return what turns rows into items; ``shapes`` as in :class:`prelabel.encode.RowEncoder`."""
        return RowEncoder(
            self.config,
            binding,
            project=project,
            mask_root=self.mask_root,
            limits=self.limits,
            shapes=shapes,
            verify=self.verify,
            min_iou=self.min_iou,
        )

    def encoded(self, encoder: RowEncoder, gate: Gate) -> Generator[EncodedChunk]:
        """Yield every row, encoded or sorted out by the gate, in file order."""
        rows = read_rows(self.csv, delimiter=self.layout.delimiter, rows_per_batch=_ROWS_PER_READ)
        return encode_rows(
            rows,
            encoder,
            gate,
            id_column=self.config.external_id_column,
            n_threads=self.n_threads,
            chunk_rows=_MASKS_PER_CHUNK if self.config.mask_column else _ROWS_PER_READ,
        )
