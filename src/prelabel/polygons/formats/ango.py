"""Ango's import objects: polygons grouped into objects of a project's tools, as JSON or as plain values."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from prelabel.codes import Code
from prelabel.errors import ConfigError, RowError
from prelabel.model import TOOL_KINDS, PolygonHoles, SegmentationMode, Tool
from prelabel.polygons.single_rings import count_holes, reordered, single_rings
from prelabel.records import Record
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.kernels.objects import ObjectTables
    from prelabel.model import Int32Array, ToolKind
    from prelabel.polygons.arrays import PolygonArrays


class MaskObjects(Record, frozen=True, eq=False):
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
        from prelabel.kernels.objects import ID_LENGTH, fill_ids  # noqa: PLC0415 - kernels that only imports need

        salt = hashlib.blake2b(namespace.encode(), digest_size=self.digests.shape[1]).digest()
        text = bytearray(self.json)
        fill_ids(np.frombuffer(text, np.uint8), self.id_offsets, self.digests, np.frombuffer(salt, np.uint8), ID_LENGTH)
        return text


class ClassTools(Record, frozen=True, eq=False):
    """What objects have in common by class; made once for all masks, as making it takes longer than a small mask.

    Attributes:
        has_one_ring: (n,) bool, one per class: whether its tool holds one ring without holes.
        tables: what the kernels need.
    """

    has_one_ring: NDArray[np.bool_]
    tables: ObjectTables

    @classmethod
    def of(cls, tools: Sequence[Tool]) -> ClassTools:
        """Take a tool per class."""
        from prelabel.kernels.objects import BEFORE_ID, ID_LENGTH, ObjectTables  # noqa: PLC0415 - as above

        heads = [
            BEFORE_ID + b"0" * ID_LENGTH + b'",' + orjson.dumps({"schemaId": tool.schema_id, "title": tool.title})[1:-1]
            for tool in tools
        ]
        has_one_ring = np.array([tool.has_one_ring for tool in tools], bool)
        return cls(
            has_one_ring,
            ObjectTables(has_one_ring.view(np.uint8), *_joined(heads), *_joined([_seed(tool) for tool in tools])),
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
    from prelabel.kernels.objects import BEFORE_ID, objects_to_json  # noqa: PLC0415 - as above

    groups = _groups(polygons, tools, mode)
    arrays = polygons.points, polygons.ring_offsets, polygons.polygon_offsets, polygons.class_indices
    text, starts, digests = objects_to_json(*arrays, groups, tools.tables)
    return MaskObjects(text, starts + len(BEFORE_ID), digests)


def _joined(parts: Sequence[bytes]) -> tuple[NDArray[np.uint8], Int32Array]:
    """Return texts one behind the other, and int32, texts + 1, where each begins."""
    offsets = np.cumsum([0, *map(len, parts)], dtype=np.int32)
    return np.frombuffer(b"".join(parts), np.uint8), offsets


def _seed(tool: Tool) -> bytes:
    """Return what the hashes of a tool's objects have in common; its length keeps it apart from the geometry."""
    schema_id = tool.schema_id.encode()
    return len(schema_id).to_bytes(8, "little") + schema_id


def _groups(polygons: PolygonArrays, tools: ClassTools, mode: SegmentationMode) -> tuple[Int32Array, Int32Array]:
    """Return the polygons in the order of their objects, and where each object begins among them."""
    from prelabel.kernels.object_groups import group_polygons  # noqa: PLC0415 - as above

    by_class = mode == "semantic_segmentation"
    return group_polygons(polygons.class_indices, polygons.object_indices, tools.tables.has_one_ring, by_class=by_class)


def in_sent_order(polygons: PolygonArrays, tools: ClassTools, mode: SegmentationMode) -> PolygonArrays:
    """Return polygons in the order in which :func:`mask_objects` lists them, which is that of readers who paint."""
    order, _ = _groups(polygons, tools, mode)
    is_same = np.array_equal(order, np.arange(len(order)))
    return polygons if is_same else reordered(polygons, order.astype(np.intp))


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
