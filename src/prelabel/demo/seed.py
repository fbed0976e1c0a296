"""The two examples of the plugin's documentation: their configs and category schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

COLUMNS = ("External ID", "Color", "Category", "Image Type", "Mask")
CLASSES = ("Car", "Person", "Other")
COLORS = ("#f44336", "#03a9f4", "#9c27b0")
TOOL_IDS = ("f104b6b9cdb84966812b002", "c6faa323be0cbb84634f566", "b34867a913e35379d100997")
CLASSIFICATION_IDS = ("8c481a58f4c68e5db0a5016", "12a20f8061c044bcff26688", "1976d3fc0fa1429e23f7171")
TYPE_OPTIONS = {"A": "0ab9ff484461bb8d5952369", "B": "23b5e8770c797a9ad036777", "C": "64989cbf9f9ddd38b882118"}
QUESTION_OPTIONS = {"Option1": "1c00ef1ec8bca05c3550770", "Option2": "b90770265328965f1f7c070"}


def seed_schema(*, with_tools: bool) -> dict[str, Any]:
    """The category schema of the plugin documentation's classification example, or of its segmentation example."""
    text, radio, checkbox = CLASSIFICATION_IDS
    tools = [
        {"title": title, "tool": "segmentation", "required": False, "schemaId": tool_id, "classifications": []}
        | {"multiple": False, "color": color, "shortcutKey": str(number)}
        for number, (title, tool_id, color) in enumerate(zip(CLASSES, TOOL_IDS, COLORS, strict=True), 4)
    ]
    classifications = [
        _classification("Color", "text", text, {}, "1") | {"richText": False, "regex": ""},
        _classification("Type", "radio", radio, TYPE_OPTIONS, "2"),
        _classification("Question", "checkbox", checkbox, QUESTION_OPTIONS, "3"),
    ]
    return {"tools": tools if with_tools else [], "classifications": classifications, "relations": []}


def _classification(title: str, kind: str, ident: str, options: Mapping[str, str], key: str) -> dict[str, Any]:
    listed = [{"value": value, "schemaId": option_id} for value, option_id in options.items()]
    settings = {"required": False, "frameSpecific": False, "classifications": [], "multiple": False}
    return {"title": title, "tool": kind, "schemaId": ident, **settings, "options": listed, "shortcutKey": key}


def seed_config(*, with_masks: bool) -> dict[str, Any]:
    """The config of the plugin documentation's classification example, or of its segmentation example."""
    return {
        "external_id_column": "External ID",
        "classification_columns": ["Color", "Category", "Image Type"],
        "classification_schema_ids": list(CLASSIFICATION_IDS),
        "mask_column": "Mask" if with_masks else "",
        "mask_color_mapping": "project_colors",
        "segmentation_mode": "instance_segmentation",
        "polygon_simplification_tolerance": 0.1,
        "storage_id": "",
        "overwrite": True,
        "ignored_schema_ids": [],
        "upload_batch_size": 100,
    }
