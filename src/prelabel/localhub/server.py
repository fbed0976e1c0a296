"""The local hub, running: for as long as a block of code, or as the command's only work."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sqlite3
import tempfile
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from prelabel.errors import ConfigError
from prelabel.localhub import page
from prelabel.localhub.context import HUB, HubContext
from prelabel.localhub.envelope import Page
from prelabel.localhub.faults.strikes import play_faults
from prelabel.localhub.middleware import check_key, count_requests, envelop_failures, rate_limit
from prelabel.localhub.plugin_sessions.plugins import SECRET_FILE, start_command
from prelabel.localhub.routes import (
    assets,
    exports,
    faults,
    files,
    plugin_sessions,
    plugins,
    projects,
    storages,
    tasks,
)
from prelabel.localhub.serving import STOP_TIMEOUT_S, Server
from prelabel.localhub.settings import HubSettings
from prelabel.localhub.store.database import Store, fact
from prelabel.localhub.store.files import Shelf
from prelabel.localhub.store.projects import list_projects

if TYPE_CHECKING:
    from collections import Counter, deque
    from collections.abc import Callable, Sequence
    from typing import Self

    from aiohttp.typedefs import Middleware

    from prelabel.localhub.faults.plan import FaultPlan

LOOPBACK = "127.0.0.1"
_ROUTES = (projects, assets, tasks, storages, files, exports, plugins, plugin_sessions, page)


def make_app(context: HubContext, middlewares: Sequence[Middleware] = ()) -> web.Application:
    """The application over an open store.

    Args:
        context: settings (the key filled in), store and files.
        middlewares: further ones, innermost: they see requests that have passed the key, the rate and the faults.
    """
    settings = context.settings
    limit = settings.requests_per_minute
    rate = [] if limit is None else [rate_limit(limit, settings.rate_window_s)]
    app = web.Application(
        middlewares=[count_requests, envelop_failures, check_key, *rate, play_faults, *middlewares],
        client_max_size=settings.max_body_bytes,
    )
    app[HUB] = context
    for module in (*_ROUTES, faults) if settings.allow_faults else _ROUTES:
        app.add_routes(module.routes)
    app.on_shutdown.append(_end_plugins)
    return app


async def _end_plugins(app: web.Application) -> None:
    await app[HUB].plugins.close()


class LocalHub(Server):
    """An Ango-Hub-compatible server on this machine.

    ``async with LocalHub() as hub`` runs it in the running event loop, ``with LocalHub() as hub`` on a thread of its
    own, for synchronous callers.

    Args:
        store: folder for what it is sent, made at need; None keeps everything in a temporary folder.
        api_key: the key callers must send; empty means ``settings.api_key``, or else one the store makes and keeps.
        port: TCP port, 0 for a free one.
        host: interface to listen on, by default only this machine's own.
        settings: how it behaves.
        middlewares: further aiohttp middlewares, see :func:`make_app`.

    Raises:
        ConfigError: (on start) the port is taken, or the store cannot be used.

    Example:
        >>> async def main() -> str:
        ...     async with LocalHub(api_key="any text") as hub:
        ...         return hub.url
        >>> asyncio.run(main())
        'http://127.0.0.1:...'
        >>> with LocalHub(api_key="any text", settings=HubSettings(requests_per_minute=100)) as hub:
        ...     hub.api_key
        'any text'
    """

    def __init__(
        self,
        store: Path | str | None = None,
        *,
        api_key: str = "",
        port: int = 0,
        host: str = LOOPBACK,
        settings: HubSettings | None = None,
        middlewares: Sequence[Middleware] = (),
    ) -> None:
        settings = settings or HubSettings()
        self._settings = replace(settings, api_key=api_key or settings.api_key)
        self._folder = None if store is None else Path(store)
        self._address = (host, port)
        self._middlewares = tuple(middlewares)
        self._stack = AsyncExitStack()
        self._context: HubContext | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where it listens, as ``SDK(host=...)`` wants it: no slash at the end, no ``/v2``."""
        return self._url

    @property
    def api_key(self) -> str:
        """The key callers must send."""
        return self._running.settings.api_key

    @property
    def plugin_id(self) -> str:
        """What a plugin must call itself."""
        return self._running.settings.plugin_id

    @property
    def plugin_secret(self) -> str:
        """What a plugin must show."""
        return self._running.settings.plugin_secret

    @property
    def plugin_secret_file(self) -> Path:
        """Where a plugin may look for its secret. The file is not made here: who runs the hub may write it."""
        return self._running.shelf.folder / SECRET_FILE

    @property
    def plugin_command(self) -> str:
        """The shell's line that starts a plugin, once its secret is in its file."""
        return start_command(self._url, self._running.settings, str(self.plugin_secret_file))

    @property
    def page_url(self) -> str:
        """The viewer's address, the key in the part that browsers keep to themselves."""
        return f"{self._url}/#key={quote(self.api_key, safe='')}"

    @property
    def projects(self) -> dict[str, str]:
        """The latest projects, a hundred at most: id -> name."""
        listed = self._running.store.transact(list_projects, Page(1, 100), "seq DESC")["projects"]
        return {project["_id"]: project["name"] for project in listed}

    @property
    def request_counts(self) -> Counter[str]:
        """Requests since the start, by ``"METHOD /path/{pattern}"``."""
        return self._running.request_counts

    @property
    def plugin_lines(self) -> deque[dict[str, Any]]:
        """What plugins logged and answered, the newest last."""
        return self._running.plugin_lines

    @property
    def faults(self) -> FaultPlan | None:
        """The faults it plays, None for none. Set it at any time, from any thread: the plan begins anew."""
        return self._settings.faults if self._context is None else self._context.plan

    @faults.setter
    def faults(self, plan: FaultPlan | None) -> None:
        self._settings = replace(self._settings, faults=plan)
        if self._context is not None:
            self._context.play(plan)

    @property
    def fault_counts(self) -> dict[str, int]:
        """How many requests each fault of the plan in force has struck, by its name or else its kind."""
        player = self._running.player
        return {} if player is None else player.counts

    @property
    def _running(self) -> HubContext:
        if self._context is None:
            raise RuntimeError("the local hub has not been started")
        return self._context

    async def start(self) -> Self:
        """Open the store and listen.

        Raises:
            ConfigError: the port is taken, or the store cannot be used.
        """
        async with AsyncExitStack() as stack:
            folder = self._folder
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="prelabel-hub-")))
            self._context = await self._open(folder, stack)
            self._url = await self._listen(self._context, stack)
            self._stack = stack.pop_all()
        return self

    async def stop(self) -> None:
        """Stop listening, finish what is under way, close the store."""
        await self._stack.aclose()

    async def _open(self, folder: Path, stack: AsyncExitStack) -> HubContext:
        try:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True, mode=0o700)
            store = Store(folder)
            await store.open()
        except (OSError, sqlite3.Error) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                message = f"another local hub is running on the store {folder}: stop that one, or give another folder"
                raise ConfigError(message, field="store", value=str(folder)) from error
            message = f"the local hub cannot keep its store in {folder}: {error}; give another folder"
            raise ConfigError(message, field="store", value=str(folder)) from error
        stack.push_async_callback(store.close)
        given = self._settings
        settings = replace(
            given,
            api_key=given.api_key or await store.write(fact, "api_key", lambda: secrets.token_hex(20)),
            plugin_id=given.plugin_id or await store.write(fact, "plugin_id", lambda: secrets.token_hex(12)),
            plugin_secret=given.plugin_secret
            or await store.write(fact, "plugin_secret", lambda: secrets.token_hex(20)),
        )
        secret = await store.write(fact, "url_secret", lambda: secrets.token_hex(32))
        resolved = await asyncio.to_thread(folder.resolve)
        return HubContext(settings, store, Shelf(resolved, settings.buckets, bytes.fromhex(secret)))

    async def _listen(self, context: HubContext, stack: AsyncExitStack) -> str:
        runner = web.AppRunner(make_app(context, self._middlewares), access_log=None, shutdown_timeout=STOP_TIMEOUT_S)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        host, port = self._address
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            message = f"the local hub cannot listen on {host} port {port}: {error}; choose another port, or 0 for any"
            raise ConfigError(message, field="port", value=port) from error
        return f"http://{host}:{runner.addresses[0][1]}"


def serve_forever(
    store: Path | str | None = None,
    *,
    api_key: str = "",
    port: int = 0,
    settings: HubSettings | None = None,
    on_ready: Callable[[LocalHub], None],
) -> None:
    """Run a hub until SIGINT or SIGTERM; ``on_ready`` is called once it listens.

    Raises:
        ConfigError: the port is taken, or the store cannot be used.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(LocalHub(store, api_key=api_key, port=port, settings=settings), on_ready))


async def _serve(hub: LocalHub, on_ready: Callable[[LocalHub], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Absent on Windows and outside the main thread: there Ctrl-C arrives as KeyboardInterrupt.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with hub:
        on_ready(hub)
        await stopped.wait()
