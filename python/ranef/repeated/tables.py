"""The covariance parameters of fits with a covariance model of their own, as columns of a tidy table."""

from __future__ import annotations

from typing import Any

import numpy as np


def component_columns(fit: Any) -> dict[str, Any]:
    """Return the columns of the parameters of a covariance."""
    table = fit.residual.parameters
    own = [("sigma", fit.sigma, np.nan)] if fit.has_sigma else []
    own += zip(table.parameter, table.estimate, table.se, strict=True)
    terms, estimates, errors = zip(*own, strict=True)
    columns = {
        **{"effect": ["ran_pars"] * len(own), "term": terms},
        **{"estimate": estimates, "std_error": errors},
    }
    return columns | ({"group": table.arm.tolist()} if "arm" in table else {})


