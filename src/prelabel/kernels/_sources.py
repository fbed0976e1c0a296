"""What compiled kernels are made of: they are stale when it changes."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from prelabel.model import TRANSPARENT


@cache
def sources_stamp() -> bytes:
    """Return a digest of all that is compiled into kernels: this folder, and the one constant from elsewhere."""
    digest = sha256(str(TRANSPARENT).encode())
    for source in _sources():
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)} ".encode() + content)
    return digest.digest()


@cache
def count_kernels() -> int:
    """Return how many kernels there are, whether or not their modules are imported."""
    return sum(source.read_bytes().count(b"\n@kernel(") for source in _sources())


def _sources() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.py"))
