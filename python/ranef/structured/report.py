"""The parameters of structured random effects as people read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..show import Document, Printed, frame_table
from .spread import parameter_table


@dataclass(frozen=True, eq=False, repr=False)
class Structures(Printed):
    """Parameters of the structures.

    Attributes
    ----------
    parameters : DataFrame
        ``term``, ``parameter``, ``estimate``, ``se``: standard deviations, correlations, loadings; standard
        errors by the delta method from the observed information in all parameters.
    """

    parameters: pd.DataFrame = field(repr=False)

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(self.parameters, "Structures of random effects", index=False)]


def structures(fit: Any) -> Structures:
    """Return the parameters of the structures with standard errors."""
    return Structures(parameter_table(fit))
