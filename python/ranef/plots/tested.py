"""The pictures of a fit without tables of random effects: ``fit.plot.acf()``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..guidance.arguments import guided
from ..guidance.elsewhere import explained
from ..guidance.words_of_results import OF_PLOTS
from .canvas import Axes, panels, tidy, title
from .coefficients import coefficients
from .covariance import acf, spread
from .qq import draw_quantiles
from .residuals import draw_residuals

_LISTING = "it has acf(), coefficients(), qq(), residuals(), spread()"


class TestedPlots:
    """The pictures of one fit: residuals beside fitted values and normal quantiles, and beside the model.

    Called by itself, ``fit.plot()``, it draws both checks.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.plot.spread().get_xlabel()
    'standard deviation of residuals'
    """

    __test__ = False

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("fit.plot", OF_PLOTS, listing=lambda: _LISTING)

    def __init__(self, fit: Any) -> None:
        self._fit = fit

    def __call__(self) -> np.ndarray:
        """Draw residuals against fitted values and their quantiles side by side."""
        axes = panels(2, None, columns=2, size=(3.8, 3.3))
        self.residuals(axes[0])
        self.qq(axes[1])
        return axes

    @guided()
    def residuals(self, ax: Any = None) -> Axes:
        """Draw normalized residuals against fitted values."""
        return draw_residuals(self._fit, np.asarray(self._fit.residuals("normalized")), "residuals", ax)

    @guided()
    def qq(self, ax: Any = None, level: float = 0.95) -> Axes:
        """Draw quantiles of normalized residuals against normal ones."""
        (axis,) = panels(1, ax, columns=1, size=(3.6, 3.4))
        draw_quantiles(axis, np.sort(np.asarray(self._fit.residuals("normalized"))), level)
        title(axis, "normalized residuals")
        axis.set(xlabel="normal quantile", ylabel="normalized residual")
        tidy(axis)
        return axis

    @guided()
    def acf(self, lags: int | None = None, type: str = "pearson", ax: Any = None) -> Axes:
        """Draw the autocorrelation of residuals within subjects, see `ranef.plots.acf`."""
        return acf(self._fit, lags, type, ax)

    @guided()
    def spread(self, ax: Any = None) -> Axes:
        """Draw the standard deviation of residuals by stratum or visit, see `ranef.plots.spread`."""
        return spread(self._fit, ax)

    @guided()
    def coefficients(
        self,
        terms: Sequence[str] | str | None = None,
        intercept: bool = False,
        level: float = 0.95,
        ddf: str | None = None,
        ax: Any = None,
    ) -> Axes:
        """Draw the fixed effects with intervals, see `ranef.plots.coefficients`."""
        return coefficients(self._fit, terms=terms, intercept=intercept, level=level, ddf=ddf, ax=ax)

    def __repr__(self) -> str:
        return f"fit.plot: {_LISTING}"
