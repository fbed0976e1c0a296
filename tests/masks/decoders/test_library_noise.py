"""A damaged TIFF is told of once."""

from __future__ import annotations

import subprocess
import sys

import pytest

from masks.corpus import SAMPLES


@pytest.mark.parametrize("loaded_before", ["decode", "decode, pillow"])
def test_libraries_can_be_told_to_be_quiet(loaded_before: str) -> None:
    """A damaged TIFF: libtiff's own line is gone, the reason is the same, whether Pillow is loaded before or after."""
    encoded = bytearray(SAMPLES["TIFF lzw"].encoded)
    encoded[12:40] = bytes(28)
    program = (
        f"import sys; from prelabel.masks.decoders import library_noise, {loaded_before}\n"
        "from prelabel.errors import MaskError\n"
        "if sys.argv[1] == 'quiet': library_noise.quieten_libraries()\n"
        "try: decode.decode_mask(bytes.fromhex(sys.argv[2]), 'value')\n"
        "except MaskError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program]
    quiet, loud = (
        subprocess.run([*command, how, encoded.hex()], capture_output=True, text=True, check=True)
        for how in ("quiet", "loud")
    )
    assert quiet.stderr == ""
    assert quiet.stdout == loud.stdout
    assert "cannot be decoded" in quiet.stdout
