"""Stage 1: reading the config, and saying what is wrong with it: each problem with its key, its value and a remedy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prelabel.errors import ConfigError
from prelabel.inputs.color_mapping import as_json
from prelabel.inputs.config import ImportConfig, config_keys
from prelabel.inputs.config_check import all_told, read_keys
from prelabel.inputs.encodings import decode_text
from prelabel.spelling import quoted


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
        document = _parsed_toml(text) if toml else json.loads(text, object_pairs_hook=_without_repeats)
    except ConfigError as error:
        raise ConfigError(f"{origin}: {error}", field=error.field) from error
    except (ValueError, RecursionError) as error:
        from prelabel.inputs.json_faults import json_fault  # noqa: PLC0415 - most configs have none

        fault = f"TOML: {error}; mend it there" if toml else f"JSON: {json_fault(error)}"
        raise ConfigError(f"{origin} is not {fault}") from error
    if not isinstance(document, dict):
        raise ConfigError(f'{origin} must hold a JSON object, {{"external_id_column": ...}}, not {as_json(document)}')
    return document


def _parsed_toml(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most configs are JSON

    return tomllib.loads(text)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise ConfigError(f"the key {quoted(key)} is given {count} times: keep one", field=key)
    return dict(pairs)


def _checked(document: Mapping[str, Any], origin: str) -> ImportConfig:
    values, problems = read_keys(config_keys(), document)
    if problems:
        raise all_told(problems, origin)
    return ImportConfig(**values)
