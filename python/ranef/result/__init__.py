"""What a fit shows: names for what the modules behind it compute. Growth happens there, never here.

The rooms, one subject a file: the fit itself (`fitted`), its parameters (`estimates`), tests (`inference`),
answers per row (`rows`). Here are the verbs that need the whole result: refits, intervals, reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from ..fit import checked_settings, fit_state
from ..model import Model
from ..optimize import DEFAULT
from .estimates import Estimates
from .inference import Inference
from .rows import Rows

if TYPE_CHECKING:
    import pandas as pd

    from ..bootstrap import BootstrapResult
    from ..plots.accessor import FitPlots
    from ..report.summary import Summary

__all__ = ["LmerResult", "fit_model"]


class LmerResult(Estimates, Inference, Rows):
    """A fitted linear mixed model.

    Nothing is computed before it is asked for: a thousand refits cost no more than their optimisation.

    Attributes
    ----------
    state : FitState
        Model, response and optimum: what everything else is derived from.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.varcorr
     Groups   Name      Std.Dev. Corr
     Subject  Intercept 24.7405
              Days       5.9221   0.066
     Residual           25.5918
    """

    def refit(self, y: npt.ArrayLike) -> LmerResult:
        """Fit the same model to another response, see `Model.fit`."""
        return LmerResult(fit_state(self.model, y, self.state.settings))

    def bootstrap(self, n: int, seed: Any = None, **options: Any) -> BootstrapResult:
        """Refit n replicates drawn from the fitted model, see `ranef.bootstrap.bootstrap`."""
        from ..bootstrap import bootstrap

        return bootstrap(self, n, seed=seed, **options)

    def conf_int(self, level: float = 0.95, method: str = "wald", **options: Any) -> pd.DataFrame:
        """Return confidence intervals, see `ranef.estimates.intervals.conf_int`."""
        from ..estimates.intervals import conf_int

        return conf_int(self, level, method, **options)

    def summary(self, ddf: str | None = "satterthwaite", stars: bool = True) -> Summary:
        """Return the summary in the layout of lmerTest, see `ranef.report.summary.summary`."""
        from ..report.summary import summary

        return summary(self, ddf, stars)

    def tidy(self, effects: str | Sequence[str] = ("fixed", "ran_pars"), **options: Any) -> Any:
        """Return one row per parameter, with broom's columns, see `ranef.report.broom.tidy`."""
        from ..report.broom import tidy

        return tidy(self, effects, **options)

    def glance(self) -> Any:
        """Return one row for the fit, see `ranef.report.broom.glance`."""
        from ..report.broom import glance

        return glance(self)

    def augment(self, data: Any = None, influence: bool = True) -> Any:
        """Return the rows with fitted values and residuals, see `ranef.report.broom.augment`."""
        from ..report.broom import augment

        return augment(self, data, influence)

    @property
    def plot(self) -> FitPlots:
        """Pictures of the fit, such as ``fit.plot.caterpillar()``, see `ranef.plots`."""
        from ..plots.accessor import FitPlots

        return FitPlots(self)

    def __repr__(self) -> str:
        from ..report.brief import brief

        return brief(self)

    def _repr_html_(self) -> str:
        from ..report.brief import brief_document
        from ..show import render

        return render(brief_document(self), "html")


def fit_model(
    model: Model,
    y: npt.ArrayLike | None,
    start: npt.ArrayLike | None,
    optimizer: str,
    max_evaluations: int | None,
    tolerance: float,
) -> LmerResult:
    """Fit a model, to its own response or to another one."""
    if start is None and optimizer == "newton" and max_evaluations is None and tolerance == DEFAULT.tolerance:
        settings = DEFAULT
    else:
        settings = checked_settings(model, start, optimizer, max_evaluations, tolerance)
    return LmerResult(fit_state(model, y, settings))
