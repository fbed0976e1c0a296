"""Kernels compiled ahead of time: the same results, no numba, and what happens where they do not fit.

They are compiled here as they are for a wheel, into a copy of the package. Where the package under test has its own,
those are taken.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import prelabel
from conftest import JIT_OFF
from prelabel.kernels import _ahead
from prelabel.kernels._ahead import AHEAD, JUST_IN_TIME, RECORD
from prelabel.kernels._jit import ROAD

PACKAGE = Path(prelabel.__file__).parent
ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "road_results.py"

pytestmark = [
    pytest.mark.skipif(JIT_OFF, reason="without the JIT there is nothing to compile"),
    pytest.mark.timeout(600),  # whatever else the machine does meanwhile
]


def _builder() -> Any:
    """The build hook, as a module."""
    specification = importlib.util.spec_from_file_location("build_kernels", ROOT / "scripts" / "build_kernels.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a package whose kernels are compiled."""
    if ROAD.name == AHEAD:
        return PACKAGE.parent
    folder = tmp_path_factory.mktemp("compiled")
    shutil.copytree(PACKAGE, folder / "prelabel", ignore=shutil.ignore_patterns("__pycache__"))
    builder, kernels = _builder(), folder / "prelabel" / "kernels"
    try:
        record = builder.compile_kernels(kernels)
    except builder.CannotCompile as error:
        pytest.skip(f"kernels cannot be compiled here: {error}")
    (kernels / RECORD).write_text(json.dumps(record), "utf-8")
    return folder


def _run(code: str, folder: Path, *arguments: str, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1", **variables}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _road(folder: Path, **variables: str) -> list[str]:
    code = "from prelabel.kernels._jit import ROAD; print(ROAD.name); print(ROAD.why)"
    return _run(code, folder, **variables).splitlines()


def test_numba_is_never_imported(compiled: Path) -> None:
    """All kernels are loaded, and a mask becomes polygons, with neither numba nor its compiler in the process."""
    code = """
import sys
import numpy as np, prelabel, prelabel.kernels
prelabel.kernels.warm_up()
print(len(prelabel.mask_to_polygons(np.eye(5, dtype=np.uint8), tolerance=2)))
print(sorted({"numba", "llvmlite"} & set(sys.modules)))
"""
    assert _run(code, compiled) == "5\n[]\n"
    assert _road(compiled)[0] == AHEAD


def test_both_roads_give_the_same_to_the_last_bit(compiled: Path, shared_masks: Path) -> None:
    """Real masks of every kind, through everything that has kernels; and no kernel is left out."""
    if importlib.util.find_spec("numba") is None:
        pytest.skip("numba is not here to compare with")
    code = RESULTS.read_text("utf-8")
    ahead = json.loads(_run(code, compiled, str(shared_masks)))
    just_in_time = json.loads(_run(code, compiled, str(shared_masks), PRELABEL_KERNELS="jit"))

    assert (ahead.pop("road"), just_in_time.pop("road")) == (AHEAD, JUST_IN_TIME)
    assert ahead.pop("not called") == []
    just_in_time.pop("not called")
    assert len(ahead) > 20
    assert ahead == just_in_time


@pytest.mark.skipif(ROAD.name == AHEAD, reason="an installed package is not to be changed")
def test_kernels_that_do_not_fit_are_not_used(compiled: Path, tmp_path: Path) -> None:
    """Changed sources, another processor, a broken module or record: numba compiles, and the reason is told."""
    shutil.copytree(compiled / "prelabel", tmp_path / "prelabel", ignore=shutil.ignore_patterns("__pycache__"))
    record = tmp_path / "prelabel" / "kernels" / RECORD
    told = json.loads(record.read_text("utf-8"))

    assert _road(tmp_path, PRELABEL_KERNELS="jit") == [JUST_IN_TIME, "PRELABEL_KERNELS is jit"]
    for change, reason in [
        ({"stamp": "00"}, "the sources of the kernels have changed"),
        ({"features": ["SSE42", "VSX4"]}, "have VSX4"),
        ({"parts": ["_compiled_99"]}, "cannot be used: No module named"),
        ({"missing": "there is no C compiler"}, "no compiled kernels: there is no C compiler"),
    ]:
        record.write_text(json.dumps(told | change), "utf-8")
        name, why = _road(tmp_path)
        assert name == JUST_IN_TIME
        assert reason in why
    record.write_text("{", "utf-8")
    assert "cannot be used" in _road(tmp_path)[1]
    record.unlink()
    assert "has no compiled kernels" in _road(tmp_path)[1]


@pytest.mark.skipif(ROAD.name == AHEAD, reason="an installed package is not to be changed")
def test_a_change_in_the_sources_is_noticed(compiled: Path, tmp_path: Path) -> None:
    """A comment is enough: what was compiled is not what is there."""
    shutil.copytree(compiled / "prelabel", tmp_path / "prelabel", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "prelabel" / "kernels" / "fill.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")

    assert "have changed" in _road(tmp_path)[1]


def test_what_compiling_needs_is_looked_for_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is said in words that help, before anything is compiled for nothing."""
    builder = _builder()
    with monkeypatch.context() as without_compiler:
        without_compiler.setenv("PATH", str(tmp_path))
        without_compiler.setenv("CC", "gcc -pthread")
        with pytest.raises(builder.CannotCompile, match=r"no C compiler \(gcc\) was found \(Debian: gcc"):
            builder.compile_kernels(tmp_path)
    monkeypatch.setenv("CC", sys.executable)  # any program that is there
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(builder.CannotCompile, match="headers were not found"):
        builder.compile_kernels(tmp_path)
    assert not list(tmp_path.iterdir())


def test_features_are_named_as_numpy_names_them() -> None:
    """A name that numpy does not know would never keep anybody from anything."""
    features = _ahead._processor_features()

    assert features
    assert {name for names in _builder().FEATURES.values() for name in names} <= features.keys()
