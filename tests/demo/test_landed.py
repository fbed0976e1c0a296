"""The comparison of what landed with what was drawn: it must notice every kind of difference."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from rasterio.features import rasterize

from oracles import polygons_of
from prelabel.demo.landed import compare, paint
from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX, Sample, draw_samples
from prelabel.demo.seed import CLASSIFICATION_IDS, QUESTION_OPTIONS, TOOL_IDS, TYPE_OPTIONS, seed_schema
from prelabel.inputs.csv_layout import RowForm
from prelabel.outcomes.builder import ReportBuilder
from strategies import masks

if TYPE_CHECKING:
    from collections.abc import Callable

    from prelabel.demo.landed import DemoProject
    from prelabel.demo.scenes import ClassMask

    Answer = dict[str, Any]

SCHEMA = seed_schema(with_tools=True)


def _in_frame(mask: ClassMask) -> ClassMask:
    framed = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    framed[: mask.shape[0], -mask.shape[1] :] = mask
    return framed


def _tools(mask: ClassMask, left: int = 0) -> list[dict[str, Any]]:
    """Objects as the hub holds them, traced by the slow oracle."""
    tools = []
    for value, (region, *holes) in polygons_of(mask.astype(np.int64)):
        shifted = [[[x + left, y] for x, y in ring] for ring in (region, *holes)]
        zone = {"region": shifted[0], "holes": shifted[1:]}
        tools.append({"schemaId": TOOL_IDS[value - 1], "segmentation": {"zones": [zone]}})
    return tools


@given(mask=masks(max_side=12, max_labels=3))
def test_painting_gives_the_mask_back(mask: ClassMask) -> None:
    """Rings along pixel edges, holes and islands included, become the same pixels, as rasterio sees them too."""
    tools = _tools(mask, left=WIDTH_PX - mask.shape[1])
    np.testing.assert_array_equal(paint(tools), _in_frame(mask))
    shapes = [
        ({"type": "Polygon", "coordinates": [[*ring, ring[0]] for ring in (zone["region"], *zone["holes"])]}, 1)
        for tool in tools
        for zone in tool["segmentation"]["zones"]
    ]
    if shapes:
        np.testing.assert_array_equal(rasterize(shapes, out_shape=(HEIGHT_PX, WIDTH_PX)), paint(tools) > 0)


def _sample() -> Sample:
    mask = np.zeros((7, 9), np.uint8)
    mask[1:6, 1:6], mask[2:4, 2:4], mask[1:3, 6:9] = 1, 0, 2
    return Sample("one.png", ("red", "B", "Option1;Option2"), _in_frame(mask))


def _answer() -> Answer:
    mask = _sample().mask
    assert mask is not None
    answers = ("red", TYPE_OPTIONS["B"], [QUESTION_OPTIONS["Option1"], QUESTION_OPTIONS["Option2"]])
    classifications = [{"schemaId": i, "answer": a} for i, a in zip(CLASSIFICATION_IDS, answers, strict=True)]
    return {"tools": _tools(mask), "classifications": classifications, "relations": []}


def _compared(answers: dict[str, Answer]) -> DemoProject:
    report = ReportBuilder("import", "segmentation.csv", RowForm.of_names(["External ID"]), "p1").finish()
    return compare(report, "segmentation", SCHEMA, [_sample()], answers)


def test_equal_labels_are_counted_and_described() -> None:
    """No difference, the right counts, and an example that a person can read."""
    found = _compared({"one.png": _answer()})
    assert found.differences == ()
    assert (found.project, found.n_answers, found.n_objects, found.n_zones, found.n_holes) == ("p1", 3, 2, 2, 1)
    assert found.n_points == 12
    assert found.example == (
        ("External ID", "one.png"),
        ("Color", "red"),
        ("Type", "B"),
        ("Question", "Option1;Option2"),
        ("object 1", "Car, 8 points, 1 hole, from (312, 1)"),
        ("object 2", "Person, 4 points, 0 holes, from (317, 1)"),
    )


def _other_text(answer: Answer) -> None:
    answer["classifications"][0]["answer"] = "blue"


def _other_option(answer: Answer) -> None:
    answer["classifications"][1]["answer"] = TYPE_OPTIONS["C"]


def _fewer_options(answer: Answer) -> None:
    answer["classifications"][2]["answer"].pop()


def _missing_answer(answer: Answer) -> None:
    del answer["classifications"][0]


def _moved_point(answer: Answer) -> None:
    region = answer["tools"][1]["segmentation"]["zones"][0]["region"]
    bottom = max(y for _, y in region)
    for point in region:
        point[1] += point[1] == bottom


def _missing_hole(answer: Answer) -> None:
    answer["tools"][0]["segmentation"]["zones"][0]["holes"].clear()


def _other_class(answer: Answer) -> None:
    answer["tools"][1]["schemaId"] = TOOL_IDS[2]


def _twice(answer: Answer) -> None:
    answer["tools"].append(copy.deepcopy(answer["tools"][1]))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_other_text, f"classification {CLASSIFICATION_IDS[0]} is 'blue', the CSV says 'red'"),
        (_other_option, f"classification {CLASSIFICATION_IDS[1]} is 'C', the CSV says 'B'"),
        (_fewer_options, f"classification {CLASSIFICATION_IDS[2]} is 'Option1', the CSV says 'Option1;Option2'"),
        (_missing_answer, f"classification {CLASSIFICATION_IDS[0]} is None, the CSV says 'red'"),
        (_moved_point, "3 pixels not as in the mask"),
        (_missing_hole, "4 pixels not as in the mask"),
        (_other_class, "6 pixels not as in the mask"),
        (_twice, "6 pixels not as in the mask"),
    ],
)
def test_every_difference_is_noticed(spoil: Callable[[Answer], None], said: str) -> None:
    """A wrong value, a missing one, a point off by one, a lost hole, a wrong class, an object stored twice."""
    answer = _answer()
    spoil(answer)
    assert _compared({"one.png": answer}).differences == (f"one.png: {said}",)


def test_a_row_that_did_not_land_differs_in_all_it_has() -> None:
    """No answer at all is three wrong classifications and a wrong mask."""
    assert len(_compared({}).differences) == 4


def test_without_tools_no_object_is_expected() -> None:
    """In the classification example the samples' masks are not imported."""
    report = ReportBuilder("import", "classification.csv", RowForm.of_names(["External ID"]), "p1").finish()
    (sample,) = draw_samples(1)
    empty = Sample(sample.external_id, ("", "", ""), sample.mask)
    found = compare(report, "classification", seed_schema(with_tools=False), [empty], {})
    assert (found.differences, found.n_objects) == ((), 0)
