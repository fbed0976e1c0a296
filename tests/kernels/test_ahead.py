"""Kernels compiled ahead of time: the same results, no numba, and what happens where they do not fit.

They are compiled here as they are for a wheel, into a copy of the package. Where the package under test has its own,
those are taken.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
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
    record.with_name("_compiled_98.none").write_bytes(b"...")

    assert _road(tmp_path, PRELABEL_KERNELS="jit") == [JUST_IN_TIME, "PRELABEL_KERNELS is jit"]
    for change, reason in [
        ({"stamp": "00"}, "the sources of the kernels have changed"),
        ({"features": ["SSE42", "VSX4"]}, "have VSX4"),
        ({"parts": {"_compiled_99.so": 1}}, "cannot be used: [Errno 2] No such file"),
        ({"parts": {"_compiled_98.none": 3}}, "cannot be used: No module named"),
        ({"parts": ["_compiled_0"]}, "cannot be used"),  # as records were before they told sizes
        ({"missing": "there is no C compiler"}, "no compiled kernels: there is no C compiler: install prelabel again"),
    ]:
        record.write_text(json.dumps(told | change), "utf-8")
        name, why = _road(tmp_path)
        assert name == JUST_IN_TIME
        assert reason in why
    record.write_text("{", "utf-8")
    assert "cannot be used" in _road(tmp_path)[1]
    record.unlink()
    assert "runs from its sources, as an editable install does" in _road(tmp_path)[1]
    (tmp_path / "prelabel-0.1.0.dist-info").mkdir()
    assert f"this install lacks {RECORD}: install prelabel again" in _road(tmp_path)[1]


@pytest.mark.skipif(ROAD.name == AHEAD, reason="an installed package is not to be changed")
def test_a_part_that_a_full_disk_has_cut_off_is_not_loaded(compiled: Path, tmp_path: Path) -> None:
    """Loading it would end the process, by a signal that nobody can answer."""
    shutil.copytree(compiled / "prelabel", tmp_path / "prelabel", ignore=shutil.ignore_patterns("__pycache__"))
    part = max((tmp_path / "prelabel" / "kernels").glob("_compiled_*[!n]"))
    with part.open("r+b") as file:
        file.truncate(20_000)

    assert _road(tmp_path) == [
        JUST_IN_TIME,
        f"{part.name} is not as it was compiled: install prelabel again where a C compiler works",
    ]


def test_the_choice_is_one_of_a_few_words(compiled: Path) -> None:
    """A word that means nothing, or asks for what is not there, is refused when the first kernel is wanted."""
    assert _road(compiled, PRELABEL_KERNELS="required")[0] == AHEAD
    assert _road(compiled, PRELABEL_KERNELS="none") == [JUST_IN_TIME, "PRELABEL_KERNELS is none"]
    assert _road(compiled, PRELABEL_KERNELS="")[0] == AHEAD
    for choice, jit_off, reason in [
        ("nonsense", "0", "is 'nonsense': give one of jit, none, required, or take it away"),
        ("required", "1", "is 'required', and kernels are compiled not at all: NUMBA_DISABLE_JIT is 1"),
    ]:
        with pytest.raises(AssertionError, match=f"ConfigError: PRELABEL_KERNELS {reason}"):
            _road(compiled, PRELABEL_KERNELS=choice, NUMBA_DISABLE_JIT=jit_off)


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


def test_a_build_that_is_refused_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that means nothing, and kernels that are required where they cannot be: no folder stays behind."""
    builder = _builder()
    hook = object.__new__(builder.KernelsHook)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("CC", "no-such-compiler")
    for choice, version, reason in [
        ("nonsense", "standard", "PRELABEL_KERNELS is 'nonsense': give 'required' or 'none'"),
        ("nonsense", "editable", "PRELABEL_KERNELS is 'nonsense': give 'required' or 'none'"),
        ("required", "editable", "an editable install has no compiled kernels"),
        ("required", "standard", "no C compiler (no-such-compiler) was found"),
    ]:
        monkeypatch.setenv("PRELABEL_KERNELS", choice)
        with pytest.raises(builder.CannotCompile, match=re.escape(reason)):
            hook.initialize(version, {"force_include": {}})
        assert not list(tmp_path.iterdir())


def test_a_wheel_without_compiled_kernels_has_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for, it is of any platform; what was packed is taken away."""
    builder = _builder()
    hook = object.__new__(builder.KernelsHook)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("PRELABEL_KERNELS", "none")
    build_data: dict[str, Any] = {"force_include": {}}
    hook.initialize("standard", build_data)

    assert list(build_data) == ["force_include"]
    assert list(build_data["force_include"].values()) == [f"prelabel/kernels/{RECORD}"]
    hook.finalize("standard", build_data, "")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform == "win32", reason="there is no shell to make a compiler of")
def test_what_a_compiler_that_fails_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there, so nothing can be known before; numba's temporary files go, too."""
    if importlib.util.find_spec("numba") is None:
        pytest.skip("numba is not here to compile with")
    builder, compiler, folder = _builder(), tmp_path / "cc", tmp_path / "folder"
    compiler.write_text("#!/bin/sh\necho 'm.c:20:10: fatal error: Python.h: No such file' >&2\nexit 1\n", "utf-8")
    compiler.chmod(0o755)
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("CC", str(compiler))
    with pytest.raises(builder.CannotCompile, match=r"failed: m\.c:20:10: fatal error: Python\.h: No such file; "):
        builder.compile_kernels(folder)

    assert not list(folder.iterdir())


def test_a_compiler_that_fails_is_heard() -> None:
    """What it says itself tells more than that it failed; the source that it shows does not."""
    error = "distutils.compilers.C.errors.CompileError: command '/usr/bin/gcc' failed with exit code 1"
    gcc = (
        "/tmp/m.c:20:10: fatal error: Python.h: No such file or directory\n   20 | #include <Python.h>\n"
        "      |          ^~~~~~~~~~\ncompilation terminated.\n"
    )
    traceback = f'Traceback (most recent call last):\n  File "a.py", line 1, in <module>\n{error}\n'
    reason_of = _builder().reason_of

    assert reason_of(gcc + traceback) == f"/tmp/m.c:20:10: fatal error: Python.h: No such file or directory; {error}"
    assert (
        reason_of(gcc + traceback + "\nThe above exception was the direct cause of:\n\n" + traceback).count("; ") == 1
    )
    assert reason_of(traceback) == error
    assert reason_of("Killed\n") == "Killed"
    assert reason_of("") == "no reason is known"


def test_features_are_named_as_numpy_names_them() -> None:
    """A name that numpy does not know would never keep anybody from anything."""
    features = _ahead._processor_features()

    assert features
    assert {name for names in _builder().FEATURES.values() for name in names} <= features.keys()
