"""Random streams for compiled loops: Philox4x64-10, one stream per (seed, replicate).

Philox is counter-based (Salmon, Moraes, Dror & Shaw, 2011, "Parallel random numbers: as easy as 1, 2, 3"): a
block of four 64-bit words is a pure function of a key and a counter. The key comes from the seed, the
replicate's number is one word of the counter, so a replicate's numbers depend on nothing else: not on the
thread that draws it, not on the replicates before it, not on how the work was cut. The words are those of
``numpy.random.Philox`` with the same key and counter, bit for bit.

A stream has two lanes, told apart by the last word of the counter: whole blocks, for filling arrays at full
speed, and single words, for the draws whose number of words is not known beforehand (rejections, gammas). It
is a ``uint64`` array of `STATE_WORDS` words, owned by the caller: ``[key 0, key 1 | replicate | blocks drawn
| blocks of single words drawn | block 0..3 | words of the block used]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types, uint64
from numba.extending import intrinsic

from .native_call import part, pasted

__all__ = [
    "BLOCK_LANE",
    "STATE_WORDS",
    "WORD_LANE",
    "next_raw",
    "open_stream",
    "philox_block",
    "replicate_generator",
    "stream_key",
    "uniform",
]

STATE_WORDS = 10
BLOCK_LANE = np.uint64(0)
WORD_LANE = np.uint64(1)
_GENERATOR_LANE = 2  # of replicates that are drawn outside the compiled loop

_MULTIPLIER_0 = 0xD2E7470EE14C6C93
_MULTIPLIER_1 = 0xCA5A826395121157
_WEYL_0 = 0x9E3779B97F4A7C15
_WEYL_1 = 0xBB67AE8584CAA73B
_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_FOUR = np.uint64(4)
_FIRST_BUFFERED = np.uint64(5)
_SHIFT_TO_53_BITS = np.uint64(11)
_TWO_TO_MINUS_53 = 2.0**-53


def stream_key(seed: Any) -> tuple[np.ndarray, int | np.random.SeedSequence]:
    """The Philox key of a seed, as ``numpy.random.Philox(seed)`` derives it.

    Parameters
    ----------
    seed : int, None or numpy.random.SeedSequence
        ``None`` draws fresh entropy from the operating system.

    Returns
    -------
    key : numpy.ndarray of uint64, shape (2,)
    seed : int or numpy.random.SeedSequence
        What to pass to get the same key again (for ``None``: the entropy that was drawn).

    Examples
    --------
    >>> key, seed = stream_key(2024)
    >>> bool((key == np.random.Philox(2024).state["state"]["key"]).all()), seed
    (True, 2024)
    """
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    key, entropy = sequence.generate_state(2, np.uint64), sequence.entropy
    return key, entropy if isinstance(entropy, int) and not sequence.spawn_key else sequence


def replicate_generator(key: np.ndarray, replicate: int) -> np.random.Generator:
    """The generator of one replicate."""
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, replicate, _GENERATOR_LANE]))


@intrinsic
def philox_block(typing_context, c0, c1, c2, c3, k0, k1):
    """Four random words: ten rounds of Philox on a counter of four words with a key of two.

    Written in the compiler's language: Numba has no 128-bit integers, of which a round takes the upper half.
    """

    def codegen(context, builder, signature, args):
        word, wide = ir.IntType(64), ir.IntType(128)

        def product(multiplier, factor):
            both = builder.mul(builder.zext(factor, wide), ir.Constant(wide, multiplier))
            return builder.trunc(builder.lshr(both, ir.Constant(wide, 64)), word), builder.trunc(both, word)

        c0, c1, c2, c3, k0, k1 = args
        for _ in range(10):
            high0, low0 = product(_MULTIPLIER_0, c0)
            high1, low1 = product(_MULTIPLIER_1, c2)
            c0, c2 = builder.xor(builder.xor(high1, c1), k0), builder.xor(builder.xor(high0, c3), k1)
            c1, c3 = low1, low0
            k0 = builder.add(k0, ir.Constant(word, _WEYL_0))
            k1 = builder.add(k1, ir.Constant(word, _WEYL_1))
        return context.make_tuple(builder, signature.return_type, (c0, c1, c2, c3))

    words = [types.uint64] * 6
    return types.UniTuple(types.uint64, 4)(*words), codegen


@pasted
def open_stream(state, key, replicate):
    """Point ``state`` at the beginning of the stream of ``replicate``.

    The words of a lane are those of ``numpy.random.Philox(key=key, counter=[0, 0, replicate, lane])``.
    """
    state[0] = key[0]
    state[1] = key[1]
    state[2] = uint64(replicate)
    state[3] = _ZERO
    state[4] = _ZERO
    state[9] = _FOUR


@part
def next_raw(state):
    """The next 64 random bits of the word lane."""
    position = state[9]
    if position == _FOUR:
        # As numpy does, the counter moves before the block is made. 2**64 blocks are never used up, so
        # nothing is carried.
        state[4] += _ONE
        state[5], state[6], state[7], state[8] = philox_block(
            state[4], _ZERO, state[2], WORD_LANE, state[0], state[1]
        )
        position = _ZERO
    state[9] = position + _ONE
    return state[_FIRST_BUFFERED + position]


@pasted
def uniform(state):
    """A double uniform on [0, 1), of 53 bits: what ``numpy.random.Generator.random`` makes of the word."""
    return np.float64(next_raw(state) >> _SHIFT_TO_53_BITS) * _TWO_TO_MINUS_53
