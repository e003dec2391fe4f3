"""Where the fits of ranef 0.1 had their class: what they pickled is refused in words.

Their cross-products and plans are laid out in another way; a fit made again from its data costs less than a
translation.
"""

from __future__ import annotations

from typing import Any

from .errors import DataError


def __getattr__(name: str) -> Any:
    if name != "LmerResult":
        raise AttributeError(name)
    raise DataError(
        f"this pickle holds a fit of ranef 0.1 (its class {name}), which this version does not read: "
        "fit the model to its data again, or read the pickle with ranef 0.1"
    )
