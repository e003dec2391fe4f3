"""The classic data sets of mixed models: `load`, `names`, `describe`."""

from .catalogue import describe, names
from .description import Column, Description
from .loading import load

__all__ = ["Column", "Description", "describe", "load", "names"]
