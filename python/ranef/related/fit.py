"""Mixed models with relationship matrices: animal models, lines of a breeding trial, phylogenies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import require_sizes
from ..design import build_design
from ..errors import ArgumentError, quote_list, require_flag
from ..formula import Formula
from ..frame.factors import label_texts
from ..frame.native import library_name
from ..guidance.called import attribute
from ..refitted_fit import RefittedFit
from ..residual.rows_model import RowsModel
from ..tested_fit import TestedFit
from ..theta import unpack
from ..verbs import Answer, Verb
from .dense import DenseSums
from .optimum import RelatedOptimum, minimum
from .point import Point
from .relationship import read_relationships
from .sums import RelatedSums, related_sums


class RelatedModel(RowsModel):
    """A mixed model some of whose terms have a relationship matrix, not yet fitted."""

    _FOLLOWS = ("X", "sums", "dense_sums")

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
        self.design.require_more_rows(self.cross.rank)

    @property
    def term_labels(self) -> list[str]:
        """A label per random term: its group, and the column unless that is the intercept."""
        return [
            term.group if term.columns[0] == "Intercept" else f"{term.group}.{term.columns[0]}"
            for term in self.design.terms
        ]

    @property
    def term_widths(self) -> tuple[int, ...]:
        """Random effects of each term: one."""
        return (1,) * len(self.design.terms)

    def covariance_factors(self, theta: FloatArray) -> list[FloatArray]:
        """Return the relative standard deviation of each term, (1, 1)."""
        return unpack(theta, self.term_widths)

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
        return self.design, self.X, self.y, self.related, self.reml


@dataclass(eq=False, repr=False)
class RelatedFit(RefittedFit, TestedFit, kind="related"):
    """A mixed model with relationship matrices, fitted."""

    model: RelatedModel
    # relative standard deviations of the random terms, and the evidence
    optimum: RelatedOptimum = field(repr=False)
    method: str = "satterthwaite"  # the method of testing when a verb is given no other

    test_methods = Answer[Any]("related.methods:test_methods", shown=False)
    moved = Verb("related.methods:moved", shown=False)
    summary_of = Verb("related.report:RelatedSummary", shown=False)
    constrained = Verb("related.profile:RelatedDeviance", shown=False)
    heritability = Verb("related.heritability:heritability")
    further_parameters = Verb("related.refits:further_parameters", shown=False)
    refitted = Verb("related.refits:refitted", shown=False)
    left_out = Verb("related.refits:left_out", shown=False)
    component_columns = Verb("related.report:component_columns", shown=False)
    varcorr = Answer[Any]("estimates.varcorr:varcorr")

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
        return self.model.solution(self.point.beta, self.point.inner, self.point.squares)

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

    @cached_property
    def ranef(self) -> dict[str, pd.Series]:
        """Predicted effects of every term; with a relationship matrix of all levels that it names."""
        out = {}
        effects = self.model.sums.all_effects(self.point)
        for label, term, values in zip(self.model.term_labels, self.model.design.terms, effects, strict=True):
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
    return RelatedFit(model, minimum(model.sums, model.term_labels))
