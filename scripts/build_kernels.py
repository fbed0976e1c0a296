"""Compiles the kernels into an extension module when a wheel is built; the build hook that pyproject.toml names.

numba's ahead-of-time compiler makes a module of every part of the kernels, and processes make the parts side by side.
What is exported is a function of one line around each kernel, which calls it: so a kernel is compiled as it is just in
time. Editable installs are left as they are. Where there is no C compiler, the wheel has no compiled kernels but a note
why, and numba compiles them at the first mask; ``PRELABEL_KERNELS=required`` makes that an error, ``none`` builds such
a wheel for any platform, and ``jit`` is for running only.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # in the processes that compile there is no need for it
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "src/prelabel/kernels"
RECORD = "_compiled.json"
MOST_PARTS = 4
MOST_LINES = 3
CHOICES = ("", "required", "none", "jit")

TARGETS = {"x86_64": "x86-64-v2", "amd64": "x86-64-v2"}
"""What every machine of the last ten years can do. Others: whatever LLVM takes for the least of the architecture."""

FEATURES = {"x86-64-v2": ["SSE3", "SSSE3", "SSE41", "SSE42", "POPCNT"]}
"""What a target asks for, in numpy's words."""


class KernelsHook(BuildHookInterface):  # type: ignore[misc] # hatchling is there when a wheel is built, not when mypy runs
    """Puts the compiled kernels, and the record of them, into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, unless the install is editable."""
        choice = _choice()
        if version == "editable":
            if choice == "required":
                raise CannotCompile("PRELABEL_KERNELS is 'required', and an editable install has no compiled kernels")
            return
        self._folder = tempfile.mkdtemp(prefix="prelabel-kernels-")
        try:
            self._fill(Path(self._folder), choice, build_data)
        except BaseException:
            self._clear()
            raise

    def _fill(self, folder: Path, choice: str, build_data: dict[str, Any]) -> None:
        """Make all that goes into the wheel, and have it put there."""
        try:
            record = _record() if choice == "none" else compile_kernels(folder)
        except CannotCompile as error:
            if choice == "required":
                raise
            self.app.display_warning(f"The kernels are not compiled: {error}. They will be at the first mask.")
            record = _record(str(error))
        (folder / RECORD).write_text(json.dumps(record), "utf-8")
        build_data["force_include"].update({str(path): f"prelabel/kernels/{path.name}" for path in folder.iterdir()})
        if record["parts"]:
            build_data["pure_python"] = False
            build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take away what has been packed."""
        if version != "editable":
            self._clear()

    def _clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


def _choice() -> str:
    """What ``PRELABEL_KERNELS`` asks of the build."""
    choice = os.environ.get("PRELABEL_KERNELS", "")
    if choice not in CHOICES:
        raise CannotCompile(f"PRELABEL_KERNELS is {choice!r}: give 'required' or 'none', or take it away")
    return choice


class CannotCompile(Exception):
    """Says what is missing."""


def compile_kernels(folder: Path) -> dict[str, Any]:
    """Compile all kernels into extension modules in a folder, and return the record of them.

    Raises:
        CannotCompile: a C compiler or Python's headers are missing, or numba does not work here.
    """
    _check_tools()
    target = TARGETS.get(platform.machine().lower(), "generic")
    n_parts = min(MOST_PARTS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    command = [sys.executable, "-W", "ignore", __file__, str(folder), "--of", str(n_parts), "--target", target]
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with tempfile.TemporaryDirectory(prefix="prelabel-kernels-") as work:  # numba takes its own away only at a good end
        pipes["env"] = {**_environment(target), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), work)}
        processes = [subprocess.Popen([*command, "--part", str(part)], **pipes) for part in range(n_parts)]
        results = [(process.communicate(), process.returncode) for process in processes]
    for (_, said), status in results:
        if status:
            raise CannotCompile(f"compiling failed: {reason_of(said)}")
    stamp, numba_version = json.loads(results[0][0][0])
    parts = {path.name: path.stat().st_size for path in sorted(folder.glob("_compiled_[0-9]*"))}
    return _record("", stamp, numba_version, target, parts)


def _environment(target: str) -> dict[str, str]:
    """What the processes that compile go by."""
    return {
        **os.environ,
        # The parts are optimized before they are put together, so numba must not do it for the machine at hand.
        "NUMBA_CPU_NAME": target,
        "NUMBA_CPU_FEATURES": "",
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),  # of an isolated build, too
        "PRELABEL_KERNELS": "jit",
    }


def reason_of(said: str) -> str:
    """The reason in what a process wrote as it failed: what Python says last, and the C compiler before it."""
    by_tools, is_raised, _ = said.partition("Traceback (most recent call last):")
    *_, last = said.strip().splitlines() or ["no reason is known"]
    if not is_raised:
        return last
    # Not the lines that only show the source.
    told = [line.strip() for line in by_tools.splitlines() if ": " in line][-MOST_LINES:]
    return "; ".join([*told, last])


def _record(
    missing: str = "it was built for any platform",
    stamp: str = "",
    numba_version: str = "",
    target: str = "",
    parts: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """What ``prelabel.kernels._ahead`` reads; the parts are files and their sizes."""
    features = FEATURES.get(target, [])
    return {
        "missing": missing,
        "stamp": stamp,
        "numba": numba_version,
        "target": target,
        "features": features,
        "parts": parts or {},
    }


def _check_tools() -> None:
    """Look for what linking needs before compiling for it.

    Raises:
        CannotCompile: it is not there.
    """
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC")  # Windows has no such variable, and no such check
    if compiler and shutil.which(shlex.split(compiler)[0]) is None:
        raise CannotCompile(f"no C compiler ({shlex.split(compiler)[0]}) was found (Debian: gcc and libc6-dev)")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        raise CannotCompile("Python's headers were not found (Debian: python3-dev)")


def compile_part(folder: Path, part: int, n_parts: int, target: str) -> tuple[str, str]:
    """Compile one part of the kernels. Returns the stamp of the sources, and numba's version."""
    import numba  # noqa: PLC0415 - only in the processes that compile
    from numba.pycc import compiler  # noqa: PLC0415
    from numba.pycc import platform as toolchain  # noqa: PLC0415

    from prelabel.kernels._sources import sources_stamp  # noqa: PLC0415

    # It would want C++ too; whether there is C shows soon enough.
    vars(toolchain)["external_compiler_works"] = lambda: True
    vars(compiler)["Flags"] = _without_the_gil(vars(compiler)["Flags"])
    module = vars(numba.pycc)["CC"](f"_compiled_{part}", source_module="prelabel.kernels")
    module.output_dir, module.target_cpu, module.use_nrt = str(folder), target, False
    for name, signature, kernel in _kernels_of(part, n_parts):
        module.export(name, signature)(_calling(kernel, name))
    module.compile()
    return sources_stamp().hex(), numba.__version__


def _without_the_gil(flags: Callable[[], Any]) -> Callable[[], Any]:
    def made() -> Any:
        made_flags = flags()
        made_flags.release_gil = True
        return made_flags

    return made


def _kernels_of(part: int, n_parts: int) -> Iterable[tuple[str, str, Any]]:
    """Yield name, signature and function of the kernels in one of several parts of about the same size."""
    import importlib  # noqa: PLC0415

    from prelabel.kernels import _just_in_time, module_names  # noqa: PLC0415

    found: list[tuple[str, str, Any]] = []

    def collect(signature: str) -> Callable[[Any], Any]:
        def decorate(function: Any) -> Any:
            kernel = _just_in_time.part_of_kernels(function, signature)
            found.append((f"{function.__module__.rpartition('.')[2]}__of__{function.__name__}", signature, kernel))
            return kernel

        return decorate

    vars(_just_in_time)["kernel"] = collect
    for name in module_names():
        importlib.import_module(name)
    # Neighbours share helpers, which are compiled once in each part.
    sizes = [len(kernel.py_func.__code__.co_code) for _, _, kernel in found]
    done, share = 0, sum(sizes) / n_parts
    for size, kernel in zip(sizes, found, strict=True):
        if int((done + size / 2) / share) == part:
            yield kernel
        done += size


def _calling(kernel: Any, name: str) -> Callable[..., Any]:
    """Return a function that calls a kernel."""
    arguments = ", ".join(kernel.py_func.__code__.co_varnames[: kernel.py_func.__code__.co_argcount])
    scope: dict[str, Any] = {"kernel": kernel}
    exec(f"def {name}({arguments}):\n    return kernel({arguments})\n", scope)  # the names are ours
    function: Callable[..., Any] = scope[name]
    return function


def main() -> None:
    """Compile one part, in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", type=int, required=True)
    parser.add_argument("--of", type=int, required=True)
    parser.add_argument("--target", required=True)
    options = parser.parse_args()
    print(json.dumps(compile_part(options.folder, options.part, options.of, options.target)))


if __name__ == "__main__":
    main()
