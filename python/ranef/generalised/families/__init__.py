"""Distributions of a response and their links: means, variances, what is truncated."""

from .family import FAMILIES, Family, choose_family, kind_of

__all__ = ["FAMILIES", "Family", "choose_family", "kind_of"]
