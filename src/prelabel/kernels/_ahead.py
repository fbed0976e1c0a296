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

from prelabel.kernels._sources import sources_stamp

AHEAD, JUST_IN_TIME, PLAIN = "ahead of time", "just in time", "not at all"

RECORD = "_compiled.json"

_CHOICE = "PRELABEL_KERNELS"


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
    """Look for compiled kernels that fit this process."""
    if os.environ.get("NUMBA_DISABLE_JIT") == "1":
        return Road(PLAIN, "NUMBA_DISABLE_JIT is 1: kernels run as plain Python, a hundred times slower", {})
    if os.environ.get(_CHOICE) == "jit":
        return Road(JUST_IN_TIME, f"{_CHOICE} is jit", {})
    try:
        return _compiled(json.loads(Path(__file__).with_name(RECORD).read_text("utf-8")))
    except FileNotFoundError:
        return Road(JUST_IN_TIME, "this install has no compiled kernels, as an editable one has none", {})
    except (OSError, ValueError, ImportError, LookupError) as error:
        return Road(JUST_IN_TIME, f"the compiled kernels cannot be used: {error}", {})


def _compiled(record: dict[str, Any]) -> Road:
    if record["missing"]:
        return Road(JUST_IN_TIME, f"this install has no compiled kernels: {record['missing']}", {})
    if bytes.fromhex(record["stamp"]) != sources_stamp():
        return Road(JUST_IN_TIME, "the sources of the kernels have changed since they were compiled", {})
    lacking = [feature for feature in record["features"] if not _processor_features().get(feature, True)]
    if lacking:
        return Road(JUST_IN_TIME, f"they were compiled for processors that have {', '.join(lacking)}", {})
    functions: dict[str, Any] = {}
    for part in record["parts"]:
        module = importlib.import_module(f"{__package__}.{part}")
        functions |= {name.replace("__of__", "."): value for name, value in vars(module).items() if "__of__" in name}
    return Road(
        AHEAD, f"compiled when this was installed, for {record['target']} by numba {record['numba']}", functions
    )


def _processor_features() -> dict[str, bool]:
    """What numpy knows of the processor; nothing, where a numpy does not tell."""
    core = sys.modules.get("numpy._core._multiarray_umath")
    features: dict[str, bool] = getattr(core, "__cpu_features__", {})
    return features
