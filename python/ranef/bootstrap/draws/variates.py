"""Standard normal and chi-square variates from a stream.

Normals come from the ziggurat of Marsaglia & Tsang (2000, J. Stat. Software 5(8)) with the improvement of
Doornik (2005, "An improved ziggurat method to generate normal random samples"): the layer and the abscissa
use different bits of the word. 98.8 % of the draws cost one random word, one comparison and one
multiplication, no logarithm or sine as in Box-Muller, and the method is exact, tails included. Chi-squares
come from the gamma method of Marsaglia & Tsang (2000, ACM Trans. Math. Software 26(3)), whose cost does not
depend on the degrees of freedom.
"""

from __future__ import annotations

import math

import numpy as np
from numba import int64, uint64

from .native_call import part, pasted
from .streams import BLOCK_LANE, next_raw, philox_block, uniform

__all__ = ["chi_square", "fill_normal", "layer_tables", "normal"]

_LAYERS = 256
_LAYER_BITS = uint64(_LAYERS - 1)
_TWO_TO_MINUS_53 = 2.0**-53
# Sign and 53 bits of the abscissa are bits 10..63, the layer is bits 0..7: no bit is used twice.
_SHIFT_TO_54_BITS = int64(10)


def layer_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Right edges of the 256 layers of equal area under ``exp(-x**2 / 2)``, inner shares, heights.

    Returns
    -------
    edge : numpy.ndarray, shape (257,)
        ``edge[i]`` is the width of layer i; ``edge[0]`` that of the base layer as if it had no tail,
        ``edge[1]`` where the tail begins, ``edge[256] = 0``.
    inner : numpy.ndarray, shape (256,)
        ``edge[i + 1] / edge[i]``: the share of layer i that lies under the curve whatever the ordinate.
    height : numpy.ndarray, shape (257,)
        The density (without its constant) at ``edge[i]``.
    """
    start = _tail_start()
    area = _layer_area(start)
    edge = np.zeros(_LAYERS + 1)
    edge[0] = area / math.exp(-0.5 * start * start)
    edge[1] = start
    for i in range(2, _LAYERS):
        edge[i] = math.sqrt(-2.0 * math.log(area / edge[i - 1] + math.exp(-0.5 * edge[i - 1] ** 2)))
    height = np.exp(-0.5 * edge**2)
    return edge, edge[1:] / edge[:-1], height


def _layer_area(start: float) -> float:
    """Area of the base layer: the rectangle up to ``start`` and the tail beyond."""
    tail = math.sqrt(math.pi / 2.0) * math.erfc(start / math.sqrt(2.0))
    return start * math.exp(-0.5 * start * start) + tail


def _overshoot(start: float) -> float:
    """Height of the topmost layer minus 1 when the tail begins at ``start``; zero when the layers fit."""
    area, x = _layer_area(start), start
    for _ in range(2, _LAYERS):
        top = area / x + math.exp(-0.5 * x * x)
        if top >= 1.0:
            return math.inf
        x = math.sqrt(-2.0 * math.log(top))
    return area / x + math.exp(-0.5 * x * x) - 1.0


def _tail_start() -> float:
    """Where the tail begins so that 256 layers of equal area fit exactly (bisection to the last bit)."""
    low, high = 3.0, 4.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _overshoot(middle) > 0.0 else (low, middle)
    return high


_EDGE, _INNER, _HEIGHT = layer_tables()


@pasted
def _tail(state):
    """A normal beyond the last layer (Marsaglia, 1964); positive."""
    start = _EDGE[1]
    while True:
        x = -math.log(1.0 - uniform(state)) / start
        y = -math.log(1.0 - uniform(state))
        if y + y > x * x:
            return start + x


@part
def _normal_from(word, state):
    """A normal that begins with ``word`` and takes more words from the stream when that one is not enough."""
    while True:
        layer = word & _LAYER_BITS
        share = np.float64(int64(word) >> _SHIFT_TO_54_BITS) * _TWO_TO_MINUS_53
        x = share * _EDGE[layer]
        if -_INNER[layer] < share < _INNER[layer]:
            return x
        if layer == uint64(0):
            beyond = _tail(state)
            return beyond if share > 0.0 else -beyond
        low, high = _HEIGHT[layer], _HEIGHT[layer + uint64(1)]
        if low + uniform(state) * (high - low) < math.exp(-0.5 * x * x):
            return x
        word = next_raw(state)


@pasted
def normal(state):
    """One standard normal."""
    return _normal_from(next_raw(state), state)


@part
def _candidate(word):
    """The abscissa that ``word`` proposes, and whether it is under the curve for certain (98.8 % are)."""
    layer = word & _LAYER_BITS
    share = np.float64(int64(word) >> _SHIFT_TO_54_BITS) * _TWO_TO_MINUS_53
    return share * _EDGE[layer], -_INNER[layer] < share < _INNER[layer]


@part
def fill_normal(state, out, start, stop):
    """Standard normals into ``out[start:stop]``, four to a block; the rest of the last block is lost."""
    i, end = uint64(start), uint64(stop)
    # The lane's position and the key are kept in registers, and the loop has a single, rare call: through
    # memory the blocks would wait for one another, and this loop is half of a replicate's draw.
    position, key0, key1, replicate = state[3], state[0], state[1], state[2]
    while i < end:
        position += uint64(1)
        word0, word1, word2, word3 = philox_block(position, uint64(0), replicate, BLOCK_LANE, key0, key1)
        x0, fine0 = _candidate(word0)
        x1, fine1 = _candidate(word1)
        x2, fine2 = _candidate(word2)
        x3, fine3 = _candidate(word3)
        if i + uint64(4) <= end and fine0 and fine1 and fine2 and fine3:
            out[i] = x0
            out[i + uint64(1)] = x1
            out[i + uint64(2)] = x2
            out[i + uint64(3)] = x3
        else:  # again, this time with the rejections
            words = (word0, word1, word2, word3)
            for k in range(i, end if end - i < uint64(4) else i + uint64(4)):
                out[k] = _normal_from(words[k - i], state)
        i += uint64(4)
    state[3] = position


@pasted
def _gamma(state, shape):
    """A standard gamma of shape at least 1."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = normal(state)
        v = 1.0 + c * x
        if v > 0.0:
            v = v * v * v
            u = 1.0 - uniform(state)
            if math.log(u) < 0.5 * x * x + d * (1.0 - v + math.log(v)):
                return d * v


@part
def chi_square(state, df):
    """One chi-square with ``df`` degrees of freedom (any real ``df >= 0``; 0 gives 0)."""
    if df <= 0.0:
        return 0.0
    shape = 0.5 * df
    value = 2.0 * _gamma(state, shape if shape >= 1.0 else shape + 1.0)
    if shape < 1.0:  # Gamma(a) = Gamma(a + 1) * U**(1 / a)
        value *= (1.0 - uniform(state)) ** (1.0 / shape)
    return value
