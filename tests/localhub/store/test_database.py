"""The database and its thread."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from prelabel.localhub.store.database import DATABASE_NAME, Store, fact, inner_store, new_id

if TYPE_CHECKING:
    from pathlib import Path


def _count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT COUNT(*) FROM facts").fetchone()[0])


async def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    """All of a transaction is stored, or nothing."""

    def half_done(db: sqlite3.Connection) -> None:
        fact(db, "a", lambda: "1")
        raise LookupError("in the middle")

    store = Store(tmp_path)
    await store.open()
    with pytest.raises(LookupError, match="in the middle"):
        await store.write(half_done)
    assert await store.read(_count) == 0
    await store.close()


async def test_a_fact_is_made_once_and_kept(tmp_path: Path) -> None:
    """The value made first is the one found later, also after a restart."""
    for value in ("first", "second"):
        make = value.upper
        store = Store(tmp_path)
        await store.open()
        assert await store.write(fact, "name", make) == "FIRST"
        await store.close()


async def test_the_journal_is_a_wal(tmp_path: Path) -> None:
    """Write-ahead logging is on, so readers from outside do not stop the hub."""
    store = Store(tmp_path)
    await store.open()
    mode = await store.read(lambda db: db.execute("PRAGMA journal_mode").fetchone()[0])
    await store.close()
    assert mode == "wal"


async def test_work_never_runs_on_the_loop(tmp_path: Path) -> None:
    """Every call runs on the store's one thread, and calls made together all take effect."""
    threads: set[int] = set()

    def add(db: sqlite3.Connection, name: str) -> None:
        threads.add(threading.get_ident())
        fact(db, name, lambda: "x")

    store = Store(tmp_path)
    await store.open()
    await asyncio.gather(*(store.write(add, f"fact {number}") for number in range(50)))
    assert await store.read(_count) == 50
    await store.close()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_a_file_that_is_no_database_is_an_error(tmp_path: Path) -> None:
    """Opening rubbish fails at once."""
    (tmp_path / "hub.sqlite3").write_bytes(b"this is no database" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        await Store(tmp_path).open()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    """A store that was never opened cannot be read."""
    store = Store(tmp_path)
    with pytest.raises(sqlite3.ProgrammingError, match="not open"):
        await store.read(_count)
    await store.close()


def test_ids_have_the_hubs_form() -> None:
    """24 hexadecimal digits, different each time."""
    ids = {new_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(each) == 24 and int(each, 16) >= 0 for each in ids)


def test_a_store_that_is_in_a_folder_of_the_folder(tmp_path: Path) -> None:
    """It is found where the demo keeps it, unless the folder has one itself."""
    assert inner_store(tmp_path) is None
    (tmp_path / "hub").mkdir()
    assert inner_store(tmp_path) is None
    (tmp_path / "hub" / DATABASE_NAME).touch()
    assert inner_store(tmp_path) == tmp_path / "hub"
    assert inner_store(tmp_path / "hub") is None
    (tmp_path / DATABASE_NAME).touch()
    assert inner_store(tmp_path) is None
    (tmp_path / "file").touch()
    assert inner_store(tmp_path / "file") is None
