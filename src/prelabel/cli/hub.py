"""``prelabel hub``: the local hub in the foreground."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from prelabel.cli.console import errors_as_exit_codes, read_api_key, say
from prelabel.cli.loading import loading
from prelabel.cli.options import FILE, api_key_option
from prelabel.errors import ConfigError
from prelabel.spelling import escaped, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prelabel.localhub import LocalHub

DEFAULT_PORT = 8765
KEY_FILE = "api_key"

EPILOG = """\
Examples:

\b
  prelabel hub
  prelabel hub --port 0 --store /tmp/my-hub
  prelabel hub --faults faults.json
  prelabel hub --plugin-url http://127.0.0.1:8080

A faults file, which clients with the key may replace while it runs (GET, PUT, DELETE /faults):

\b
  {"seed": 7, "faults": [
    {"kind": "server_error", "probability": 0.1, "burst": 3},
    {"kind": "answer_lost", "route": "POST /v2/import/labels", "after": 2, "times": 1}]}"""

_READY = """\
the local hub is running, and stops with Ctrl-C
  url       {url}
  web page  {page}
  projects  {projects}
  store     {store}
  key       {key_source}
  plugin    {plugin}{faults}

connect Ango's SDK (pip install imerit_ango):
  {imports}from imerit_ango.sdk import SDK
  sdk = SDK(api_key={key_expression}, host="{url}")

import into it:
  prelabel import labels.csv --config config.json --project {project} --host {url}{key_option}"""

_SHOWN = 5
_INDENT = " " * 12


@click.command("hub", epilog=EPILOG)
@click.option(
    "--port",
    "-p",
    type=click.IntRange(min=0, max=65535),
    default=DEFAULT_PORT,
    metavar="N",
    help="TCP port on this machine; 0 takes a free one.",
)
@click.option(
    "--store",
    type=FILE,
    default=Path("prelabel-hub"),
    metavar="DIR",
    help="Folder that keeps all it is sent; made at need. After 'demo --store DIR' it is DIR/hub.",
)
@api_key_option
@click.option("--faults", type=FILE, metavar="FILE", help="Play the faults in this JSON file, to test clients.")
@click.option(
    "--plugin-url",
    default="",
    show_default=False,
    metavar="URL",
    help="Run the plugin that is a REST server at this address.",
)
@click.pass_context
def hub_command(
    ctx: click.Context, *, port: int, store: Path, api_key_file: Path | None, faults: Path | None, plugin_url: str
) -> None:
    """Run a local hub, to try things out.

    It serves the API of Ango Hub, as far as imports need it, and a web page to look at labels. It listens on this
    machine only and keeps what it is sent: started again with the same folder, all is there. Callers need its key:
    ANGO_API_KEY or --api-key-file if given, else one made by itself and kept in the store.

    Plugins are run from the web page. They connect to the hub by themselves, unless --plugin-url says where one waits.
    """
    with errors_as_exit_codes(ctx):
        given = read_api_key(api_key_file)
        with loading():
            from prelabel.localhub import (  # noqa: PLC0415 - loads aiohttp; help must not
                HubSettings,
                inner_store,
                read_plan,
                serve_forever,
            )

        if (inner := inner_store(store)) is not None:
            raise ConfigError(_elsewhere(store, inner), field="store", value=str(store))
        plan = None if faults is None else read_plan(faults)

        def tell(hub: LocalHub) -> None:
            key_file = api_key_file
            if not given:
                key_file = store / KEY_FILE
                write_secret(key_file, hub.api_key)
            page_url = "" if given else hub.page_url
            write_secret(hub.plugin_secret_file, hub.plugin_secret)
            plugin = plugin_text(hub.plugin_id, hub.plugin_secret_file, hub.plugin_command)
            say(ready_text(hub.url, store, key_file, faults, page_url=page_url, projects=hub.projects, plugin=plugin))

        settings = HubSettings(allow_faults=plan is not None, faults=plan, plugin_url=plugin_url)
        serve_forever(store, api_key=given or "", port=port, settings=settings, on_ready=tell)
        say("the local hub has stopped")


def _elsewhere(store: Path, inner: Path) -> str:
    remedy = f"give --store {shlex.quote(str(inner))}, or another folder for a new one"
    where = f"the folder {escaped(str(store))} has no hub's store, but its folder {inner.name} has, as a demo's has"
    return f"{where}: {remedy}"


def ready_text(
    url: str,
    store: Path,
    key_file: Path | None,
    faults: Path | None = None,
    *,
    page_url: str = "",
    projects: Mapping[str, str] = MappingProxyType({}),
    plugin: str = "none",
) -> str:
    """What to print once the hub listens: where it is, and how to use it.

    Args:
        url: where it listens.
        store: its folder.
        key_file: the file that holds the key; None when the key is the environment's.
        faults: the file of the faults it plays, if it does.
        page_url: the page's address with the hub's own key; one that was given may open other doors: it is not shown.
        projects: id -> name, the latest first.
        plugin: how one is started.
    """
    if key_file is None:
        source, expression = "the one in ANGO_API_KEY", 'os.environ["ANGO_API_KEY"]'
    else:
        source, expression = f"in the file {key_file}", f"open({str(key_file)!r}).read().strip()"
    option = f" --api-key-file {shlex.quote(str(key_file))}" if key_file else ""
    played = f"\n  faults    from the file {faults}; see and change them at {url}/faults" if faults else ""
    return _READY.format(
        url=url,
        page=page_url or f"{url}/ (asks for the key)",
        projects=_listed(projects),
        project=next(iter(projects), "ID"),
        store=store,
        key_source=source,
        imports="import os\n  " if key_file is None else "",
        key_expression=expression,
        key_option=option,
        plugin=plugin,
        faults=played,
    )


def plugin_text(plugin_id: str, secret_file: Path, command: str) -> str:
    """What to print of plugins: what they must show, and what starts one."""
    about = f"id {plugin_id}, secret in the file {secret_file}; run it from the web page once it is started with"
    return f"{about}\n{_INDENT}{command}"


def _listed(projects: Mapping[str, str]) -> str:
    """The latest projects, one a line, beneath each other."""
    lines = [f"{ident}  {short(name, 60)}" for ident, name in list(projects.items())[:_SHOWN]]
    lines += ["... and more"] if len(projects) > _SHOWN else []
    return f"\n{_INDENT}".join(lines) or "none yet"


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner can read."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(secret + "\n")
