"""``prelabel doctor``: which versions are at work here, and whether the kernels are ready."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from prelabel import __version__
from prelabel.cli.console import errors_as_exit_codes, show

EPILOG = """\
Kernels make polygons of masks. A wheel brings them compiled ("ahead of time"), and there is nothing to wait for.
Where there are none that fit, as in an editable install, numba compiles each when it is first needed ("just in time"),
once: it is kept in NUMBA_CACHE_DIR if that is set, else beside the package, else in the user's cache folder. "prelabel
warmup" compiles them all now.

\b
Environment:
  PRELABEL_KERNELS  jit: compile just in time, whatever there is; required: an error where that would be done
  NUMBA_CACHE_DIR   where kernels are kept that were compiled just in time"""

_PACKAGES = ("numpy", "numba", "pyarrow", "pillow", "orjson", "aiohttp", "msgspec", "shapely")


@click.command("doctor", epilog=EPILOG)
@click.pass_context
def doctor_command(ctx: click.Context) -> None:
    """Tell the versions at work, and how kernels are compiled."""
    with errors_as_exit_codes(ctx):
        _show("prelabel", f"{__version__}, in {Path(__file__).parents[1]}")
        _show("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
        _show("packages", ", ".join(f"{name} {_version(name)}" for name in _PACKAGES))

        from prelabel.kernels._ahead import JUST_IN_TIME  # noqa: PLC0415 - loads numpy; help must not
        from prelabel.kernels._jit import ROAD  # noqa: PLC0415 - as above; may be refused, after what is sure

        _show("kernels", f"compiled {ROAD.name}: {ROAD.why}")
        if ROAD.name == JUST_IN_TIME:
            _show_kept()


def _show_kept() -> None:
    """Tell where kernels are kept that are compiled just in time, and what there is to do."""
    from prelabel.kernels import look_for_kept  # noqa: PLC0415 - loads numba

    try:
        kept = look_for_kept()
    except ImportError as error:
        _show("kept", f"none can be compiled: {error}")
        return
    place = f" in {kept.folder}" if kept.folder else ", and no more can be"
    state = f": {kept.doubt}" if kept.doubt else ", which is writable"
    _show("kept", f"{kept.n_kept} of {kept.n_kernels}{place}{state}")
    if kept.n_kept < kept.n_kernels:
        when = "once that is mended" if kept.doubt else "now"
        _show("", f'"prelabel warmup" compiles the others {when}, and keeps them')


def _show(what: str, text: str) -> None:
    show(f"{what:9} {text}")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - loads email; no other command needs it

    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"
