"""What every test shares: hypothesis profiles and the folder of real masks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

JIT_OFF = os.environ.get("NUMBA_DISABLE_JIT") == "1"

settings.register_profile("default", deadline=None, max_examples=60, derandomize=bool(os.environ.get("CI")))
settings.register_profile(
    "jit_off", deadline=None, max_examples=12, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", deadline=None, max_examples=2000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "jit_off" if JIT_OFF else "default"))

SHARED = Path(os.environ.get("PRELABEL_SHARED", Path(__file__).resolve().parents[2] / "shared"))


@pytest.fixture(scope="session")
def shared_masks() -> Path:
    """The folder of real masks that lies beside the repository on our machines."""
    folder = SHARED / "masks"
    if not folder.is_dir():
        pytest.skip(f"no real masks here ({folder} is absent): set PRELABEL_SHARED to the folder that holds masks/")
    return folder


@pytest.fixture(scope="session")
def pngsuite() -> Path:
    """Willem van Schaik's PngSuite, beside the repository on our machines."""
    folder = SHARED / "pngsuite"
    if not folder.is_dir():
        pytest.skip(f"no PngSuite here ({folder} is absent): set PRELABEL_SHARED to the folder that holds pngsuite/")
    return folder
