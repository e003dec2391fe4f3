"""The classic data sets of mixed models: `load`, `names`, `describe`."""

from typing import Any

from ..guidance.arguments import guide
from .catalogue import describe, names
from .description import Column, Description
from .loading import load

__all__ = ["Column", "Description", "describe", "load", "names"]

guide(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    asked = name.lower().replace("_", "")
    for prefix in ("load", "get", "fetch"):
        asked = asked.removeprefix(prefix)
    same = [one for one in names() if one.lower().replace("_", "") == asked]
    if same:
        name = same[0]
    if name in names():
        raise AttributeError(f"ranef.datasets has no {name!r}: use ranef.datasets.load({name!r})")
    listing = ": use ranef.datasets.names()" if name in ("list", "available", "all", "list_datasets") else ""
    raise AttributeError(f"ranef.datasets has no {name!r}{listing}")
