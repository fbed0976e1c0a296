"""``prelabel warmup``: compile the kernels now, for instance when an image is built, and not at the first mask."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from prelabel.cli.console import errors_as_exit_codes, say
from prelabel.cli.progress import watch
from prelabel.errors import OutputError
from prelabel.outcomes.progress import Progress

if TYPE_CHECKING:
    from prelabel.kernels._just_in_time import Kept

EPILOG = """\
The compiled kernels are kept in NUMBA_CACHE_DIR if it is set, else beside the package, else in the user's cache
folder; where they cannot be, nothing is compiled, and the exit code is 4. A service sets NUMBA_CACHE_DIR both here and
when it runs, where the folder may be read-only. Kernels are compiled for the processor at hand: for others, set
NUMBA_CPU_NAME both here and when it runs.

\b
  NUMBA_CACHE_DIR=/srv/kernels prelabel warmup"""


@click.command("warmup", epilog=EPILOG)
@click.pass_context
def warmup_command(ctx: click.Context) -> None:
    """Compile the kernels that are not yet, and keep them."""
    with errors_as_exit_codes(ctx):
        from prelabel.kernels import telling  # noqa: PLC0415 - loads numpy; help must not

        started = time.perf_counter()
        with watch(quiet=False, beginning="loading kernels") as progress:

            def tell(words: str) -> None:
                progress(Progress(None, 0, 0, 0, 0, 0, time.perf_counter() - started, compiling=words))

            with telling(tell):
                n_kernels, how = _warm_up()
        say(f"{n_kernels} kernels ready after {time.perf_counter() - started:.1f} s: {how}")


def _warm_up() -> tuple[int, str]:
    """Have all kernels ready; tells how many they are, and how they came to be.

    Raises:
        OutputError: they cannot be kept; where that is known before, nothing is compiled.
    """
    from prelabel.kernels import look_for_kept, warm_up  # noqa: PLC0415 - as above
    from prelabel.kernels._ahead import JUST_IN_TIME  # noqa: PLC0415 - as above
    from prelabel.kernels._jit import ROAD  # noqa: PLC0415 - as above
    from prelabel.kernels._sources import count_kernels  # noqa: PLC0415 - as above

    if ROAD.name != JUST_IN_TIME:
        warm_up()
        return count_kernels(), f"compiled {ROAD.name}"
    before = look_for_kept()
    _check(before)
    warm_up()
    after = look_for_kept()
    _check(after)  # a disk that has become full
    n_new = after.n_kernels - before.n_kept
    how = f"{n_new} compiled just in time, and kept in {after.folder}" if n_new else "they were there already"
    return after.n_kernels, how


def _check(kept: Kept) -> None:
    if kept.n_kept < kept.n_kernels and kept.doubt:
        raise OutputError(f"kernels cannot be kept: {kept.doubt}", path=kept.folder)
