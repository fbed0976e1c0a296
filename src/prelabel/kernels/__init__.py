"""Pure functions on arrays, compiled when the package is installed, or when they are first called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prelabel.kernels._compiling import NobodyWaits as NobodyWaits
from prelabel.kernels._compiling import ask_first as ask_first
from prelabel.kernels._compiling import is_compiling as is_compiling
from prelabel.kernels._compiling import telling as telling

if TYPE_CHECKING:
    from prelabel.kernels._just_in_time import Kept


def warm_up() -> list[str]:
    """Compile every kernel that is not on disk yet, and load the others; the first mask is then as quick as the next.

    Nothing is to be done where the kernels were compiled when the package was installed. Otherwise they are kept in
    ``NUMBA_CACHE_DIR`` if that is set, else beside the package, else in the user's cache folder: in the first of them
    that can be written. They are loaded from one that cannot, too; what lies in none, and can be kept in none, is
    compiled anew in each process.

    Returns:
        The names of the modules loaded.
    """
    from prelabel.kernels._ahead import JUST_IN_TIME  # noqa: PLC0415 - importing a kernel loads this file first
    from prelabel.kernels._jit import ROAD  # noqa: PLC0415 - as above

    names = _loaded_modules()
    if ROAD.name == JUST_IN_TIME:
        from prelabel.kernels._just_in_time import compile_all  # noqa: PLC0415 - loads numba

        compile_all()
    return names


def look_for_kept() -> Kept:
    """Tell where kernels that are compiled just in time are kept, and how many are there, without loading them."""
    from prelabel.kernels._just_in_time import look_for_all  # noqa: PLC0415 - as above; loads numba

    _loaded_modules()
    return look_for_all()


def _loaded_modules() -> list[str]:
    from importlib import import_module  # noqa: PLC0415 - as above

    names = module_names()
    for name in names:
        import_module(name)
    return names


def module_names() -> list[str]:
    """Return the modules of kernels, and of what they are made of."""
    from pkgutil import iter_modules  # noqa: PLC0415 - as above

    return [f"{__name__}.{module.name}" for module in iter_modules(__path__) if not module.name.startswith("_")]
