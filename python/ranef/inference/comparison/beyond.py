"""What the distribution of a larger model's response has beyond a smaller one's."""

from __future__ import annotations

from ...likelihood_fit import LikelihoodFit


def beyond(fit: LikelihoodFit, null: LikelihoodFit) -> tuple[int, int] | None:
    """Return how many parameters of the response's distribution are free, and how many at a limit, in `null`.

    Returns (free, limits): None where the distribution of `null` is no special case of that of `fit`.
    """
    if null.distribution == fit.distribution:
        return 0, 0
    return (0, 1) if null.distribution == fit.simpler_distribution else None
