"""Import pre-labels from a CSV and its mask files into Ango Hub.

Importing the package loads no third-party module: public names are resolved when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prelabel.errors import ConfigError as ConfigError
    from prelabel.errors import ImportFailed as ImportFailed
    from prelabel.errors import MaskError as MaskError
    from prelabel.errors import OutputError as OutputError
    from prelabel.errors import PrelabelError as PrelabelError
    from prelabel.errors import RowError as RowError
    from prelabel.errors import UploadError as UploadError
    from prelabel.errors import UploadRefused as UploadRefused
    from prelabel.errors import UploadUnavailable as UploadUnavailable
    from prelabel.importer.convert import convert as convert
    from prelabel.importer.import_labels import import_labels as import_labels
    from prelabel.importer.import_labels import import_labels_async as import_labels_async
    from prelabel.importer.stop_signal import StopSignal as StopSignal
    from prelabel.inputs.config import ImportConfig as ImportConfig
    from prelabel.outcomes.progress import Progress as Progress
    from prelabel.outcomes.report import Report as Report
    from prelabel.polygons.mask_to_polygons import mask_to_polygons as mask_to_polygons
    from prelabel.polygons.masks_to_polygons import masks_to_polygons as masks_to_polygons
    from prelabel.polygons.polygons import Polygons as Polygons

__version__ = "0.1.0"

_HOME = {
    "ConfigError": "errors",
    "ImportConfig": "inputs.config",
    "ImportFailed": "errors",
    "MaskError": "errors",
    "OutputError": "errors",
    "Polygons": "polygons.polygons",
    "PrelabelError": "errors",
    "Progress": "outcomes.progress",
    "Report": "outcomes.report",
    "RowError": "errors",
    "StopSignal": "importer.stop_signal",
    "UploadError": "errors",
    "UploadRefused": "errors",
    "UploadUnavailable": "errors",
    "convert": "importer.convert",
    "import_labels": "importer.import_labels",
    "import_labels_async": "importer.import_labels",
    "mask_to_polygons": "polygons.mask_to_polygons",
    "masks_to_polygons": "polygons.masks_to_polygons",
}

__all__ = [*sorted(_HOME), "__version__"]  # noqa: PLE0604 - every entry is a string


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'prelabel' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - only when a name is first used

    value = getattr(import_module(f"prelabel.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
