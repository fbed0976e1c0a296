"""Compiled kernels on disk, also in a folder that cannot be written.

numba uses a folder only if it can write there: where an install is read-only, as in a container, it would compile all
kernels in every process although they lie there. Here they are loaded from such a folder; what it lacks is compiled,
and kept where numba can write, if that is anywhere.

numba keeps a compiled function as long as the file it stands in is unchanged, and would not notice a change in a
function of another file that was compiled into it. Here a kernel is kept as long as *all* files of this folder are.
"""

from __future__ import annotations

import inspect
import tempfile
from contextlib import suppress
from functools import cache
from itertools import takewhile
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any, Self

import numba
from numba.core import caching
from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile
from numba.misc.appdirs import AppDirs

from prelabel.kernels._sources import sources_stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_CUT_OFF = (EOFError, UnpicklingError)
"""What comes of reading a file that a full disk, or a crash, has cut off."""


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

    Attributes:
        folder: where the kernel is kept once it is compiled, empty where that can be nowhere.
        doubt: what is wrong with that folder, or with the one that was named instead; empty where nothing is.
    """

    _impl_class = _FolderCacheImpl

    def __init__(self, function: Callable[..., object]) -> None:
        super().__init__(function)
        stamp, name = self._impl.locator.get_source_stamp(), self._impl.filename_base
        source = inspect.getfile(function)
        # Those that numba would rather have used than the one it chose, had it been able to write there.
        passed_over = [*takewhile(lambda folder: folder != Path(self.cache_path), _folders(source))]
        read_only = [IndexDataCacheFile(str(folder), name, stamp) for folder in passed_over]
        self._files = [*read_only, self._cache_file]
        is_kept = not isinstance(self._impl.locator, _NoFolder)
        self.folder = self.cache_path if is_kept else ""
        self.doubt = "" if is_kept and not (_named() and passed_over) else doubt_of_place(source)

    def has(self, signature: Any, target_context: Any) -> bool:
        """Whether it lies in one of the folders as it would be compiled now."""
        target_context.refresh()  # as numba does before it loads one
        return self._kept(signature, target_context) is not None

    def _load_overload(self, signature: Any, target_context: Any) -> Any:
        """Load it from the first folder that has it as it would be compiled now; None where none has."""
        kept = self._kept(signature, target_context)
        return None if kept is None else self._impl.rebuild(target_context, kept)

    def _kept(self, signature: Any, target_context: Any) -> Any:
        key = self._index_key(signature, target_context.codegen())
        for file in self._files:
            with suppress(OSError, *_CUT_OFF):  # one that may not even be read
                kept = file.load(key)
                if kept is not None:
                    return kept
        return None

    def save_overload(self, signature: Any, compiled: Any) -> None:
        """Keep it, where that is possible: it works all the same."""
        if not self.folder:
            return
        try:
            try:
                super().save_overload(signature, compiled)
            except _CUT_OFF:  # the list of what is kept, which is read first
                self.flush()
                super().save_overload(signature, compiled)
        except OSError as error:
            self.doubt = f"cannot write in {self.folder} ({error.strerror or error}): make room, or name another folder"


def doubt_of_place(file: str) -> str:
    """Why the kernels of a source file cannot be kept where they should be, and what helps."""
    if _named():
        remedy = "make it writable, or name another folder"
        return f"NUMBA_CACHE_DIR, {_named()}, cannot be written ({_why_not_written(next(_folders(file)))}): {remedy}"
    user = Path(AppDirs(appname="numba", appauthor=False).user_cache_dir)
    tried = " nor ".join(f"{folder} ({_why_not_written(folder)})" for folder in (_beside(file), user))
    return f"neither {tried} can be written: name a folder that can in NUMBA_CACHE_DIR"


@cache
def _why_not_written(folder: Path) -> str:
    """What comes of trying it as numba does."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error.strerror or str(error)
    return "now it can"


def _folders(file: str) -> Iterator[Path]:
    """The folders of an install in which a source file's kernels may be, in numba's order and by its names."""
    if _named():
        yield Path(_named(), caching._CacheLocator.get_suitable_cache_subpath(file))  # noqa: SLF001
    yield _beside(file)


def _named() -> str:
    """The folder that NUMBA_CACHE_DIR names."""
    named: str = numba.config.CACHE_DIR  # type: ignore[attr-defined] # numba fills its config at run time
    return named


def _beside(file: str) -> Path:
    return Path(file).with_name("__pycache__")
