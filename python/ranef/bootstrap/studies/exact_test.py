"""The exact restricted likelihood-ratio test of one variance component.

Under the null hypothesis of no variance, Crainiceanu & Ruppert (2004, Likelihood ratio tests in linear mixed
models with one variance component, JRSS B 66) give the distribution of the statistic by its spectral form:
with mu_s the eigenvalues of Z'(I - P_X) Z, independent standard normals w_s, and lambda the variance over
sigma^2,

    RLRT = sup over lambda >= 0 of (n - p) log(1 + N / D) - sum_s log(1 + lambda mu_s)
    N = sum_s lambda mu_s / (1 + lambda mu_s) w_s^2,   D = sum_s w_s^2 / (1 + lambda mu_s) + chi2(n - p - K)

It needs no refit. Equal eigenvalues share one chi-square, so a balanced design costs one per replicate. With
other variance components in the model the form holds approximately (Greven, Crainiceanu, Küchenhoff & Peters
2008, Restricted likelihood ratio testing for zero variance components in linear mixed models, JCGS 17).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...design import Design, RandomTerm
from ...errors import ArgumentError
from ...fit import Fit
from ...frame.native import as_it_came
from ...guidance.arguments import guided
from ...guidance.old_names import old_attribute
from ...guidance.refusals import require
from ...inference.likelihood import by_reml
from ...show import Printed
from ..checks import checked_seed, whole_number

_GRID = np.concatenate([[0.0], np.exp(np.linspace(-12.0, 12.0, 97))])  # of lambda times the mean eigenvalue
_REFINEMENTS = 40
_EQUAL = 1e-9
_AT_A_TIME = 20_000
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class ExactRLRT(Printed):
    """An exact restricted likelihood-ratio test; prints itself.

    Attributes
    ----------
    term : str
        The random effect that is tested.
    formula : str
    statistic : float
        Difference of the REML criteria.
    p : float
        Share of the simulated statistics that are as large.
    exact : bool
        Whether it is the only variance component.
    reference : numpy.ndarray
        The simulated statistics.
    """

    term: str
    formula: str
    statistic: float
    p: float
    exact: bool
    reference: np.ndarray = field(repr=False)

    pvalue = old_attribute("p")

    def _p_text(self) -> str:
        return f"p = {self.p:.4g}" if self.p > 0 else f"p < {1 / len(self.reference):.2g}"

    def __str__(self) -> str:
        kind = "Exact" if self.exact else "Approximate (other components in the model)"
        return (
            f"{kind} restricted likelihood-ratio test of {self.term}\n  {self.formula}\n"
            f"  RLRT = {self.statistic:.5g}, {self._p_text()} ({len(self.reference):,} simulated values)"
        )


@guided()
@as_it_came
def exact_rlrt(
    fit: Fit,
    null: Fit | None = None,
    n: int = 10_000,
    seed: int | np.random.SeedSequence | None = None,
) -> ExactRLRT:
    """Test whether one variance component is zero.

    Parameters
    ----------
    fit : Fit
        With the component. ML fits are fitted again by REML.
    null : Fit, optional
        The same model without the component, whose random effects are otherwise the same. Not needed when
        the component is the only one of `fit`.
    n : int
        Simulated values of the statistic.
    seed : int, numpy.random.SeedSequence or None

    Returns
    -------
    ExactRLRT

    Raises
    ------
    ArgumentError
        If what is tested is not one uncorrelated random effect.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> test = ranef.exact_rlrt(fit, seed=1)
    >>> round(test.statistic, 4), 0.002 < test.p < 0.008
    (6.369, True)
    """
    count = whole_number(n, "n", "the number of simulated values")
    generator = np.random.default_rng(checked_seed(seed))
    for one in (fit,) if null is None else (fit, null):
        require(one, "exact_rlrt")
    fit = by_reml(fit)
    term = _tested(fit, null)
    if null is None:
        statistic = fit.model.objective(np.zeros(1)) - fit.objective
    else:
        statistic = by_reml(null).objective - fit.objective
    design, kept = fit.model.design, fit.model.cross.columns
    reference = simulate_rlrt(spectrum(design, term, kept), design.nobs - len(kept), count, generator)
    value = max(statistic, 0.0)
    return ExactRLRT(
        str(term), fit.formula, value, float(np.mean(reference >= value)), null is None, reference
    )


def spectrum(design: Design, term: RandomTerm, kept: np.ndarray) -> np.ndarray:
    """Eigenvalues of Z'(I - P_X) Z of a term with one column, (levels,); rows times the roots of weights."""
    weights = np.ones(design.nobs) if design.weights is None else design.weights
    levels, codes, z = term.factor.n_levels, term.factor.codes, term.basis[:, 0]
    X = design.X[:, kept] * np.sqrt(weights)[:, None]
    basis = np.linalg.qr(X / np.linalg.norm(X, axis=0))[0] * np.sqrt(weights)[:, None]
    zx = np.reshape([np.bincount(codes, z * column, levels) for column in basis.T], (len(kept), levels)).T
    gram = np.diag(np.bincount(codes, weights * z * z, levels)) - zx @ zx.T
    return np.maximum(np.linalg.eigvalsh(gram), 0.0)


def simulate_rlrt(eigenvalues: np.ndarray, df: int, n: int, generator: np.random.Generator) -> np.ndarray:
    """Values of the statistic under the null hypothesis.

    eigenvalues: of Z'(I - P_X) Z.
    df: n - p.
    n: how many.
    """
    mu, multiplicity = _distinct(eigenvalues)
    rest = df - multiplicity.sum()
    out = np.empty(n)
    for first in range(0, n, _AT_A_TIME):
        count = min(_AT_A_TIME, n - first)
        squares = generator.chisquare(multiplicity, (count, len(mu)))
        other = generator.chisquare(rest, count) if rest > 0 else np.zeros(count)
        out[first : first + count] = _supremum(mu / mu.mean(), multiplicity, squares, other, df)
    return out


def _distinct(eigenvalues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positive eigenvalues without repetition, and how often each occurs."""
    ordered = np.sort(eigenvalues)
    ordered = ordered[ordered > _EQUAL * ordered[-1]]
    if len(ordered) == 0:
        raise ArgumentError(
            "the columns of the random effect are combinations of the fixed effects, so there is no "
            "variance to test: leave those fixed effects out"
        )
    group = np.concatenate([[0], np.cumsum(np.diff(ordered) > _EQUAL * ordered[-1])])
    count = np.bincount(group)
    return np.bincount(group, ordered) / count, count


def _supremum(
    mu: np.ndarray, multiplicity: np.ndarray, squares: np.ndarray, other: np.ndarray, df: int
) -> np.ndarray:
    """The supremum over lambda of each replicate: the best of a grid, then golden sections around it."""
    total = squares.sum(axis=1) + other

    def value(lam: np.ndarray) -> np.ndarray:
        shrink = 1.0 / (1.0 + lam[:, None] * mu)
        left = np.einsum("ij,ij->i", squares, shrink) + other
        return df * np.log(total / left) + np.log(shrink) @ multiplicity

    grid = np.stack([value(np.full(len(total), lam)) for lam in _GRID], axis=1)
    best = grid.argmax(axis=1)
    low, high = _GRID[np.maximum(best - 1, 0)], _GRID[np.minimum(best + 1, len(_GRID) - 1)]
    for _ in range(_REFINEMENTS):
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        left = value(a) > value(b)
        low, high = np.where(left, low, a), np.where(left, b, high)
    return np.maximum(np.maximum(value(0.5 * (low + high)), grid.max(axis=1)), 0.0)


def _tested(fit: Fit, null: Fit | None) -> RandomTerm:
    """The one term with one column that distinguishes the two models."""
    terms = {(term.group, term.columns): term for term in fit.model.design.terms}
    without = set() if null is None else {(term.group, term.columns) for term in null.model.design.terms}
    tested = [term for key, term in terms.items() if key not in without]
    if len(tested) != 1 or len(tested[0].columns) != 1 or not without <= set(terms):
        have = "; ".join(map(str, tested)) or "none"
        raise ArgumentError(
            "exact_rlrt tests one uncorrelated random effect, such as (1 | g) or (0 + x | g), that fit has "
            f"and null= has not; here: {have}. For anything else: ranef.pbtest(small, large)"
        )
    if null is not None and not np.array_equal(null.y, fit.y):
        raise ArgumentError("fit and null= are fitted to different rows or responses: fit both to the same")
    return tested[0]
