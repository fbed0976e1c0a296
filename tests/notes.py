"""Notes of rows, as tests compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prelabel.model import Note


def texts(notes: Iterable[Note]) -> tuple[str, ...]:
    """Their texts alone."""
    return tuple(note.text for note in notes)
