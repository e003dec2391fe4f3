"""The summary of a fit by iterations: that of any fit, and what the iterations leave uncertain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ..frame.native import in_pandas
from ..report.brief import brief as plain_brief
from ..report.brief import brief_html as plain_brief_html
from ..report.summary import Shown
from ..report.summary import summary_of as plain_summary
from ..show import Document, Line, Printed, frame_table
from .parts import parts_words


@dataclass(frozen=True, eq=False, repr=False)
class IterativeSummary(Printed):
    """A summary with the Monte Carlo errors below.

    Attributes
    ----------
    plain : Summary
    components : DataFrame
        Estimates of the covariance parameters, their standard and Monte Carlo errors.
    words : tuple of str
        What was done.
    """

    plain: Any = field(repr=False)
    components: pd.DataFrame = field(repr=False)
    words: tuple[str, ...] = ()

    def document(self) -> Document:
        """Return the parts."""
        title = "Covariance parameters and their Monte Carlo errors"
        return [*self.plain.document(), frame_table(self.components, title), *map(Line, self.words)]

    def __str__(self) -> str:
        lines = [str(self.plain), "", "Covariance parameters and their Monte Carlo errors:"]
        return "\n".join([*lines, self.components.to_string(float_format=lambda v: f"{v:.4g}"), *self.words])


def summary_of(fit: Any, shown: Shown) -> IterativeSummary:
    """Return the summary of a fit with random effects, and the Monte Carlo errors."""
    table = in_pandas(fit.component_table)()[["estimate", "se", "mc_error"]]
    return IterativeSummary(plain_summary(fit, shown), table, _words(fit))


def _first_words(fit: Any) -> str:
    optimum = fit.optimum
    return (
        f"Fitted by iterations: traces by {optimum.probes} probes (seed {fit.iterations.seed}), at most "
        f"{optimum.iterations} iterations a solve; Monte Carlo error at most {optimum.worst_error:.2%} of a "
        "standard error"
    )


def _words(fit: Any) -> tuple[str, ...]:
    return (
        _first_words(fit),
        "Standard errors of the covariance parameters by the observed information, to within "
        f"{fit.errors.se_error:.2%} (Monte Carlo)",
        f"The criterion is an estimate with standard error {fit.objective_error:.2g}",
        *parts_words(fit.model),
    )


def brief(fit: Any) -> str:
    """Return the short form as text: without the criterion, which costs a fifth of the fit."""
    return f"{plain_brief(fit, criterion=False)}\n{_first_words(fit)}"


def brief_html(fit: Any) -> str:
    """Return the short form as HTML."""
    return f"{plain_brief_html(fit, criterion=False)}<p>{_first_words(fit)}</p>"
