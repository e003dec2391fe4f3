"""What the random effects amount to: principal components, shares of variance, what could be left out."""

from .explained import icc, r2
from .pca import RandomEffectsPCA, pca
from .redundancy import Redundancy, redundancy

__all__ = ["RandomEffectsPCA", "Redundancy", "icc", "pca", "r2", "redundancy"]
