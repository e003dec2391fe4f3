"""The parameters that can be profiled: names, estimates, bounds, and how the core holds each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ...errors import ArgumentError, quote_list
from ...estimates.parameters import ParameterNames
from ...fit import Fit

GROUPS = ("fixed", "random", "theta", "all")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a fit."""

    # as in the bootstrap's tables: a coefficient's name, ``sigma``, ``sd[subject.days]``,
    # ``corr[subject.days.Intercept]``, ``theta1``
    name: str
    kind: str  # {"coefficient", "sigma", "sd", "correlation", "theta", "further"}
    estimate: float  # NaN for a correlation with an effect of no variance
    lower: float = -np.inf  # lower, upper: values it can have
    upper: float = np.inf
    scale: float = 1.0  # guess of its standard error: the length of the first step
    # term, row, column: where it is: index of the random term, and in it; `row` is the column of X of a
    # coefficient
    term: int = 0
    row: int = 0
    column: int = 0


def parameters_of(fit: Fit) -> dict[str, Parameter]:
    """Return every parameter by name: coefficients that were fitted, sigma, sd, correlations, theta."""
    model, sigma = fit.model, fit.sigma
    names = ParameterNames.of(model)
    errors = np.sqrt(np.diag(fit.vcov))
    found = [
        Parameter(names.coefficients[j], "coefficient", float(fit.beta[j]), scale=float(errors[j]), row=j)
        for j in model.cross.columns
    ]
    relative = 1 / np.sqrt(2 * model.design.nobs)
    found.append(Parameter(names.residual, "sigma", sigma, lower=0.0, scale=sigma * relative))
    sd, corr, theta = iter(names.sd), iter(names.corr), iter(names.theta)
    deviations, correlations, factors = [], [], []
    for index, (term, factor) in enumerate(
        zip(model.design.terms, model.covariance_factors(fit.theta), strict=True)
    ):
        size = np.linalg.norm(factor, axis=1)
        relative = 1 / np.sqrt(2 * term.factor.n_levels)
        unit = np.linalg.norm(model.coordinates.modes_map(index), axis=1)
        least = np.maximum(size, 0.1 * unit)  # of the sd relative to sigma, for the first step
        for i in range(len(term.columns)):
            deviations.append(
                Parameter(
                    next(sd), "sd", sigma * size[i], 0.0, scale=sigma * least[i] * relative, term=index, row=i
                )
            )
        for c in range(len(term.columns)):
            for r in range(c, len(term.columns)):
                factors.append(
                    Parameter(
                        next(theta),
                        "theta",
                        factor[r, c],
                        0.0 if r == c else -np.inf,
                        scale=least[r] * relative,
                        term=index,
                        row=r,
                        column=c,
                    )
                )
                if r > c:
                    length = size[r] * size[c]
                    value = float(np.clip(factor[r] @ factor[c] / length, -1, 1)) if length > 0 else np.nan
                    correlations.append(
                        Parameter(next(corr), "correlation", value, -1.0, 1.0, relative, index, r, c)
                    )
    return {p.name: p for p in (*found, *deviations, *correlations, *factors)}


def chosen(known: dict[str, Parameter], wanted: str | Iterable[str] | None) -> list[Parameter]:
    """Return the parameters asked for.

    wanted: names, ``"fixed"`` (coefficients), ``"random"`` (sigma, standard deviations, correlations),
        ``"theta"``, ``"all"``; by default fixed and random.
    Raises ArgumentError: a name that is no parameter; the message lists those there are.
    """
    kinds = {
        "fixed": ("coefficient",),
        "random": ("sigma", "sd", "correlation", "further"),
        "theta": ("theta",),
        "all": ("coefficient", "sigma", "sd", "correlation", "further", "theta"),
    }
    names = ("fixed", "random") if wanted is None else (wanted,) if isinstance(wanted, str) else tuple(wanted)
    out: dict[str, Parameter] = {}
    for name in names:
        if name in known:
            out[name] = known[name]
        elif name in kinds:
            out.update((p.name, p) for p in known.values() if p.kind in kinds[name])
        else:
            raise ArgumentError(
                f"parameters: there is no parameter {name!r}. There are {quote_list(known, 30)}; "
                f"and the groups {quote_list(GROUPS)}"
            )
    if not out:
        raise ArgumentError("parameters= is empty: name one or more, or leave it out")
    return list(out.values())
