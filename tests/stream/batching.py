"""A table as a source of batches or parts, cut where a test says."""

from itertools import pairwise

import numpy as np
import ranef


def cut(frame, edges):
    """Batches of the rows between the edges; equal edges give an empty batch."""
    edges = [0, *sorted(edges), len(frame)]
    return ranef.batches(lambda: (frame.iloc[first:last] for first, last in pairwise(edges)))


def by(frame, rows):
    """Batches of `rows` rows, the last one shorter."""
    return cut(frame, range(rows, len(frame), rows))


def random_edges(frame, seed):
    """Some edges, with equal ones among them."""
    rng = np.random.default_rng(seed)
    edges = rng.integers(0, len(frame) + 1, size=int(rng.integers(1, 12))).tolist()
    return [*edges, edges[0]]


def frame_and_arguments(model):
    """Of a reference model, arrays among the arguments as columns: a part knows no other rows."""
    frame, arguments = model.frame().copy(), dict(model.arguments)
    for name in ("weights", "offset"):
        if name in arguments and not isinstance(arguments[name], str):
            frame[f"given_{name}"] = arguments[name]
            arguments[name] = f"given_{name}"
    return frame, arguments
