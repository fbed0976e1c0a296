"""``prelabel warmup``: compile the kernels now, for instance when an image is built, and not at the first mask."""

from __future__ import annotations

import time

import click

from prelabel.cli.console import errors_as_exit_codes, say
from prelabel.cli.progress import watch
from prelabel.outcomes.progress import Progress

EPILOG = """\
The compiled kernels are kept in NUMBA_CACHE_DIR if it is set, else beside the package, else in the user's cache
folder. A service sets NUMBA_CACHE_DIR both here and when it runs, where the folder may be read-only. Kernels are
compiled for the processor at hand: for others, set NUMBA_CPU_NAME both here and when it runs.

\b
  NUMBA_CACHE_DIR=/srv/kernels prelabel warmup"""


@click.command("warmup", epilog=EPILOG)
@click.pass_context
def warmup_command(ctx: click.Context) -> None:
    """Compile the kernels that are not yet, and keep them."""
    with errors_as_exit_codes(ctx):
        from prelabel.kernels import module_names, telling, warm_up  # noqa: PLC0415 - loads numpy; help must not
        from prelabel.kernels._jit import ROAD  # noqa: PLC0415 - as above

        started = time.perf_counter()
        n_modules = len(module_names())
        with watch(quiet=False, beginning="loading kernels") as progress:

            def tell(kernel: str) -> None:
                progress(Progress(None, 0, 0, 0, 0, 0, time.perf_counter() - started, compiling=kernel))

            with telling(tell):
                warm_up()
        say(f"{n_modules} modules of kernels ready after {time.perf_counter() - started:.1f} s, compiled {ROAD.name}")
