"""Stage 6: a row's answers and polygons -> one Ango import item, as JSON bytes.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson

from prelabel.errors import RowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prelabel.model import Tool
    from prelabel.polygons import Polygons

SegmentationMode = Literal["instance_segmentation", "semantic_segmentation"]
PolygonHoles = Literal["fill", "reject"]


class MaskObjects(NamedTuple):
    """The objects of one mask.

    Attributes:
        objects: import objects, their geometry already JSON.
        n_filled_holes: holes that the polygon tool could not hold and that were filled.
    """

    objects: list[dict[str, Any]]
    n_filled_holes: int


def mask_objects(
    polygons: Polygons, tools: Sequence[Tool], *, mode: SegmentationMode, holes: PolygonHoles, namespace: str
) -> MaskObjects:
    """Group polygons into objects.

    A segmentation object holds all zones of a region's object (``"instance_segmentation"``) or of its class
    (``"semantic_segmentation"``); the polygon tool has room for one ring, so each polygon is an object there.

    Args:
        polygons: the traced mask.
        tools: one per class of ``polygons``.
        mode: how segmentation zones are grouped.
        holes: what becomes of holes under the polygon tool.
        namespace: makes object ids differ between rows that hold the same shape: project and external ID.

    Returns:
        The objects, outermost first.

    Raises:
        RowError: a polygon-tool object has holes and ``holes`` is ``"reject"``.
    """
    class_indices = polygons.class_indices.tolist()
    groups: dict[tuple[int, int], list[int]] = {}
    is_polygon_tool = [tool.kind == "polygon" for tool in tools]
    owners = polygons.object_indices.tolist() if mode == "instance_segmentation" else [-1] * len(polygons)
    for index, (class_index, owner) in enumerate(zip(class_indices, owners, strict=True)):
        groups.setdefault((class_index, index if is_polygon_tool[class_index] else owner), []).append(index)
    zones = polygons.to_json(zones=True) if not all(is_polygon_tool) else []
    rings = polygons.to_json(zones=False) if any(is_polygon_tool) else []
    n_filled_holes = _holes_of(polygons, is_polygon_tool)
    if n_filled_holes and holes == "reject":
        raise RowError(
            f"the mask's polygon-tool objects have {n_filled_holes} holes, which the polygon tool cannot hold: "
            'set "polygon_holes" to "fill", or use a segmentation tool'
        )
    objects = []
    for (class_index, _), members in groups.items():
        if is_polygon_tool[class_index]:
            key, geometry = "polygon", rings[members[0]]
        else:
            key, geometry = "segmentation", b'{"zones":[' + b",".join([zones[index] for index in members]) + b"]}"
        objects.append(_object(tools[class_index], key, geometry, namespace))
    return MaskObjects(objects, n_filled_holes)


def _holes_of(polygons: Polygons, counted: Sequence[bool]) -> int:
    """Return the number of holes in polygons of the classes that count."""
    if not any(counted):
        return 0
    holes = (polygons.polygon_offsets[1:] - polygons.polygon_offsets[:-1] - 1).tolist()
    return sum(n for n, class_index in zip(holes, polygons.class_indices.tolist(), strict=True) if counted[class_index])


def _object(tool: Tool, key: str, geometry: bytes, namespace: str) -> dict[str, Any]:
    # The same row imported again gives the same ids, so a second import is recognised and adds nothing.
    identity = hashlib.blake2b(digest_size=12)
    for part in (namespace.encode(), tool.schema_id.encode(), geometry):
        identity.update(len(part).to_bytes(8, "little") + part)
    return {
        "schemaId": tool.schema_id,
        "title": tool.title,
        "objectId": identity.hexdigest()[:23],
        key: orjson.Fragment(geometry),
    }


def encode_item(external_id: str, answers: Iterable[dict[str, Any]], objects: Iterable[dict[str, Any]]) -> bytes:
    """Write an import item: all three lists are always there, so that a replacing server clears what is not sent.

    Args:
        external_id: names the asset.
        answers: ``{"schemaId", "answer"}`` of each classification.
        objects: as :func:`mask_objects` makes them.

    Returns:
        JSON.
    """
    return orjson.dumps(
        {"externalId": external_id, "objects": list(objects), "classifications": list(answers), "relations": []}
    )
