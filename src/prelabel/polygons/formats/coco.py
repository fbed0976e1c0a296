"""PolygonArrays as COCO annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from prelabel.errors import ConfigError
from prelabel.kernels.coco import counts_to_text
from prelabel.kernels.transpose import transposed
from prelabel.polygons.single_rings import reordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from prelabel.polygons.arrays import PolygonArrays

CocoSegmentation = Literal["auto", "polygons", "rle"]


def to_coco(
    polygons: PolygonArrays, *, segmentation: CocoSegmentation = "auto", image_id: int = 1, first_id: int = 1
) -> list[dict[str, Any]]:
    """Return COCO annotations of plain Python values, one per object.

    Args:
        polygons: the polygons.
        segmentation: ``"polygons"`` gives lists of x, y, x, y, ...; ``"rle"`` compressed run lengths of the object
            rasterised; ``"auto"`` polygons where the format can hold them and run lengths elsewhere: for objects with
            holes, and for ``"pixel_centers"`` (COCO's readers take polygons to run along pixel edges).
        image_id: the image's id in the COCO file.
        first_id: the id of the first annotation; the others follow.

    Returns:
        Annotations: ``id``, ``image_id``, ``category_id`` (class index + 1), ``category_name``, ``bbox``
        [x, y, width, height], ``area`` (pixels of the mask), ``iscrowd`` 0 and ``segmentation``.

    Raises:
        ConfigError: ``"polygons"``, and an object has holes; or another word than those above.
    """
    if segmentation not in {"auto", "polygons", "rle"}:
        raise ConfigError(
            f'segmentation is {segmentation!r}: give "auto", "polygons" or "rle"',
            field="segmentation",
            value=segmentation,
        )
    objects = _Objects.of(polygons)
    shapes = _segmentations(polygons, objects, segmentation)
    measured = zip(objects.members, shapes, objects.boxes.tolist(), objects.areas.tolist(), strict=True)
    annotations = []
    for number, (members, shape, box, area) in enumerate(measured):
        class_index = int(polygons.class_indices[members[0]])
        annotations.append(
            {
                "id": first_id + number,
                "image_id": image_id,
                "category_id": class_index + 1,
                "category_name": polygons.class_names[class_index],
                "bbox": box,
                "area": area,
                "iscrowd": 0,
                "segmentation": shape,
            }
        )
    return annotations


def _segmentations(polygons: PolygonArrays, objects: _Objects, kind: CocoSegmentation) -> list[Any]:
    """Return what COCO calls the segmentation of each object."""
    n_with_holes = int(np.count_nonzero(objects.n_holes))
    if kind == "polygons" and n_with_holes:
        raise ConfigError(
            f'{n_with_holes} objects have holes, which COCO polygons cannot hold: give segmentation="auto" or "rle"',
            field="segmentation",
            value=kind,
        )
    all_rle = kind == "rle" or (kind == "auto" and polygons.coordinates == "pixel_centers")
    as_rle = (objects.n_holes > 0) | all_rle
    texts = _object_rles(polygons, objects) if as_rle.any() else [""] * len(objects.members)
    flat, offsets = polygons.points.reshape(-1).tolist(), (2 * polygons.ring_offsets).tolist()
    exteriors = [(offsets[ring], offsets[ring + 1]) for ring in polygons.polygon_offsets[:-1].tolist()]
    size = list(polygons.shape)
    return [
        {"size": size, "counts": text} if is_rle else [flat[slice(*exteriors[index])] for index in members]
        for members, text, is_rle in zip(objects.members, texts, as_rle.tolist(), strict=True)
    ]


class _Objects(NamedTuple):
    """The objects of a mask, by number.

    Attributes:
        numbers: one per polygon: its object, from 0, by first appearance.
        members: the polygons of each object.
        boxes: int64, objects x 4: x, y, width, height.
        areas: int64: pixels.
        n_holes: int64.
    """

    numbers: NDArray[np.intp]
    members: list[list[int]]
    boxes: NDArray[np.int64]
    areas: NDArray[np.int64]
    n_holes: NDArray[np.int64]

    @classmethod
    def of(cls, polygons: PolygonArrays) -> _Objects:
        distinct, numbers = np.unique(polygons.object_indices, return_inverse=True)
        members: list[list[int]] = [[] for _ in distinct]
        for index, number in enumerate(numbers.tolist()):
            members[number].append(index)
        lows, highs = np.full((len(distinct), 2), 2**31, np.int64), np.zeros((len(distinct), 2), np.int64)
        np.minimum.at(lows, numbers, polygons.bounds[:, :2])
        np.maximum.at(highs, numbers, polygons.bounds[:, 2:])
        if polygons.coordinates == "pixel_centers":
            highs += 1  # the last pixel's index is not yet its far edge
        areas, n_holes = np.zeros((2, len(distinct)), np.int64)
        np.add.at(areas, numbers, polygons.areas)
        np.add.at(n_holes, numbers, np.diff(polygons.polygon_offsets) - 1)
        return cls(numbers, members, np.hstack([lows, highs - lows]), areas, n_holes)


def _object_rles(polygons: PolygonArrays, objects: _Objects) -> list[str]:
    """Return each object's compressed run lengths; costs what the runs of all objects cost, not their pixels."""
    if polygons.may_overlap and len(objects.members) > 1:  # each is a picture of its own
        alone = (reordered(polygons, np.array(members)) for members in objects.members)
        return [_object_rles(each, _Objects.of(each))[0] for each in alone]
    height, width = polygons.shape
    columns = transposed(polygons.to_runs((objects.numbers + 1).astype(np.uint32)))
    begins = columns.starts.astype(np.int64)
    begins += np.repeat(np.arange(width, dtype=np.int64) * height, np.diff(columns.row_offsets))
    ends = np.append(begins[1:], height * width)
    order = np.argsort(columns.values, kind="stable")
    owners = columns.values[order].astype(np.int64)
    spans = np.stack([begins, ends], axis=1)[order]
    inside = np.searchsorted(owners, 1)
    owners, spans = owners[inside:] - 1, spans[inside:]
    # A column that ends where the object goes on in the next one is no change.
    starts_new = np.ones(len(owners), bool)
    starts_new[1:] = (owners[1:] != owners[:-1]) | (spans[1:, 0] != spans[:-1, 1])
    firsts = np.flatnonzero(starts_new)
    lasts = np.append(firsts[1:] - 1, len(owners) - 1)[: len(firsts)]
    return _texts(owners[firsts], spans[firsts, 0], spans[lasts, 1], len(objects.members), height * width)


def _texts(
    owners: NDArray[np.int64], begins: NDArray[np.int64], ends: NDArray[np.int64], n_objects: int, n_pixels: int
) -> list[str]:
    """Compress spans of pixels, column by column, ascending within each object (``owners``: which, ascending)."""
    n_spans = np.bincount(owners, minlength=n_objects)
    offsets = np.zeros(n_objects + 1, np.int64)
    np.cumsum(2 * n_spans + 1, out=offsets[1:])
    # An object's changes are begin, end, begin, end, ..., the number of pixels; its counts are their differences.
    changes = np.full(offsets[-1], n_pixels, np.int64)
    places = 2 * np.arange(len(owners)) + owners
    changes[places], changes[places + 1] = begins, ends
    counts = np.diff(changes, prepend=0)
    counts[offsets[:-1]] = changes[offsets[:-1]]
    # A last count of 0 is not written.
    last = offsets[1:] - 1
    kept = np.ones(len(counts), bool)
    kept[last] = (counts[last] > 0) | (n_spans == 0)
    text_offsets = np.zeros(n_objects + 1, np.int64)
    np.cumsum(2 * n_spans + kept[last], out=text_offsets[1:])
    return counts_to_text(counts[kept], text_offsets)
