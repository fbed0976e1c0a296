"""Stage 6: a row's answers and polygons -> one Ango import item, as JSON bytes.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import orjson

from prelabel.errors import RowError
from prelabel.holes import count_holes, reordered, single_rings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from prelabel.model import Tool
    from prelabel.polygons import Polygons

SegmentationMode = Literal["instance_segmentation", "semantic_segmentation"]
PolygonHoles = Literal["fill", "keyhole", "reject"]


class Geometry(NamedTuple):
    """An import object but for its id, which is the row's own: rows that share a mask share these.

    Attributes:
        tool: the tool.
        key: ``"polygon"`` or ``"segmentation"``.
        json: the geometry as JSON.
    """

    tool: Tool
    key: str
    json: bytes


class MaskGeometries(NamedTuple):
    """The objects' geometries of one mask, outermost first; the counts are those of :class:`MaskObjects`."""

    geometries: list[Geometry]
    n_filled_holes: int = 0
    n_opened_holes: int = 0


class MaskObjects(NamedTuple):
    """The objects of one mask.

    Attributes:
        objects: import objects, their geometry already JSON.
        n_filled_holes: holes that the polygon tool could not hold and that were filled.
        n_opened_holes: holes that were cut open to their exterior instead.
    """

    objects: list[dict[str, Any]]
    n_filled_holes: int
    n_opened_holes: int = 0


def fit_tools(polygons: Polygons, tools: Sequence[Tool], holes: PolygonHoles) -> tuple[Polygons, int]:
    """Give polygons of the polygon tool, which holds one ring, one ring each.

    Args:
        polygons: the traced mask.
        tools: one per class of ``polygons``.
        holes: ``"fill"``, ``"keyhole"`` or ``"reject"``.

    Returns:
        The polygons as they will be sent, and the number of holes that were filled or cut open.

    Raises:
        RowError: a polygon-tool object has holes and ``holes`` is ``"reject"``.
    """
    is_polygon_tool = np.array([tool.kind == "polygon" for tool in tools], bool)
    if not is_polygon_tool.any():
        return polygons, 0
    chosen = is_polygon_tool[polygons.class_indices]
    n_holes = count_holes(polygons, chosen)
    if n_holes and holes == "reject":
        raise RowError(
            f"the mask's polygon-tool objects have {n_holes} holes, which the polygon tool cannot hold: "
            'set "polygon_holes" to "fill" or "keyhole", or use a segmentation tool'
        )
    return (single_rings(polygons, chosen, keyhole=holes == "keyhole") if n_holes else polygons), n_holes


def mask_objects(
    polygons: Polygons, tools: Sequence[Tool], *, mode: SegmentationMode, holes: PolygonHoles, namespace: str
) -> MaskObjects:
    """Group polygons into objects: :func:`mask_geometries`, then :func:`with_ids`; see there."""
    made = mask_geometries(polygons, tools, mode=mode, holes=holes)
    return MaskObjects(with_ids(made.geometries, namespace), made.n_filled_holes, made.n_opened_holes)


def mask_geometries(
    polygons: Polygons, tools: Sequence[Tool], *, mode: SegmentationMode, holes: PolygonHoles
) -> MaskGeometries:
    """Group polygons into objects without ids.

    A segmentation object holds all zones of a region's object (``"instance_segmentation"``) or of its class
    (``"semantic_segmentation"``); the polygon tool has room for one ring, so each polygon is an object there.

    Args:
        polygons: the traced mask.
        tools: one per class of ``polygons``.
        mode: how segmentation zones are grouped.
        holes: what becomes of holes under the polygon tool.

    Returns:
        The objects' geometries, outermost first.

    Raises:
        RowError: a polygon-tool object has holes and ``holes`` is ``"reject"``.
    """
    polygons, n_holes = fit_tools(polygons, tools, holes)
    is_polygon_tool = [tool.kind == "polygon" for tool in tools]
    zones = polygons.to_json(zones=True) if not all(is_polygon_tool) else []
    rings = polygons.to_json(zones=False) if any(is_polygon_tool) else []
    geometries = []
    for class_index, members in _groups(polygons, tools, mode):
        if is_polygon_tool[class_index]:
            geometries.append(Geometry(tools[class_index], "polygon", rings[members[0]]))
        else:
            text = b'{"zones":[' + b",".join([zones[index] for index in members]) + b"]}"
            geometries.append(Geometry(tools[class_index], "segmentation", text))
    return MaskGeometries(geometries, *((0, n_holes) if holes == "keyhole" else (n_holes, 0)))


def with_ids(geometries: Sequence[Geometry], namespace: str) -> list[dict[str, Any]]:
    """Make import objects, their geometry already JSON.

    Args:
        geometries: a mask's.
        namespace: makes object ids differ between rows that hold the same geometry: project and external ID.
    """
    seeds: dict[str, hashlib.blake2b] = {}
    objects = []
    for geometry in geometries:
        seed = seeds.get(geometry.tool.schema_id)
        if seed is None:
            seed = seeds[geometry.tool.schema_id] = _id_seed(namespace, geometry.tool)
        objects.append(_object(geometry, seed))
    return objects


def _groups(polygons: Polygons, tools: Sequence[Tool], mode: SegmentationMode) -> Iterator[tuple[int, list[int]]]:
    """Yield the class index and the polygons of each object, in the order of the objects' first polygons."""
    groups: dict[tuple[int, int], list[int]] = {}
    is_polygon_tool = [tool.kind == "polygon" for tool in tools]
    owners = polygons.object_indices.tolist() if mode == "instance_segmentation" else [-1] * len(polygons)
    for index, (class_index, owner) in enumerate(zip(polygons.class_indices.tolist(), owners, strict=True)):
        groups.setdefault((class_index, index if is_polygon_tool[class_index] else owner), []).append(index)
    return ((class_index, members) for (class_index, _), members in groups.items())


def in_sent_order(polygons: Polygons, tools: Sequence[Tool], mode: SegmentationMode) -> Polygons:
    """Return polygons in the order in which :func:`mask_geometries` lists them, which is that of readers who paint."""
    order = [index for _, members in _groups(polygons, tools, mode) for index in members]
    return polygons if order == list(range(len(order))) else reordered(polygons, np.array(order))


def _id_seed(namespace: str, tool: Tool) -> hashlib.blake2b:
    """Return what the ids of a tool's objects in one row have in common."""
    return hashlib.blake2b(_measured(namespace.encode()) + _measured(tool.schema_id.encode()), digest_size=12)


def _measured(part: bytes) -> bytes:
    """Put the length before a part, so that no two lists of parts run together to the same bytes."""
    return len(part).to_bytes(8, "little") + part


def _object(geometry: Geometry, seed: hashlib.blake2b) -> dict[str, Any]:
    # The same row imported again gives the same ids, so a second import is recognised and adds nothing.
    identity = seed.copy()
    identity.update(_measured(geometry.json))
    return {
        "schemaId": geometry.tool.schema_id,
        "title": geometry.tool.title,
        "objectId": identity.hexdigest()[:23],
        geometry.key: orjson.Fragment(geometry.json),
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
