"""Kernels compiled by numba when they are first called, or loaded from its cache on disk."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from prelabel.kernels._compiling import tell
from prelabel.kernels._kernel_cache import KernelCache

F = TypeVar("F", bound=Callable[..., object])


_lock = threading.Lock()
_compilers: list[Callable[[], None]] = []


def compile_all() -> None:
    """Compile, or load, all kernels of the modules that are imported."""
    for compile_once in _compilers:
        compile_once()


def kernel(signature: str) -> Callable[[F], F]:
    """See :func:`prelabel.kernels._jit.kernel`."""

    def prepare(function: F) -> F:
        # Only Python calls kernels, so none needs a wrapper for C.
        compiled: Any = numba.njit(nogil=True, _nrt=False, no_cfunc_wrapper=True)(function)
        try:
            compiled._cache = KernelCache(function)  # noqa: SLF001 - as enable_caching()
        except RuntimeError as error:
            if "cannot cache" not in str(error):  # its file is not one of a disk: work without
                raise
        compile_core = compiled._compiler.compile  # noqa: SLF001 - what is reached only when the cache has nothing

        def compile_and_tell(*arguments: Any) -> Any:
            tell(f"{function.__module__.rpartition('.')[2]}.{function.__name__}")
            return compile_core(*arguments)

        def compile_once() -> None:
            with _lock:
                if compiled._can_compile:  # noqa: SLF001 - what numba itself asks when it is given signatures
                    compiled.compile(signature)
                    compiled.disable_compile()

        def find_for(*_arguments: Any) -> Any:
            compile_once()
            return compiled  # which numba then calls, and which may refuse the arguments

        compiled._compiler.compile = compile_and_tell  # noqa: SLF001
        compiled._compile_for_args = find_for  # noqa: SLF001 - what numba asks where nothing is compiled yet
        _compilers.append(compile_once)
        return cast("F", compiled)

    return prepare


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
