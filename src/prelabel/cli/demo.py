"""``prelabel demo``: the whole thing on this machine."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import click

from prelabel.cli.console import SOME_FAILED, command_line, complain, console_on, errors_as_exit_codes, say, show
from prelabel.cli.loading import loading
from prelabel.cli.options import FILE
from prelabel.cli.progress import watch

if TYPE_CHECKING:
    from pathlib import Path

    from rich.table import Table

    from prelabel.demo import DemoProject, DemoResult


_SHOWN = 9

EPILOG = """\
Examples:

\b
  prelabel demo
  prelabel demo --serve
  prelabel demo --rows 500 --store my-demo"""


@click.command("demo", epilog=EPILOG)
@click.option("--rows", type=int, default=36, metavar="N", help="Images to draw and rows to import.")
@click.option("--serve", is_flag=True, help="Keep the hub running afterwards, to look around.")
@click.option(
    "--store",
    type=FILE,
    metavar="DIR",
    help="Keep everything in this folder, new or empty; 'prelabel hub --store DIR/hub' serves it again.",
)
@click.pass_context
def demo_command(ctx: click.Context, *, rows: int, serve: bool, store: Path | None) -> None:
    """Draw, import and compare, all on this machine.

    Images and masks are drawn here, imported into a local hub, and read back. It needs no account and no network, and
    works in a temporary folder unless --store names one. Exit code 0 means that every row landed, and that every answer
    and every pixel read back is what was written and drawn.
    """
    with errors_as_exit_codes(ctx), ExitStack() as stack:
        with loading():
            from prelabel.demo import run_demo  # noqa: PLC0415 - loads everything; help must not

        progress = watch(quiet=False, beginning="starting")
        stack.enter_context(progress)

        def present(result: DemoResult) -> None:
            stack.close()  # the bar makes room
            _show(result, store)
            if serve:
                _serve(result)

        result = run_demo(rows, store, on_step=progress.say, on_progress=progress, while_running=present)
        if not serve:
            say(_where_to_look(result, rows, store))
        raise click.exceptions.Exit(0 if result.succeeded else SOME_FAILED)


def _show(result: DemoResult, store: Path | None) -> None:
    console_on(stderr=False).print(_table(result.projects))
    for project in result.projects:
        show(f"\none task of {project.name!r}, project {project.project}:")
        for name, label in project.example[:_SHOWN]:
            show(f"  {name:<12} {label}")
        if len(project.example) > _SHOWN:
            show(f"  ... and {len(project.example) - _SHOWN} more")
        for difference in project.differences:
            complain(difference, "not as drawn")
        if project.report.exit_code:
            say(project.report.summary())
    if result.succeeded:
        show("\nread back from the hub: every answer as in the CSV, every mask pixel for pixel as drawn")
    if store is not None:
        show(f"the images, masks, CSVs and configs are in {store}")


def _table(projects: tuple[DemoProject, ...]) -> Table:
    from rich.table import Table  # noqa: PLC0415 - costs time, and help does not need it

    table = Table("example", title="what landed in the local hub", title_justify="left")
    for name in ("rows", "answers", "objects", "zones", "holes", "points"):
        table.add_column(name, justify="right")
    for project in projects:
        report = project.report
        counts = (project.n_answers, project.n_objects, project.n_zones, project.n_holes, project.n_points)
        rows = f"{report.n_imported:,} of {report.n_rows:,}"
        table.add_row(project.name.removeprefix("prelabel demo: "), rows, *(f"{count:,}" for count in counts))
    return table


def _serve(result: DemoResult) -> None:
    with suppress(KeyboardInterrupt):
        say(f"\nlook at the labels: {result.page_url}\nCtrl-C stops the hub")
        while True:
            time.sleep(3600)


def _where_to_look(result: DemoResult, rows: int, store: Path | None) -> str:
    if store is None:
        again = command_line("demo", *(() if rows == 36 else ("--rows", str(rows))), "--serve")
        return f"\nto look at the labels in a browser: {again}"
    again = command_line("hub", "--store", str(result.folder / "hub"), "--port", result.url.rpartition(":")[2])
    return f"\nto look at the labels in a browser: {again}"
