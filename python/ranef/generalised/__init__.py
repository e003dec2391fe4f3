"""Generalised linear mixed models: families, fits by Laplace's approximation, and what is read off them."""

from .families import FAMILIES, Family
from .fit import GlmerFit
from .fitting import glmer
from .inflated.fit import ZeroInflatedFit
from .inflated.model import ZeroInflatedModel
from .model import GlmerModel

__all__ = ["FAMILIES", "Family", "GlmerFit", "GlmerModel", "ZeroInflatedFit", "ZeroInflatedModel", "glmer"]
