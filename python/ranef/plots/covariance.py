"""Residuals beside the covariance that the model gives them: by distance in time and by stratum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..frame.native import in_pandas
from ..likelihood_fit import LikelihoodFit
from .canvas import BLUE, DASHED, GREY, VERMILION, Axes, own_legend, panels
from .sources import draws


@draws(LikelihoodFit)
def acf(fit: Any, lags: int | None = None, type: str = "pearson", ax: Any = None) -> Axes:
    """Draw the autocorrelation of residuals within subjects, and the model's.

    Bars away from the line, at distances with many pairs: another structure fits better. Of normalized
    residuals none should leave the band, 1.96 over the root of the number of pairs.

    Parameters
    ----------
    fit : fit with ``residual=``, or of ``ranef.mmrm``
    lags : int, optional
        The largest distance.
    type : {"pearson", "normalized"}

    Raises
    ------
    ArgumentError
        For a fit whose residuals have no order in time.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="ar1(age | Subject)")
    >>> fit.plot.acf().get_xlabel()
    'distance in time'
    """
    table = _asked(fit, "acf")(lags, type)
    (axis,) = panels(1, ax, columns=1, size=(4.6, 3.4))
    x = table.lag.to_numpy()
    axis.vlines(x, 0, table.observed, color=BLUE, linewidth=3, label="residuals")
    if type == "normalized":
        band = 1.96 / np.sqrt(table.pairs)
        for sign in (1, -1):
            axis.plot(x, sign * band, color=GREY, linewidth=0.8, linestyle=DASHED)
    else:
        axis.plot(x, table.model, "o-", color=VERMILION, linewidth=1.4, markersize=4, label="model")
    axis.axhline(0, color=GREY, linewidth=0.8)
    axis.set(xlabel="distance in time", ylabel="correlation of residuals")
    axis.xaxis.get_major_locator().set_params(integer=True)
    own_legend(axis, ax is None)
    return axis


@draws(LikelihoodFit)
def spread(fit: Any, ax: Any = None) -> Axes:
    """Draw the standard deviation of residuals by stratum or visit, and the model's.

    Parameters
    ----------
    fit : fit with ``dispersion=`` or ``residual=``, or of ``ranef.mmrm``

    Raises
    ------
    ArgumentError
        For a fit whose residuals all have one variance.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), dispersion="~ Sex")
    >>> fit.plot.spread().get_xlabel()
    'standard deviation of residuals'
    """
    table = _asked(fit, "spread")()
    (axis,) = panels(1, ax, columns=1, size=(4.6, 0.9 + 0.28 * max(4, len(table))))
    y = np.arange(len(table))[::-1]
    axis.hlines(y, table.observed, table.model, color=GREY, linewidth=0.8)
    axis.plot(table.observed, y, "o", color=BLUE, markersize=5, label="residuals")
    axis.plot(table.model, y, "D", color=VERMILION, markersize=4, label="model")
    axis.set(xlabel="standard deviation of residuals", yticks=y, yticklabels=list(table.index))
    axis.set_ylim(-0.6, len(table) - 0.4)
    own_legend(axis, ax is None)
    return axis


def _asked(fit: Any, name: str) -> Any:
    if not fit.structured_covariance or not hasattr(fit, name):
        raise ArgumentError(
            f"plots.{name} draws residuals beside their covariance: fit with residual= or dispersion=, or by "
            "ranef.gls() or ranef.mmrm()"
        )
    return in_pandas(getattr(fit, name))
