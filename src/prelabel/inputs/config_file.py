"""Stage 1: reading the config, and saying what is wrong with it: each problem with its key, its value and a remedy."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from prelabel.errors import ConfigError
from prelabel.inputs.color_mapping import as_json
from prelabel.inputs.config import REMEDIES, ImportConfig
from prelabel.inputs.encodings import decode_text
from prelabel.inputs.json_faults import json_fault
from prelabel.spelling import did_you_mean, first_few, quoted

_SECRETS = ("apikey", "token", "accesstoken", "secret", "password", "authorization")


def load_config(source: str | Path | Mapping[str, Any] | ImportConfig, *, encoding: str | None = None) -> ImportConfig:
    """Read and check a config.

    Args:
        source: a file (JSON, or TOML where its name ends in ``.toml``), an object already read, or a config.
        encoding: how a file is written that is not UTF-8.

    Raises:
        ConfigError: the file cannot be read, or the config cannot be used; all its problems are in the message, the
            first one's key and value in the error's fields.

    Example:
        >>> load_config({"external_id_column": "External ID", "overwrite": False}).overwrite
        False
        >>> load_config({"external_id_column": "External ID", "coordinate": "pixel_edges"})
        Traceback (most recent call last):
        ...
        prelabel.errors.ConfigError: config: ...
    """
    if isinstance(source, ImportConfig):
        return source
    if isinstance(source, Mapping):
        return _checked(source, "config")
    path = Path(source)
    try:
        content = path.read_bytes()
    except IsADirectoryError as error:
        raise ConfigError(f"{path} is a folder: name the config file in it") from error
    except OSError as error:
        raise ConfigError(f"cannot read the config {path}: {error.strerror or error}; check the path") from error
    text = decode_text(content, f"the config {path}", encoding)
    return parse_config(text, origin=str(path), toml=path.suffix.lower() == ".toml")


def parse_config(text: str, *, origin: str = "config", toml: bool = False) -> ImportConfig:
    """Read and check a config from its JSON (or TOML) text.

    Args:
        text: the config.
        origin: what to call it in errors.
        toml: the text is TOML.

    Raises:
        ConfigError: as :func:`load_config`; a key given twice is an error too.
    """
    return _checked(parse_document(text, origin=origin, toml=toml), origin)


def parse_document(text: str, *, origin: str = "config", toml: bool = False) -> dict[str, Any]:
    """Read a config's text without checking what is in it; as :func:`parse_config` else."""
    try:
        document = tomllib.loads(text) if toml else json.loads(text, object_pairs_hook=_without_repeats)
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}", field=error.field) from error
    except (ValueError, RecursionError) as error:
        fault = f"TOML: {error}; mend it there" if toml else f"JSON: {json_fault(error)}"
        raise ConfigError(f"{origin} is not {fault}") from error
    if not isinstance(document, dict):
        raise ConfigError(f'{origin} must hold a JSON object, {{"external_id_column": ...}}, not {as_json(document)}')
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise ConfigError(f"the key {quoted(key)} is given {count} times: keep one", field=key)
    return dict(pairs)


def _checked(document: Mapping[str, Any], origin: str) -> ImportConfig:
    try:
        return ImportConfig.model_validate(dict(document))
    except ValidationError as error:
        problems = [_problem(details) for details in error.errors(include_url=False)]
    except UnicodeEncodeError:  # pydantic cannot even say so
        problems = [
            ("a key or a value holds half of a surrogate pair, which is no character: take it out", "", None, ())
        ]
    # Outside the except block: pydantic's own text repeats what is said here, less clearly.
    first = problems[0]
    messages = list(dict.fromkeys(message for message, *_ in problems))
    count = "" if len(messages) == 1 else f" has {len(messages)} problems"
    listed = first_few(messages, separator="; ")
    raise ConfigError(f"{origin}{count}: {listed}", field=first[1], value=first[2], allowed=first[3])


def _problem(details: Any) -> tuple[str, str, Any, tuple[str, ...]]:
    """Return the message, key, value and allowed words of one problem that pydantic found."""
    key = str(details["loc"][0] if details["loc"] else details["input"])  # a key that is no text has no place
    field = key + "".join(f"[{part}]" for part in details["loc"][1:] if isinstance(part, int))
    keys = tuple(ImportConfig.model_fields)
    if details["type"] in {"extra_forbidden", "invalid_key"} or not details["loc"]:
        # The value stays unsaid: whoever writes an API key into a config must not find it in a log.
        if key.replace("_", "").replace("-", "").casefold() in _SECRETS:
            return (
                f"{quoted(key)} does not belong in a config: put the API key into the environment, ANGO_API_KEY",
                key,
                None,
                keys,
            )
        return (
            f"unknown key {quoted(key)}:{did_you_mean(key, keys) or ' known keys are ' + ', '.join(keys)}",
            key,
            None,
            keys,
        )
    if details["type"] == "missing":
        return f'"{key}" is missing: {REMEDIES[key]}', key, None, ()
    remedy = str(details["ctx"]["error"]) if details["type"] == "value_error" else REMEDIES[key]
    allowed = ImportConfig.model_json_schema()["properties"][key].get("enum", ())
    return f'"{field}" is {as_json(details["input"])}: {remedy}', field, details["input"], tuple(map(str, allowed))
