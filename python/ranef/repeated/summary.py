"""The summary of a fit for repeated measures, in the order of a trial report."""

from __future__ import annotations

from dataclasses import replace

from ..formula.visit_term import STRUCTURES
from ..report.summary import CoefficientSummary
from ..show import Document, Line
from ..show.parts import Table

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


class VisitSummary(CoefficientSummary):
    """The summary of a `VisitFit`."""

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
        parts += self.coefficients(_METHODS.get(self.ddf, ""))
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
