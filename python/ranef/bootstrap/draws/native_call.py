"""Calling a C function by its address from compiled code, without the GIL.

The address is an ``int64`` argument of the kernel, not a constant inside it: a kernel that knows no address
can be cached on disk and used by the next process, where the library sits elsewhere. Pointers travel as
``int64`` too. Whoever passes an address vouches for the function's signature; nothing can check it here.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic

__all__ = ["call_native", "part", "pasted", "plain", "pointer"]

# Compiled code that allocates nothing and raises nothing: neither has to be compiled in.
plain: dict[str, Any] = {"_nrt": False, "error_model": "numpy"}

# Functions that kernels call and Python does not. Every function below a compiled one is optimised again with
# each of its callers, so that a deep tree is costly. A `part` is compiled once and called from several
# places; what has one caller is `pasted` into it.
part: Any = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, **plain)  # type: ignore[call-overload]
pasted: Any = njit(inline="always", **plain)  # type: ignore[call-overload]


@intrinsic
def call_native(typing_context, address, arguments):
    """Call the C function at ``address``: every argument a pointer held in an ``int64``, the result an int.

    Parameters
    ----------
    address : int64
        Address of a C function ``int f(void*, ...)`` with a fixed number of pointer arguments.
    arguments : tuple of int64
        The pointers.

    Returns
    -------
    int32
        What the function returns.
    """
    integers = isinstance(arguments, types.BaseTuple) and all(isinstance(a, types.Integer) for a in arguments)
    if not (isinstance(address, types.Integer) and integers):
        raise TypingError("call_native takes an integer address and a tuple of integer pointers")
    signature = types.int32(types.int64, types.UniTuple(types.int64, len(arguments)))

    def codegen(context, builder, signature, args):
        c_pointer = ir.IntType(8).as_pointer()
        function = ir.FunctionType(ir.IntType(32), [c_pointer] * len(signature.args[1]))
        callee = builder.inttoptr(args[0], function.as_pointer())
        pointers = [builder.inttoptr(a, c_pointer) for a in cgutils.unpack_tuple(builder, args[1])]
        return builder.call(callee, pointers)

    return signature, codegen


@intrinsic
def pointer(typing_context, array, offset):
    """The address of ``array.ravel()[offset]`` of a contiguous array, as an ``int64``.

    The array must outlive the use of the address; the arguments of a kernel do.
    """
    if not (isinstance(array, types.Array) and array.layout == "C" and isinstance(offset, types.Integer)):
        raise TypingError("pointer takes a C-contiguous array and an integer offset")
    signature = types.int64(array, types.int64)

    def codegen(context, builder, signature, args):
        view = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.ptrtoint(builder.gep(view.data, [args[1]]), ir.IntType(64))

    return signature, codegen
