"""Mixed models with relationship matrices: animal models, lines of a breeding trial, phylogenies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import EstimatedColumns, require_sizes
from ..design import build_design
from ..errors import ArgumentError, quote_list, require_flag
from ..formula import Formula
from ..frame.factors import label_texts
from ..frame.native import library_name
from ..guidance.called import attribute
from ..refitted_fit import RefittedFit
from ..residual.gls_model import independent
from ..tested_fit import TestedFit
from ..verbs import Answer, Verb
from .dense import DenseSums
from .optimum import RelatedOptimum, minimum
from .point import Point
from .relationship import read_relationships
from .sums import RelatedSums, related_sums


class RelatedModel:
    """A mixed model some of whose terms have a relationship matrix, not yet fitted."""

    streamed = False
    whitened = True

    def __init__(
        self, formula: Formula, data: Any, reml: bool, weights: Any, offset: Any, relationship: Any
    ) -> None:
        self.formula, self.reml = formula, require_flag("reml", reml)
        self.data_library = library_name(data)
        self.design = build_design(formula, data, weights, offset, allow_saturated=True)
        require_sizes(self.design)
        wide = [str(term.group) for term in self.design.terms if len(term.columns) != 1]
        if wide:
            raise ArgumentError(
                f"with relationship= every random term has one column, and those of {quote_list(wide)} have "
                "more: write (1 | g), or (x || g) for slopes that do not correlate with the intercept"
            )
        self.related = read_relationships(relationship, self.design.factors)
        self.cross = EstimatedColumns(independent(self.design.X))
        self.design.require_more_rows(self.cross.rank)

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.design.nobs

    @property
    def coordinates(self) -> Any:
        """Those of the sums."""
        return self.sums.coordinates

    @property
    def labels(self) -> list[str]:
        """A label per random term: its group, and the column unless that is the intercept."""
        return [
            term.group if term.columns[0] == "Intercept" else f"{term.group}.{term.columns[0]}"
            for term in self.design.terms
        ]

    @cached_property
    def sums(self) -> RelatedSums:
        """What the criterion is made of."""
        return related_sums(*self._parts)

    @cached_property
    def dense_sums(self) -> DenseSums:
        """The same from dense matrices, for tests that need them."""
        sums = self.sums
        return sums if isinstance(sums, DenseSums) else DenseSums(*self._parts)

    @property
    def _parts(self) -> tuple[Any, ...]:
        design = self.design
        columns = np.asarray(design.X[:, self.cross.columns])
        return design, columns, design.without_offset(design.response), self.related, self.reml

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("sums", "dense_sums")}


@dataclass(eq=False, repr=False)
class RelatedFit(RefittedFit, TestedFit, kind="related"):
    """A mixed model with relationship matrices, fitted."""

    model: RelatedModel
    # relative standard deviations of the random terms, and the evidence
    optimum: RelatedOptimum = field(repr=False)
    method: str = "satterthwaite"  # the method of testing when a verb is given no other

    test_methods = Answer[Any]("related.methods:test_methods", shown=False)
    summary_of = Verb("related.report:RelatedSummary", shown=False)
    profile = Verb("related.profile:profile")
    heritability = Verb("related.heritability:heritability")
    refit = Verb("related.refits:refit")
    further_parameters = Verb("related.refits:further_parameters", shown=False)
    again = Verb("related.refits:again", shown=False)
    left_out = Verb("related.refits:left_out", shown=False)
    component_columns = Verb("related.report:component_columns", shown=False)

    @cached_property
    def point(self) -> Point:
        """The criterion at the optimum and what follows from it."""
        return self.model.sums.at(self.theta**2)

    @attribute
    def theta(self) -> FloatArray:
        """Standard deviation of every random term over sigma."""
        return self.optimum.theta

    @cached_property
    def solution(self) -> dict[str, Any]:
        """``beta``, ``vcov`` over the kept columns, ``internal_vcov`` in those of the sums, ``sigma``."""
        point, sums = self.point, self.model.sums
        variance = point.squares / sums.nu
        inner = variance * point.inner
        vcov = sums.coordinates.covariance(inner)
        return {"beta": point.beta, "vcov": vcov, "internal_vcov": inner, "sigma": float(variance**0.5)}

    @attribute
    def objective(self) -> float:
        """REML criterion or deviance at the optimum, with lmer's constants."""
        return self.optimum.value

    @property
    def converged(self) -> bool:
        """Whether the gradient is zero and the curvature positive, or a boundary true."""
        return self.optimum.converged

    @property
    def singular(self) -> bool:
        """Whether a term has no variance."""
        return bool((self.theta[~self.optimum.unknown] == 0).any())

    @attribute
    def sigma(self) -> float:
        """Residual standard deviation."""
        return float(self.solution["sigma"])

    @attribute
    def df_model_total(self) -> int:
        """Number of parameters: coefficients, variances of terms, sigma."""
        return self.model.cross.rank + len(self.theta) + 1

    @property
    def varcorr(self) -> pd.DataFrame:
        """Standard deviation, variance and share of the total variance of every term and the residual."""
        sd = self.sigma * np.append(np.where(self.optimum.unknown, np.nan, self.theta), 1.0)
        table = pd.DataFrame({"sd": sd, "variance": sd**2}, index=[*self.model.labels, "Residual"])
        table["share"] = table.variance / table.variance.sum(skipna=False)
        return table

    @cached_property
    def ranef(self) -> dict[str, pd.Series]:
        """Predicted effects of every term; with a relationship matrix of all levels that it names."""
        out = {}
        effects = self.model.sums.all_effects(self.point)
        for label, term, values in zip(self.model.labels, self.model.design.terms, effects, strict=True):
            known = self.model.related.get(term.group)
            levels = label_texts(term.factor.levels) if known is None else list(known.labels)
            out[label] = pd.Series(values, index=levels, name=label)
        return out

    predicted = Verb("related.rows:predicted", shown=False)

    drawn = Verb("related.rows:drawn", shown=False)

    @attribute
    def fittedvalues(self) -> Any:
        """Fitted values with random effects on the rows used, (n,); a Series with the labels of pandas."""
        return self.predict()


def fit_related(
    formula: Formula,
    data: Any,
    reml: bool,
    weights: str | npt.ArrayLike | None,
    offset: str | npt.ArrayLike | None,
    relationship: Any,
) -> RelatedFit:
    """Fit a model with ``relationship=``."""
    model = RelatedModel(formula, data, reml, weights, offset, relationship)
    return RelatedFit(model, minimum(model.sums, model.labels))
