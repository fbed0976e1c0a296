"""One door for developers: ``nox -l`` lists the sessions."""

from __future__ import annotations

import os

import nox

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "typing", "tests"]
nox.options.error_on_missing_interpreters = False
nox.options.reuse_existing_virtualenvs = True

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))


@nox.session
def demo(session: nox.Session) -> None:
    """The main job end to end: masks and a CSV made here, imported into the embedded local hub."""
    session.install(".")
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
