"""The key, the category schema and the object that tests of and against the local hub share."""

from __future__ import annotations

from typing import Any

KEY = "test-key"

SCHEMA: dict[str, Any] = {
    "tools": [
        {"schemaId": "tool-car", "tool": "segmentation", "title": "Car", "color": "#f44336", "classifications": []},
        {
            "schemaId": "tool-person",
            "tool": "polygon",
            "title": "Person",
            "color": "#03a9f4",
            "classifications": [
                {
                    "schemaId": "cls-pose",
                    "tool": "radio",
                    "title": "Pose",
                    "options": [
                        {"value": "sits", "schemaId": "opt-sits"},
                        {"value": "stands", "schemaId": "opt-stands"},
                    ],
                }
            ],
        },
    ],
    "classifications": [
        {
            "schemaId": "cls-type",
            "tool": "radio",
            "title": "Type",
            "columnField": True,
            "options": [{"value": "day", "schemaId": "opt-day"}, {"value": "night", "schemaId": "opt-night"}],
        },
        {
            "schemaId": "cls-seen",
            "tool": "checkbox",
            "title": "Seen",
            "options": [{"value": "rain", "schemaId": "opt-rain"}, {"value": "fog", "schemaId": "opt-fog"}],
        },
        {"schemaId": "cls-note", "tool": "text", "title": "Note", "options": []},
    ],
    "relations": [],
}

RING = [[10, 5], [49, 5], [49, 29], [10, 29]]
HOLE = [[15, 10], [15, 19], [39, 19], [39, 10]]
CAR: dict[str, Any] = {
    "schemaId": "tool-car",
    "objectId": "car-1",
    "segmentation": {"zones": [{"region": RING, "holes": [HOLE]}]},
}
