"""Storages in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prelabel.localhub.envelope import Page, Refusal
from prelabel.localhub.store import storages

if TYPE_CHECKING:
    import sqlite3


def test_secrets_of_storages_are_not_kept(db: sqlite3.Connection) -> None:
    """The hub needs no keys to other places, so it does not store any."""
    sent = {
        "name": "s",
        "provider": "AWS",
        "bucket": "b",
        "publicKey": "pub",
        "privateKey": "hush",
        "credentials": "hush",
    }
    storage = storages.create_storage(db, sent)
    assert storage["bucket"] == "b"
    assert "hush" not in "".join(db.iterdump())
    assert storages.list_storages(db, Page(1, 10), "") == {"storages": [storage], "total": 1}
    assert storages.list_storages(db, Page(1, 10), "other") == {"storages": [], "total": 0}
    assert storages.delete_storage(db, storage["_id"]) == storage
    with pytest.raises(Refusal, match="Invalid storage"):
        storages.load_storage(db, storage["_id"])
    with pytest.raises(Refusal, match="a storage needs a name"):
        storages.create_storage(db, {})
