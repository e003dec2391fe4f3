"""Fits whose residuals differ in variance, or are correlated in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..cached import cached_property
from ..errors import RowsNotKeptError
from ..fit import Fit, fit_response
from ..guidance.called import attribute, attribute_of
from ..model import Model
from ..optimize import DEFAULT, Settings
from ..verbs import Answer, RowVerb, Verb
from .correlated_fit import NoiseFit
from .flat import flat_of_mixed, with_elements
from .model import ResidualModel
from .noise import Noise
from .optimum import minimum, of_both
from .starts import starts, weak_start
from .sums import ResidualSums
from .unknown_errors import known_covariance


@dataclass(frozen=True, eq=False, repr=False)
class ResidualFit(NoiseFit, Fit, kind="residual"):
    """A linear mixed model whose residuals have a covariance of their own, a `Fit` in all else.

    Standard errors of coefficients take the parameters of the residuals as known, as nlme does; their degrees
    of freedom (Satterthwaite's) do not.

    Attributes
    ----------
    outer : OuterOptimum
        Over the parameters of the residuals.
    """

    outer: Any = None

    moved = Verb("residual.methods:moved", shown=False)
    test_methods = Answer[Any]("residual.methods:test_methods", shown=False)
    summary_of = Verb("residual.report:summary_of", shown=False)
    component_columns = Verb("residual.report:component_columns", shown=False)
    __repr__ = Verb("residual.report:brief")
    _repr_html_ = Verb("residual.report:brief_html")
    drawn = Verb("residual.rows:drawn_mixed", shown=False)
    predicted = Verb("residual.rows:predicted_mixed", shown=False)
    free_theta = True
    refitted = Verb("residual.refits:refitted", shown=False)
    constrained = Verb("residual.nested_profile:ResidualConstrained", shown=False)
    leverage = RowVerb("diagnostics.groups_by_refits:leverage")

    @cached_property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (p, p), NaN where dropped or without an estimate."""
        return attribute_of("fit.vcov", self.padded(known_covariance(self)))

    @property
    def singular(self) -> bool:
        """Whether a random effect, or the residuals of a stratum, have no variance."""
        return bool(self.optimum.singular or self.outer.boundary)

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: fixed effects, theta, sigma and those of the residuals."""
        return self.model.n_parameters + len(self.outer.phi)


def fit_residual(
    model: Model, data: Any, residual: str | None, dispersion: str | None
) -> ResidualFit:
    """Fit a model with ``residual=`` or ``dispersion=``.

    For every parameter of the residuals the random effects are fitted exactly, from sums over the rows that
    are made once; the outer minimum is found from several starts by BFGS with the exact gradient.
    """
    if model.streamed:
        raise RowsNotKeptError(
            "residual= and dispersion= need the rows, which were read in batches: give one table"
        )
    noise = Noise.of(model, data, residual, dispersion)
    base, sums = ResidualModel.of(model, noise), ResidualSums(model, noise)
    begin = starts(sums.cells, sums.squares(np.zeros(noise.size)))
    if len(begin) > 1:  # else the rows tell enough
        begin += weak_start(sums.cells, begin[0])
    return minimised(base, sums, begin, DEFAULT)


def minimised(
    base: ResidualModel, sums: ResidualSums, begin: Sequence[FloatArray], settings: Settings
) -> ResidualFit:
    """Minimise the criterion over the parameters of the residuals, from each start; the lowest end counts."""
    found = minimum(sums.criterion, begin, sums.cells, partial(flat_of_mixed, base))
    fit = fit_response(base.at(found.phi, sums), None, settings)
    optimum = fit.optimum
    if found.flat is not None and found.flat.elements.any():
        optimum = replace(optimum, flat=with_elements(fit.model, optimum.flat, found.flat))
    return ResidualFit(fit.model, fit.y, fit.response, of_both(optimum, found), settings, found)
