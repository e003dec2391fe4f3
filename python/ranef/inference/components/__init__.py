"""What the random effects amount to: principal components, shares of variance, what could be left out."""

from .explained import icc, r2
from .pca import RandomEffectsPCA, re_pca
from .redundancy import Redundancy, redundancy

__all__ = ["RandomEffectsPCA", "Redundancy", "icc", "r2", "re_pca", "redundancy"]
