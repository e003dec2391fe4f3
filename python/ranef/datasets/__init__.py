"""The classic data sets of mixed models: `load`, `names`, `describe`."""

from typing import Any

from .catalogue import describe, names
from .description import Column, Description
from .loading import load

__all__ = ["Column", "Description", "describe", "load", "names"]


def __getattr__(name: str) -> Any:
    if name in names():
        raise AttributeError(f"ranef.datasets has no {name!r}: use ranef.datasets.load({name!r})")
    listing = ": use ranef.datasets.names()" if name in ("list", "available", "all", "list_datasets") else ""
    raise AttributeError(f"ranef.datasets has no {name!r}{listing}")
