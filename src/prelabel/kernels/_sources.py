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
    for source in sorted(Path(__file__).parent.glob("*.py")):
        content = source.read_bytes()
        digest.update(f"{source.name} {len(content)} ".encode() + content)
    return digest.digest()
