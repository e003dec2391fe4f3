"""C functions called by address from compiled code: right, and from several threads.

That what one process compiled calls another address in the next is in test_engine.py.
"""

import ctypes
import ctypes.util

import numpy as np
import pytest
from bootstrap.standin import callback
from numba import carray, njit, prange, types
from numba.core.errors import TypingError
from ranef.bootstrap.draws.native_call import call_native, pointer


@callback(*[types.CPointer(types.float64)] * 3)
def add(a, b, out):
    out[0] = a[0] + b[0]
    return types.int32(out[0])


@callback(types.CPointer(types.float64), types.CPointer(types.int64))
def total(values, size):
    array = carray(values, 4)
    array[0] = array.sum() + size[0]
    return types.int32(-1)


@njit(nogil=True, parallel=True)
def add_all(function, a, b, out, status):
    for i in prange(a.size):
        status[i] = call_native(function, (pointer(a, i), pointer(b, i), pointer(out, i)))


@njit(nogil=True)
def add_range(function, a, b, out, status, first, stop):
    for i in range(first, stop):
        status[i] = call_native(function, (pointer(a, i), pointer(b, i), pointer(out, i)))


def test_called_from_prange():
    a, b = np.arange(10_000.0), np.full(10_000, 0.5)
    out, status = np.empty(10_000), np.empty(10_000, np.int32)
    add_all(add.address, a, b, out, status)
    assert np.array_equal(out, a + b)
    assert np.array_equal(status, a.astype(np.int32))


def test_a_function_of_libc():
    # int atoi(const char*): not ours, so nothing but its address can have been used
    libc = ctypes.CDLL(ctypes.util.find_library("c"))
    address = ctypes.cast(libc.atoi, ctypes.c_void_p).value
    text = np.frombuffer(b"-1234\0", np.uint8).copy()

    @njit
    def parse(function, text):
        return call_native(function, (pointer(text, 0),)), call_native(function, (pointer(text, 1),))

    assert parse(address, text) == (-1234, 1234)


def test_other_numbers_of_arguments_and_offsets():
    @njit
    def call(function, values, size):
        return call_native(function, (pointer(values, 2), pointer(size, 1)))

    values, size = np.arange(6.0).reshape(3, 2), np.array([0, 10])
    assert call(total.address, values, size) == -1
    assert values[1, 0] == 2 + 3 + 4 + 5 + 10


def test_what_the_call_writes_is_seen_at_once():
    @njit
    def chain(function, x, times):
        for _ in range(times):
            x[0] = 1.0
            call_native(function, (pointer(x, 1), pointer(x, 0), pointer(x, 1)))
        return x[1]

    assert chain(add.address, np.zeros(2), 1000) == 1000.0


def test_wrong_arguments_are_refused_when_compiling():
    @njit
    def no_address(x):
        return call_native(x, (pointer(x, 0),))

    @njit
    def strided(x):
        return pointer(x, 0)

    with pytest.raises(TypingError, match="integer address"):
        no_address(np.zeros(2))
    with pytest.raises(TypingError, match="C-contiguous"):
        strided(np.zeros((4, 4))[:, ::2])
