"""Generalised linear mixed models: families, fits by Laplace's approximation, and what is read off them."""

from .dispersed.fit import DispersedFit
from .dispersed.model import DispersedModel
from .families import FAMILIES, Family
from .fit import GlmerFit
from .fitting import glmer
from .inflated.fit import ZeroInflatedFit
from .inflated.model import ZeroInflatedModel
from .model import GlmerModel

__all__ = [
    "FAMILIES",
    "DispersedFit",
    "DispersedModel",
    "Family",
    "GlmerFit",
    "GlmerModel",
    "ZeroInflatedFit",
    "ZeroInflatedModel",
    "glmer",
]
