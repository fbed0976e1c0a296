"""Stage 1: each key of a config looked at, and what is wrong with it: its name, its value and what to write instead."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from msgspec import NODEFAULT, ValidationError, convert

from prelabel.errors import ConfigError
from prelabel.inputs.color_mapping import as_json, read_mapping
from prelabel.inputs.ignored_values import check_ignored, read_ignored
from prelabel.spelling import counted, did_you_mean, first_few, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from msgspec.structs import FieldInfo

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

_SECRETS = ("apikey", "token", "accesstoken", "secret", "password", "authorization")


class Problem(NamedTuple):
    """What is wrong with a key; the fields of the error that tells of it first."""

    message: str
    field: str = ""
    value: Any = None
    allowed: tuple[str, ...] = ()


def all_told(problems: Sequence[Problem], origin: str) -> ConfigError:
    """The error that tells of all problems of a config."""
    first = problems[0]
    messages = list(dict.fromkeys(problem.message for problem in problems))
    count = "" if len(messages) == 1 else f" has {len(messages)} problems"
    told = first_few(messages, separator="; ")
    return ConfigError(f"{origin}{count}: {told}", field=first.field, value=first.value, allowed=first.allowed)


def read_keys(keys: Sequence[FieldInfo], document: Mapping[Any, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a config as it holds them, and what is wrong with those that it cannot hold.

    Args:
        keys: what a config holds.
        document: what was written; what is left out has its default.
    """
    values: dict[str, Any] = {}
    problems = []
    for key in keys:
        written = document.get(key.name, key.default)
        try:
            if written is NODEFAULT:
                problems.append(Problem(f'"{key.name}" is missing: {REMEDIES[key.name]}', key.name))
            else:
                values[key.name] = _read(key, written, values)
        except ValidationError as error:
            problems.append(_wrong_type(key, written, error))
        except ValueError as error:
            problems.append(_problem(key, key.name, written, str(error)))
    names = [key.name for key in keys]
    return values, problems + [_unknown(str(name), names) for name in document if name not in names]


def _read(key: FieldInfo, written: Any, earlier: Mapping[str, Any]) -> Any:
    """Raises ValueError, the remedy as its text, or ValidationError where the remedy is the key's."""
    if isinstance(written, AbstractSet):
        raise ValidationError("sets have no order")
    value = _READERS[key.name](written) if key.name in _READERS else convert(written, key.type)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair, which is no character: take it out") from None
    if key.name in _RULES:
        _RULES[key.name](value, earlier)
    return value


def _wrong_type(key: FieldInfo, written: Any, error: ValidationError) -> Problem:
    """The problem of a value, or of one in a list, whose place the error names in brackets."""
    index = re.search(r"\$\[(\d+)\]`$", str(error))
    if index is None:
        return _problem(key, key.name, written, REMEDIES[key.name])
    return _problem(key, f"{key.name}[{index[1]}]", written[int(index[1])], REMEDIES[key.name])


def _problem(key: FieldInfo, field: str, written: Any, remedy: str) -> Problem:
    allowed = get_args(key.type) if get_origin(key.type) is Literal else ()
    return Problem(f'"{field}" is {as_json(written)}: {remedy}', field, written, tuple(map(str, allowed)))


def _unknown(name: str, names: Sequence[str]) -> Problem:
    # The value stays unsaid: whoever writes an API key into a config must not find it in a log.
    if name.replace("_", "").replace("-", "").casefold() in _SECRETS:
        message = f"{quoted(name)} does not belong in a config: put the API key into the environment, ANGO_API_KEY"
    else:
        message = f"unknown key {quoted(name)}:{did_you_mean(name, names) or ' known keys are ' + ', '.join(names)}"
    return Problem(message, name, allowed=tuple(names))


def _check_not_blank(value: str, _: Mapping[str, Any]) -> None:
    if not value.strip():
        raise ValueError(REMEDIES["external_id_column"])


def _check_finite(value: float, _: Mapping[str, Any]) -> None:
    if not math.isfinite(value):
        raise ValueError(REMEDIES["polygon_simplification_tolerance"])


def _check_repeats(value: tuple[str, ...], earlier: Mapping[str, Any]) -> None:
    repeated = sorted({text for text in value if value.count(text) > 1})
    if repeated:
        shown = f"{listed(repeated)} {'is' if len(repeated) == 1 else 'are'} listed more than once"
        raise ValueError(f"{shown}: list each once, with its partner in the other list")
    columns = earlier.get("classification_columns")
    if columns is not None and len(columns) != len(value):
        raise ValueError(
            f"it has {counted(len(value), 'entry', 'entries')} and classification_columns has {len(columns):,}: "
            "give one schema ID for each column, in the same order"
        )


def _check_keyhole(value: str, earlier: Mapping[str, Any]) -> None:
    if value == "keyhole" and earlier.get("coordinates") == "pixel_centers":
        raise ValueError(
            'a cut needs polygons along pixel edges: set "coordinates" to "pixel_edges", or write "fill" or "reject"'
        )


def _check_kind(value: tuple[Any, ...], earlier: Mapping[str, Any]) -> None:
    if earlier.get("mask_column") and "mask_color_mapping" in earlier:
        check_ignored(value, earlier["mask_color_mapping"])


_READERS: dict[str, Callable[[Any], Any]] = {"mask_color_mapping": read_mapping, "ignore_values": read_ignored}
_RULES: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
    "external_id_column": _check_not_blank,
    "classification_columns": _check_repeats,
    "classification_schema_ids": _check_repeats,
    "polygon_simplification_tolerance": _check_finite,
    "polygon_holes": _check_keyhole,
    "ignore_values": _check_kind,
}
"""What a type cannot say; given the values of the keys before it that are right."""
