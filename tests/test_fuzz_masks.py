"""A few thousand damaged mask files; ``nox -s fuzz -- N`` reads many more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import JIT_OFF

TESTS = Path(__file__).parent
N_INPUTS = 400 if JIT_OFF else 8_000

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="the inputs are read in forks"),
    pytest.mark.timeout(240),
]

# A decoder that goes wrong at one input, in the place of the real one.
FAULTY = """
import os, sys, time
import fuzz_masks
from prelabel.errors import MaskError

odd, fault = fuzz_masks.damaged(3, 1)[1], sys.argv[1]

def read(encoded, kind, limits):
    if encoded == odd and fault == "raise":
        raise KeyError("odd")
    if encoded == odd and fault == "die":
        os.kill(os.getpid(), 9)
    if encoded == odd and fault == "hang":
        time.sleep(10)
    if encoded == odd and fault == "take":
        raise MaskError("there is not enough memory for it")
    raise MaskError("damaged")

fuzz_masks.decode_mask, fuzz_masks.SLOWEST_S = read, 1
sys.exit(fuzz_masks.main(["6"]))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments, where the fuzzer can be imported."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=200, check=False, env=environment)


@pytest.mark.parametrize("seed", [11, 12])
def test_damaged_files_give_runs_or_a_mask_error(seed: int) -> None:
    """Of every format: no other exception, no crash, no hang, no great allocation."""
    done = run(str(TESTS / "fuzz_masks.py"), str(N_INPUTS), "--seed", str(seed))

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{N_INPUTS} inputs, 0 wrong" in done.stdout


@pytest.mark.parametrize(
    ("fault", "what"),
    [("raise", "KeyError: 'odd'"), ("die", "died (-9)"), ("hang", "hung"), ("take", "out of memory")],
)
def test_the_fuzzer_sees_faults(fault: str, what: str) -> None:
    """An input that ends wrongly is told with its number, and the others are read all the same."""
    done = run("-c", FAULTY, fault)

    assert done.returncode == 1, done.stderr
    wrong, *families, last = done.stdout.splitlines()
    assert wrong.startswith("input 3 (")
    assert wrong.endswith(what)
    assert sum(int(family.partition(": ")[2].split()[2]) for family in families) == 5
    assert "6 inputs, 1 wrong" in last
