"""Stage 1, the config: the plugin's eleven keys and ours, checked once.

``config(1) -> rows(2) -> ontology/answers(3) -> masks(4) -> polygons(5) -> items(6) -> batches(7) -> upload(8)
-> report(9)``

Everything that can be known without the project and the CSV is checked here; what needs them is checked by
:func:`prelabel.inputs.ontology.bind`. Every error names the key, its value and what to write instead.
"""

from __future__ import annotations

import functools
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, to_builtins
from msgspec.structs import FieldInfo, asdict, fields, force_setattr, replace

from prelabel.inputs.config_check import all_told, read_keys
from prelabel.inputs.ignored_values import IgnoredValue  # noqa: TC001 - msgspec reads annotations at run time
from prelabel.model import (  # noqa: TC001
    Connectivity,
    Coordinates,
    MatchIdsBy,
    PolygonHoles,
    Resize,
    SegmentationMode,
    Simplification,
    UnmatchedMasks,
)

Text = Annotated[str, Meta(min_length=1)]

MOST = 2**53
"""The most of anything: what every reader of JSON counts exactly."""

Count = Annotated[int, Meta(ge=0, le=MOST)]
Positive = Annotated[int, Meta(ge=1, le=MOST)]
Points = Annotated[int, Meta(ge=3, le=MOST)]
Pixels = Annotated[float, Meta(ge=0)]


class ImportConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to import from which columns of a CSV, and how; :mod:`prelabel.inputs.config_schema` says what keys mean.

    Example:
        >>> config = ImportConfig(external_id_column="External ID", mask_column="Mask", polygon_holes="keyhole")
        >>> config.coordinates, config.upload_batch_size
        ('pixel_edges', 100)
    """

    external_id_column: Text
    classification_columns: tuple[Text, ...] = ()
    classification_schema_ids: tuple[Text, ...] = ()
    mask_column: str = ""
    mask_color_mapping: Literal["project_colors"] | dict[str, tuple[int, ...]] = "project_colors"
    segmentation_mode: SegmentationMode = "instance_segmentation"
    polygon_simplification_tolerance: Pixels = 0.1
    storage_id: str = ""
    overwrite: bool = True
    ignored_schema_ids: tuple[Text, ...] = ()
    upload_batch_size: Positive = 100
    coordinates: Coordinates = "pixel_edges"
    connectivity: Connectivity = 4
    simplification: Simplification = "shared"
    polygon_holes: PolygonHoles = "fill"
    min_area: Count = 0
    max_points_per_asset: Points | None = None
    color_tolerance: Count | None = None
    resize: Resize = "refuse"
    unmatched_masks: UnmatchedMasks = "fail"
    ignore_values: tuple[IgnoredValue, ...] = ()
    requests_per_minute: Positive = 100
    max_batch_bytes: Positive = 4_000_000
    match_ids_by: MatchIdsBy = "exact"
    encoding: str = ""

    def __post_init__(self) -> None:
        """Check what was given, wherever it came from; colours and lists become tuples, which stay as they are."""
        values, problems = read_keys(config_keys(), asdict(self))
        if problems:
            raise all_told(problems, "config")
        for name, value in values.items():
            force_setattr(self, name, value)

    def replaced(self, **changes: Any) -> ImportConfig:
        """This config with other values for some keys."""
        return replace(self, **changes)

    def choices(self) -> dict[str, Any]:
        """The keys that differ from their defaults, as JSON holds them."""
        held = to_builtins(self)
        return {key.name: held[key.name] for key in config_keys() if getattr(self, key.name) != key.default}


@functools.cache
def config_keys() -> tuple[FieldInfo, ...]:
    """The keys of a config in their order, with types and defaults."""
    return fields(ImportConfig)
