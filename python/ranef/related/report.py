"""The summary of a fit with relationship matrices."""

from __future__ import annotations

from typing import Any

from ..estimates.unknown import unknown_words
from ..report.summary import CoefficientSummary
from ..show import Document, Line, frame_table
from .heritability import shares


class RelatedSummary(CoefficientSummary):
    """The summary of a `RelatedFit`."""

    def document(self) -> Document:
        """Return the parts."""
        fit, by = self.fit, "REML" if self.fit.reml else "maximum likelihood"
        parts: list[Any] = [
            Line(f"Linear mixed model with relationship matrices fit by {by}", "title"),
            Line(fit.formula, "code"),
            Line(f"{fit.nobs:,} rows; criterion {fit.objective:.4f}, AIC {fit.aic:.1f}"),
            *(
                Line(
                    f"{one.group}: {len(one.places):,} levels with rows, {len(one.labels):,} in the "
                    "relationship matrix"
                )
                for one in fit.model.related.values()
            ),
            *(Line(one.remark) for one in fit.model.related.values() if one.remark),
            Line("; ".join([_message(fit), *unknown_words(fit)])),
            frame_table(shares(fit)),
            *self.coefficients(f"degrees of freedom: {self.ddf}"),
        ]
        return parts


def component_columns(fit: Any) -> dict[str, Any]:
    """Return the columns of a tidy table: standard deviations of the terms and the residual."""
    terms, sd = fit.model.design.terms, shares(fit).sd
    return {
        "effect": ["ran_pars"] * len(sd),
        "group": [*(term.group for term in terms), "Residual"],
        "term": [*(f"sd__{term.columns[0]}" for term in terms), "sd__Observation"],
        "estimate": sd.tolist(),
    }


def _message(fit: Any) -> str:
    if not fit.converged:
        return f"not converged: {fit.optimum.reason}"
    if fit.singular:
        known = zip(fit.model.term_labels, fit.theta, fit.optimum.unknown, strict=True)
        gone = [name for name, one, unknown in known if one == 0 and not unknown]
        return f"converged to a singular fit: the variance of {', '.join(gone)} is zero"
    return "converged: a minimum in the interior of the parameter space"
