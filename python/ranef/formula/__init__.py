"""The formula language of lme4: text -> frozen ``Formula``. Knows no data."""

from .parser import parse_formula
from .types import Formula, RandomBar

__all__ = ["Formula", "RandomBar", "parse_formula"]
