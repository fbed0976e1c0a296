"""Stage 1: what each key of a config means, and its JSON Schema, for editors and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from msgspec.json import schema_components

from prelabel.inputs.color_mapping import HEX_COLOR, MAX_GREY
from prelabel.inputs.config import ImportConfig, config_keys

if TYPE_CHECKING:
    from msgspec.structs import FieldInfo

MEANINGS = {
    "external_id_column": (
        "Name of the CSV column with the external IDs that match rows to assets of the project. They are "
        "read as text: 007 and 1e5 stay as they are."
    ),
    "classification_columns": (
        "CSV columns with classification values. Each is tied to the schema ID at the same place in "
        "classification_schema_ids; the columns need not be called like the classifications."
    ),
    "classification_schema_ids": (
        "Schema IDs of the classifications, in the order of classification_columns and as many of them."
    ),
    "mask_column": (
        "CSV column that names each row's mask: a file (relative to the CSV's folder), a URL, a key of a "
        "storage, or the mask itself. Empty: no masks."
    ),
    "mask_color_mapping": (
        'Which mask value is which class. "project_colors": the colours of the project\'s tools, in colour '
        'masks. Or an object from tool title to [red, green, blue] or "#rrggbb" for colour masks, or to [value] for '
        "grey values or palette indices."
    ),
    "segmentation_mode": (
        "instance_segmentation: one object for each connected region of a class. "
        "semantic_segmentation: one object for each class."
    ),
    "polygon_simplification_tolerance": (
        "How far, in pixels, a polygon may stray from the mask's outline. More: fewer points. On pixel "
        "edges nothing but points on straight lines is dropped below 0.447."
    ),
    "storage_id": "ID of the Hub's storage that the masks are in. Empty: the mask column says where they are.",
    "overwrite": "true: existing labels of matching assets are replaced. false: they are kept, new ones are added.",
    "ignored_schema_ids": (
        "Schema IDs of tools and classifications to skip, even where the CSV has values for them. Their "
        "stored labels stay, also when the rest is overwritten."
    ),
    "upload_batch_size": "Rows of the CSV that travel to the Hub in one request.",
    "coordinates": (
        "pixel_edges: polygons run along the edges of pixels, so that pixel (x, y) is the square from "
        "(x, y) to (x+1, y+1). pixel_centers: they run through the border pixels' indices, as readers that fill "
        "with cv2.fillPoly expect."
    ),
    "connectivity": "4: pixels that touch only at a corner are two regions. 8: they are one.",
    "simplification": (
        "shared: the border of two neighbours is simplified once, so that they stay flush. rings: each ring alone."
    ),
    "polygon_holes": (
        "What becomes of holes under the polygon tool, which has none. fill: they are filled, and counted "
        "in the report. keyhole: each is joined to the outline by a cut of no width, which keeps the shape exact; "
        "needs pixel_edges. reject: the row fails."
    ),
    "min_area": "Regions of fewer pixels are left out, and counted in the report.",
    "max_points_per_asset": (
        "The most points that a mask's polygons may have together. Masks with more are simplified with "
        "the smallest tolerance, from polygon_simplification_tolerance to 64 pixels, that brings them below; the "
        "report says which and how exact the result is. null: no limit."
    ),
    "color_tolerance": (
        "How far a mask's colour may be from a class's to count as it: the largest difference of a "
        "channel, or of the grey values. For lossy or smoothed masks. Of several classes the nearest counts; black is "
        "the background's unless a class has it. null: colours without a class are background, and the report names "
        "them."
    ),
    "resize": (
        "What becomes of a mask whose size is not its asset's, where the Hub tells that. refuse: the row "
        "fails. nearest: the mask is scaled, each pixel taking the value under its centre, and the report says so."
    ),
    "unmatched_masks": (
        "What becomes of a row whose mask has values without a class and no pixel of any class, or nothing "
        "but specks of classes beside more that has none: most likely the mapping does not fit. fail: the row fails, "
        "and its labels stay. import: it is imported with what there is. A mask of nothing but background is imported "
        "either way."
    ),
    "ignore_values": (
        "Mask values that mean nothing: background, without a note. Of the mapping's kind: whole numbers "
        'as in [255], and -1 or "nan" where arrays of signed integers or floats have them; colours as in '
        '[[255, 255, 255]] or ["#ffffff"] under a mapping of colours.'
    ),
    "requests_per_minute": "The most requests sent to the Hub in a minute.",
    "max_batch_bytes": "The largest body of one request, in bytes. A batch that would be larger is split.",
    "match_ids_by": (
        "What of an external ID in the CSV must be as in an asset's; the asset's own is what is sent. "
        "exact: all of it. stem: all but the extension. name: all but the folders. case: all but upper and lower "
        "case. An asset with the very ID comes first; a row whose ID could mean several assets fails, as do rows "
        "whose different IDs could mean the same one. All but exact list the project's assets, a request for every "
        "hundred."
    ),
    "encoding": (
        "How the CSV's text is written, such as cp1252. Empty: UTF-8. A byte order mark counts more, and "
        "so does --encoding."
    ),
}

_EXAMPLES: dict[str, list[Any]] = {
    "external_id_column": ["External ID"],
    "classification_columns": [["Color", "Category"]],
    "classification_schema_ids": [["12345", "12346"]],
    "mask_column": ["Mask"],
    "mask_color_mapping": ["project_colors", {"Car": [244, 67, 54], "Person": "#03a9f4"}, {"Car": [1], "Person": [2]}],
    "ignore_values": [[255], [[255, 255, 255]], [-1, "nan"]],
}

_CHANNEL = {"type": "integer", "minimum": 0, "maximum": 255}
_COLOR = {"type": "array", "prefixItems": [_CHANNEL] * 3, "minItems": 3, "maxItems": 3}
_GREY = {"type": "integer", "minimum": 0, "maximum": MAX_GREY}
_CLASS_VALUES = [
    {"type": "array", "prefixItems": [_GREY], "minItems": 1, "maxItems": 1},
    _COLOR,
    {"type": "string", "pattern": f"^{HEX_COLOR}$"},
]
_MAPPING = {
    "type": "object",
    "additionalProperties": {"anyOf": _CLASS_VALUES},
    "minProperties": 1,
    "propertyNames": {"minLength": 1},
}
_NAN_OR_COLOR = {"type": "string", "pattern": f"^(?:[nN][aA][nN]|{HEX_COLOR})$"}
_WRITTEN: dict[str, dict[str, Any]] = {
    "mask_color_mapping": {"anyOf": [{"const": "project_colors", "type": "string"}, _MAPPING]},
    "ignore_values": {"type": "array", "items": {"anyOf": [_NAN_OR_COLOR, {"type": "integer"}, _COLOR]}},
}
"""What may be written where the config holds something else."""


def config_json_schema() -> dict[str, Any]:
    """Return the config's JSON Schema (draft 2020-12), with a description, a type and a default for every key.

    Example:
        >>> config_json_schema()["properties"]["connectivity"]["enum"]
        [4, 8]
    """
    _, components = schema_components([ImportConfig])
    schema = components["ImportConfig"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "prelabel import config",
        "description": "What to import from which columns of a CSV, and how.",
        "properties": {key.name: _described(key, schema["properties"][key.name]) for key in config_keys()},
    }


def _described(key: FieldInfo, held: dict[str, Any]) -> dict[str, Any]:
    """A key's part of the schema, by what may be written; words in their order, the default's first."""
    described = {"description": MEANINGS[key.name], **held}
    if key.name in _WRITTEN:
        described = {"description": MEANINGS[key.name], **_WRITTEN[key.name], "default": held["default"]}
    if get_origin(key.type) is Literal:
        described["enum"] = list(get_args(key.type))
    if key.name in _EXAMPLES:
        described["examples"] = _EXAMPLES[key.name]
    return described
