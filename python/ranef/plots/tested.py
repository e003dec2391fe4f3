"""The pictures of a fit without tables of random effects: ``fit.plot.acf()``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..guidance.arguments import guided
from .accessor import Pictures, method
from .canvas import Axes, panels, title
from .coefficients import coefficients
from .covariance import acf, spread
from .qq import draw_quantiles
from .residuals import draw_residuals


class TestedPlots(Pictures):
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

    def __call__(self) -> np.ndarray:
        """Draw residuals against fitted values and their quantiles side by side."""
        axes = panels(2, None, columns=2, size=(3.8, 3.3))
        self.residuals(axes[0])
        self.qq(axes[1])
        return axes

    acf = method(acf)
    coefficients = method(coefficients)

    @guided()
    def qq(self, ax: Any = None, level: float = 0.95) -> Axes:
        """Draw quantiles of normalized residuals against normal ones."""
        (axis,) = panels(1, ax, columns=1, size=(3.6, 3.4))
        draw_quantiles(axis, np.asarray(self._fit.residuals("normalized")), level, "normalized residual")
        title(axis, "normalized residuals")
        return axis

    @guided()
    def residuals(self, ax: Any = None) -> Axes:
        """Draw normalized residuals against fitted values."""
        return draw_residuals(self._fit, np.asarray(self._fit.residuals("normalized")), "residuals", ax)

    spread = method(spread)
