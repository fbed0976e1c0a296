"""What landed in a demo project, compared with what was drawn and written, cell by cell and pixel by pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from prelabel.demo.scenes import HEIGHT_PX, WIDTH_PX
from prelabel.demo.seed import CLASSES, CLASSIFICATION_IDS, TOOL_IDS
from prelabel.spelling import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from prelabel.demo.scenes import Sample
    from prelabel.outcomes.report import Report

    Ring = Sequence[Sequence[float]]

_SHOWN = 10
_SHARED = 255


@dataclass(frozen=True, slots=True)
class DemoProject:
    """What one import brought into its project, as read back from the hub.

    Attributes:
        name: the project's name.
        project: its id.
        report: of the import.
        n_answers: classification answers found in the project's tasks.
        n_objects, n_zones, n_holes, n_points: the geometry found there.
        differences: where that is not what was drawn and written; empty when all is equal.
        example: one task's external ID and labels, named, as a person would write them.
    """

    name: str
    project: str
    report: Report
    n_answers: int
    n_objects: int
    n_zones: int
    n_holes: int
    n_points: int
    differences: tuple[str, ...]
    example: tuple[tuple[str, str], ...]


def compare(
    report: Report,
    name: str,
    schema: Mapping[str, Any],
    samples: Sequence[Sample],
    answers: Mapping[str, Any],
    on_row: Callable[[], None] = lambda: None,
) -> DemoProject:
    """Compare the answers that a project holds with the samples they were made from.

    Args:
        report: of the import.
        name: the project's name.
        schema: its category schema.
        samples: what was imported.
        answers: the tasks' answers as stored, by external ID.
        on_row: called as each row has been compared.
    """
    has_masks = bool(schema["tools"])
    stored = [answers.get(sample.external_id, {}) for sample in samples]
    differences: list[str] = []
    for sample, answer in zip(samples, stored, strict=True):
        found = _differences(sample, answer, schema, has_masks=has_masks)
        differences += [f"{sample.external_id}: {what}" for what in found]
        on_row()
    objects = [tool for answer in stored for tool in answer.get("tools", ())]
    zones = [zone for tool in objects for zone in tool["segmentation"]["zones"]]
    rings = [ring for zone in zones for ring in _rings(zone)]
    richest = max(range(len(samples)), key=lambda index: _n_labels(stored[index]))
    return DemoProject(
        name=name,
        project=report.project,
        report=report,
        n_answers=sum(len(answer.get("classifications", ())) for answer in stored),
        n_objects=len(objects),
        n_zones=len(zones),
        n_holes=len(rings) - len(zones),
        n_points=sum(len(ring) for ring in rings),
        differences=tuple(differences[:_SHOWN]),
        example=(("External ID", samples[richest].external_id), *_described(stored[richest], schema)),
    )


def _n_labels(answer: Mapping[str, Any]) -> int:
    return len(answer.get("tools", ())) + len(answer.get("classifications", ()))


def _differences(
    sample: Sample, answer: Mapping[str, Any], schema: Mapping[str, Any], *, has_masks: bool
) -> Iterator[str]:
    given = _answer_texts(answer, schema)
    for ident, cell in zip(CLASSIFICATION_IDS, sample.answers, strict=True):
        if given.get(ident, "") != cell:
            yield f"classification {ident} is {given.get(ident)!r}, the CSV says {cell!r}"
    drawn = sample.mask if has_masks and sample.mask is not None else np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    n_wrong = int((paint(answer.get("tools", ())) != drawn).sum())
    if n_wrong:
        yield f"{counted(n_wrong, 'pixel')} not as in the mask"


def _answer_texts(answer: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, str]:
    """Answers by schema ID as a CSV cell would hold them; options may be stored by id or by value."""
    values = {option["schemaId"]: option["value"] for entry in schema["classifications"] for option in entry["options"]}
    texts = {}
    for given in answer.get("classifications", ()):
        several = given["answer"] if isinstance(given["answer"], list) else [given["answer"]]
        texts[given["schemaId"]] = ";".join(str(values.get(one, one)) for one in several)
    return texts


def paint(tools: Sequence[Mapping[str, Any]]) -> NDArray[np.uint8]:
    """Paint objects whose rings follow pixel edges, as class numbers from 1; 255 where two objects share a pixel.

    A pixel is inside where the number of vertical ring edges left of it is odd; holes need no care of their own.
    """
    painted = np.zeros((HEIGHT_PX, WIDTH_PX), np.uint8)
    for tool in tools:
        flips = np.zeros((HEIGHT_PX, WIDTH_PX + 1), bool)
        for zone in tool["segmentation"]["zones"]:
            for ring in _rings(zone):
                _flip_edges(flips, ring)
        inside = np.logical_xor.accumulate(flips, axis=1)[:, :-1]
        painted[inside] = np.where(painted[inside], _SHARED, TOOL_IDS.index(tool["schemaId"]) + 1)
    return painted


def _rings(zone: Mapping[str, Any]) -> Iterator[Ring]:
    yield zone["region"]
    yield from zone["holes"]


def _flip_edges(flips: NDArray[np.bool_], ring: Ring) -> None:
    corners = np.array(ring, np.int64)
    for (x, y), (next_x, next_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if x == next_x:
            flips[min(y, next_y) : max(y, next_y), x] ^= True


def _described(answer: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    titles = {entry["schemaId"]: entry["title"] for entry in schema["classifications"]}
    for ident, text in _answer_texts(answer, schema).items():
        yield titles[ident], text
    for number, tool in enumerate(answer.get("tools", ()), 1):
        zones = tool["segmentation"]["zones"]
        n_points = sum(len(ring) for zone in zones for ring in _rings(zone))
        n_holes = sum(len(zone["holes"]) for zone in zones)
        x, y = zones[0]["region"][0]
        title = CLASSES[TOOL_IDS.index(tool["schemaId"])]
        parts = f"{counted(n_points, 'point')}, {counted(n_holes, 'hole')}"
        yield f"object {number}", f"{title}, {parts}, from ({x:g}, {y:g})"
