"""Terms of a model with relationship matrices whose variance no response can tell about, found by ranks.

The criterion knows the covariance matrix of the response, sigma^2 (W^-1 + sum lambda_k G_k), by
P V P only, P the projection that removes the fixed effects (none by maximum likelihood): see
`ranef.optimize.flat`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from .sums import RelatedSums

_NULL = 1e-10  # eigenvalue, scaled to a unit diagonal, that counts as zero


@dataclass(frozen=True, eq=False)
class RelatedFlat:
    """What has no estimate."""

    # (k,): terms whose variance has none: they are held at zero, which loses nothing
    unknown: npt.NDArray[np.bool_]
    words: tuple[str, ...]  # a sentence for each


def find_flat(sums: RelatedSums, labels: list[str]) -> RelatedFlat | None:
    """Return what has no estimate, None where everything has one."""
    kinds = sums.kinds()
    gram, unknown = kinds.gram, np.zeros(len(labels), dtype=bool)
    words = []
    for k, label in enumerate(labels):
        if gram[k, k] <= _NULL:
            absorbed = "its levels are told apart by the fixed effects"
            why = absorbed if kinds.sizes[k] > 0 else "its column is zero"
        elif _depends(gram, [*np.flatnonzero(~unknown[:k]), k]):
            why = "other terms say the same"
        elif _depends(gram, [*np.flatnonzero(~unknown[:k]), k, len(labels)]):
            why = "it is a part of the residual variance"
        else:
            continue
        unknown[k] = True
        words.append(f"the variance of '{label}' has no estimate: {why}")
    return RelatedFlat(unknown, tuple(words)) if words else None


def _depends(gram: FloatArray, which: list[int]) -> bool:
    part = gram[np.ix_(which, which)]
    root = np.sqrt(np.diag(part))
    values = np.linalg.eigvalsh(part / np.outer(root, root))
    return bool(values[0] < _NULL * values[-1])
