"""Polygons to import items: grouping, the two tools, holes, object ids, and the whole item."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import oracles
import strategies
from polygons.formats import ango_twin
from prelabel.errors import RowError
from prelabel.items.row_encoder import encode_item
from prelabel.model import Tool
from prelabel.polygons.formats.ango import ClassTools, MaskObjects, fit_tools, in_sent_order, mask_objects
from prelabel.polygons.mask_to_polygons import mask_to_polygons

MASK = np.array(
    [
        [1, 1, 1, 0, 2, 2, 2],
        [1, 0, 1, 0, 2, 0, 2],
        [1, 1, 1, 0, 2, 2, 2],
        [0, 0, 0, 1, 0, 0, 0],
        [2, 2, 0, 0, 0, 0, 1],
    ],
    np.uint8,
)
CAR = Tool("Car", "c1", "segmentation", (1, 1, 1))
TREE = Tool("Tree", "t1", "segmentation", (2, 2, 2))
POLYGON_TREE = Tool("Tree", "t1", "polygon", (2, 2, 2))


def objects_of(
    mask: np.ndarray,
    tools: tuple[Tool, ...] = (CAR, TREE),
    *,
    mode: Any = "instance_segmentation",
    holes: Any = "fill",
    **options: Any,
) -> MaskObjects:
    """Trace a mask of values 1, 2, ... and make objects."""
    colors = {tool.title: [value] for value, tool in enumerate(tools, 1)}
    polygons = mask_to_polygons(mask, colors=colors, **options)
    class_tools = ClassTools.of(tools)
    return mask_objects(fit_tools(polygons, class_tools, holes), class_tools, mode)


def read(made: MaskObjects, namespace: str = "p1\0a.png") -> list[dict[str, Any]]:
    """Return the objects as a reader of the JSON gets them."""
    objects: list[dict[str, Any]] = json.loads(encode_item("a.png", [], made.with_ids(namespace)))["objects"]
    return objects


def test_one_object_per_region() -> None:
    """Instance mode, in scan order, each with its schema's id and title and one zone with its holes."""
    objects = read(objects_of(MASK))

    assert [(o["schemaId"], o["title"], len(o["segmentation"]["zones"])) for o in objects] == [
        ("c1", "Car", 1),
        ("t1", "Tree", 1),
        ("c1", "Car", 1),
        ("t1", "Tree", 1),
        ("c1", "Car", 1),
    ]
    assert {tuple(sorted(o)) for o in objects} == {("objectId", "schemaId", "segmentation", "title")}
    zone = objects[0]["segmentation"]["zones"][0]
    assert oracles.turned(zone["region"]) == [(0, 0), (3, 0), (3, 3), (0, 3)]
    assert [oracles.turned(hole) for hole in zone["holes"]] == [[(1, 1), (1, 2), (2, 2), (2, 1)]]
    assert objects[3]["segmentation"]["zones"][0]["holes"] == []


def test_one_object_per_class() -> None:
    """Semantic mode, the classes in the order of their first region, all their regions as zones."""
    objects = read(objects_of(MASK, mode="semantic_segmentation"))

    assert [(o["title"], len(o["segmentation"]["zones"])) for o in objects] == [("Car", 3), ("Tree", 2)]
    swapped = read(objects_of(np.where(MASK, 3 - MASK, 0).astype(np.uint8), mode="semantic_segmentation"))
    assert [o["title"] for o in swapped] == ["Tree", "Car"]


def test_corners_join_objects() -> None:
    """With connectivity 8 regions that touch at a corner are one object of two zones."""
    objects = read(objects_of(MASK, connectivity=8))

    assert [(o["title"], len(o["segmentation"]["zones"])) for o in objects] == [
        ("Car", 2),
        ("Tree", 1),
        ("Tree", 1),
        ("Car", 1),
    ]


@pytest.mark.parametrize("mode", ["instance_segmentation", "semantic_segmentation"])
@pytest.mark.parametrize("connectivity", [4, 8])
def test_polygon_tool_has_one_ring_per_object(mode: str, connectivity: int) -> None:
    """Each region is an object in every mode; its hole is filled; segmentation tools are not touched."""
    made = objects_of(MASK, (CAR, POLYGON_TREE), mode=mode, connectivity=connectivity)

    trees = [o for o in read(made) if o["title"] == "Tree"]
    assert [oracles.turned(tree["polygon"]) for tree in trees] == [
        [(4, 0), (7, 0), (7, 3), (4, 3)],
        [(0, 4), (2, 4), (2, 5), (0, 5)],
    ]
    assert {tuple(sorted(tree)) for tree in trees} == {("objectId", "polygon", "schemaId", "title")}
    cars = [o for o in read(made) if o["title"] == "Car"]
    assert sum(len(zone["holes"]) for car in cars for zone in car["segmentation"]["zones"]) == 1


def test_holes_can_be_refused() -> None:
    """Only holes under the polygon tool count."""
    with pytest.raises(RowError) as caught:
        objects_of(MASK, (CAR, POLYGON_TREE), holes="reject")

    assert str(caught.value) == (
        "the mask's polygon-tool objects have 1 hole, and the polygon tool holds none: "
        'set "polygon_holes" to "fill" or "keyhole", or use a segmentation tool'
    )
    assert len(objects_of(MASK, holes="reject")) > 0
    no_hole = np.where(np.arange(7) < 4, MASK, 0).astype(np.uint8)
    assert objects_of(no_hole, (CAR, POLYGON_TREE), holes="reject")


@given(strategies.masks(max_labels=2), st.sampled_from(("instance_segmentation", "semantic_segmentation")))
@example(MASK, "instance_segmentation")
def test_ids_are_deterministic_and_distinct(mask: np.ndarray, mode: str) -> None:
    """23 hex digits; the same on every call; different within a row, between rows and between projects."""
    here, again, other_row = (
        [o["objectId"] for o in read(objects_of(mask, mode=mode), namespace)]
        for namespace in ("p1\0a.png", "p1\0a.png", "p1\0b.png")
    )

    assert here == again
    assert len(set(here + other_row)) == 2 * len(here)
    assert all(len(one) == 23 and set(one) <= set("0123456789abcdef") for one in here)


def test_ids_depend_on_tool_and_shape() -> None:
    """The same shape under another tool, or another shape under the same, is another object."""
    tools = (CAR, Tool("Bus", "b1", "segmentation", None))
    car, bus, longer = (
        read(objects_of(np.array([row], np.uint8), tools))[0]["objectId"] for row in ([1, 0], [2, 0], [1, 1])
    )

    assert len({car, bus, longer}) == 3


@given(
    strategies.masks(max_labels=3),
    st.sampled_from(("instance_segmentation", "semantic_segmentation")),
    st.sampled_from((4, 8)),
    st.lists(st.sampled_from(("segmentation", "polygon")), min_size=3, max_size=3),
    st.sampled_from(("fill", "keyhole")),
)
@example(MASK, "instance_segmentation", 8, ["segmentation", "polygon", "polygon"], "keyhole")
def test_objects_are_the_twin_s(mask: np.ndarray, mode: Any, connectivity: Any, kinds: list[str], holes: Any) -> None:
    """Byte by byte, ids included, whatever schema ids and titles hold."""
    texts = ("", 'a "quoted" \\ name\n\0' * 9, "Straße é😀" * 20)
    tools = [
        Tool(text + str(value), text, kind, None) for value, (text, kind) in enumerate(zip(texts, kinds, strict=True))
    ]
    colors = {tool.title: [value] for value, tool in enumerate(tools, 1)}
    class_tools = ClassTools.of(tools)
    polygons = fit_tools(mask_to_polygons(mask, colors=colors, connectivity=connectivity), class_tools, holes)

    made = mask_objects(polygons, class_tools, mode)

    text = made.with_ids("p1\0é.png")
    assert bytes(text) == ango_twin.objects_json(polygons, tools, mode, "p1\0é.png")
    assert len(made) == len(json.loads(bytes(text)))
    listed = [each for item in json.loads(bytes(text)) for each in item.get("segmentation", {"zones": [0]})["zones"]]
    assert len(in_sent_order(polygons, class_tools, mode)) == len(listed) == len(polygons)


def test_a_known_id() -> None:
    """Ids must not change from release to release, or a second import would add everything once more."""
    (only,) = read(objects_of(np.ones((1, 1), np.uint8)))

    assert only["objectId"] == "c1148accbea68108ca9b9db"


@given(strategies.masks(max_labels=4), st.booleans())
@example(MASK, True)
def test_objects_paint_the_mask(mask: np.ndarray, centers: bool) -> None:
    """A reader that paints object after object, holes cleared, ends with the mask, in either convention."""
    tools = tuple(Tool(str(value), f"s{value}", "segmentation", None) for value in range(1, 5))

    objects = read(objects_of(mask, tools, coordinates="pixel_centers" if centers else "pixel_edges"))

    image = np.zeros(mask.shape, np.uint8)
    for item in objects:
        for zone in item["segmentation"]["zones"]:
            if centers:
                cv2.fillPoly(image, [np.array(zone["region"], np.int32)], int(item["title"]))
                for hole in zone["holes"]:
                    cv2.fillPoly(image, [np.array(hole, np.int32)], 0)
            else:
                image[oracles.filled([zone["region"], *zone["holes"]], mask.shape)] = int(item["title"])
    np.testing.assert_array_equal(image, mask)


def test_no_polygons_no_objects() -> None:
    """An empty mask gives an empty list, with either tool."""
    empty = np.zeros((2, 2), np.uint8)

    for made in (
        objects_of(empty),
        objects_of(empty, (CAR, POLYGON_TREE)),
        objects_of(empty, (POLYGON_TREE,), holes="reject"),
    ):
        assert (len(made), read(made)) == (0, [])


def test_item_has_all_three_lists() -> None:
    """A server that replaces labels clears only what it is sent, so empty lists are sent too."""
    item = encode_item("007", [])

    assert item == b'{"externalId":"007","classifications":[],"relations":[],"objects":[]}'


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
@example('a "quoted" \\ name\n', "\0\x1f\u2028é😀")
def test_item_is_json(external_id: str, answer: str) -> None:
    """Whatever text an external id or an answer holds comes back as it was."""
    answers: list[dict[str, Any]] = [
        {"schemaId": "s1", "answer": answer},
        {"schemaId": "s2", "answer": [answer, answer]},
    ]

    item = encode_item(external_id, iter(answers), objects_of(MASK).with_ids("a"))

    read_item = json.loads(item)
    assert read_item["externalId"] == external_id
    assert read_item["classifications"] == answers
    assert read_item["relations"] == []
    assert len(read_item["objects"]) == 5
