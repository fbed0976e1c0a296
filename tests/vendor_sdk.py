"""What the vendor's own client makes and reads back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio import features

from prelabel.demo.seed import CLASSES

if TYPE_CHECKING:
    from imerit_ango.sdk import SDK
    from numpy.typing import NDArray

KEY = "an-api-key-for-tests"


def project_with(sdk: SDK, schema: dict[str, Any], names: list[str]) -> str:
    """A new project with this schema and these external IDs; its id."""
    made: str = sdk.create_project("seed", "")["data"]["project"]["_id"]
    sdk.make_request("POST", f"/v2/project/{made}", {"categorySchema": schema})
    sdk.upload_files_cloud(made, [{"data": f"https://example.com/{name}", "externalId": name} for name in names])
    return made


def answers_of(sdk: SDK, project: str) -> dict[str, dict[str, Any]]:
    """External ID -> stored answer, of a project of up to a hundred assets."""
    tasks = sdk.get_tasks(project, limit=100, include_answer=True)["data"]["tasks"]
    return {task["externalId"]: sdk.get_task(task["_id"])["data"]["task"]["answer"] for task in tasks}


def raster_of(objects: list[dict[str, Any]], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Rasterise what the hub stores by pixel centres."""
    numbers = {title: number for number, title in enumerate(CLASSES, 1)}
    shapes = []
    for entry in objects:
        for zone in entry["segmentation"]["zones"]:
            rings = [[*ring, ring[0]] for ring in (zone["region"], *zone["holes"])]
            shapes.append(({"type": "Polygon", "coordinates": rings}, numbers[entry["title"]]))
    return np.asarray(features.rasterize(shapes, out_shape=shape), np.uint8)
