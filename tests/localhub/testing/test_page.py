"""``docs/testing.md``: its examples are a test module, and it passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_examples_of_the_page_pass(tmp_path: Path) -> None:
    """Put together as a reader would, and run by pytest in a folder of their own, with this project's settings."""
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    module = "\n\n".join(re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE))
    (tmp_path / "test_page.py").write_text(module, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(
        [*command, "-c", ROOT / "pyproject.toml", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=55,
        check=False,
    )

    n_tests = len(re.findall(r"^(?:async )?def test_", module, re.MULTILINE))
    assert n_tests >= 5
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"{n_tests} passed" in run.stdout
