"""An encoder with the masks of one folder: a row to its item in one call, as a worker thread does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from prelabel.errors import MaskError
from prelabel.items.mask_tracer import MaskTracer
from prelabel.items.row_encoder import RowEncoder
from prelabel.masks.sources.local import LocalFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from prelabel.inputs.config import ImportConfig
    from prelabel.model import Binding, EncodedRow, RowBatch, Shape


class LocalEncoder:
    """Encodes rows whose masks are files below a folder."""

    def __init__(
        self,
        config: ImportConfig,
        binding: Binding,
        root: Path,
        *,
        project: str = "p1",
        shapes: Mapping[str, tuple[Shape, ...]] | None = None,
        **tracing: Any,
    ) -> None:
        self.encoder = RowEncoder(config, binding, project=project, shapes=shapes)
        self.tracer = MaskTracer(config, binding, **tracing) if binding.mask_kind is not None else None
        self.files = LocalFiles(root)

    def encode(self, batch: RowBatch, index: int) -> EncodedRow:
        """Encode one row, or raise its RowError."""
        draft = self.encoder.read(batch, index)
        if self.tracer is None or not draft.mask_cell.strip():
            return self.encoder.encode(draft)
        try:
            content = self.files.read(draft.mask_cell)
        except MaskError as error:
            error.column = "mask"
            raise
        return self.encoder.encode(
            draft, self.tracer.trace(content, draft.mask_cell, time.perf_counter(), draft.shapes)
        )
