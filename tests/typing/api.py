"""Uses of the public names that must type-check under mypy, strict. Nothing here is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_type

import numpy as np

import prelabel
from prelabel import (
    ConfigError,
    ImportConfig,
    MaskError,
    Polygons,
    PrelabelError,
    Report,
    RowError,
    UploadError,
    UploadUnavailable,
    mask_to_polygons,
    masks_to_polygons,
)

if TYPE_CHECKING:
    from pathlib import Path

    import shapely
    from numpy.typing import NDArray

    from prelabel.polygons.arrays import Polygon
    from prelabel.polygons.class_table import PixelCounts

assert_type(prelabel.__version__, str)


def trace_masks(path: Path) -> None:
    """Every kind of mask, every option."""
    assert_type(mask_to_polygons(np.zeros((3, 4), np.uint8)), Polygons)
    mask_to_polygons(np.zeros((3, 4, 3), np.uint8), colors={"car": [244, 67, 54], "tree": (3, 169, 244)})
    mask_to_polygons(np.zeros((3, 4), np.int32), colors={"car": [1]}, tolerance=1)
    mask_to_polygons(np.zeros((3, 4), np.bool_), simplification="rings", coordinates="pixel_centers")
    mask_to_polygons(path.read_bytes(), connectivity=8, min_area=20)
    mask_to_polygons(str(path), simplification="shared", coordinates="pixel_edges", connectivity=4)
    mask_to_polygons(path, colors=None)
    mask_to_polygons(path, simplification="none")  # type: ignore[arg-type]
    mask_to_polygons(path, coordinates="edges")  # type: ignore[arg-type]
    mask_to_polygons(path, connectivity=6)  # type: ignore[arg-type]
    mask_to_polygons(path, {"car": [1]})  # type: ignore[call-arg]


def trace_many_masks(path: Path) -> None:
    """Results are polygons, or errors among them where those are asked for."""
    assert_type(next(masks_to_polygons([path, np.zeros((2, 3, 4), np.bool_)])), Polygons)
    assert_type(next(masks_to_polygons([b""], on_error="return", n_threads=2)), Polygons | MaskError)
    masks_to_polygons(iter([str(path)]), colors={"car": [1]}, stacks=True).close()
    masks_to_polygons([path], on_error="skip")  # type: ignore[call-overload]


def use_polygons(polygons: Polygons) -> None:
    """What polygons offer."""
    assert_type(len(polygons), int)
    assert_type(polygons.shape, tuple[int, int])
    assert_type(polygons.class_names, tuple[str, ...])
    assert_type(polygons.n_holes, int)
    assert_type(polygons.counts.unknown[3], int)
    assert_type(polygons.to_json(zones=True), list[bytes])
    assert_type(polygons.points, "NDArray[np.int32]")
    assert_type(polygons.areas, "NDArray[np.int64]")
    shapes: NDArray[np.object_] = polygons.to_shapely()
    first: shapely.Polygon = shapes[0]
    assert_type(first.area, float)
    counts: PixelCounts = polygons.counts
    assert_type(counts.n_unknown, int)
    one: Polygon = polygons[0]
    assert_type(one.class_name, str)
    for polygon in polygons:
        assert_type(polygon.exterior, "NDArray[np.int32]")
        assert_type(polygon.holes, "tuple[NDArray[np.int32], ...]")
    polygons.tolerance = 3  # type: ignore[attr-defined]
    polygons.n_padded = 3  # type: ignore[misc]


def catch_errors() -> str:  # noqa: PLR0911 - one for each error
    """What errors say."""
    try:
        mask_to_polygons("mask.png")
    except MaskError as error:
        return f"{error.column} {error.excerpt} {error.shape and error.shape[0]}"
    except RowError as error:
        return error.column
    except ConfigError as error:
        return f"{error.field} {error.value} {error.allowed[:1]}"
    except UploadUnavailable as error:
        return f"{error.status} {error.retry_after_s} {error.surely_not_done}"
    except UploadError as error:
        return f"{error.status} {error.attempts}"
    except PrelabelError as error:
        return f"{error.retryable}"
    return ""


def configure() -> ImportConfig:
    """A config is made by keyword and does not change."""
    config = ImportConfig(external_id_column="External ID", mask_column="Mask", connectivity=8)
    assert_type(config.external_id_column, str)
    assert_type(config.polygon_simplification_tolerance, float)
    return config


def import_rows(path: Path, config: ImportConfig) -> Report:
    """From files, from a config already made; progress as it goes."""
    assert_type(prelabel.import_labels(path, config, project="p1"), Report)
    prelabel.import_labels(path, config, project="p1", batches=["Monday"], restart_if_changed=True, run_name="July")
    return prelabel.import_labels(str(path), str(path), project="p1", api_key="...", on_progress=lambda _: None)


async def import_rows_async(path: Path, config: ImportConfig) -> Report:
    """The same inside an event loop."""
    return await prelabel.import_labels_async(path, config, project="p1")
