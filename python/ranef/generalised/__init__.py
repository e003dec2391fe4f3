"""Generalised linear mixed models: families, fits by Laplace's approximation, and what is read off them."""

from .families import FAMILIES, Family
from .fit import GlmerFit
from .fitting import glmer
from .inflated_fit import ZeroInflatedFit
from .inflated_model import ZeroInflatedModel
from .model import GlmerModel

__all__ = ["FAMILIES", "Family", "GlmerFit", "GlmerModel", "ZeroInflatedFit", "ZeroInflatedModel", "glmer"]
