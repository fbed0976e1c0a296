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


class Shape(NamedTuple):
    """An import object but for its id, which is the row's own: rows that share a mask share its shapes.

    Attributes:
        tool: the tool.
        key: ``"polygon"`` or ``"segmentation"``.
        geometry: JSON.
    """

    tool: Tool
    key: str
    geometry: bytes


class MaskShapes(NamedTuple):
    """The shapes of one mask, outermost first; the counts are those of :class:`MaskObjects`."""

    shapes: list[Shape]
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
    """Group polygons into objects: :func:`mask_shapes`, then :func:`with_ids`; see there."""
    made = mask_shapes(polygons, tools, mode=mode, holes=holes)
    return MaskObjects(with_ids(made.shapes, namespace), made.n_filled_holes, made.n_opened_holes)


def mask_shapes(
    polygons: Polygons, tools: Sequence[Tool], *, mode: SegmentationMode, holes: PolygonHoles
) -> MaskShapes:
    """Group polygons into objects without ids.

    A segmentation object holds all zones of a region's object (``"instance_segmentation"``) or of its class
    (``"semantic_segmentation"``); the polygon tool has room for one ring, so each polygon is an object there.

    Args:
        polygons: the traced mask.
        tools: one per class of ``polygons``.
        mode: how segmentation zones are grouped.
        holes: what becomes of holes under the polygon tool.

    Returns:
        The objects' shapes, outermost first.

    Raises:
        RowError: a polygon-tool object has holes and ``holes`` is ``"reject"``.
    """
    polygons, n_holes = fit_tools(polygons, tools, holes)
    is_polygon_tool = [tool.kind == "polygon" for tool in tools]
    zones = polygons.to_json(zones=True) if not all(is_polygon_tool) else []
    rings = polygons.to_json(zones=False) if any(is_polygon_tool) else []
    shapes = []
    for class_index, members in _groups(polygons, tools, mode):
        if is_polygon_tool[class_index]:
            shapes.append(Shape(tools[class_index], "polygon", rings[members[0]]))
        else:
            geometry = b'{"zones":[' + b",".join([zones[index] for index in members]) + b"]}"
            shapes.append(Shape(tools[class_index], "segmentation", geometry))
    return MaskShapes(shapes, *((0, n_holes) if holes == "keyhole" else (n_holes, 0)))


def with_ids(shapes: Sequence[Shape], namespace: str) -> list[dict[str, Any]]:
    """Make import objects, their geometry already JSON, of shapes.

    Args:
        shapes: a mask's.
        namespace: makes object ids differ between rows that hold the same shape: project and external ID.
    """
    seeds: dict[str, hashlib.blake2b] = {}
    objects = []
    for shape in shapes:
        seed = seeds.get(shape.tool.schema_id)
        if seed is None:
            seed = seeds[shape.tool.schema_id] = _id_seed(namespace, shape.tool)
        objects.append(_object(shape, seed))
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
    """Return polygons in the order in which :func:`mask_shapes` lists them, which is that of readers who paint."""
    order = [index for _, members in _groups(polygons, tools, mode) for index in members]
    return polygons if order == list(range(len(order))) else reordered(polygons, np.array(order))


def _id_seed(namespace: str, tool: Tool) -> hashlib.blake2b:
    """Return what the ids of a tool's objects in one row have in common."""
    return hashlib.blake2b(_measured(namespace.encode()) + _measured(tool.schema_id.encode()), digest_size=12)


def _measured(part: bytes) -> bytes:
    """Put the length before a part, so that no two lists of parts run together to the same bytes."""
    return len(part).to_bytes(8, "little") + part


def _object(shape: Shape, seed: hashlib.blake2b) -> dict[str, Any]:
    # The same row imported again gives the same ids, so a second import is recognised and adds nothing.
    identity = seed.copy()
    identity.update(_measured(shape.geometry))
    return {
        "schemaId": shape.tool.schema_id,
        "title": shape.tool.title,
        "objectId": identity.hexdigest()[:23],
        shape.key: orjson.Fragment(shape.geometry),
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
