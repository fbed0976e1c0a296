"""Pure jitted functions on arrays. Importing a module here compiles its kernels or loads them from disk."""

from __future__ import annotations


def warm_up() -> list[str]:
    """Compile every kernel that is not on disk yet, and load the others; the first mask is then as quick as the next.

    numba keeps compiled kernels in ``NUMBA_CACHE_DIR`` if that is set, else beside the package, else (where the install
    is read-only) in the user's cache folder; where nothing can be written they are compiled anew in each process.

    Returns:
        The names of the modules loaded.
    """
    from importlib import import_module  # noqa: PLC0415 - importing a kernel loads this file first
    from pkgutil import iter_modules  # noqa: PLC0415

    names = [f"{__name__}.{module.name}" for module in iter_modules(__path__)]
    for name in names:
        import_module(name)
    return names
