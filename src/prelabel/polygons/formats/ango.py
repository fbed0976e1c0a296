"""Ango's import objects: polygons grouped into objects of a project's tools, as JSON or as plain values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from prelabel.codes import Code
from prelabel.errors import ConfigError, RowError
from prelabel.model import TOOL_KINDS, PolygonHoles, SegmentationMode, Tool
from prelabel.polygons.single_rings import count_holes, reordered, single_rings
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.model import ToolKind
    from prelabel.polygons.arrays import PolygonArrays

_ID_LENGTH = 23

_DIGEST_BYTES = 12

_BEFORE_ID = b'{"objectId":"'

_BLANK_ID = b"0" * _ID_LENGTH + b'",'


@dataclass(frozen=True, slots=True, eq=False)
class MaskObjects:
    """The import objects of one mask, as JSON with blanks for their ids: rows that share a mask differ in nothing else.

    Attributes:
        json: the list of objects, outermost first.
        id_offsets: (n,) int64, where in ``json`` each object's id goes.
        digests: (n, 12) uint8, a hash of each object's tool and geometry.
    """

    json: bytes
    id_offsets: NDArray[np.int64]
    digests: NDArray[np.uint8]

    def __len__(self) -> int:
        """Return the number of objects."""
        return len(self.id_offsets)

    @property
    def n_bytes(self) -> int:
        """Bytes that keeping them takes, about."""
        return len(self.json) + self.id_offsets.nbytes + self.digests.nbytes

    def with_ids(self, namespace: str) -> bytearray:
        """Return the list of objects as JSON, ids filled in.

        The same row imported again gives the same ids, so a second import is recognised and adds nothing.

        Args:
            namespace: makes ids differ between rows that hold the same geometry: project and external ID.
        """
        salt = hashlib.blake2b(namespace.encode(), digest_size=_DIGEST_BYTES).digest()
        digits = (self.digests ^ np.frombuffer(salt, np.uint8)).tobytes().hex().encode()
        ids = np.frombuffer(digits, np.uint8).reshape(-1, 2 * _DIGEST_BYTES)[:, :_ID_LENGTH]
        text = bytearray(self.json)
        np.frombuffer(text, np.uint8)[self.id_offsets[:, None] + np.arange(_ID_LENGTH)] = ids
        return text


@dataclass(frozen=True, slots=True, eq=False)
class ClassTools:
    """What objects have in common by class; made once for all masks, as making it takes longer than a small mask.

    Attributes:
        has_one_ring: (n,) bool, one per class: whether its tool holds one ring without holes.
        heads: how the objects of each class begin, JSON without braces.
        seeds: what the hashes of each class's objects have in common.
    """

    has_one_ring: NDArray[np.bool_]
    heads: list[bytes]
    seeds: list[hashlib.blake2b]

    @classmethod
    def of(cls, tools: Sequence[Tool]) -> ClassTools:
        """Take a tool per class."""
        return cls(
            np.array([tool.has_one_ring for tool in tools], bool),
            [orjson.dumps({"schemaId": tool.schema_id, "title": tool.title})[1:-1] for tool in tools],
            [_seed(tool) for tool in tools],
        )


def fit_tools(polygons: PolygonArrays, tools: ClassTools, holes: PolygonHoles) -> PolygonArrays:
    """Give polygons of the polygon tool, which holds one ring, one ring each.

    Args:
        polygons: the traced mask.
        tools: of the classes of ``polygons``.
        holes: ``"fill"``, ``"keyhole"`` or ``"reject"``.

    Returns:
        The polygons as they will be sent.

    Raises:
        RowError: a polygon-tool object has holes and ``holes`` is ``"reject"``.
    """
    if not tools.has_one_ring.any():
        return polygons
    chosen = tools.has_one_ring[polygons.class_indices]
    n_holes = count_holes(polygons, chosen)
    if n_holes and holes == "reject":
        raise RowError(
            f"the mask's polygon-tool objects have {counted(n_holes, 'hole')}, and the polygon tool holds none: "
            'set "polygon_holes" to "fill" or "keyhole", or use a segmentation tool',
            code=Code.HOLES,
        )
    return single_rings(polygons, chosen, keyhole=holes == "keyhole") if n_holes else polygons


def mask_objects(polygons: PolygonArrays, tools: ClassTools, mode: SegmentationMode) -> MaskObjects:
    """Group polygons into objects.

    A segmentation object holds all zones of a region's object (``"instance_segmentation"``) or of its class
    (``"semantic_segmentation"``); the polygon tool has room for one ring, so each polygon is an object there.

    Args:
        polygons: the traced mask, as :func:`fit_tools` returns it.
        tools: of the classes of ``polygons``.
        mode: how segmentation zones are grouped.

    Returns:
        The objects, outermost first.
    """
    has_one_ring = tools.has_one_ring.tolist()
    zones = polygons.to_json(zones=True) if not all(has_one_ring) else []
    rings = polygons.to_json(zones=False) if any(has_one_ring) else []
    objects, digests = [], []
    for class_index, members in _groups(polygons, has_one_ring, mode):
        if has_one_ring[class_index]:
            geometry = b',"polygon":' + rings[members[0]]
        else:
            geometry = b',"segmentation":{"zones":[' + b",".join([zones[index] for index in members]) + b"]}"
        objects.append(_BEFORE_ID + _BLANK_ID + tools.heads[class_index] + geometry + b"}")
        identity = tools.seeds[class_index].copy()
        identity.update(geometry)
        digests.append(identity.digest())
    ends = np.cumsum([0, *(len(text) + 1 for text in objects)], dtype=np.int64)
    return MaskObjects(
        b"[" + b",".join(objects) + b"]",
        ends[:-1] + 1 + len(_BEFORE_ID),
        np.frombuffer(b"".join(digests), np.uint8).reshape(-1, _DIGEST_BYTES),
    )


def _seed(tool: Tool) -> hashlib.blake2b:
    """Return what the hashes of a tool's objects have in common; its length keeps it apart from the geometry."""
    schema_id = tool.schema_id.encode()
    return hashlib.blake2b(len(schema_id).to_bytes(8, "little") + schema_id, digest_size=_DIGEST_BYTES)


def _groups(
    polygons: PolygonArrays, has_one_ring: Sequence[bool], mode: SegmentationMode
) -> Iterator[tuple[int, list[int]]]:
    """Yield the class index and the polygons of each object, in the order of the objects' first polygons."""
    groups: dict[tuple[int, int], list[int]] = {}
    owners = polygons.object_indices.tolist() if mode == "instance_segmentation" else [-1] * len(polygons)
    for index, (class_index, owner) in enumerate(zip(polygons.class_indices.tolist(), owners, strict=True)):
        groups.setdefault((class_index, index if has_one_ring[class_index] else owner), []).append(index)
    return ((class_index, members) for (class_index, _), members in groups.items())


def in_sent_order(polygons: PolygonArrays, tools: ClassTools, mode: SegmentationMode) -> PolygonArrays:
    """Return polygons in the order in which :func:`mask_objects` lists them, which is that of readers who paint."""
    order = [index for _, members in _groups(polygons, tools.has_one_ring.tolist(), mode) for index in members]
    return polygons if order == list(range(len(order))) else reordered(polygons, np.array(order))


def to_ango(
    polygons: PolygonArrays,
    tool: ToolKind = "segmentation",
    *,
    mode: SegmentationMode = "instance_segmentation",
    holes: PolygonHoles = "fill",
    schema_ids: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the ``objects`` of an Ango import item, as plain dicts and lists; an import writes the same as bytes.

    Args:
        polygons: the polygons.
        tool: ``"segmentation"``: zones with holes; ``"polygon"``: one ring per object.
        mode: whether a region or a class is a segmentation object.
        holes: what becomes of holes under the polygon tool.
        schema_ids: class name -> the tool's schema ID in the project; a class without one gets ``""``.

    Raises:
        RowError: ``holes`` is ``"reject"`` and there are some.

    Example:
        >>> import numpy as np
        >>> import prelabel
        >>> mask = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
        >>> for way in ("fill", "keyhole"):
        ...     print(to_ango(prelabel.mask_to_polygons(mask), "polygon", holes=way)[0]["polygon"])
        [[0, 0], [3, 0], [3, 3], [0, 3]]
        [[0, 0], [3, 0], [3, 3], [0, 3], [0, 1], [1, 1], [1, 2], [2, 2], [2, 1], [1, 1], [0, 1]]
    """
    if tool not in TOOL_KINDS:
        raise ConfigError(f"tool is {tool!r}: give {' or '.join(TOOL_KINDS)}", field="tool", value=tool)
    ids = schema_ids or {}
    tools = ClassTools.of([Tool(name, ids.get(name, ""), tool, None) for name in polygons.class_names])
    encoded = mask_objects(fit_tools(polygons, tools, holes), tools, mode)
    objects: list[dict[str, Any]] = orjson.loads(encoded.with_ids(""))
    return objects
