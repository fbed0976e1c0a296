"""Ango's own plugin runtime, and nothing else of it: the one module that imports ``imerit_ango``.

The runtime hands each session to a callback and sends the text that it returns. What is changed here of its classes is
how it takes a connection that breaks: there it ends the process, sessions at work included; here they go on, the
connection is made anew, and what could not be said is said then.
"""

from __future__ import annotations

import _thread
import asyncio
import importlib
import logging
import math
import os
import signal
import socket
import threading
import time
import warnings
from collections import deque
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from prelabel.errors import ConfigError, UploadUnavailable
from prelabel.plugin.health import note_heartbeat
from prelabel.spelling import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from prelabel.plugin.desk import Emit, SessionDesk
    from prelabel.plugin.settings import PluginSettings

logger = logging.getLogger("prelabel.plugin")

INSTALL = "pip install 'prelabel[plugin]'"
_CLASSES = {"batch-model": "BatchModelPlugin", "markdown": "MarkdownPlugin", "input": "InputPlugin"}
_NAMESPACE = "/plugin"
_FIRST_PATIENCE_S = 60.0
_MOST_BETWEEN_S = 30.0
_SHORT_S = 10.0
_MANY = 3
_KEPT_ANSWERS = 100
_DOUBTFUL_S = 60.0
"""Before a loss is noticed, what is said may go nowhere for so long: pings go each 25 s and have 20 s to come back."""


def load_runtime(settings: PluginSettings) -> Any:
    """Import the runtime, as it is to be: it reads how it is connected from the environment, once.

    Raises:
        ConfigError: it is not installed, or cannot be imported with what else is.
    """
    os.environ["CONNECTOR"], os.environ["PORT"] = settings.connector, str(settings.port)
    level = os.environ.get("LOGLEVEL", "INFO")
    if level.upper() not in logging.getLevelNamesMapping():
        raise ConfigError(
            f"LOGLEVEL is {quoted(level)}: write DEBUG, INFO, WARNING or ERROR", field="LOGLEVEL", value=level
        )
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # APScheduler 3.9 imports it; the extra keeps setuptools below the version that lacks it.
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated as an API", category=UserWarning)
            return importlib.import_module("imerit_ango.plugins")
    except ModuleNotFoundError as error:
        if error.name == "pkg_resources":
            raise ConfigError(
                "Ango's plugin runtime cannot be imported: it needs setuptools below 82; run "
                "pip install 'setuptools<82'",
                field="plugin",
            ) from error
        raise ConfigError(
            f"Ango's plugin runtime cannot be imported (there is no module {error.name}): run {INSTALL}", field="plugin"
        ) from error
    except Exception as error:
        fault = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"Ango's plugin runtime cannot be imported ({fault}): run {INSTALL}", field="plugin"
        ) from error


def runtime_version() -> str:
    """The installed version of the runtime."""
    return version("imerit_ango")


class SteadyPlugin:
    """What is other here than in the runtime's classes; mixed into one of them.

    Args:
        settings: the plugin's.
        desk: takes the sessions.

    Attributes:
        is_lost: set while there is no connection.
        is_ending: set when there is to be none any more.
    """

    def __init__(self, settings: PluginSettings, desk: SessionDesk) -> None:
        self.is_lost, self.is_ending = threading.Event(), threading.Event()
        self.host = settings.host
        self._settings = settings
        self._desk = desk
        self._answers: deque[tuple[float, Any]] = deque(maxlen=_KEPT_ANSWERS)
        self._lost_s = math.inf
        of_runtime: Any = super()
        of_runtime.__init__(settings.plugin_id, settings.secret, callback_of(desk))

    def on_plugin(self, data: dict[str, Any]) -> Any:
        """Take a session; the thread is its own."""
        of_runtime: Any = super()
        with self._desk.open_session():
            return of_runtime.on_plugin(data)

    def on_connect(self) -> None:
        """Say who this is, and again what may not have been heard: nobody confirms it, and twice is no harm."""
        logger.info("connected to %s", self.host)
        self.heartbeat()
        for said_s, answer in tuple(self._answers):
            if said_s > self._lost_s - _DOUBTFUL_S:
                self._say(answer)

    def on_disconnect(self, _reason: object = None) -> None:
        """Let the connection be made anew."""
        if not self.is_ending.is_set():
            logger.warning("the connection to %s was lost; sessions at work go on", self.host)
        self._lost_s = time.monotonic()
        self.is_lost.set()

    def heartbeat(self) -> None:
        """Say who this is; where that fails, the next connection begins with it."""
        try:
            self.emit("heartbeat", {"id": self._settings.plugin_id, "secret": self._settings.secret})
        except Exception as error:  # noqa: BLE001 - any failure of the connection
            logger.info("no heartbeat (%s)", type(error).__name__)
        else:
            note_heartbeat(self._settings.state)

    def emit(self, event: str, data: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Say something; an answer is said again by the next connection where this one may have lost it."""
        of_runtime: Any = super()
        if event != "response":
            return of_runtime.emit(event, data, *args, **kwargs)
        self._answers.append((time.monotonic(), data))
        self._say(data)
        return None

    def _say(self, answer: Any) -> None:
        of_runtime: Any = super()
        try:
            of_runtime.emit("response", answer)
        except Exception as error:  # noqa: BLE001 - any failure of the connection
            logger.warning("an answer waits for the next connection (%s)", type(error).__name__)


def make_plugin(runtime: Any, settings: PluginSettings, desk: SessionDesk) -> Any:
    """A plugin of the class that the settings name, which hands its sessions to a desk."""
    base: Any = getattr(runtime, _CLASSES[settings.plugin_class])
    # The runtime's constructor asks for this thread's event loop, which newer Pythons do not make by themselves.
    # Nothing runs in it: a connection has threads, and REST's server a loop of its own.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return type("ImportLabelsPlugin", (SteadyPlugin, base), {})(settings, desk)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def callback_of(desk: SessionDesk) -> Callable[..., str]:
    """What the runtime calls with a session, in either way its versions have: one mapping, or keywords."""

    def callback(data: Mapping[str, Any] | None = None, **fields: Any) -> str:
        session = {**(data or {}), **fields}
        return desk.take(session, _emit_to(session.pop("logger", None))).text

    return callback


def _emit_to(session_logger: Any) -> Emit:
    """How a line is told by the session's logger of the runtime; without one it is told nowhere."""
    if isinstance(session_logger, logging.Logger):
        session_logger.addHandler(logging.NullHandler())  # our own log has the line already

    def emit(level: int, text: str) -> None:
        if session_logger is not None:
            tell = session_logger.info if level < logging.WARNING else session_logger.warning
            (session_logger.error if level >= logging.ERROR else tell)(text)

    return emit


def serve(runtime: Any, plugin: Any, settings: PluginSettings) -> None:
    """Take sessions until :func:`end` is called.

    Raises:
        ConfigError: the Hub does not want this plugin.
        UploadUnavailable: the Hub cannot be connected to.
    """
    if settings.connector == "REST":
        _check_port(settings.port)
        logger.info("listening on port %d", settings.port)
        runtime.run(plugin, host=settings.host)
    else:
        _stay_connected(runtime.socketio, plugin, settings)


def _check_port(port: int) -> None:
    """Find out before the runtime does, which says less."""
    try:
        socket.create_server(("", port)).close()
    except OSError as error:
        raise ConfigError(
            f"PORT: cannot listen on {port} ({error.strerror or error}): end what listens there, or set another",
            field="PORT",
            value=port,
        ) from error


def end(plugin: Any, settings: PluginSettings) -> None:
    """Let the runtime go: it sends its last answers first."""
    plugin.is_ending.set()
    plugin.is_lost.set()
    if settings.connector == "REST":
        _thread.interrupt_main(signal.SIGTERM)  # its server takes this for the signal that was kept from it


def _stay_connected(socketio: Any, plugin: Any, settings: PluginSettings) -> None:
    """Connect, and again whenever the connection is lost; patient once there has been one."""
    started_s, wait_s, n_short, has_been = time.monotonic(), 1.0, 0, False
    is_ending: threading.Event = plugin.is_ending
    while not is_ending.is_set():
        plugin.is_lost.clear()
        connected_s = time.monotonic()
        try:
            client = connect(socketio, plugin, settings.host)
        except Exception as error:
            if not has_been and time.monotonic() - started_s > _FIRST_PATIENCE_S:
                raise UploadUnavailable(
                    f"cannot connect to {settings.host} ({error}): check ANGO_HOST and the network"
                ) from error
            logger.warning("cannot connect to %s (%s); trying again in %.0f s", settings.host, error, wait_s)
            is_ending.wait(wait_s)
            wait_s = min(2 * wait_s, _MOST_BETWEEN_S)
            continue
        has_been = True
        plugin.is_lost.wait()
        if is_ending.is_set():
            hang_up(client)
            return
        is_short = time.monotonic() - connected_s < _SHORT_S
        n_short = n_short + 1 if is_short else 0
        if n_short >= _MANY:
            raise ConfigError(refused(settings), field="ANGO_PLUGIN_SECRET")
        wait_s = 1.0 if not is_short else min(2 * wait_s, _MOST_BETWEEN_S)
        is_ending.wait(wait_s)


def refused(settings: PluginSettings) -> str:
    """What it means that the Hub hangs up as soon as it knows who calls."""
    return (
        f"{settings.host} hangs up right after the plugin said who it is: compare ANGO_PLUGIN_ID and "
        "ANGO_PLUGIN_SECRET with what the Hub shows where the plugin is registered"
    )


def connect(socketio: Any, plugin: Any, host: str) -> Any:
    """A new connection of a plugin, as the runtime makes it; returns the client."""
    client = socketio.Client(logger=logging.getLogger("plugin"), reconnection=False, handle_sigint=False)
    client.register_namespace(plugin)
    client.connect(host, namespaces=[_NAMESPACE], transports=["websocket"], wait=True, wait_timeout=10)
    return client


def hang_up(client: Any) -> None:
    """End a connection once what was said has been sent."""
    client.eio.queue.join()
    client.disconnect()
