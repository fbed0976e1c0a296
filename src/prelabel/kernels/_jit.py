"""The decorators that kernels wear, and the machine instructions numba has no name for.

``parallel`` is never used (called from several threads it aborts the process) and ``fastmath`` never (geometry must be
exact). Explicit signatures compile on import, or load from numba's disk cache; so "warm up" means "import the kernels".
A kernel calls only kernels of its own file: numba's cache does not notice a change in another file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., object])


def kernel(*signatures: str, allocates: bool = False) -> Callable[[F], F]:
    """Compile a function for exactly these signatures, without the GIL, cached on disk.

    Args:
        signatures: numba signatures; inputs are best declared read-only C-contiguous (``RO_*``), so that one compiled
            version serves writable and read-only arrays alike.
        allocates: whether the function makes arrays itself; if not, no references are counted in it, which costs more
            than all else where one kernel calls another row by row.

    Returns:
        The decorator.
    """

    def compile_it(function: F) -> F:
        options = {"nogil": True, "_nrt": allocates}
        try:
            compiled: F = numba.njit(list(signatures), cache=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            compiled = numba.njit(list(signatures), **options)(function)  # no folder can be written: work without
        return compiled

    return compile_it


def inner(*signatures: str) -> Callable[[F], F]:
    """Make a function for other kernels of its file to call, with a signature like theirs.

    It is compiled when the first of them is, and is in what they keep on disk: importing it costs nothing.

    Args:
        signatures: as for :func:`kernel`.

    Returns:
        The decorator.
    """

    def prepare(function: F) -> F:
        prepared: Any = numba.njit(nogil=True, _nrt=False)(function)
        if not numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba fills its config at run time
            template = prepared.get_call_template

            def compiled_template(arguments: Any, keywords: Any) -> Any:
                if prepared._can_compile:  # noqa: SLF001 - what numba itself asks when it is given signatures
                    for signature in signatures:
                        prepared.compile(signature)
                    prepared.disable_compile()
                return template(arguments, keywords)

            prepared.get_call_template = compiled_template
        return cast("F", prepared)

    return prepare


def inlined(function: F) -> F:
    """Make a function part of the kernels that call it: in a call every array is seven numbers to pass, or more."""
    compiled: F = numba.njit(inline="always")(function)
    return compiled


def read_only(dtype: str, ndim: int = 1) -> str:
    """Return the signature text of a C-contiguous array that the kernel only reads (``"uint8"``, 2 dimensions, ...)."""
    return f"Array({dtype}, {ndim}, 'C', readonly=True)"


if numba.config.DISABLE_JIT:  # type: ignore[attr-defined] # numba fills its config at run time

    def load_word(array: Any, index: int) -> Any:
        """Return eight bytes of a uint8 array from ``index`` on, as one little-endian int64."""
        return array[index : index + 8].view("<i8")[0]

    def store_half_word(array: Any, index: int, word: Any) -> None:
        """Write a uint32 as four little-endian bytes into a uint8 array from ``index`` on."""
        array[index : index + 4].view("<u4")[0] = word

    def trailing_zeros(word: Any) -> int:
        """Return the number of zero bits below the lowest set bit; ``word`` must not be 0."""
        whole = int(word)
        return (whole & -whole).bit_length() - 1

else:

    @intrinsic
    def load_word(typingctx: Any, array: Any, index: Any) -> Any:
        """Load eight bytes of a uint8 array from any index as an int64; the caller keeps inside the array."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            view = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.gep(view.data, [arguments[1]])
            word = builder.load(builder.bitcast(place, ir.IntType(64).as_pointer()))
            word.align = 1
            return word

        return types.int64(array, types.intp), generate

    @intrinsic
    def store_half_word(typingctx: Any, array: Any, index: Any, word: Any) -> Any:
        """Write a uint32 as four bytes into a uint8 array at any index; the caller keeps inside the array."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            view = context.make_array(signature.args[0])(context, builder, arguments[0])
            place = builder.gep(view.data, [arguments[1]])
            stored = builder.store(arguments[2], builder.bitcast(place, ir.IntType(32).as_pointer()))
            stored.align = 1
            return context.get_dummy_value()

        return types.void(array, types.intp, types.uint32), generate

    @intrinsic
    def trailing_zeros(typingctx: Any, word: Any) -> Any:
        """Count the zero bits below the lowest set bit of an int64 that is not 0."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

        return types.int64(types.int64), generate
