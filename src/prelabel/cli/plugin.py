"""``prelabel plugin``: the importer as a plugin of Ango Hub."""

from __future__ import annotations

import logging
import os
import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from prelabel.cli.console import errors_as_exit_codes, say, show
from prelabel.cli.options import takes
from prelabel.errors import ConfigError
from prelabel.plugin.settings import (
    DEFAULT_PORT,
    REST_DEADLINE_S,
    PluginSettings,
    SessionLimits,
    connector_of,
    host_of,
    port_of,
    secret_of,
)

if TYPE_CHECKING:
    from prelabel.plugin.redaction import Redactor


class PluginClassName(StrEnum):
    """The runtime's classes that hand sessions over as this plugin takes them."""

    BATCH_MODEL = "batch-model"
    MARKDOWN = "markdown"
    INPUT = "input"


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


@takes(SessionLimits)
def plugin_command(
    ctx: typer.Context,
    *,
    options: dict[str, Any],
    state: Annotated[
        Path,
        typer.Option(
            "--state", envvar="PRELABEL_STATE", metavar="DIR", help="Folder for records of imports: on a volume."
        ),
    ] = Path("prelabel-plugin"),
    plugin_class: Annotated[
        PluginClassName,
        typer.Option("--class", envvar="PRELABEL_PLUGIN_CLASS", help="The type the plugin is registered with."),
    ] = PluginClassName.BATCH_MODEL,
    deadline: Annotated[
        float | None,
        typer.Option(
            "--deadline",
            envvar="PRELABEL_DEADLINE",
            min=1,
            metavar="S",
            help=f"Seconds until a session answers; running it again goes on. {REST_DEADLINE_S:g} in REST unless set.",
        ),
    ] = None,
    max_sessions: Annotated[
        int,
        typer.Option(
            "--max-sessions", envvar="PRELABEL_MAX_SESSIONS", min=1, max=32, metavar="N", help="Sessions at once."
        ),
    ] = 4,
    max_csv_bytes: Annotated[
        int, typer.Option("--max-csv-bytes", min=1, metavar="N", help="The most bytes of a session's CSV.")
    ] = 256 << 20,
    keep_days: Annotated[
        float, typer.Option("--keep-days", min=1, metavar="N", help="Days that records are kept after their last use.")
    ] = 30.0,
    stop_grace: Annotated[
        float,
        typer.Option("--stop-grace", min=0, metavar="S", help="Seconds that sessions have to answer after SIGTERM."),
    ] = 25.0,
    check: Annotated[
        bool, typer.Option("--check", help="Look whether runtime, names, Hub and volume fit, and exit.")
    ] = False,
    project: Annotated[
        str, typer.Option("--project", metavar="ID", help="With --check: a project to look into, with ANGO_API_KEY.")
    ] = "",
    once: Annotated[
        Path | None,
        typer.Option("--once", metavar="FILE", help="Run the one session in this JSON file; needs no Hub plugin."),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="With --once: the CSV, if the session brings none.")
    ] = None,
    health: Annotated[
        bool, typer.Option("--health", help="Ask the plugin that runs on this machine whether it is well, and exit.")
    ] = False,
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
            plugin_class=plugin_class.value,
            state=state.absolute(),
            deadline_s=deadline or (REST_DEADLINE_S if connector == "REST" and once is None else None),
            max_sessions=max_sessions,
            max_csv_bytes=max_csv_bytes,
            keep_days=keep_days,
            stop_grace_s=stop_grace,
            limits=SessionLimits(**options),
        )
        if health:
            raise typer.Exit(_health(settings))
        if check:
            raise typer.Exit(_check(settings, project))
        if once is not None:
            raise typer.Exit(_once(once, settings, csv))
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
