"""Results have a place of their own: found out before the work, not after it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from prelabel.errors import ConfigError, MaskError
from prelabel.masks.decoders.signatures import format_of
from prelabel.outcomes.journal import FILE_NAME
from prelabel.outcomes.output_file import NO_ROOM, check_place
from prelabel.spelling import escaped, short

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prelabel.importer.options import ConvertOptions, ImportOptions

_SIGNATURE_BYTES = 400


def check_outputs(csv: object, config: object, options: ImportOptions | ConvertOptions) -> None:
    """Check that what a run writes replaces nothing that it reads.

    Args:
        csv: the CSV.
        config: the config, a file or not.
        options: the run's, with its outputs.

    Raises:
        ConfigError: a result's folder does not exist, its file cannot be written, holds a mask, is the record of any
            import or one of the inputs, under whatever name, or is another result's as well.
    """
    schema, state = getattr(options, "schema", None), getattr(options, "state", None)
    outputs = {"--out": getattr(options, "out", None), "--report": options.report, "--rejects": options.rejects}
    inputs = {"the CSV itself": csv, "the config": config, "the schema": schema}
    inputs["the folder of the record"] = state
    inputs["the record of the import"] = None if state is None else Path(state) / FILE_NAME
    check_places(outputs, inputs)


def check_places(outputs: Mapping[str, object], inputs: Mapping[str, object]) -> None:
    """Check files that are to be written against those that are read; what is no path is passed over.

    Args:
        outputs: option -> path.
        inputs: what a file is -> path.

    Raises:
        ConfigError: as for :func:`check_outputs`.
    """
    taken = [(_identity(Path(path)), what) for what, path in inputs.items() if isinstance(path, str | Path)]
    for option, output in outputs.items():
        if output is not None and not isinstance(output, str | Path):
            taken.append((_identity_of_open(output), f"where {option} goes as well"))
        if not isinstance(output, str | Path):
            continue
        path = Path(output)
        _check_writable(option, path)
        same = _named(_identity(path), taken)
        if same:
            raise ConfigError(f"{option}: {escaped(str(path))} is {same}: name another file", field=option)
        if _is_record(path):
            raise ConfigError(
                f"{option}: {escaped(str(path))} is named as the record of an import is: name another file",
                field=option,
            )
        if kind := _mask_format(path):
            raise ConfigError(
                f"{option}: {escaped(str(path))} holds a picture ({kind}): name another file", field=option
            )
        taken.append((_identity(path), f"where {option} goes as well"))


def _check_writable(option: str, path: Path) -> None:
    folder, name = path.parent, escaped(short(str(path)))
    if str(path) == "-":
        raise ConfigError(
            f"{option}: - is no file's name: give one, or /dev/stdout for the standard output",
            field=option,
        )
    try:
        if not folder.is_dir():
            raise ConfigError(f"{option}: there is no folder {escaped(str(folder))}: make it first", field=option)
        if path.is_dir():
            raise ConfigError(f"{option}: {name} is a folder: name a file", field=option)
        check_place(path)
    except OSError as error:
        if error.errno in NO_ROOM:  # there may be some when the work is done
            return
        reason = error.strerror or error
        raise ConfigError(f"{option}: {name} cannot be written ({reason}): name another file", field=option) from error


def _identity(path: Path) -> object:
    """What two names of one file have in common; None for what may be written twice, as a terminal or /dev/null."""
    try:
        status = path.stat()
    except OSError:  # not there yet
        return os.path.normcase(os.path.realpath(path))
    return _identity_by(status)


def _identity_of_open(file: object) -> object:
    try:
        return _identity_by(os.fstat(file.fileno()))  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):  # a file in memory, or closed
        return None


def _identity_by(status: os.stat_result) -> object:
    return None if stat.S_ISCHR(status.st_mode) else (status.st_dev, status.st_ino)


def _named(identity: object, taken: Iterable[tuple[object, str]]) -> str:
    return next((what for other, what in taken if identity is not None and identity == other), "")


def _is_record(path: Path) -> bool:
    """Whether a path is, or leads to, the record of any import, or a file that SQLite keeps beside it."""
    return Path(os.path.realpath(path)).name.casefold().startswith(FILE_NAME)


def _mask_format(path: Path) -> str:
    """The format of the picture that would be replaced, empty where there is none."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return format_of(file.read(_SIGNATURE_BYTES))
    except (OSError, MaskError):
        return ""
