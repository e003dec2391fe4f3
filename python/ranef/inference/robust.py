"""Cluster-robust covariance of the fixed effects: right even where the random effects are not.

References
----------
Liang & Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73, 13-22 (CR0).
Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples,
Survey Methodology 28, 169-181 (CR2, degrees of freedom).
Pustejovsky & Tipton (2018), Small-sample methods for cluster-robust variance estimation and hypothesis
testing in fixed effects models, Journal of Business & Economic Statistics 36, 672-683.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..coordinates import Coordinates
from ..errors import ArgumentError, DataError, quote_list, require_choice
from ..estimates.prediction import population
from ..fit import Fit
from ..frame.native import as_it_came, in_pandas
from ..guidance.old_names import also_called
from ..show import Document, Printed, frame_table
from .equations import Equations
from .pvalues import t_p_values

TYPES = ("CR0", "CR1", "CR2")


@dataclass(frozen=True, eq=False, repr=False)
class RobustCovariance(Printed):
    """A cluster-robust covariance matrix of the fixed effects.

    Attributes
    ----------
    type : str
    cluster : str
    n_clusters : int
    cov : DataFrame
        NaN in row and column of a dropped coefficient.
    df : Series
        Satterthwaite degrees of freedom of each coefficient.
    """

    type: str
    cluster: str
    n_clusters: int
    cov: pd.DataFrame = field(repr=False)
    df: pd.Series = field(repr=False)
    params: pd.Series = field(repr=False)

    @as_it_came
    def coef_table(self, alternative: str = "two-sided") -> pd.DataFrame:
        """Return estimate, se, df, t and p of every coefficient."""
        se = pd.Series(np.sqrt(np.diag(self.cov)), index=self.params.index)
        t = self.params / se
        p = t_p_values(t.to_numpy(), self.df.to_numpy(), alternative)
        return pd.DataFrame({"estimate": self.params, "se": se, "df": self.df, "t": t, "p": p})

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(in_pandas(self.coef_table)(), self._title)]

    @property
    def _title(self) -> str:
        return f"{self.type}, {self.n_clusters} clusters ({self.cluster})"


@also_called(cluster="group")
def robust(fit: Fit, group: str | npt.ArrayLike | None = None, type: str = "CR2") -> RobustCovariance:
    """Return a cluster-robust covariance matrix of the fixed effects.

    Parameters
    ----------
    fit : Fit
    group : str or (n,) array, optional
        A grouping factor of the model, or a label per used row. By default the grouping factor within whose
        levels all others are nested.
    type : {"CR2", "CR1", "CR0"}
        CR0: residuals as they are. CR1: times J / (J - 1). CR2: unbiased when the model is right, the best
        with few clusters.

    Returns
    -------
    RobustCovariance
        ``coef_table()`` for t tests with Satterthwaite degrees of freedom (Bell & McCaffrey).

    Raises
    ------
    ArgumentError
        An unknown type or grouping factor, or one in which another is not nested: the message names it.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.robust().coef_table().round(3)
               estimate     se    df       t    p
    Intercept   251.405  6.825  17.0  36.838  0.0
    Days         10.467  1.546  17.0   6.771  0.0
    """
    require_choice("type", type, TYPES)
    name, codes = _clusters(fit, group)
    count = int(codes.max()) + 1
    if count < 2:
        raise DataError("group= has one level: robust standard errors need several, the more the better")
    parts = _Parts.of(fit, codes, count, type)
    scores = parts.scores
    covariance = parts.coordinates.covariance(parts.bread @ (scores.T @ scores) @ parts.bread)
    if type == "CR1":
        covariance *= count / (count - 1)
    names = list(fit.model.design.column_names)
    return RobustCovariance(
        type,
        name,
        count,
        pd.DataFrame(fit.padded(covariance), index=names, columns=names),
        pd.Series(fit.padded(parts.degrees_of_freedom()), index=names, name="df"),
        pd.Series(fit.beta.copy(), index=names, name="estimate"),
    )


@dataclass(frozen=True, eq=False)
class _Parts:
    """Sums over clusters, in the core's coordinates."""

    coordinates: Coordinates
    bread: FloatArray  # (p, p): (X'V^-1 X)^-1
    scores: FloatArray  # (J, p): X_c'V_c^-1 A_c e_c
    # own, cross (J, p, p): S_c'V_c S_c and X_c'S_c with S_c = A_c'V_c^-1 X_c: what degrees of freedom need
    own: FloatArray
    cross: FloatArray

    @classmethod
    def of(cls, fit: Fit, codes: npt.NDArray[np.intp], count: int, type: str) -> _Parts:
        design, kept = fit.model.design, fit.model.cross.columns
        system = fit.equations
        X, residual, p = system.coordinates.fixed(design.X[:, kept]), fit.y - population(fit), len(kept)
        bread: FloatArray = fit.sigma**2 * system.C
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=count))
        scores, own, cross = np.empty((count, p)), np.empty((count, p, p)), np.empty((count, p, p))
        for c, rows in enumerate(np.split(order, ends[:-1])):
            V = _covariance(fit, system, rows)
            solved = np.linalg.solve(V, X[rows])
            S = solved if type != "CR2" else _adjusted(V, X[rows], bread) @ solved
            scores[c] = S.T @ residual[rows]
            own[c] = S.T @ V @ S
            cross[c] = X[rows].T @ S
        return cls(system.coordinates, bread, scores, own, cross)

    def degrees_of_freedom(self) -> FloatArray:
        """Satterthwaite: 2 E^2 / Var of the robust variance of each coefficient under the model."""
        out = np.empty(len(self.bread))
        for k, row in enumerate(self.coordinates.fixed(np.eye(len(self.bread))) @ self.bread):
            diagonal = np.einsum("i,cij,j->c", row, self.own, row)
            u = self.cross @ row
            P = np.diag(diagonal) - u @ self.bread @ u.T
            out[k] = np.trace(P) ** 2 / np.sum(P**2)
        return out


def _adjusted(V: FloatArray, X: FloatArray, bread: FloatArray) -> FloatArray:
    """Return A_c' with A_c (V_c - X_c M X_c') A_c' = V_c: D'(D (V - X M X') D')^(-1/2) D, V = D'D."""
    D = np.linalg.cholesky(V).T
    B = D @ (V - X @ bread @ X.T) @ D.T
    values, vectors = np.linalg.eigh((B + B.T) / 2)
    kept = values > 1e-10 * values[-1]
    root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return D.T @ root @ D


def _covariance(fit: Fit, system: Equations, rows: npt.NDArray[np.intp]) -> FloatArray:
    """Return the covariance matrix of some rows."""
    design = fit.model.design
    V = fit.model.residual_covariance(rows)
    for index, term in enumerate(design.terms):
        half, codes = system.loadings(index, term.basis[rows]), term.factor.codes[rows]
        V += np.where(codes[:, None] == codes[None, :], half @ half.T, 0.0)
    return fit.sigma**2 * V


def _clusters(fit: Fit, group: Any) -> tuple[str, npt.NDArray[np.intp]]:
    """Return name and codes of the clusters, every grouping factor nested in them."""
    factors = fit.model.design.factors
    if group is None:
        outer = min(factors, key=lambda factor: factor.n_levels)
        name, codes = outer.name, outer.codes
    elif isinstance(group, str):
        found = [factor for factor in factors if factor.name == group]
        if not found:
            raise ArgumentError(
                f"group={group!r}: the grouping factors are {quote_list(f.name for f in factors)}; "
                "for another variable give its values"
            )
        name, codes = group, found[0].codes
    else:
        values = np.asarray(group)
        if values.shape != (fit.model.design.nobs,):
            raise ArgumentError(f"group= must have one label per used row, {fit.model.design.nobs}")
        name, codes = "cluster", np.unique(values, return_inverse=True)[1].astype(np.int32)
    for factor in factors:
        pairs = np.unique(np.column_stack([factor.codes, codes]), axis=0)
        if len(pairs) > factor.n_levels:
            raise ArgumentError(
                f"levels of '{factor.name}' lie in several clusters of '{name}', so clusters are not "
                "independent: every grouping factor must be nested in group="
            )
    return name, np.asarray(codes, dtype=np.intp)
