"""The criterion at convergence, or for maximum likelihood the table of information criteria."""

from __future__ import annotations

from ..fit import Fit
from ..show.numbers import format_common, round_to
from ..show.text import columns_of_text


def information(fit: Fit) -> dict[str, str]:
    """Return AIC, BIC, logLik, deviance and df.resid as text."""
    values = [fit.aic, fit.bic, fit.llf, fit.objective]
    texts = format_common([*round_to(values, 1), float(fit.df_resid)], 7)
    names = ("AIC", "BIC", "logLik", "deviance")
    return dict(zip(names, texts[:4], strict=True)) | {"df.resid": str(fit.df_resid)}


def criterion_lines(fit: Fit) -> list[str]:
    """Return the lines of the summary."""
    if fit.reml:
        return [f"REML criterion at convergence: {format_common(round_to([fit.objective], 1))[0]}"]
    table = information(fit)
    return columns_of_text(list(table), [[text] for text in table.values()], right=True)
