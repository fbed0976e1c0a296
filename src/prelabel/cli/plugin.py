"""``prelabel plugin``: the importer as a plugin of Ango Hub."""

from __future__ import annotations

import logging
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from prelabel.cli.console import errors_as_exit_codes, say, show
from prelabel.cli.options import FILE, Number, takes
from prelabel.errors import ConfigError
from prelabel.plugin.settings import (
    DEFAULT_PORT,
    REST_DEADLINE_S,
    PluginClass,
    PluginSettings,
    SessionLimits,
    connector_of,
    host_of,
    port_of,
    secret_of,
)

if TYPE_CHECKING:
    from prelabel.plugin.redaction import Redactor


EPILOG = f"""\
Examples:

\b
  export ANGO_PLUGIN_ID=... ANGO_PLUGIN_SECRET_FILE=/run/secrets/plugin
  prelabel plugin --check
  prelabel plugin --state /state
  CONNECTOR=REST PORT=8080 prelabel plugin --state /state --deadline 280
  prelabel plugin --once session.json --csv labels.csv

A session file for --once; the API key may come from ANGO_API_KEY:

\b
  {{"projectId": "6612f0d2c3", "configJSON": {{"external_id_column": "External ID"}}}}

Environment, each secret as X or as X_FILE, the name of a file that holds it:

\b
  ANGO_PLUGIN_ID, ANGO_PLUGIN_SECRET  as the Hub shows them where the plugin is registered
  ANGO_HOST                           the Hub's address, https://imeritapi.ango.ai unless set
  CONNECTOR                           WS (the plugin connects to the Hub) or REST (the Hub calls); WS unless set
  PORT                                where REST listens, {DEFAULT_PORT} unless set
  ANGO_API_KEY                        for --check and --once only: sessions bring their users' own
  LOGLEVEL                            what the runtime logs, INFO unless set

Needs pip install 'prelabel[plugin]'. docs/plugin.md tells how to register it, and what to do when it fails."""


@click.command("plugin", epilog=EPILOG)
@takes(SessionLimits)
@click.option(
    "--state",
    type=FILE,
    default=Path("prelabel-plugin"),
    envvar="PRELABEL_STATE",
    show_envvar=True,
    metavar="DIR",
    help="Folder for records of imports: on a volume.",
)
@click.option(
    "--class",
    "plugin_class",
    type=click.Choice(get_args(PluginClass)),
    default="batch-model",
    envvar="PRELABEL_PLUGIN_CLASS",
    show_envvar=True,
    help="The type the plugin is registered with.",
)
@click.option(
    "--deadline",
    type=Number(min=1),
    envvar="PRELABEL_DEADLINE",
    show_envvar=True,
    metavar="S",
    help=f"Seconds until a session answers; running it again goes on. {REST_DEADLINE_S:g} in REST unless set.",
)
@click.option(
    "--max-sessions",
    type=click.IntRange(min=1, max=32),
    default=4,
    envvar="PRELABEL_MAX_SESSIONS",
    show_envvar=True,
    metavar="N",
    help="Sessions at once.",
)
@click.option(
    "--max-csv-bytes",
    type=click.IntRange(min=1),
    default=256 << 20,
    metavar="N",
    help="The most bytes of a session's CSV.",
)
@click.option(
    "--keep-days",
    type=Number(min=1),
    default=30.0,
    metavar="N",
    help="Days that records are kept after their last use.",
)
@click.option(
    "--stop-grace",
    type=Number(min=0),
    default=25.0,
    metavar="S",
    help="Seconds that sessions have to answer after SIGTERM.",
)
@click.option("--check", is_flag=True, help="Look whether runtime, names, Hub and volume fit, and exit.")
@click.option(
    "--project",
    default="",
    show_default=False,
    metavar="ID",
    help="With --check: a project to look into, with ANGO_API_KEY.",
)
@click.option("--once", type=FILE, metavar="FILE", help="Run the one session in this JSON file; needs no Hub plugin.")
@click.option("--csv", type=FILE, metavar="FILE", help="With --once: the CSV, if the session brings none.")
@click.option("--health", is_flag=True, help="Ask the plugin that runs on this machine whether it is well, and exit.")
@click.pass_context
def plugin_command(
    ctx: click.Context,
    *,
    options: dict[str, Any],
    state: Path,
    plugin_class: PluginClass,
    deadline: float | None,
    max_sessions: int,
    max_csv_bytes: int,
    keep_days: float,
    stop_grace: float,
    check: bool,
    project: str,
    once: Path | None,
    csv: Path | None,
    health: bool,
) -> None:
    """Run as a plugin of Ango Hub.

    Whoever runs the plugin from a project sends its config JSON and a CSV; the labels are imported with that user's
    own API key, as prelabel import does it, and the answer says what came of it. Local files, the local network and
    this machine's credentials stay closed to what a CSV names.

    A session that is cut off, by its deadline, a crash or a stop, loses nothing: running it again goes on.
    """
    with errors_as_exit_codes(ctx):
        _check_choice(check=check, once=once is not None, health=health, csv=csv is not None, project=bool(project))
        connector = connector_of(os.environ.get("CONNECTOR") or "WS")
        options["allow_mask_hosts"] = tuple(options.get("allow_mask_hosts") or ())
        settings = PluginSettings(
            plugin_id=secret_of("ANGO_PLUGIN_ID", what="" if once or health else "plugin id"),
            secret=secret_of("ANGO_PLUGIN_SECRET", what="" if once or health else "plugin secret"),
            host=host_of(os.environ.get("ANGO_HOST", "")),
            connector=connector,
            port=port_of(os.environ.get("PORT") or str(DEFAULT_PORT)),
            plugin_class=plugin_class,
            state=state.absolute(),
            deadline_s=deadline or (REST_DEADLINE_S if connector == "REST" and once is None else None),
            max_sessions=max_sessions,
            max_csv_bytes=max_csv_bytes,
            keep_days=keep_days,
            stop_grace_s=stop_grace,
            limits=SessionLimits(**options),
        )
        if health:
            raise click.exceptions.Exit(_health(settings))
        if check:
            raise click.exceptions.Exit(_check(settings, project))
        if once is not None:
            raise click.exceptions.Exit(_once(once, settings, csv))
        _run(settings)


def _check_choice(*, check: bool, once: bool, health: bool, csv: bool, project: bool) -> None:
    if check + once + health > 1:
        raise ConfigError("--check, --once and --health exclude each other: give one of them")
    if csv and not once:
        raise ConfigError("--csv goes with --once: a Hub's sessions bring their CSV themselves")
    if project and not check:
        raise ConfigError("--project goes with --check: sessions name their project themselves")


def _health(settings: PluginSettings) -> int:
    from prelabel.plugin.health import problem_of  # noqa: PLC0415 - help must not load it

    problem = problem_of(settings)
    show("well" if not problem else f"not well: {problem}")
    return 1 if problem else 0


def _check(settings: PluginSettings, project: str) -> int:
    from prelabel.plugin.check import check  # noqa: PLC0415

    key = secret_of("ANGO_API_KEY", what="API key, which --project needs" if project else "")
    redact = _guarded(settings, key)
    exit_code = 0
    for finding in check(settings, project, key):
        show(redact(f"{'ok ' if finding.is_good else 'BAD'}  {finding.what:<8} {finding.text}"))
        if not finding.is_good:
            exit_code = exit_code or finding.exit_code
    return exit_code


def _once(path: Path, settings: PluginSettings, csv: Path | None) -> int:
    from prelabel.plugin.shutdown import keep_signals, watch_signals  # noqa: PLC0415

    keep_signals()
    from prelabel.plugin.desk import SessionDesk  # noqa: PLC0415 - loads all that an import needs
    from prelabel.plugin.once import run_once  # noqa: PLC0415

    key = secret_of("ANGO_API_KEY", what="")
    desk = SessionDesk(settings, _guarded(settings, key))
    watch_signals(desk, settings.stop_grace_s, lambda: None)
    answer = run_once(path, desk, lambda _level, text: say(text), csv=csv, api_key=key)
    show(answer.text)
    return answer.exit_code


def _guarded(settings: PluginSettings, *secrets: str) -> Redactor:
    """What takes secrets out of texts; from now on out of all that is logged, too."""
    from prelabel.masks.decoders.library_noise import quieten_libraries  # noqa: PLC0415
    from prelabel.plugin.redaction import Redactor  # noqa: PLC0415

    quieten_libraries()
    redact = Redactor([settings.secret, *secrets])
    redact.guard_logs()
    return redact


def _run(settings: PluginSettings) -> None:
    from prelabel.plugin.shutdown import keep_signals, watch_signals  # noqa: PLC0415

    keep_signals()
    from prelabel.kernels import warm_up  # noqa: PLC0415 - loads numba
    from prelabel.plugin import runtime  # noqa: PLC0415
    from prelabel.plugin.desk import SessionDesk  # noqa: PLC0415 - loads all that an import needs

    redact = _guarded(settings)
    loaded = runtime.load_runtime(settings)  # sets logging up
    logger = logging.getLogger("prelabel.plugin")
    logger.info("loading the kernels")
    warm_up()
    logger.info("ready; records are kept in %s", settings.state)
    desk = SessionDesk(settings, redact)
    plugin = runtime.make_plugin(loaded, settings, desk)
    watch_signals(desk, settings.stop_grace_s, partial(runtime.end, plugin, settings))
    runtime.serve(loaded, plugin, settings)
    sys.stderr.flush()
