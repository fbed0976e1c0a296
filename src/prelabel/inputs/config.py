"""Stage 1, the config: the plugin's eleven keys and ours, checked once, with a JSON Schema from the same source.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Everything that can be known without the project and the CSV is checked here; what needs them is checked by
:func:`prelabel.inputs.ontology.bind`. Every error names the key, its value and what to write instead.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from prelabel.inputs.color_mapping import HEX_COLOR, MAX_GREY, read_mapping
from prelabel.inputs.ignored_values import IgnoredValue, check_ignored, read_ignored
from prelabel.model import (
    Connectivity,
    Coordinates,
    MatchIdsBy,
    PolygonHoles,
    Resize,
    SegmentationMode,
    Simplification,
    UnmatchedMasks,
)
from prelabel.spelling import counted, listed


def _as_tuple(value: Any) -> Any:
    """Let lists through a strict model as the tuples that keep it immutable (sets have no order, so they stay out)."""
    return tuple(value) if isinstance(value, list) else value


Text = Annotated[str, Field(min_length=1)]

TextList = Annotated[tuple[Text, ...], BeforeValidator(_as_tuple)]

Grey = Annotated[int, Field(ge=0, le=MAX_GREY)]

Channel = Annotated[int, Field(ge=0, le=255)]

MOST = 2**53
"""The most of anything: what every reader of JSON counts exactly."""

HexColor = Annotated[str, Field(pattern=f"^{HEX_COLOR}$")]

# What a config may hold, for its JSON Schema; the reader makes hex colours tuples, and its messages say more.
_WrittenMapping = (
    Literal["project_colors"]
    | Annotated[dict[Text, tuple[Grey] | tuple[Channel, Channel, Channel] | HexColor], Field(min_length=1)]
)

ColorMapping = Annotated[
    Literal["project_colors"] | dict[str, tuple[int, ...]],
    BeforeValidator(read_mapping, json_schema_input_type=_WrittenMapping),
]


_WrittenIgnored = list[
    Annotated[str, Field(pattern=f"^(?:[nN][aA][nN]|{HEX_COLOR})$")] | int | tuple[Channel, Channel, Channel]
]

IgnoredValues = Annotated[
    tuple[IgnoredValue, ...], BeforeValidator(read_ignored, json_schema_input_type=_WrittenIgnored)
]


class ImportConfig(BaseModel):
    """What to import from which columns of a CSV, and how.

    Example:
        >>> config = ImportConfig(external_id_column="External ID", mask_column="Mask", polygon_holes="keyhole")
        >>> config.coordinates, config.upload_batch_size
        ('pixel_edges', 100)
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, hide_input_in_errors=True, title="prelabel import config"
    )

    external_id_column: Text = Field(
        description="Name of the CSV column with the external IDs that match rows to assets of the project. They are "
        "read as text: 007 and 1e5 stay as they are.",
        examples=["External ID"],
    )
    classification_columns: TextList = Field(
        default=(),
        description="CSV columns with classification values. Each is tied to the schema ID at the same place in "
        "classification_schema_ids; the columns need not be called like the classifications.",
        examples=[["Color", "Category"]],
    )
    classification_schema_ids: TextList = Field(
        default=(),
        validate_default=True,
        description="Schema IDs of the classifications, in the order of classification_columns and as many of them.",
        examples=[["12345", "12346"]],
    )
    mask_column: str = Field(
        default="",
        description="CSV column that names each row's mask: a file (relative to the CSV's folder), a URL, a key of a "
        "storage, or the mask itself. Empty: no masks.",
        examples=["Mask"],
    )
    mask_color_mapping: ColorMapping = Field(
        default="project_colors",
        description='Which mask value is which class. "project_colors": the colours of the project\'s tools, in colour '
        'masks. Or an object from tool title to [red, green, blue] or "#rrggbb" for colour masks, or to [value] for '
        "grey values or palette indices.",
        examples=["project_colors", {"Car": [244, 67, 54], "Person": "#03a9f4"}, {"Car": [1], "Person": [2]}],
    )
    segmentation_mode: SegmentationMode = Field(
        default="instance_segmentation",
        description="instance_segmentation: one object for each connected region of a class. "
        "semantic_segmentation: one object for each class.",
    )
    polygon_simplification_tolerance: float = Field(
        default=0.1,
        ge=0,
        allow_inf_nan=False,
        description="How far, in pixels, a polygon may stray from the mask's outline. More: fewer points. On pixel "
        "edges nothing but points on straight lines is dropped below 0.447.",
    )
    storage_id: str = Field(
        default="",
        description="ID of the Hub's storage that the masks are in. Empty: the mask column says where they are.",
    )
    overwrite: bool = Field(
        default=True,
        description="true: existing labels of matching assets are replaced. false: they are kept, new ones are added.",
    )
    ignored_schema_ids: TextList = Field(
        default=(),
        description="Schema IDs of tools and classifications to skip, even where the CSV has values for them. Their "
        "stored labels stay, also when the rest is overwritten.",
    )
    upload_batch_size: int = Field(
        default=100, ge=1, le=MOST, description="Rows of the CSV that travel to the Hub in one request."
    )

    coordinates: Coordinates = Field(
        default="pixel_edges",
        description="pixel_edges: polygons run along the edges of pixels, so that pixel (x, y) is the square from "
        "(x, y) to (x+1, y+1). pixel_centers: they run through the border pixels' indices, as readers that fill "
        "with cv2.fillPoly expect.",
    )
    connectivity: Connectivity = Field(
        default=4, description="4: pixels that touch only at a corner are two regions. 8: they are one."
    )
    simplification: Simplification = Field(
        default="shared",
        description="shared: the border of two neighbours is simplified once, so that they stay flush. "
        "rings: each ring alone.",
    )
    polygon_holes: PolygonHoles = Field(
        default="fill",
        description="What becomes of holes under the polygon tool, which has none. fill: they are filled, and counted "
        "in the report. keyhole: each is joined to the outline by a cut of no width, which keeps the shape exact; "
        "needs pixel_edges. reject: the row fails.",
    )
    min_area: int = Field(
        default=0, ge=0, le=MOST, description="Regions of fewer pixels are left out, and counted in the report."
    )
    max_points_per_asset: int | None = Field(
        default=None,
        ge=3,
        le=MOST,
        description="The most points that a mask's polygons may have together. Masks with more are simplified with "
        "the smallest tolerance, from polygon_simplification_tolerance to 64 pixels, that brings them below; the "
        "report says which and how exact the result is. null: no limit.",
    )
    color_tolerance: int | None = Field(
        default=None,
        ge=0,
        le=MOST,
        description="How far a mask's colour may be from a class's to count as it: the largest difference of a "
        "channel, or of the grey values. For lossy or smoothed masks. Of several classes the nearest counts; black is "
        "the background's unless a class has it. null: colours without a class are background, and the report names "
        "them.",
    )
    resize: Resize = Field(
        default="refuse",
        description="What becomes of a mask whose size is not its asset's, where the Hub tells that. refuse: the row "
        "fails. nearest: the mask is scaled, each pixel taking the value under its centre, and the report says so.",
    )
    unmatched_masks: UnmatchedMasks = Field(
        default="fail",
        description="What becomes of a row whose mask has values without a class and no pixel of any class, or nothing "
        "but specks of classes beside more that has none: most likely the mapping does not fit. fail: the row fails, "
        "and its labels stay. import: it is imported with what there is. A mask of nothing but background is imported "
        "either way.",
    )
    ignore_values: IgnoredValues = Field(
        default=(),
        description="Mask values that mean nothing: background, without a note. Of the mapping's kind: whole numbers "
        'as in [255], and -1 or "nan" where arrays of signed integers or floats have them; colours as in '
        '[[255, 255, 255]] or ["#ffffff"] under a mapping of colours.',
        examples=[[255], [[255, 255, 255]], [-1, "nan"]],
    )
    requests_per_minute: int = Field(
        default=100, ge=1, le=MOST, description="The most requests sent to the Hub in a minute."
    )
    max_batch_bytes: int = Field(
        default=4_000_000,
        ge=1,
        le=MOST,
        description="The largest body of one request, in bytes. A batch that would be larger is split.",
    )
    match_ids_by: MatchIdsBy = Field(
        default="exact",
        description="What of an external ID in the CSV must be as in an asset's; the asset's own is what is sent. "
        "exact: all of it. stem: all but the extension. name: all but the folders. case: all but upper and lower "
        "case. An asset with the very ID comes first; a row whose ID could mean several assets fails, as do rows "
        "whose different IDs could mean the same one. All but exact list the project's assets, a request for every "
        "hundred.",
    )

    encoding: str = Field(
        default="",
        description="How the CSV's text is written, such as cp1252. Empty: UTF-8. A byte order mark counts more, and "
        "so does --encoding.",
    )

    @field_validator("external_id_column")
    @classmethod
    def _check_not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError(REMEDIES["external_id_column"])
        return value

    @field_validator("classification_columns", "classification_schema_ids")
    @classmethod
    def _check_repeats(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        repeated = sorted({text for text in value if value.count(text) > 1})
        if repeated:
            shown = f"{listed(repeated)} {'is' if len(repeated) == 1 else 'are'} listed more than once"
            raise ValueError(f"{shown}: list each once, with its partner in the other list")
        columns = info.data.get("classification_columns")
        if columns is not None and len(columns) != len(value):
            raise ValueError(
                f"it has {counted(len(value), 'entry', 'entries')} and classification_columns has {len(columns):,}: "
                "give one schema ID for each column, in the same order"
            )
        return value

    @field_validator("polygon_holes")
    @classmethod
    def _check_keyhole(cls, value: str, info: ValidationInfo) -> str:
        if value == "keyhole" and info.data.get("coordinates") == "pixel_centers":
            raise ValueError(
                'a cut needs polygons along pixel edges: set "coordinates" to "pixel_edges", or write "fill" or '
                '"reject"'
            )
        return value

    @field_validator("ignore_values")
    @classmethod
    def _check_kind(cls, value: tuple[IgnoredValue, ...], info: ValidationInfo) -> tuple[IgnoredValue, ...]:
        if info.data.get("mask_column") and "mask_color_mapping" in info.data:
            check_ignored(value, info.data["mask_color_mapping"])
        return value


REMEDIES = {
    "external_id_column": 'name the CSV column that holds the external IDs, such as "External ID"',
    "classification_columns": 'write a list of column names, such as ["Color", "Category"], or []',
    "classification_schema_ids": 'write a list of schema IDs as text, such as ["12345", "12346"], or []',
    "mask_column": 'write a column name, such as "Mask", or "" for no masks',
    "mask_color_mapping": 'write "project_colors", or an object such as {"Car": [244, 67, 54]}',
    "segmentation_mode": 'write "instance_segmentation" or "semantic_segmentation"',
    "polygon_simplification_tolerance": "write a number of pixels, 0 or more, such as 0.1",
    "storage_id": 'write the storage\'s ID as text, such as "1234", or ""',
    "overwrite": "write true or false",
    "ignored_schema_ids": 'write a list of schema IDs as text, such as ["1234"], or []',
    "upload_batch_size": "write a whole number of rows, 1 or more, such as 100",
    "coordinates": 'write "pixel_edges" or "pixel_centers"',
    "connectivity": "write 4 or 8",
    "simplification": 'write "shared" or "rings"',
    "polygon_holes": 'write "fill", "keyhole" or "reject"',
    "min_area": "write a whole number of pixels, 0 or more",
    "max_points_per_asset": "write a whole number of points, 3 or more, or null for no limit",
    "color_tolerance": "write a whole number of levels, 0 or more, such as 16, or null for none",
    "resize": 'write "refuse" or "nearest"',
    "unmatched_masks": 'write "fail" or "import"',
    "ignore_values": 'write a list of values, such as [255] or [[255, 255, 255]] or [-1, "nan"]',
    "requests_per_minute": "write a whole number, 1 or more, such as 100",
    "max_batch_bytes": "write a whole number of bytes, 1 or more, such as 4000000",
    "encoding": 'write an encoding by its name, such as "cp1252", or "" for UTF-8',
    "match_ids_by": 'write "exact", "stem", "name" or "case"',
}


def config_json_schema() -> dict[str, Any]:
    """Return the config's JSON Schema (draft 2020-12), with a description, a type and a default for every key.

    Example:
        >>> config_json_schema()["properties"]["connectivity"]["enum"]
        [4, 8]
    """
    schema = ImportConfig.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
