"""What a fit shows of itself in one glance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import FitError, quote_list
from ..estimates.fixed import dropped_columns
from ..estimates.varcorr import component_columns
from ..fit import Fit
from ..show import Document, Line, Table, render
from ..show.numbers import format_common
from ..show.text import folded, table_lines

_LONG_NAME = 24  # characters


def how_fitted(fit: Fit) -> str:
    """Return ``"Linear mixed model fit by REML"`` or ``"... by maximum likelihood"``."""
    return f"Linear mixed model fit by {'REML' if fit.reml else 'maximum likelihood'}"


def groups_line(fit: Fit) -> str:
    """Return ``"Number of obs: 183, groups:  subject, 20"``."""
    groups = "; ".join(f"{name}, {count}" for name, count in fit.ngroups.items())
    return f"Number of obs: {fit.nobs}, groups:  {groups}"


def brief(fit: Fit, criterion: bool = True) -> str:
    """Return formula, criterion, variance components and fixed effects; the criterion can be left out."""
    lines = [f"{how_fitted(fit)} ['ranef']", f"Formula: {fit.formula}"]
    name = "REML criterion" if fit.reml else "deviance"
    try:
        lines += [f"{name} at convergence: {fit.objective:.4f}"] if criterion else []
        lines += ["Random effects:", str(fit.varcorr)]
    except FitError as error:
        return "\n".join([*lines, str(error)])
    lines += [groups_line(fit), "Fixed effects:"]
    names = [str(name) for name in fit.params.index]
    lines += coefficient_lines(names, format_common(fit.params.to_numpy(), 4))
    return "\n".join(folded([*lines, *_certificate(fit)]))


def whole(fit: Any) -> str:
    """Return the summary as text, of fits that have no shorter word of themselves."""
    return str(fit.summary())


def whole_html(fit: Any) -> str:
    """Return the same as HTML."""
    return str(fit.summary().to_html())


def coefficient_lines(names: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Return estimates under their names; below each other where the names are long."""
    if names and max(map(len, names)) > _LONG_NAME:
        return table_lines(["", "Estimate"], [names, texts], [False, True])
    return table_lines(names, [[" " + text] for text in texts], right=True, labels=0)


def brief_html(fit: Fit, criterion: bool = True) -> str:
    """Return the same as HTML."""
    return render(_document(fit, criterion), "html")


def _document(fit: Fit, criterion: bool) -> Document:
    title = [Line(how_fitted(fit), "title"), Line(fit.formula, "code")]
    try:
        components = component_columns(fit.varcorr, ("Variance", "Std.Dev."), 4)
    except FitError as error:
        return [*title, Line(str(error))]
    texts = format_common(fit.params.to_numpy(), 4), format_common(fit.bse.to_numpy(), 4)
    names = [str(name) for name in fit.params.index]
    reached = f"{'REML criterion' if fit.reml else 'Deviance'} {fit.objective:.4f}. " if criterion else ""
    return [
        *title,
        Line(f"{reached}{groups_line(fit)}"),
        Table("Random effects", *components, labels=2),
        Table("Fixed effects", ["", "Estimate", "Std. Error"], [names, *texts], labels=1),
        *map(Line, _certificate(fit)),
    ]


def remarks(fit: Fit) -> list[str]:
    """Return what a reader must know besides the numbers: rows and columns dropped, then the certificate."""
    lines, design, dropped = [], fit.model.design, dropped_columns(fit)
    if design.n_dropped:
        counts = ", ".join(f"{name} {count}" for name, count in design.missing.items())
        rows = "row was" if design.n_dropped == 1 else "rows were"
        lines.append(f"{design.n_dropped} {rows} dropped for missing values ({counts})")
    if dropped:
        what = "column was" if len(dropped) == 1 else "columns were"
        lines.append(
            f"{len(dropped)} {what} dropped, being linearly dependent on others: {quote_list(dropped)}"
        )
    return [*lines, *_certificate(fit)]


def _certificate(fit: Fit) -> list[str]:
    optimum = fit.optimum
    said = getattr(optimum, "flat", None) is not None or bool(getattr(optimum, "limit", None))
    quiet = fit.converged and not fit.singular and not said
    return [] if quiet else [fit.optimum.message]
