"""The parametric-bootstrap likelihood-ratio test of two nested models.

Halekoh & Højsgaard (2014), A Kenward-Roger approximation and parametric bootstrap methods for tests in linear
mixed models, Journal of Statistical Software 59(9), section 5. With the statistic T, d the difference in the
number of coefficients, and T* of responses drawn from the small model and refitted by both:

========  ==============================================================================================
PBtest    p = (1 + #{T* >= T}) / (1 + number of T*)
Gamma     the gamma distribution with the mean and variance of T*
Bartlett  d T / mean(T*), against chi-square with d degrees of freedom
F         T / d, against F with d and 2 m / (m - 1) degrees of freedom, m = mean(T*) / d: the F whose mean is
          that of T* / d (a chi-square where m <= 1). pbkrtest 0.5.2 has m = mean(T*), the same for d = 1
========  ==============================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...errors import RowsNotKeptError
from ...fit import Fit
from ...frame.native import as_it_came, in_pandas
from ...guidance.arguments import guided
from ...guidance.old_names import old_attribute
from ...inference.likelihood import by_maximum_likelihood
from ...show import Document, Line, Printed, frame_table
from ..checks import checked_seed, checked_threads, whole_number
from ..draws.streams import stream_key
from ..draws.true_parameters import true_parameters
from .nested import nested_columns, require_nested
from .pairs import Pair

ROWS_WANTED = (
    "pbtest draws a response for every row, and the rows of a fit of batches or sums are not kept: compare "
    "the fits by ranef.anova(), or fit both to rows in memory"
)


@dataclass(frozen=True, eq=False, repr=False)
class PBTest(Printed):
    """A bootstrap likelihood-ratio test; prints itself.

    Attributes
    ----------
    small, large : str
        Formulas.
    statistic : float
        Difference of the two deviances, or of the REML criteria where the fixed effects are the same.
    df : int
        Difference of the number of parameters.
    fixed : bool
        Whether fixed effects are tested; else only variance components are.
    criterion : str
        ``"ML"`` or ``"REML"``.
    reference : numpy.ndarray
        T* of the replicates that both models could be fitted to.
    n : int
        Replicates drawn.
    seed : int or numpy.random.SeedSequence
    families : str
        What is tested where it is the distribution of the response.
    """

    small: str
    large: str
    statistic: float
    df: int
    fixed: bool
    criterion: str
    reference: np.ndarray = field(repr=False)
    n: int
    seed: int | np.random.SeedSequence
    families: str = ""

    @property
    def p(self) -> float:
        """Of the bootstrap test itself (row ``PBtest``)."""
        extreme = int(np.count_nonzero(self.reference >= self.statistic))
        return (1 + extreme) / (1 + len(self.reference))

    pvalue = old_attribute("p")

    @property
    def pvalue_error(self) -> float:
        """Monte Carlo standard error of `p`."""
        return float(np.sqrt(self.p * (1.0 - self.p) / max(len(self.reference), 1)))

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """One row per way to judge the statistic.

        Returns
        -------
        DataFrame
            Rows ``LRT`` (chi-square, too small for variance components), ``PBtest``, and for fixed effects
            ``Gamma``, ``Bartlett`` and ``F``; columns ``stat``, ``df``, ``ddf``, ``p``.
        """
        from scipy import stats

        t, d, nan = self.statistic, self.df, float("nan")
        rows = {"LRT": (t, d, nan, stats.chi2.sf(t, d)), "PBtest": (t, nan, nan, self.p)}
        if self.fixed:
            mean, variance = self.reference.mean(), self.reference.var(ddof=1)
            ratio = mean / d
            ddf = 2.0 * ratio / (ratio - 1.0) if ratio > 1.0 else float("inf")
            p_f = stats.f.sf(t / d, d, ddf) if np.isfinite(ddf) else stats.chi2.sf(t, d)
            rows["Gamma"] = (t, nan, nan, stats.gamma.sf(t, mean**2 / variance, scale=variance / mean))
            rows["Bartlett"] = (t / ratio, d, nan, stats.chi2.sf(t / ratio, d))
            rows["F"] = (t / d, d, ddf, p_f)
        return pd.DataFrame(rows, index=["stat", "df", "ddf", "p"]).T.rename_axis("test")

    def _heading(self) -> list[str]:
        used = f"{len(self.reference):,} replicates"
        if len(self.reference) < self.n:
            used += f" ({self.n - len(self.reference):,} more could not be fitted)"
        tested = self.families or ("fixed effects" if self.fixed else "variance components")
        return [
            f"Parametric bootstrap test of {tested} ({self.criterion})",
            f"  large: {self.large}",
            f"  small: {self.small}",
            f"  {used}, seed {self.seed}; standard error of PBtest's p {self.pvalue_error:.2g}",
        ]

    def document(self) -> Document:
        """Return the parts."""
        return [*map(Line, self._heading()), frame_table(in_pandas(self.to_frame)(), digits=5)]


@guided()
@as_it_came
def pbtest(
    small: Fit,
    large: Fit,
    n: int = 1000,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    progress: bool = True,
) -> PBTest:
    """Test a fit against a smaller one by the parametric bootstrap of the likelihood ratio.

    Responses are drawn from the small model and fitted by both. Where the small model's random effects are
    columns of the large one's, their cross-products are drawn, at a cost that does not depend on the number
    of rows; where a covariance has a structure (``residual=``, ``dispersion=``, structured terms, ``gls``,
    ``mmrm``) both are refitted by rows, as they are.

    Parameters
    ----------
    small, large : Fit
        Nested models of the same rows. Where their fixed effects differ both are fitted by maximum likelihood
        for the test; where they are the same and both are REML fits, the REML criterion is compared. Any
        number of variance components can be tested at once.
    n : int
        Replicates.
    seed : int, numpy.random.SeedSequence or None
    n_threads : int, optional
    progress : bool

    Returns
    -------
    PBTest

    Raises
    ------
    ArgumentError
        If the models are not of the same rows, or not nested.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> small = ranef.lmer("Reaction ~ Days + (1 | Subject)", data)
    >>> large = ranef.lmer("Reaction ~ Days + (Days | Subject)", data)
    >>> test = ranef.pbtest(small, large, 1000, seed=1, progress=False)
    >>> round(test.statistic, 2), test.p < 0.01
    (42.84, True)
    """
    own = getattr(large, "pbtest_against", None)  # a kind of fit that is refitted in another way
    if own is not None:
        return own(small, n, seed, n_threads)
    for fit in (large, small):  # by rows, where a covariance has a structure
        by_refits = getattr(fit, "pbtest_by_refits", None)
        if by_refits is not None:
            return by_refits(small, large, n, seed, n_threads, progress)
    count = whole_number(n, "n", "the number of replicates")
    seed = checked_seed(seed)
    threads = checked_threads(n_threads)
    if small.model.streamed or large.model.streamed:
        raise RowsNotKeptError(ROWS_WANTED)
    columns = nested_columns(small, large)
    fixed = columns.shape[0] > columns.shape[1]
    if fixed or not (small.reml and large.reml):
        small, large = by_maximum_likelihood(small), by_maximum_likelihood(large)
    require_nested(small, large)
    key, seed = stream_key(seed)
    pair = Pair.of(small, large, columns, small, true_parameters(small))
    ratios = pair.ratios(key, count, threads, progress=bool(progress))
    return ratio_test(small, large, ratios, count, fixed, seed)


def ratio_test(
    small: Any, large: Any, ratios: np.ndarray, count: int, fixed: bool, seed: Any, families: str = ""
) -> PBTest:
    """Return the test of two fits from the ratios of their replicates, NaN where a refit failed."""
    return PBTest(
        small=small.formula,
        large=large.formula,
        statistic=max(small.objective - large.objective, 0.0),
        df=large.df_model_total - small.df_model_total,
        fixed=fixed,
        criterion="REML" if small.reml else "ML",
        reference=np.maximum(ratios[np.isfinite(ratios)], 0.0),  # rounding, where both end in one place
        n=count,
        seed=seed,
        families=families,
    )
