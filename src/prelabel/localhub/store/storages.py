"""Storages in the database: which bucket each is, and nothing that would open one elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from prelabel.localhub.envelope import Refusal, json_text, now_text, optional_text
from prelabel.localhub.store.database import fact, new_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from prelabel.localhub.envelope import Page

# The keys of a storage that are no secrets; the others are never kept.
_KEPT = ("name", "provider", "type", "bucket", "region", "publicKey")


def create_storage(db: sqlite3.Connection, body: Mapping[str, Any]) -> dict[str, Any]:
    """Store a new storage, its secrets left out: the hub serves buckets from folders and needs none.

    Raises:
        Refusal: the name is missing.
    """
    if not optional_text(body, "name", "a storage"):
        raise Refusal("a storage needs a name")
    kept = {key: optional_text(body, key, "a storage") for key in _KEPT if body.get(key) is not None}
    storage = {"_id": new_id(), **kept, "organization": fact(db, "organization", new_id), "createdAt": now_text()}
    db.execute(
        "INSERT INTO storages (id, created_at, body) VALUES (?, ?, ?)",
        (storage["_id"], storage["createdAt"], json_text(storage)),
    )
    return storage


def load_storage(db: sqlite3.Connection, storage_id: str) -> dict[str, Any]:
    """A storage.

    Raises:
        Refusal: there is none with this id.
    """
    row = db.execute("SELECT body FROM storages WHERE id = ?", (storage_id,)).fetchone()
    if row is None:
        raise Refusal(f"Invalid storage: {storage_id[:80]}.")
    storage: dict[str, Any] = orjson.loads(row["body"])
    return storage


def delete_storage(db: sqlite3.Connection, storage_id: str) -> dict[str, Any]:
    """Remove a storage and return what it was.

    Raises:
        Refusal: there is none with this id.
    """
    storage = load_storage(db, storage_id)
    db.execute("DELETE FROM storages WHERE id = ?", (storage_id,))
    return storage


def list_storages(db: sqlite3.Connection, page: Page, storage_id: str) -> dict[str, Any]:
    """One page of storages, of all or of one id."""
    rows = db.execute(
        "SELECT body FROM storages WHERE ? IN ('', id) ORDER BY seq DESC LIMIT ? OFFSET ?",
        (storage_id, page.size, page.offset),
    ).fetchall()
    total = db.execute("SELECT COUNT(*) FROM storages WHERE ? IN ('', id)", (storage_id,)).fetchone()[0]
    return {"storages": [orjson.loads(row["body"]) for row in rows], "total": total}
