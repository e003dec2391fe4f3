"""Comparing models: likelihood ratios, information criteria, terms dropped one at a time."""

from .compare import Comparison, anova
from .drop import drop1
from .ranova import ranova

__all__ = ["Comparison", "anova", "drop1", "ranova"]
