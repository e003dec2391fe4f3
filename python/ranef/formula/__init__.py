"""The formula language of lme4: text -> frozen ``Formula``. Knows no data."""

from .parser import parse_fixed, parse_formula
from .structures import STRUCTURES, has_structures, without_structures
from .types import Formula, RandomBar, Structure

__all__ = [
    "STRUCTURES",
    "Formula",
    "RandomBar",
    "Structure",
    "has_structures",
    "parse_fixed",
    "parse_formula",
    "without_structures",
]
