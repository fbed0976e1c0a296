"""Stage 6: a row's answers and polygons -> one Ango import item, as JSON bytes.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable


def encode_item(external_id: str, answers: Iterable[dict[str, Any]], objects: bytes | bytearray = b"[]") -> bytes:
    """Write an import item: all three lists are always there, so that a replacing server clears what is not sent.

    Args:
        external_id: names the asset.
        answers: ``{"schemaId", "answer"}`` of each classification.
        objects: the list of objects as JSON, as :meth:`MaskObjects.with_ids` gives it.

    Returns:
        JSON.
    """
    item = orjson.dumps({"externalId": external_id, "classifications": list(answers), "relations": []})
    # Objects may be many megabytes: joined, they are copied once.
    return b"".join((item[:-1], b',"objects":', objects, b"}"))
