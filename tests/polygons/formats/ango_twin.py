"""Import objects as they were made object by object before kernels did it: slow, obvious, and what ids must stay."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prelabel.model import Tool
    from prelabel.polygons.arrays import PolygonArrays


def objects_json(polygons: PolygonArrays, tools: Sequence[Tool], mode: Any, namespace: str) -> bytes:
    """The list of objects as JSON, ids included: the salted hash of the tool's schema id and of the geometry's text."""
    zones, rings = polygons.to_json(zones=True), polygons.to_json(zones=False)
    groups: dict[tuple[int, int], list[int]] = {}
    for index, (class_index, owner) in enumerate(
        zip(polygons.class_indices.tolist(), polygons.object_indices.tolist(), strict=True)
    ):
        key = index if tools[class_index].has_one_ring else owner if mode == "instance_segmentation" else -1
        groups.setdefault((class_index, key), []).append(index)
    salt = hashlib.blake2b(namespace.encode(), digest_size=12).digest()
    objects = []
    for (class_index, _), members in groups.items():
        tool = tools[class_index]
        if tool.has_one_ring:
            geometry = b',"polygon":' + rings[members[0]]
        else:
            geometry = b',"segmentation":{"zones":[' + b",".join([zones[index] for index in members]) + b"]}"
        schema_id = tool.schema_id.encode()
        seed = len(schema_id).to_bytes(8, "little") + schema_id
        digest = hashlib.blake2b(seed + geometry, digest_size=12).digest()
        ident = bytes(a ^ b for a, b in zip(digest, salt, strict=True)).hex()[:23]
        names = orjson.dumps({"schemaId": tool.schema_id, "title": tool.title})[1:-1]
        objects.append(b'{"objectId":"' + ident.encode() + b'",' + names + geometry + b"}")
    return b"[" + b",".join(objects) + b"]"
