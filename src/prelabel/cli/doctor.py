"""``prelabel doctor``: which versions are at work here, and whether the kernels are ready."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from prelabel import __version__
from prelabel.cli.console import errors_as_exit_codes, show

EPILOG = """\
Kernels make polygons of masks. A wheel brings them compiled ("ahead of time"), and there is nothing to wait for.
Where there are none that fit, as in an editable install, numba compiles them at the first mask ("just in time"), once:
they are kept in NUMBA_CACHE_DIR if it is set, else beside the package, else in the user's cache folder. "prelabel
warmup" does it now.

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
        from prelabel.kernels._jit import ROAD  # noqa: PLC0415 - loads numpy; help must not

        versions = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
        for what, text in [
            ("prelabel", f"{__version__}, in {Path(__file__).parents[1]}"),
            ("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"),
            ("packages", versions),
            ("kernels", f"compiled {ROAD.name}: {ROAD.why}"),
        ]:
            show(f"{what:9} {text}")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - loads email; no other command needs it

    try:
        return version(name)
    except PackageNotFoundError:
        return "is not installed"
