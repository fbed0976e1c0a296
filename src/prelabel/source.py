"""What an import starts from: the CSV and the config, read and checked, and the threads that turn rows into items."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prelabel.config import ImportConfig, load_config
from prelabel.encode import RowEncoder
from prelabel.matching import Survey, survey_ids
from prelabel.ontology import bind, parse_ontology
from prelabel.parallel import count_cores, encode_rows
from prelabel.rows import CsvLayout, read_header, read_rows

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from prelabel.options import ConfigLike, PathLike
    from prelabel.parallel import EncodedChunk, Gate

_MASKS_PER_CHUNK = 4
_ROWS_PER_READ = 250


@dataclass(frozen=True, slots=True)
class Source:
    """A CSV and the config it is read by.

    Attributes:
        csv: the file.
        config: the checked config.
        layout: the CSV's header and delimiter.
        mask_root: folder that mask paths are relative to.
        n_threads: threads that decode and trace.
    """

    csv: Path
    config: ImportConfig
    layout: CsvLayout
    mask_root: Path
    n_threads: int

    @classmethod
    def open(
        cls,
        csv: PathLike,
        config: ConfigLike,
        delimiter: str | None = None,
        mask_root: PathLike | None = None,
        n_threads: int | None = None,
    ) -> Source:
        """Read the config and the CSV's header.

        Args:
            csv: the file.
            config: a file, a mapping or an ImportConfig.
            delimiter: the CSV's; None finds out.
            mask_root: None means the CSV's own folder.
            n_threads: None means one per core.

        Raises:
            ConfigError: one of the two cannot be used.
        """
        path = Path(csv)
        checked = load_config(config)
        layout = read_header(path, delimiter=delimiter)
        root = path.parent if mask_root is None else Path(mask_root)
        return cls(path, checked, layout, root, n_threads or count_cores())

    def survey(self) -> Survey:
        """Go once over the ID column: rows, IDs, IDs on several rows."""
        column = self.config.external_id_column
        rows = read_rows(self.csv, columns=[column], delimiter=self.layout.delimiter, rows_per_batch=10_000)
        return survey_ids(rows, column)

    def encoder(self, category_schema: Mapping[str, Any], project: str) -> RowEncoder:
        """Tie the config to a project's schema.

        Raises:
            ConfigError: they do not fit each other.
        """
        binding = bind(self.config, parse_ontology(category_schema), self.layout.header)
        return RowEncoder(self.config, binding, project=project, mask_root=self.mask_root)

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
