"""The hub's database: one SQLite file in WAL mode, one thread that owns its connection.

Every call is one short transaction on that thread, so the event loop never waits for the disk and writers never meet.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

P = ParamSpec("P")
T = TypeVar("T")

DATABASE_NAME = "hub.sqlite3"
INNER_NAME = "hub"
"""The folder of a store among other files: the demo's."""
LOCK_NAME = "hub.lock"

SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS projects (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, created_at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS assets (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    external_id TEXT NOT NULL, url TEXT NOT NULL, batches TEXT NOT NULL, extras TEXT NOT NULL,
    is_pre_labeled INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS assets_by_project ON assets(project, seq);
CREATE INDEX IF NOT EXISTS assets_by_external_id ON assets(project, external_id);
CREATE INDEX IF NOT EXISTS assets_by_url ON assets(project, url);
CREATE TABLE IF NOT EXISTS tasks (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    project TEXT NOT NULL REFERENCES projects(id) ON DELETE CASCADE,
    asset TEXT NOT NULL REFERENCES assets(id) ON DELETE CASCADE,
    external_id TEXT NOT NULL, batches TEXT NOT NULL, priority INTEGER NOT NULL,
    stage TEXT NOT NULL, status TEXT NOT NULL, assignee TEXT, review_status TEXT,
    is_pre_labeled INTEGER NOT NULL DEFAULT 0, is_benchmark INTEGER NOT NULL DEFAULT 0,
    duration REAL NOT NULL DEFAULT 0, answer TEXT NOT NULL, stage_history TEXT NOT NULL DEFAULT '[]',
    brush_url TEXT, medical_brush_url TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, updated_by TEXT, completed_at TEXT
);
CREATE INDEX IF NOT EXISTS tasks_by_project ON tasks(project, seq);
CREATE INDEX IF NOT EXISTS tasks_by_external_id ON tasks(project, external_id);
CREATE INDEX IF NOT EXISTS tasks_by_asset ON tasks(asset);
CREATE TABLE IF NOT EXISTS storages (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL, body TEXT NOT NULL
);
"""


def new_id() -> str:
    """A fresh id in the Hub's form: 24 hexadecimal digits."""
    return secrets.token_hex(12)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _matches(pattern: str, value: object) -> bool:
    return value is not None and _compiled(pattern).search(str(value)) is not None


def inner_store(folder: Path) -> Path | None:
    """The store that lies not in the folder itself, but in its folder ``hub``; None where none does."""
    inner = folder / INNER_NAME
    try:
        lies_there = (inner / DATABASE_NAME).is_file() and not (folder / DATABASE_NAME).exists()
    except OSError:  # whoever opens it learns why
        return None
    return inner if lies_there else None


def connect(path: Path | str) -> sqlite3.Connection:
    """A connection to a hub's database, its tables laid out; transactions are begun by hand.

    Raises:
        sqlite3.Error: the file cannot be opened or is no database.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=10.0)
    try:
        connection.row_factory = sqlite3.Row
        connection.create_function("regexp", 2, _matches, deterministic=True)
        # WAL with NORMAL: a commit survives a killed process; only a power cut may take the last ones.
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;" + SCHEMA
        )
    except BaseException:
        connection.close()
        raise
    return connection


def lock(path: Path) -> sqlite3.Connection:
    """Hold a file until the connection is closed, or the process ends, however it does.

    The lock is SQLite's, which every system has; the database itself stays open to whoever looks into it.

    Raises:
        sqlite3.OperationalError: the file is held already (``SQLITE_BUSY``), or cannot be opened.
    """
    held = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        held.execute("BEGIN EXCLUSIVE")
    except BaseException:
        held.close()
        raise
    return held


class Store:
    """The database in ``folder``, for one hub at a time. Open it, call it, close it.

    Args:
        folder: an existing folder; the files ``hub.sqlite3`` and ``hub.lock`` in it are made at need.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / DATABASE_NAME
        self._lock_path = folder / LOCK_NAME
        self._lock: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prelabel-hub-store")
        self._connection: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Connect and lay out the tables.

        Raises:
            sqlite3.Error: the file cannot be opened or is no database, or another hub has it (``SQLITE_BUSY``).
        """
        try:
            self._connection = await self._on_thread(self._connect)
        except BaseException:
            self._thread.shutdown(wait=False)
            raise

    def _connect(self) -> sqlite3.Connection:
        self._lock = lock(self._lock_path)
        try:
            return connect(self._path)
        except BaseException:
            self._lock.close()
            raise

    def _disconnect(self, connection: sqlite3.Connection) -> None:
        connection.close()
        if self._lock is not None:
            self._lock.close()

    async def close(self) -> None:
        """Finish what is under way and close the file."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._on_thread(lambda: self._disconnect(connection))
        self._thread.shutdown()

    async def read(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``work(connection, ...)`` on the store's thread, on one snapshot."""
        return await self._on_thread(lambda: self._transact("BEGIN", lambda db: work(db, *args, **kwargs)))

    def transact(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As :meth:`write`, for callers who wait without an event loop.

        Raises:
            RuntimeError: the store is not open.
        """
        if self._connection is None:
            raise RuntimeError("the local hub is not running: look into it inside its block")
        whole = self._thread.submit(self._transact, "BEGIN IMMEDIATE", lambda db: work(db, *args, **kwargs))
        return whole.result()

    async def write(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run ``work(connection, ...)`` in one transaction: all of it is stored, or nothing."""
        return await self._on_thread(lambda: self._transact("BEGIN IMMEDIATE", lambda db: work(db, *args, **kwargs)))

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _transact(self, begin: str, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            raise sqlite3.ProgrammingError("the store is not open")
        self._connection.execute(begin)
        try:
            result = work(self._connection)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")
        return result


def fact(db: sqlite3.Connection, name: str, make: Callable[[], str]) -> str:
    """A value the store keeps for itself (its key, its token secret, its organization), made at first use."""
    db.execute("INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", (name, make()))
    return str(db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()["value"])
