"""Compiled kernels on disk, also in a folder that cannot be written.

numba uses a folder only if it can write there: where an install is read-only, as in a container, it would compile all
kernels in every process although they lie there. Here they are loaded from such a folder; what it lacks is compiled,
and kept where numba can write, if that is anywhere.

numba keeps a compiled function as long as the file it stands in is unchanged, and would not notice a change in a
function of another file that was compiled into it. Here a kernel is kept as long as *all* files of this folder are.
"""

from __future__ import annotations

import inspect
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numba
from numba.core import caching
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from prelabel.kernels._sources import sources_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class _NoFolder(caching._SourceFileBackedLocatorMixin, caching._CacheLocator):  # noqa: SLF001 - as numba's own are
    """Stands in where numba can write nowhere: the folder beside the package, though it cannot be written either."""

    def __init__(self, function: Callable[..., object], file: str) -> None:
        self._py_file, self._lineno = file, function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Callable[..., object], file: str) -> Self | None:
        return cls(function, file) if Path(file).is_file() else None

    def get_cache_path(self) -> str:
        return str(_beside(self._py_file))


class _FolderCacheImpl(CompileResultCacheImpl):
    """What numba's disk cache knows of one function; its stamp is that of the function's file and the folder's."""

    _locator_classes = (*CompileResultCacheImpl._locator_classes, _NoFolder)  # noqa: SLF001

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        stamp_of_file = self.locator.get_source_stamp
        self.locator.get_source_stamp = lambda: (stamp_of_file(), sources_stamp())


class KernelCache(FunctionCache):
    """numba's disk cache, where a change in any file of the folder makes a kernel stale.

    Args:
        function: the kernel, not compiled.
    """

    _impl_class = _FolderCacheImpl

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        stamp, name = self._impl.locator.get_source_stamp(), self._impl.filename_base
        # Those that numba would rather have used than the one it chose, had it been able to write there.
        passed_over = takewhile(lambda folder: folder != Path(self.cache_path), _folders(inspect.getfile(function)))
        read_only = [IndexDataCacheFile(str(folder), name, stamp) for folder in passed_over]
        self._files = [*read_only, self._cache_file]

    def _load_overload(self, signature: Any, target_context: Any) -> Any:
        """Load it from the first folder that has it as it would be compiled now; None where none has."""
        key = self._index_key(signature, target_context.codegen())
        for file in self._files:
            with suppress(OSError):  # one that may not even be read
                kept = file.load(key)
                if kept is not None:
                    return self._impl.rebuild(target_context, kept)
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep it, where that is possible: it works all the same."""
        with suppress(OSError):
            super().save_overload(signature, compiled)


def _folders(file: str) -> Iterator[Path]:
    """The folders of an install in which a source file's kernels may be, in numba's order and by its names."""
    if numba.config.CACHE_DIR:  # type: ignore[attr-defined] # numba fills its config at run time
        yield Path(numba.config.CACHE_DIR, caching._CacheLocator.get_suitable_cache_subpath(file))  # type: ignore[attr-defined] # noqa: SLF001
    yield _beside(file)


def _beside(file: str) -> Path:
    return Path(file).with_name("__pycache__")
