"""Compiled kernels on disk: when they are stale, and folders that cannot be written.

Where the tests run as root, whom permissions do not stop, it is the user ``nobody`` who cannot write.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import prelabel.kernels
from conftest import JIT_OFF

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest.importorskip("numba", reason="kernels are compiled ahead of time, and numba is not here")

pytestmark = [
    pytest.mark.skipif(JIT_OFF, reason="without the JIT nothing is kept"),
    pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders are made read-only by POSIX permissions"),
]

PACKAGE = Path(prelabel.kernels.__path__[0]).parent
DOUBLE = """
from prelabel.kernels._jit import inner

@inner("int64(int64)")
def double(number):
    return 2 * number
"""
USES_DOUBLE = """
from prelabel.kernels._jit import kernel
from prelabel.kernels.double import double

@kernel("int64(int64)")
def quadruple(number):
    return double(double(number))
"""
CALL = """
from prelabel.kernels.quadruple import quadruple
print(quadruple(5), quadruple.stats.cache_hits.total(), quadruple.stats.cache_misses.total())
"""
BECOME_NOBODY = """
import os
import numba
numba.njit("int64(int64)")(lambda number: number)  # loads all of Python that compiling needs: root's may be closed
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""


class Call(NamedTuple):
    """What a process says of the kernel: its result, how often it was loaded and how often compiled."""

    result: int
    n_loaded: int
    n_compiled: int


LOADED, COMPILED = Call(20, 1, 0), Call(20, 0, 1)


class Install:
    """A package with one kernel, in a folder that everybody may look into.

    Args:
        folder: empty.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.room = folder / "prelabel" / "kernels"
        self.room.mkdir(parents=True)
        for init in (self.room, self.room.parent):
            (init / "__init__.py").touch()
        for module in ("codes", "errors", "model", "records"):
            shutil.copy(PACKAGE / f"{module}.py", self.room.parent)
        for helper in (PACKAGE / "kernels").glob("_[!_]*.py"):
            shutil.copy(helper, self.room)
        (self.room / "double.py").write_text(DOUBLE)
        (self.room / "quadruple.py").write_text(USES_DOUBLE)

    def change(self) -> None:
        """Change a file of the kernels, so that neither its size nor its time tells."""
        double = self.room / "double.py"
        before = double.stat()
        double.write_text(DOUBLE.replace("2 *", "3 *"))
        os.utime(double, ns=(before.st_atime_ns, before.st_mtime_ns))

    def call(self, **variables: str) -> Call:
        """Call the kernel in a process of its own."""
        return self._call(CALL, variables)

    def call_without_rights(self, home: str = "/nowhere", **variables: str) -> Call:
        """The same, by somebody who can write nothing below the folder, and has this home."""
        script = BECOME_NOBODY + CALL if os.geteuid() == 0 else CALL
        self._set_modes(0o555)
        try:
            return self._call(script, {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache", **variables})
        finally:
            self._set_modes(0o755)

    def _set_modes(self, mode: int) -> None:
        for path in (self.folder, *self.folder.rglob("*")):
            path.chmod(mode if path.is_dir() else 0o644)

    def _call(self, script: str, variables: dict[str, str]) -> Call:
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "PYTHONSAFEPATH": "1"}
        environment.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            [sys.executable, "-B", "-c", script],
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.log = done.stderr
        return Call(*map(int, done.stdout.split()))


@pytest.fixture
def install() -> Iterator[Install]:
    """An install; not below pytest's own folder, which is closed to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Install(Path(folder))


def test_a_call_that_compiles_is_logged(install: Install) -> None:
    """Once, where nobody shows progress: it takes long in silence otherwise."""
    install.call()
    assert install.log == "prelabel: compiling kernels, once each (about 20 s for all)\n"

    install.call()
    assert install.log == ""


def test_a_log_says_why_kernels_are_compiled_on_every_run(install: Install) -> None:
    """Where nothing can be kept: which folders were tried, what is wrong with them, and the remedy."""
    beginning = "prelabel: compiling kernels, on every run (about 20 s for all), as "
    install.call_without_rights()
    tried = f"neither {install.room / '__pycache__'} (Permission denied) nor /nowhere/cache/numba ("
    assert install.log.startswith(beginning + tried)
    assert install.log.endswith(") can be written: name a folder that can in NUMBA_CACHE_DIR\n")

    kept = install.folder / "kept"
    install.call_without_rights(NUMBA_CACHE_DIR=str(kept))
    named = f"NUMBA_CACHE_DIR, {kept}, cannot be written (Permission denied): make it writable, or name another folder"
    assert install.log == f"{beginning}{named}\n"


def test_a_change_in_another_file_is_noticed(install: Install) -> None:
    """A kernel is kept until a file of its folder changes, its own or another one, or a constant it may use."""
    kept = str(install.folder / "kept")
    assert install.call(NUMBA_CACHE_DIR=kept) == COMPILED
    assert install.call(NUMBA_CACHE_DIR=kept) == LOADED

    install.change()

    assert install.call(NUMBA_CACHE_DIR=kept) == (45, 0, 1)
    assert install.call(NUMBA_CACHE_DIR=kept) == (45, 1, 0)

    model = install.room.parent / "model.py"
    model.write_text(f"{model.read_text('utf-8')}\nTRANSPARENT = 7\n", "utf-8")

    assert install.call(NUMBA_CACHE_DIR=kept) == (45, 0, 1)


@pytest.mark.parametrize("where", ["named", "beside the package"])
def test_kernels_are_loaded_from_a_folder_that_cannot_be_written(install: Install, where: str) -> None:
    """Warmed up once, by whoever may write, nobody compiles them any more; a stale one works all the same."""
    variables = {"NUMBA_CACHE_DIR": str(install.folder / "kept")} if where == "named" else {}
    assert install.call(**variables) == COMPILED

    assert install.call_without_rights(**variables) == LOADED

    install.change()
    files = sorted(install.folder.rglob("*"))

    assert install.call_without_rights(**variables) == (45, 0, 1)
    assert install.call_without_rights(**variables) == (45, 0, 1)
    assert sorted(install.folder.rglob("*")) == files


def test_without_any_folder_kernels_are_compiled_for_the_process(install: Install) -> None:
    """Where nothing is kept and nothing can be, that is no error."""
    assert install.call_without_rights() == COMPILED
    assert install.call_without_rights(NUMBA_CACHE_DIR=str(install.folder / "kept")) == COMPILED
    assert not list(install.folder.rglob("*.nb?"))


def test_what_a_folder_lacks_is_kept_where_there_is_room(install: Install) -> None:
    """A stale cache that cannot be written does not keep a user from having one at home."""
    assert install.call() == COMPILED
    install.change()
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)

        assert install.call_without_rights(home) == (45, 0, 1)
        assert install.call_without_rights(home) == (45, 1, 0)


def test_a_folder_of_ones_own_is_filled_whatever_lies_beside_the_package(install: Install) -> None:
    """A folder that is named and can be written has all kernels in the end, for an image or another machine."""
    kept = install.folder / "kept"
    assert install.call() == COMPILED

    assert install.call(NUMBA_CACHE_DIR=f"{install.folder}/./kept/") == COMPILED
    assert list(kept.rglob("*.nbc"))


def test_a_cache_that_may_not_be_read_is_none(install: Install) -> None:
    """Files that are closed to a user are passed over, not an error."""
    kept = install.folder / "kept"
    assert install.call(NUMBA_CACHE_DIR=str(kept)) == COMPILED
    index = next(kept.rglob("*.nbi"))
    index.unlink()
    index.mkdir()  # cannot be read as a file by anybody

    assert install.call_without_rights(NUMBA_CACHE_DIR=str(kept)) == COMPILED


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_cache_that_was_cut_off_is_made_anew(install: Install, ending: str) -> None:
    """By a full disk or a crash: it is no error, and the next process finds all well."""
    kept = install.folder / "kept"
    assert install.call(NUMBA_CACHE_DIR=str(kept)) == COMPILED
    with next(kept.rglob(f"*.{ending}")).open("r+b") as file:
        file.truncate(40)

    assert install.call(NUMBA_CACHE_DIR=str(kept)) == COMPILED
    assert install.call(NUMBA_CACHE_DIR=str(kept)) == LOADED


def test_a_kernel_that_could_not_be_written_is_known(install: Install) -> None:
    """By a disk that is full, though the folder could be written before: ``warmup`` must not say that it is kept."""
    kept = install.folder / "kept"
    assert install.call(NUMBA_CACHE_DIR=str(kept)) == COMPILED
    data = next(kept.rglob("*.nbc"))
    data.unlink()
    data.mkdir()  # no file takes its place

    look = "from prelabel.kernels._just_in_time import look_for_all; found = look_for_all()"
    check = f"{look}; assert (found.n_kept, found.n_kernels, found.doubt[:16]) == (0, 1, 'cannot write in '), found"
    assert install._call(f"{CALL}\n{check}", {"NUMBA_CACHE_DIR": str(kept)}) == COMPILED
