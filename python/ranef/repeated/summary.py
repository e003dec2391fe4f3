"""The summary of a fit for repeated measures, in the order of a trial report."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ..formula.visit_term import STRUCTURES
from ..report.tables import coefficient_parts
from ..show import Document, Line, Printed
from ..show.parts import Table

if TYPE_CHECKING:
    from .fit import VisitFit

_METHODS = {
    "kenward-roger": "Kenward and Roger, parameters of PROC MIXED",
    "kenward-roger-linear": "Kenward and Roger, linear variant",
    "kenward-roger-mmrm": "Kenward and Roger, parameters of R's mmrm",
    "satterthwaite": "Satterthwaite",
    "CR0": "robust by subject, CR0",
    "CR2": "robust by subject, CR2",
    "CR3": "robust by subject, CR3",
    "residual": "residual degrees of freedom",
    "normal": "normal",
}


@dataclass(frozen=True, eq=False, repr=False)
class VisitSummary(Printed):
    """The summary; ``ddf`` is the method of testing of its table."""

    fit: VisitFit = field(repr=False)
    ddf: str
    digits: int = 4

    def document(self) -> Document:
        """Return the parts."""
        fit = self.fit
        by = "REML" if fit.reml else "maximum likelihood"
        parts: list[Line | Table] = [
            Line(f"Mixed model for repeated measures fit by {by}", "title"),
            Line(fit.formula, "code"),
        ]
        parts += [Line(text) for text in self._data()]
        parts.append(
            Line(f"Covariance over visits: {fit.structure}, {STRUCTURES[fit.structure]}{self._arms()}")
        )
        parts += [Line(text) for text in self._attempts()]
        criterion = "REML criterion at convergence" if fit.reml else "Deviance"
        parts.append(
            Line(
                f"{criterion}: {fit.objective:.4f}, AIC {fit.aic:.1f}, BIC {fit.bic:.1f} ({self._counted()})"
            )
        )
        parts.append(Line(fit.message))
        parts += coefficient_parts(fit, self.ddf, f"Coefficients ({_METHODS[self.ddf]})", self.digits)
        for table in fit.residual.document()[1:]:  # behind what the head says already
            of = f", {table.caption}" if table.caption else ""
            parts.append(replace(table, caption=f"Standard deviations and correlations of visits{of}"))
        return parts

    def _data(self) -> list[str]:
        fit, plan, design = self.fit, self.fit.plan, self.fit.model.design
        lines = [
            f"{plan.subjects:,} subjects, {plan.visits} visits, {fit.nobs:,} rows, "
            f"{plan.patterns} pattern{'s' if plan.patterns != 1 else ''} of missing visits"
        ]
        if design.n_dropped:
            counts = ", ".join(f"{name} {count}" for name, count in design.missing.items())
            rows = "row was" if design.n_dropped == 1 else "rows were"
            lines.append(f"{design.n_dropped} {rows} dropped for missing values ({counts})")
        if plan.by_rows:
            lines.append(str(plan))
        return lines + list(fit.model.visits.remarks)

    def _arms(self) -> str:
        by = self.fit.model.term.by
        return f", a matrix for every level of {':'.join(by)}" if by else ""

    def _attempts(self) -> list[str]:
        return [f"{one.structure} was not used: {one.reason}" for one in self.fit.attempts[:-1]]

    def _counted(self) -> str:
        what = "covariance parameters" if self.fit.reml else "parameters"
        return f"{self.fit.n_counted} {what}, n = {self.fit.nsubjects} subjects"


def summary(fit: VisitFit, ddf: str | None = None) -> VisitSummary:
    """Return the summary of a fit; `ddf` is the method of testing of its table, by default the fit's own.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + toeph(visit | id)", ranef.datasets.load("asthma"))
    >>> print(fit.summary())
    Mixed model for repeated measures fit by REML
    fev1 ~ arm * visit + toeph(visit | id)
    188 subjects, 4 visits, 654 rows, 10 patterns of missing visits
    Covariance over visits: toeph, Toeplitz, a variance per visit
    ...
    """
    return VisitSummary(fit, ddf or fit.method)
