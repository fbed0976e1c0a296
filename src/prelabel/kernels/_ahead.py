"""Kernels compiled ahead of time: an extension module beside this file, made when the wheel was built.

``scripts/build_kernels.py`` makes it, in parts, and a record beside it. Where it is there and fits, numba is never
imported.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

from prelabel.errors import ConfigError
from prelabel.kernels._sources import sources_stamp

AHEAD, JUST_IN_TIME, PLAIN = "ahead of time", "just in time", "not at all"

RECORD = "_compiled.json"

_CHOICE = "PRELABEL_KERNELS"
_CHOICES = ("", "jit", "none", "required")

_REMEDY = ": install prelabel again where a C compiler works"


class Road(NamedTuple):
    """How kernels come to be compiled in this process.

    Attributes:
        name: ``AHEAD``, ``JUST_IN_TIME`` or ``PLAIN``.
        why: the reason, for people.
        functions: the compiled functions by "module.function"; empty but for ``AHEAD``.
    """

    name: str
    why: str
    functions: dict[str, Any]


def chosen_road() -> Road:
    """Look for compiled kernels that fit this process.

    Raises:
        ConfigError: ``PRELABEL_KERNELS`` asks for what is not there, or for nothing that is known.
    """
    choice = os.environ.get(_CHOICE, "")
    if choice not in _CHOICES:
        raise _refused(choice, f": give one of {', '.join(filter(None, _CHOICES))}, or take it away")
    road = _road(choice)
    if choice == "required" and road.name != AHEAD:
        raise _refused(choice, f", and kernels are compiled {road.name}: {road.why}")
    return road


def _refused(choice: str, reason: str) -> ConfigError:
    return ConfigError(f"{_CHOICE} is {choice!r}{reason}", field=_CHOICE, value=choice)


def _road(choice: str) -> Road:
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return Road(PLAIN, "NUMBA_DISABLE_JIT is 1: kernels run as plain Python, a hundred times slower", {})
    if choice in {"jit", "none"}:
        return Road(JUST_IN_TIME, f"{_CHOICE} is {choice}", {})
    folder = Path(__file__).parent
    if not (folder / RECORD).exists():
        return Road(JUST_IN_TIME, _why_without_record(folder), {})
    try:
        return _compiled(folder, json.loads((folder / RECORD).read_text("utf-8")))
    except (OSError, ValueError, ImportError, LookupError, AttributeError) as error:
        return Road(JUST_IN_TIME, f"the compiled kernels cannot be used: {error}{_REMEDY}", {})


def _why_without_record(folder: Path) -> str:
    """Every wheel has the record; what was installed from one lies beside the folder that tells of the install."""
    if any(folder.parents[1].glob("prelabel-*.dist-info")):
        return f"this install lacks {RECORD}{_REMEDY}"
    return "prelabel runs from its sources, as an editable install does, and these have no compiled kernels"


def _compiled(folder: Path, record: dict[str, Any]) -> Road:
    if record["missing"]:
        return Road(JUST_IN_TIME, f"this install has no compiled kernels: {record['missing']}{_REMEDY}", {})
    if bytes.fromhex(record["stamp"]) != sources_stamp():
        return Road(JUST_IN_TIME, f"the sources of the kernels have changed since they were compiled{_REMEDY}", {})
    lacking = [feature for feature in record["features"] if not _processor_features().get(feature, True)]
    if lacking:
        return Road(JUST_IN_TIME, f"they were compiled for processors that have {', '.join(lacking)}", {})
    functions: dict[str, Any] = {}
    for file, size in record["parts"].items():
        if (folder / file).stat().st_size != size:  # loading what a full disk has cut off may end the process
            return Road(JUST_IN_TIME, f"{file} is not as it was compiled{_REMEDY}", {})
        module = importlib.import_module(f"{__package__}.{file.partition('.')[0]}")
        functions |= {name.replace("__of__", "."): value for name, value in vars(module).items() if "__of__" in name}
    return Road(
        AHEAD, f"compiled when this was installed, for {record['target']} by numba {record['numba']}", functions
    )


def _processor_features() -> dict[str, bool]:
    """What numpy knows of the processor; nothing, where a numpy does not tell."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(core, "__cpu_features__", {})
    return features
