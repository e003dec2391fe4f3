"""Tests of linear hypotheses about the fixed effects."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from ..fit import Fit
from ..frame.native import as_it_came
from ..guidance.old_names import old_attribute
from ..show import Document, Line, Printed, frame_table
from .hypothesis import read_hypothesis
from .methods import chosen_ddf, method
from .pvalues import ALTERNATIVES, f_p_value, t_p_values
from .testing import Method


@dataclass(frozen=True, eq=False, repr=False)
class LinearTest(Printed):
    """A tested hypothesis.

    Attributes
    ----------
    each : DataFrame
        One row per contrast, in words: ``estimate``, ``se``, ``df``, ``t``, ``p`` (two-sided in a joint
        test).
    F, num_df, den_df : float, int, float
        The joint test; for one contrast F = t^2.
    sum_sq, mean_sq : float
        On the scale of the residual variance.
    p : float
        Of the whole hypothesis, for the alternative asked for.
    ddf, alternative : str

    Notes
    -----
    For one contrast ``estimate``, ``se``, ``df`` and ``t`` are numbers too.
    """

    each: pd.DataFrame
    F: float
    num_df: int
    den_df: float
    sum_sq: float
    mean_sq: float
    p: float
    ddf: str
    alternative: str
    title: str = field(repr=False, default="Linear hypothesis")

    @property
    def estimate(self) -> float:
        """Estimated value of the only contrast."""
        return self._single("estimate")

    @property
    def se(self) -> float:
        """Standard error of the only contrast."""
        return self._single("se")

    @property
    def df(self) -> float:
        """Degrees of freedom of the t test, or of the denominator of F."""
        return self.den_df

    @property
    def t(self) -> float:
        """Statistic of the only contrast: (estimate - rhs) / se."""
        return self._single("t")

    pvalue = old_attribute("p")

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row: the t test of one contrast, the F test of several."""
        if len(self.each) == 1:
            return self.each.copy()
        names = ("sum_sq", "mean_sq", "num_df", "den_df", "F", "p")
        return pd.DataFrame([{name: getattr(self, name) for name in names}], index=["joint"])

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(self.each, self._heading, digits=5), *map(Line, self._joint())]

    @property
    def _heading(self) -> str:
        return f"{self.title}, {self.ddf}, {self.alternative}"

    def _joint(self) -> list[str]:
        if len(self.each) == 1:
            return []
        return [f"joint: F({self.num_df}, {self.den_df:.6g}) = {self.F:.6g}, p = {self.p:.4g}"]

    def _single(self, name: str) -> float:
        if len(self.each) != 1:
            count = len(self.each)
            raise AttributeError(f"a joint test of {count} contrasts has no single {name}: see .each")
        return float(self.each[name].iloc[0])


def test(
    fit: Fit,
    L: Any,
    ddf: str | None = "default",
    alternative: str = "two-sided",
    rhs: npt.ArrayLike = 0.0,
) -> LinearTest:
    """Test linear hypotheses about the coefficients, L beta = rhs.

    Parameters
    ----------
    fit : Fit
    L : str, sequence of str, mapping, or array
        In words, ``"days = 0"``, ``"service[T.1] - 2*lectage = 0"``, several as a list or separated by
        commas; ``"days > 0"`` to show that it is, one-sided (``alternative="greater"``); names with their
        weights; or numbers, one row per contrast and one column per coefficient.
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        Degrees of freedom, as in `coef_table`.
    alternative : {"two-sided", "less", "greater"}
        Of one contrast against its value; a joint test has no direction.
    rhs : float or (m,) array
        Value under the hypothesis.

    Returns
    -------
    LinearTest

    Raises
    ------
    ArgumentError
        If a coefficient does not exist or was dropped, numbers have the wrong shape, an alternative or a
        method does not exist, a joint test is given a direction, or contrasts contradict each other.

    References
    ----------
    Fai & Cornelius (1996), Journal of Statistical Computation and Simulation 54, 363-378, for the joint
    test with Satterthwaite's degrees of freedom; Kenward & Roger (1997), Biometrics 53, 983-997.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> test = fit.test("Days = 8", alternative="greater")
    >>> round(test.estimate, 3), round(test.df, 3), round(test.t, 3), round(test.p, 3)
    (10.467, 17.0, 1.596, 0.064)
    """
    require_choice("alternative", alternative, ALTERNATIVES)
    L, alternative = _directed(L, alternative, fit.model.design.column_names)
    hypothesis = read_hypothesis(fit, L, rhs)
    if alternative != "two-sided" and len(hypothesis.rhs) > 1:
        raise ArgumentError(
            f"alternative='{alternative}' has a direction, a joint test of {len(hypothesis.rhs)} hypotheses "
            "has none: test them one by one, or use alternative='two-sided'"
        )
    ddf = chosen_ddf(fit, ddf)
    tests = method(fit, ddf)
    contrasts = hypothesis.contrasts[:, fit.model.cross.columns]
    difference = contrasts @ fit.solution["beta"] - hypothesis.rhs
    _require_consistent(contrasts, hypothesis.rhs)
    each = _each(tests, contrasts, difference, hypothesis.rhs, alternative)
    each.index = hypothesis.labels(fit.model.design.column_names)
    joint = tests.f_statistic(contrasts, difference)
    mean = joint.unscaled * fit.sigma**2
    p = float(each["p"].iloc[0]) if len(each) == 1 else f_p_value(joint.value, joint.num_df, joint.den_df)
    return LinearTest(
        each, joint.value, joint.num_df, joint.den_df, mean * joint.num_df, mean, p, ddf, alternative
    )


def _directed(L: Any, alternative: str, names: Sequence[str]) -> tuple[Any, str]:
    """Read ``"days > 0"`` as ``"days = 0"`` against the alternative that is greater."""
    if not isinstance(L, str) or not re.search("[<>]", L) or any(re.search("[<>]", name) for name in names):
        return L, alternative
    sides = re.split("[<>]=?", L)
    direction = "greater" if ">" in L else "less"
    if len(sides) > 2 or re.search(r"(?<![<>])=", L):
        raise ArgumentError(f"one direction at a time, such as 'days > 0', not {L!r}")
    if alternative not in ("two-sided", direction):
        raise ArgumentError(f"{L!r} asks for alternative='{direction}', not '{alternative}'")
    return f"{sides[0]} = {sides[1]}", direction


def _each(
    tests: Method, contrasts: FloatArray, difference: FloatArray, rhs: FloatArray, alternative: str
) -> pd.DataFrame:
    se = np.sqrt(np.diag(tests.between(contrasts)))
    df = np.array([tests.df(row) for row in contrasts])
    t = difference / se
    columns = {"estimate": difference + rhs, "se": se, "df": df, "t": t, "p": t_p_values(t, df, alternative)}
    return pd.DataFrame(columns)


def _require_consistent(contrasts: FloatArray, rhs: FloatArray) -> None:
    """Raise unless some beta satisfies every hypothesis."""
    found, _, rank, _ = np.linalg.lstsq(contrasts, rhs, rcond=None)
    size = max(1.0, float(np.abs(rhs).max()))
    if rank < len(rhs) and np.abs(contrasts @ found - rhs).max() > 1e-8 * size:
        raise ArgumentError("the hypotheses contradict each other: no coefficients satisfy all of them")
