"""Which variance components of a fit have no estimate, whatever the response (`ranef.optimize.flat`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..fit import Fit
from ..theta import parts, triangle
from .parameters import ParameterNames

Mask = npt.NDArray[np.bool_]


def unknown_elements(fit: Fit) -> list[Mask]:
    """Return for every term which elements of its covariance matrix have no estimate, (r, r)."""
    flat = getattr(fit.optimum, "flat", None)
    out = []
    for width, place, rows, columns in parts(fit.model.term_widths):
        which = np.zeros((width, width), dtype=bool)
        if flat is not None:
            which[rows, columns] = which[columns, rows] = flat.unknown[place]
        out.append(which)
    return out


def unknown_components(fit: Fit) -> tuple[Mask, Mask]:
    """Return which standard deviations and which correlations have no estimate, in the order of names."""
    sd, corr = [], []
    for which in unknown_elements(fit):
        diagonal = np.diag(which)
        rows, columns = triangle(len(which))
        below = rows > columns
        sd.append(diagonal)
        corr.append((which | diagonal | diagonal[:, None])[rows, columns][below])
    return np.concatenate(sd), np.concatenate(corr)


def sigma_unknown(fit: Any) -> bool:
    """Whether no response can tell about the residual standard deviation; of any kind of fit."""
    flat = getattr(getattr(fit, "optimum", None), "flat", None)
    outer = getattr(getattr(fit, "outer", None), "flat", None)
    return bool(getattr(flat, "sigma_unknown", False) or getattr(outer, "sigma", False))


def known_sigma(fit: Any) -> float:
    """Return the residual standard deviation, NaN where it has no estimate."""
    return float("nan") if sigma_unknown(fit) else fit.sigma


def unknown_limits(fit: Fit) -> dict[str, tuple[float, float]]:
    """Return the limits of what has no estimate: by name, everything that it can be."""
    names, (sd, corr) = ParameterNames.of(fit.model), unknown_components(fit)
    limits = {names.residual: (0.0, np.inf)} if sigma_unknown(fit) else {}
    limits |= {name: (0.0, np.inf) for name, gone in zip(names.sd, sd, strict=True) if gone}
    return limits | {name: (-1.0, 1.0) for name, gone in zip(names.corr, corr, strict=True) if gone}


def without_unknown(fit: Fit, components: FloatArray) -> FloatArray:
    """Return standard deviations and correlations with NaN for those that have no estimate."""
    return np.where(np.concatenate(unknown_components(fit)), np.nan, components)


def unknown_words(fit: Any) -> tuple[str, ...]:
    """Say what has no estimate, a sentence for every term with such a thing; of any kind of fit."""
    flat = getattr(getattr(fit, "optimum", None), "flat", None)
    return () if flat is None else flat.words
