"""Terms over locations, ``exp(0 + x + y | g)``: a random effect at every place where a row is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from ..arrays import FloatArray
from ..design import ModelMatrix
from ..errors import ArgumentError, DataError, FormulaError
from ..formula import RandomBar
from ..inference.predict import Asked
from ..inference.prediction import predicted as plain
from ..model import Model
from .scaled import BEYOND, Scaled
from .term_map import Hold, Range, pack

SPATIAL = ("exp",)
_REACH = Range(-40.0, 20.0, -2.0, 2.0)
MOST = 100  # places: a covariance matrix of their order is factored at every evaluation


class Exponential(Scaled):
    """One variance, and a correlation that falls as exp(-distance / range)."""

    def __init__(self, columns: tuple[str, ...], distance: FloatArray) -> None:
        super().__init__(columns, "cs", hom=True)
        self.unit = float(np.median(distance[distance > 0]))
        self._distance = distance / self.unit

    @property
    def size(self) -> int:
        return 2

    def _covariance(self, psi: FloatArray) -> FloatArray:
        if not np.abs(psi).max() < BEYOND:
            raise np.linalg.LinAlgError("no such covariance")
        return np.asarray(np.exp(2 * psi[0]) * np.exp(-self._distance * np.exp(-psi[1])))

    def theta(self, psi: FloatArray) -> FloatArray:
        return pack(np.linalg.cholesky(self._covariance(psi)))

    def jacobian(self, psi: FloatArray) -> FloatArray:
        """dL = L P(L^-1 dD L^-T), P the lower triangle with half the diagonal; of log sd it is L."""
        D = self._covariance(psi)
        L = np.linalg.cholesky(D)
        half = solve_triangular(L, D * self._distance * np.exp(-psi[1]), lower=True)
        inner = np.tril(solve_triangular(L, half.T, lower=True))
        inner[np.diag_indices(self.order)] /= 2
        return np.column_stack([pack(L), pack(L @ inner)])

    def starts(self, covariance: FloatArray | None) -> list[FloatArray]:
        return [np.array(start) for start in ((0.0, 0.0), (1.0, 1.5), (-0.5, -1.5))]

    def holds(self) -> list[Hold]:
        def reach(value: float, *_: Any) -> Any:
            return np.log(max(value, 1e-300) / self.unit)

        return [super().holds()[0], Hold("further", 0.0, np.inf, reach)]

    def natural(self, psi: FloatArray, sigma: float) -> list[tuple[str, float, FloatArray]]:
        sd, reach = float(sigma * np.exp(psi[0])), float(self.unit * np.exp(psi[1]))
        return [("sd", sd, np.array([sd, 0.0])), ("range", reach, np.array([0.0, reach]))]

    def ranges(self) -> list[Range]:
        return [super().ranges()[0], _REACH]


def with_locations(
    model: Model, bars: Sequence[RandomBar], text: str
) -> tuple[Model, list[FloatArray | None]]:
    """Return the model with a column per place in terms over locations, and the distances between places.

    Raises FormulaError: a term with a column that is no coordinate: an intercept.
    Raises DataError: fewer than two places, or more than can be factored.
    """
    distances: list[FloatArray | None] = [None] * len(bars)
    terms = list(model.design.terms)
    for k, (bar, term) in enumerate(zip(bars, terms, strict=True)):
        if bar.structure is None or bar.structure.name not in SPATIAL:
            continue
        if term.intercept >= 0 or "Intercept" in term.columns:
            raise FormulaError(
                f"{bar.structure.name}() takes coordinates: write {bar.structure.name}(0 + x + y | g)",
                text,
                bar.structure.position,
            )
        places, codes = np.unique(np.asarray(term.basis), axis=0, return_inverse=True)
        names = ", ".join(term.columns)
        if not 2 <= len(places) <= MOST:
            raise DataError(
                f"{bar.structure.name}({names} | {term.group}) has {len(places)} different places; from 2 "
                f"to {MOST} are possible: round the coordinates to a grid, or take residual='car1(time | "
                "subject)' for times"
            )
        columns = np.zeros((model.nobs, len(places)), order="F")
        columns[np.arange(model.nobs), codes.ravel()] = 1.0
        labels = tuple(f"({', '.join(f'{value:g}' for value in place)})" for place in places)
        matrix = ModelMatrix.of(columns)
        terms[k] = replace(term, columns=labels, matrix=matrix, intercept=-1, moments=None)
        distances[k] = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    if all(one is None for one in distances):
        return model, distances
    return model.variant(design=replace(model.design, terms=tuple(terms))), distances


def predicted(fit: Any, asked: Asked) -> Any:
    """Return predictions, see `predict`; of new rows not with exp(): its places are the data's."""
    if asked.newdata is not None and any(isinstance(one, Exponential) for one in fit.structured.maps):
        raise ArgumentError(
            "predictions of new rows are not available with exp(): their places need not be those of the data"
        )
    return plain(fit, asked)
