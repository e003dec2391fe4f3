"""A model's parameters by name: coefficients, sigma, theta, and the variance components they imply."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..model import Model
from ..theta import components, correlation_names, count


@dataclass(frozen=True)
class ParameterNames:
    """Names of everything a replicate estimates.

    >>> names = ParameterNames(("Intercept", "days"), (0, 1), (("subject", ("Intercept", "days")),))
    >>> names.theta
    ('theta1', 'theta2', 'theta3')
    >>> names.sd, names.corr
    (('sd[subject.Intercept]', 'sd[subject.days]'), ('corr[subject.days.Intercept]',))
    """

    coefficients: tuple[str, ...]  # all fixed effects, those dropped for rank deficiency included
    kept: tuple[int, ...]  # which of them are fitted
    # tuple of (str, tuple of str): of every random term a name for its group and the names of its columns
    terms: tuple[tuple[str, tuple[str, ...]], ...]
    # tuple of (str, int, int): grouping factors as the core orders them: name, levels, random effects per
    # level
    groups: tuple[tuple[str, int, int], ...] = ()
    # whether theta gives standard deviations themselves, not relative to sigma (generalised models)
    absolute: bool = False
    has_sigma: bool = True  # whether sigma is a parameter: not of a Poisson or binomial model

    @classmethod
    def of(cls, model: Model) -> ParameterNames:
        """The names of a model's parameters."""
        terms = model.design.terms
        pairs = Counter((term.group, column) for term in terms for column in term.columns)
        # A group's name says enough unless two terms give it the same column.
        clear = max(pairs.values(), default=1) == 1
        labels = [term.group for term in terms] if clear else model.term_labels
        return cls(
            tuple(model.design.column_names),
            tuple(int(column) for column in model.cross.columns),
            tuple((label, tuple(term.columns)) for label, term in zip(labels, terms, strict=True)),
            tuple(
                (model.cross.factors[given].group, int(levels), int(width))
                for given, (levels, width) in zip(
                    model.cross.design.factor_order, model.cross.design.shapes, strict=True
                )
            ),
            model.absolute_theta,
            model.has_sigma,
        )

    @property
    def n_theta(self) -> int:
        """Number of covariance parameters."""
        return sum(count(len(columns)) for _, columns in self.terms)

    def free(self, name: str) -> str:
        """Return a name that no coefficient bears: with a dot before it if one does, as R's ``.sigma``."""
        while name in self.coefficients:
            name = f".{name}"
        return name

    @property
    def residual(self) -> str:
        """``sigma``; ``.sigma`` beside a predictor of that name."""
        return self.free("sigma")

    @property
    def scale(self) -> tuple[str, ...]:
        """The name of sigma, if it is a parameter."""
        return (self.residual,) if self.has_sigma else ()

    @property
    def theta(self) -> tuple[str, ...]:
        """``theta1``, ``theta2``, ..."""
        return tuple(self.free(f"theta{i + 1}") for i in range(self.n_theta))

    @property
    def errors(self) -> tuple[str, ...]:
        """``se[coefficient]`` of every coefficient."""
        return tuple(f"se[{name}]" for name in self.coefficients)

    @property
    def sd(self) -> tuple[str, ...]:
        """``sd[group.column]`` of every random effect."""
        return tuple(f"sd[{label}.{column}]" for label, columns in self.terms for column in columns)

    @property
    def corr(self) -> tuple[str, ...]:
        """``corr[group.below.above]`` of every pair of random effects of a term, as lme4 orders theta."""
        return tuple(f"corr[{name}]" for name in correlation_names(self.terms))

    @property
    def all(self) -> tuple[str, ...]:
        """Coefficients, ``sigma`` if there is one, theta, standard deviations, correlations."""
        return (*self.coefficients, *self.scale, *self.theta, *self.sd, *self.corr)

    def values(self, coefficients: np.ndarray, sigma: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """The numbers of `all`, from those of the fitted coefficients, sigma and theta.

        coefficients: (n, rank).
        sigma: (n,).
        theta: (n, n_theta).
        Returns (n, len(all)).
        """
        scale = sigma[:, None][:, : len(self.scale)]
        return np.hstack([self.spread(coefficients), scale, theta, self.components(sigma, theta)])

    def components(self, sigma: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """The numbers of `sd` and `corr`, see `components`."""
        if not self.terms:
            return np.empty((len(sigma), 0))
        sigma = np.ones_like(sigma) if self.absolute else sigma
        return np.hstack(components([len(columns) for _, columns in self.terms], sigma, theta))

    def spread(self, fitted: np.ndarray) -> np.ndarray:
        """Columns of the fitted coefficients put among all coefficients, NaN where one was dropped."""
        out = np.full((len(fitted), len(self.coefficients)), np.nan)
        out[:, list(self.kept)] = fitted
        return out
