"""An encoder with the masks of one folder: a row to its item in one call, as a worker thread does it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prelabel.errors import MaskError
from prelabel.masks.sources.local import LocalFiles

if TYPE_CHECKING:
    from pathlib import Path

    from prelabel.items.row_encoder import EncodedRow, RowEncoder
    from prelabel.model import RowBatch


class LocalEncoder:
    """Encodes rows whose masks are files below a folder."""

    def __init__(self, encoder: RowEncoder, root: Path) -> None:
        self.encoder = encoder
        self.files = LocalFiles(root)

    def encode(self, batch: RowBatch, index: int) -> EncodedRow:
        """Encode one row, or raise its RowError."""
        draft = self.encoder.start(batch, index)
        if not draft.mask_cell.strip():
            return self.encoder.finish(draft)
        try:
            content = self.files.read(draft.mask_cell)
        except MaskError as error:
            error.column = "mask"
            raise
        return self.encoder.finish(
            draft, self.encoder.trace(content, draft.mask_cell, time.perf_counter(), draft.shapes)
        )
