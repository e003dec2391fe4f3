"""Seeds and keys: which random numbers a replicate gets.

Streams are Philox's, one per (seed, replicate): the key comes from the seed, the replicate's number is a
word of the counter (``cpp/ranef/refits/random_stream.hpp``), so that a replicate's numbers depend on nothing
else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_GENERATOR_LANE = 2  # of replicates that are drawn here; the core has lanes 0 and 1


def stream_key(seed: Any) -> tuple[np.ndarray, int | np.random.SeedSequence]:
    """The Philox key of a seed, as ``numpy.random.Philox(seed)`` derives it.

    seed: ``None`` draws fresh entropy from the operating system.
    Returns key, (2,) uint64; seed, what to pass to get the same key again (for ``None``: the entropy that was
        drawn).

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
