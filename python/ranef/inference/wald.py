"""Wald intervals of the variance parameters, on scales where a normal approximation is reasonable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtri

from ..arrays import FloatArray
from ..coordinates import term_factors
from ..errors import require_level
from ..estimates.parameters import ParameterNames
from ..estimates.unknown import known_sigma, unknown_limits, unknown_words, without_unknown
from ..fit import Fit
from ..frame.native import in_pandas
from ..theta import component_slopes, components, pack
from .methods import curvature


def component_errors(fit: Fit) -> pd.DataFrame:
    """Return estimates and standard errors of sigma, standard deviations and correlations.

    From the exact Hessian of the criterion the fit minimised, in theta and sigma, by the delta method.

    The columns are ``estimate``, ``se``, ``scale`` ("log" or "atanh") and ``se_scaled``, the standard error
    of the transformed parameter. NaN in the standard errors where there is no interior minimum: a standard
    deviation of zero, a correlation of -1 or 1, and the other parameters of a singular term.

    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> component_errors(fit)[["estimate", "se"]].round(3)
                                  estimate     se
    sigma                           25.592  1.508
    sd[Subject.Intercept]           24.740  5.836
    sd[Subject.Days]                 5.922  1.248
    corr[Subject.Days.Intercept]     0.066  0.325
    """
    model = fit.model
    names = ParameterNames.of(model)
    covariance = curvature(fit, "the table of variance components").core_covariance
    sigma, slopes = np.array([fit.sigma]), slopes_of_components(fit)
    sd, corr = components(list(model.term_widths), sigma, fit.theta[None])
    known = without_unknown(fit, np.concatenate([sd[0], corr[0]]))
    table = pd.DataFrame(
        {
            "estimate": np.append(known_sigma(fit), known),
            "scale": ["log"] * (1 + sd.size) + ["atanh"] * corr.size,
            "se_scaled": np.sqrt(np.einsum("ij,jk,ik->i", slopes, covariance, slopes)),
        },
        index=[names.residual, *names.sd, *names.corr],
    )
    scaled = table["se_scaled"]
    steepness = np.where(table["scale"] == "log", table["estimate"], 1 - table["estimate"] ** 2)
    table.insert(1, "se", scaled * steepness)
    table.loc[list(unknown_limits(fit)), ["se", "se_scaled"]] = np.nan
    return table


def slopes_of_components(fit: Fit) -> FloatArray:
    """Return derivatives of transformed sigma, standard deviations and correlations in the core's theta."""
    model, widths = fit.model, list(fit.model.term_widths)
    singular = np.isin(np.arange(len(widths)), [found.term for found in fit.optimum.boundary])
    inner = pack(term_factors(model.cross, fit.solution))[None]
    maps = [model.coordinates.modes_map(index) for index in range(len(widths))]
    return component_slopes(widths, np.array([fit.sigma]), inner, singular[None], maps)[0]


def component_table(fit: Fit, level: float = 0.95) -> pd.DataFrame:
    """Return sigma, standard deviations and correlations with their standard errors and Wald intervals.

    Parameters
    ----------
    fit : Fit
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    DataFrame
        Columns ``estimate``, ``se``, ``lower``, ``upper``: standard errors from the exact Hessian of the
        criterion, intervals on the log scale and on Fisher's z. Of a generalised model the dispersion is last
        in place of sigma. NaN for the parameters of a singular term,
        where the criterion has no curvature to speak of; ``attrs["notes"]`` names the terms.

    Raises
    ------
    ArgumentError
        A level that is not between 0 and 1.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.component_table().round(2)
                                  estimate    se  lower  upper
    sigma                            25.59  1.51  22.80  28.72
    sd[Subject.Intercept]            24.74  5.84  15.58  39.28
    sd[Subject.Days]                  5.92  1.25   3.92   8.95
    corr[Subject.Days.Intercept]      0.07  0.33  -0.52   0.61
    """
    require_level(level)
    errors = in_pandas(fit.component_errors)()
    table = pd.concat([errors[["estimate", "se"]], component_intervals(fit, level)], axis=1)
    table.attrs["notes"] = singular_notes(fit)
    return table


def cov_theta(fit: Fit) -> pd.DataFrame:
    """Return the asymptotic covariance of theta and sigma.

    Twice the inverse of the exact Hessian, in (theta, sigma), of the criterion the fit minimised, not
    profiled over sigma; theta on the user's scale, in the order of ``fit.theta``. Directions in which the
    criterion does not curve upwards, as at a boundary, are left out (a generalised inverse).

    Returns
    -------
    (k + 1, k + 1) DataFrame
        Labelled ``theta1``, ..., ``sigma``; ``attrs["notes"]`` names singular terms.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.cov_theta().round(4)
            theta1   sigma
    theta1  0.0534 -0.1233
    sigma  -0.1233  2.9828
    """
    own = ParameterNames.of(fit.model)
    names = [*own.theta, own.residual]
    covariance = curvature(fit, "cov_theta()").parameter_covariance
    table = pd.DataFrame(covariance, index=names, columns=names)
    table.attrs["notes"] = singular_notes(fit)
    return table


def singular_notes(fit: Fit) -> tuple[str, ...]:
    """Say which terms have no standard errors, and why."""
    labels = [fit.model.term_labels[i] for i in sorted({found.term for found in fit.optimum.boundary})]
    return (*unknown_words(fit), *_singular(labels))


def _singular(labels: list[str]) -> Iterator[str]:
    return (
        f"{label}: the fit is singular there, its variances and correlations have no standard errors; "
        "profile intervals have no such limit"
        for label in labels
    )


def component_intervals(fit: Fit, level: float) -> pd.DataFrame:
    """Return Wald intervals of sigma, standard deviations (log scale) and correlations (Fisher's z)."""
    table = in_pandas(fit.component_errors)()
    log = (table["scale"] == "log").to_numpy()
    ends = transformed_limits(table["estimate"].to_numpy(), table["se_scaled"].to_numpy(), log, level)
    limits = pd.DataFrame(np.column_stack(ends), index=table.index, columns=["lower", "upper"])
    for name, ends_of_range in unknown_limits(fit).items():
        limits.loc[name] = ends_of_range
    return limits


def transformed_limits(
    estimate: FloatArray, scaled: FloatArray, log: npt.NDArray[np.bool_], level: float
) -> tuple[FloatArray, FloatArray]:
    """Return Wald limits of what is normal on the log scale, or on Fisher's z, with standard errors there."""
    width = ndtri((1 + level) / 2) * scaled
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # an upper end of infinity
        centre = np.where(log, np.log(np.where(log, estimate, 1.0)), np.arctanh(np.where(log, 0.0, estimate)))
        lower, upper = (np.where(log, np.exp(x), np.tanh(x)) for x in (centre - width, centre + width))
    return lower, upper
