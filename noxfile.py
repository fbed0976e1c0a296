"""One door for developers: ``nox -l`` lists the sessions."""

from __future__ import annotations

import os
import shutil
import subprocess

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


def _runs(python: str) -> bool:
    """Whether this version is installed; a name alone may be a switch that leads to none."""
    command = shutil.which(f"python{python}")
    return command is not None and subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode == 0


NEWEST_PYTHON = next(filter(_runs, reversed(PYTHONS)), PYTHONS[-1])


def _install(session: nox.Session, what: str, **env: str) -> None:
    """Install the package as users do; said beforehand, as nothing is shown of what takes most of the time."""
    session.log("installing prelabel, which compiles its kernels: a minute or more without a word")
    session.install(what, env=env)


@nox.session
def demo(session: nox.Session) -> None:
    """The main job end to end: masks and a CSV made here, imported into the embedded local hub."""
    _install(session, ".")
    session.run("prelabel", "demo", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The whole suite with the JIT on."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session(python=PYTHONS, default=False)
def tests_all(session: nox.Session) -> None:
    """The whole suite on every Python we support, as far as it is installed."""
    session.install("-e", ".[test]")
    session.run("pytest", *session.posargs)


@nox.session
def tests_nojit(session: nox.Session) -> None:
    """The suite with the JIT off, so that coverage sees inside the kernels; branch coverage is reported."""
    session.install("-e", ".[test]")
    # Plain Python under coverage takes many times as long, so what counts as hanging does too.
    arguments = ["--timeout=300", "--cov", "--cov-branch", "--cov-report=term", *session.posargs]
    session.run("pytest", *arguments, env={"NUMBA_DISABLE_JIT": "1"})


@nox.session(default=False)
def tests_wheel(session: nox.Session) -> None:
    """What uses kernels, against the installed wheel, whose kernels are compiled; and without numba."""
    _install(session, ".[test]", PRELABEL_KERNELS="required")
    session.run("prelabel", "doctor")
    session.run("pytest", "tests/kernels/test_ahead.py")
    session.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "numba", "llvmlite")
    session.run("pytest", *_WHEEL_TESTS, *session.posargs)


_WHEEL_TESTS = (
    *("tests/kernels", "tests/masks", "tests/polygons", "tests/items"),
    *("tests/test_real_masks.py", "tests/test_end_to_end.py", "tests/test_import_cost.py"),
    *("tests/cli/test_import_.py", "tests/cli/test_convert.py"),
)


@nox.session(python=sorted({PYTHONS[0], NEWEST_PYTHON}), default=False, reuse_venv=False)
@nox.parametrize("sdk", ["1.4.7", "newest"])
def plugin_sdk(session: nox.Session, sdk: str) -> None:
    """The plugin on the oldest of Ango's SDKs that it takes, and on the newest, each in an environment of its own."""
    # Without the extra "test", which wants a newer SDK for its own sake.
    tools = ["hypothesis", "pytest", "pytest-asyncio", "pytest-randomly", "pytest-timeout"]
    session.install("-e", ".[plugin]", "imerit_ango" if sdk == "newest" else f"imerit_ango=={sdk}", *tools)
    session.run("prelabel", "plugin", "--help", silent=True)
    session.run("python", "-c", _RUNTIME_CHECK)
    session.run("pytest", *(path for path in _PLUGIN_TESTS if os.path.exists(path)), *session.posargs)  # noqa: PTH110


_PLUGIN_TESTS = ("tests/plugin", "tests/localhub/plugin_sessions")
_RUNTIME_CHECK = """
from prelabel.plugin import runtime, settings
runtime.load_runtime(settings.PluginSettings(host="https://hub.example.com"))
print("imerit_ango", runtime.runtime_version())
"""


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff, both ways."""
    session.install("ruff>=0.14")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy, strict, over everything."""
    session.install("-e", ".[test,bench,typing]", "nox")
    session.run("mypy")


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """The benchmarks with their peers. ``nox -s bench -- --benchmark-disable`` runs each body once as a test."""
    session.install("-e", ".[test,bench]")
    session.run("pytest", "benchmarks", "-p", "no:randomly", "--timeout=600", *session.posargs)


@nox.session(default=False)
def chaos(session: nox.Session) -> None:
    """Imports amid random faults and kill -9, resumed and compared. ``nox -s chaos -- 2000 --rows 500`` runs many."""
    session.install("-e", ".[test]")
    session.run("python", "tests/chaos.py", *(session.posargs or ["50"]), env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Damaged mask files of every format. ``nox -s fuzz -- 1000000 --seed 7`` reads many."""
    session.install("-e", ".[test]")
    session.run("python", "tests/fuzz_masks.py", *(session.posargs or ["200000"]), env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def package(session: nox.Session) -> None:
    """Build sdist and wheel, install the wheel alone and ask it for help."""
    session.install("build")
    out = session.create_tmp()
    session.run("python", "-m", "build", "--outdir", out, silent=True)
    wheels = sorted(name for name in os.listdir(out) if name.endswith(".whl"))  # noqa: PTH208 - a nox helper
    session.install("--force-reinstall", os.path.join(out, wheels[-1]))  # noqa: PTH118
    session.run("prelabel", "--help", silent=True)
