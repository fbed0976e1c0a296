"""Kernels compiled by numba when they are first called, or loaded from its cache on disk."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar, cast

import numba

from prelabel.kernels._compiling import compiling
from prelabel.kernels._kernel_cache import KernelCache
from prelabel.kernels._sources import count_kernels

F = TypeVar("F", bound=Callable[..., object])

NO_FILE = "their sources are not files of a disk"

_lock = threading.Lock()
_kernels: list[_Kernel] = []


class Kept(NamedTuple):
    """What lies on disk of the kernels of the modules that are imported.

    Attributes:
        n_kernels: how many they are.
        n_kept: how many of them need not be compiled.
        folder: where they are kept, empty where they cannot be.
        doubt: what is wrong with keeping them, empty where nothing is.
    """

    n_kernels: int
    n_kept: int
    folder: str
    doubt: str


def compile_all() -> None:
    """Compile, or load, all kernels of the modules that are imported."""
    for each in _kernels:
        each.compile_once()


def look_for_all() -> Kept:
    """Look for the kernels of the modules that are imported, without loading them."""
    caches = [each.cache for each in _kernels if each.cache is not None]
    doubt = next((cache.doubt for cache in caches if cache.doubt), "" if caches else NO_FILE)
    folder = next((cache.folder for cache in caches), "")
    return Kept(len(_kernels), sum(each.is_kept for each in _kernels), folder, doubt)


def kernel(signature: str) -> Callable[[F], F]:
    """See :func:`prelabel.kernels._jit.kernel`."""

    def prepare(function: F) -> F:
        made = _Kernel(function, signature)
        _kernels.append(made)
        return cast("F", made.compiled)

    return prepare


class _Kernel:
    """A kernel that is compiled, or loaded, when it is first called.

    Args:
        function: what it is in Python.
        signature: numba's.

    Attributes:
        compiled: what is called.
        cache: keeps it, None where its file is not one of a disk.
    """

    def __init__(self, function: Callable[..., object], signature: str) -> None:
        self._signature = signature
        # Only Python calls kernels, so none needs a wrapper for C.
        self.compiled: Any = numba.njit(nogil=True, _nrt=False, no_cfunc_wrapper=True)(function)
        self.cache: KernelCache | None = None
        try:
            self.cache = KernelCache(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
        else:
            self.compiled._cache = self.cache  # noqa: SLF001 - as enable_caching()
        self._compile = self.compiled._compiler.compile  # noqa: SLF001 - reached only when the cache has nothing
        self.compiled._compiler.compile = self._compile_and_tell  # noqa: SLF001
        self.compiled._compile_for_args = self._find_for  # noqa: SLF001 - what numba asks where nothing is compiled yet

    @property
    def is_ready(self) -> bool:
        """Whether this process has it."""
        return not self.compiled._can_compile  # noqa: SLF001 - what numba itself asks when it is given signatures

    @property
    def is_kept(self) -> bool:
        """Whether it lies on disk."""
        return self.cache is not None and self.cache.has(self._signature, self.compiled.targetctx)

    @property
    def _why_not_kept(self) -> str:
        if self.cache is None:
            return NO_FILE
        return "" if self.cache.folder else self.cache.doubt

    def compile_once(self) -> None:
        """Have it ready."""
        with _lock:
            if not self.is_ready:
                self.compiled.compile(self._signature)
                self.compiled.disable_compile()

    def _find_for(self, *_arguments: Any) -> Any:
        self.compile_once()
        return self.compiled  # which numba then calls, and which may refuse the arguments

    def _compile_and_tell(self, *arguments: Any) -> Any:
        n_ready = sum(each.is_ready for each in _kernels)
        with compiling(n_ready, count_kernels(), self._why_not_kept), _uncollected():
            return self._compile(*arguments)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Look for no garbage in the block: compiling makes little, and looking takes a twentieth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def inner(signature: str, *, inline: bool = False) -> Callable[[F], F]:
    """See :func:`prelabel.kernels._jit.inner`."""

    def prepare(function: F) -> F:
        return cast("F", part_of_kernels(function, signature, inline=inline))

    return prepare


def inlined(function: F) -> F:
    """See :func:`prelabel.kernels._jit.inlined`."""
    compiled: F = numba.njit(inline="always")(function)
    return compiled


def part_of_kernels(function: Callable[..., object], signature: str, *, inline: bool = False) -> Any:
    """Return a function that kernels can call, compiled when the first of them is, and only into them.

    On its own it cannot be called: making machine code of it, and optimizing it before it is where it belongs, takes a
    third of the time that compiling takes.
    """
    part: Any = numba.njit(nogil=True, _nrt=False, forceinline=inline, no_cpython_wrapper=True, no_cfunc_wrapper=True)(
        function
    )
    part._compiler._customize_flags = _without_machine_code  # noqa: SLF001 - there is no option for it
    part.add_overload = lambda compiled: _take_in(part, compiled)
    template = part.get_call_template

    def compiled_template(arguments: Any, keywords: Any) -> Any:
        if part._can_compile:  # noqa: SLF001 - as above
            part.compile(signature)
            part.disable_compile()
        return template(arguments, keywords)

    part.get_call_template = compiled_template
    return part


def _without_machine_code(flags: Any) -> Any:
    flags.no_compile = True
    return flags


def _take_in(part: Any, compiled: Any) -> None:
    """Do what numba does with a compiled function, but for all that has to do with running it."""
    compiled = compiled._replace(entry_point=object())  # what the function is found by
    library = compiled.library

    def finalize() -> None:
        library._finalized = True  # noqa: SLF001

    library._optimize_final_module = lambda: None  # noqa: SLF001
    library._finalize_final_module = finalize  # noqa: SLF001
    part.targetctx.insert_user_function(compiled.entry_point, compiled.fndesc, [library])
    part.overloads[tuple(compiled.signature.args)] = compiled
