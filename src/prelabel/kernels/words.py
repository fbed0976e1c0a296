"""The machine instructions numba has no name for: words at any index, and the zero bits below the lowest set one."""

from __future__ import annotations

from typing import Any

from prelabel.kernels._ahead import JUST_IN_TIME
from prelabel.kernels._jit import ROAD

if ROAD.name != JUST_IN_TIME:

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
    from llvmlite import ir
    from numba.core import types
    from numba.extending import intrinsic

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
