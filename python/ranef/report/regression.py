"""Several fits side by side: the regression table of papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import floor, log10
from typing import Any

import numpy as np
import pandas as pd

from ..errors import ArgumentError, require_choice, require_level
from ..fit import Fit
from ..frame.native import as_it_came
from ..guidance.arguments import guided
from ..show import Document, Line, Printed, Table
from ..show.numbers import significance_stars
from ..show.text import columns_of_text, fold, in_width, width
from .broom import fixed_columns

STATISTICS = {
    "se": "Standard errors in parentheses.",
    "ci": "{level:g} % confidence intervals in brackets.",
    "t": "t values in parentheses.",
    "p": "p-values in parentheses.",
    "none": "",
}
LEGEND = "+ p < 0.1, * p < 0.05, ** p < 0.01, *** p < 0.001."
INCOMPARABLE = "AIC and BIC of REML fits with different fixed effects cannot be compared."


@dataclass(frozen=True, eq=False, repr=False)
class RegressionTable(Printed):
    """Fits side by side: prints itself, as HTML in a notebook; ``.to("latex")``, ``.to("markdown")``.

    Attributes
    ----------
    frame : DataFrame
        The numbers: columns ``model``, ``part`` ("fixed" or "random"), ``term``, ``estimate``, ``std_error``,
        ``statistic``, ``df``, ``p_value``, ``conf_low``, ``conf_high``.
    names : tuple of str
        Of the models.
    rows : list
        The texts: a label, then one text per model.
    rules : tuple of int
        Rows followed by a line.
    notes : tuple of str
    """

    frame: pd.DataFrame
    names: tuple[str, ...]
    rows: list[list[str]] = field(repr=False)
    rules: tuple[int, ...]
    notes: tuple[str, ...]

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return the numbers, one row per model and parameter."""
        return self.frame.copy()

    def document(self) -> Document:
        """Return the table and its notes."""
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        table = Table("", ["", *self.names], columns, labels=1, rules=self.rules)
        return [table, *map(Line, self.notes)]

    def __str__(self) -> str:
        headers = ["", *self.names]
        rows, ends = self._folded()
        columns = [list(column) for column in zip(*rows, strict=True)]
        sizes = [max(map(len, (name, *column))) for name, column in zip(headers, columns, strict=True)]
        parts = []
        for block in in_width(sizes, 1, width()):  # the fits that stand side by side
            sides = [k > 0 for k in range(len(block))]
            lines = columns_of_text([headers[k] for k in block], [columns[k] for k in block], sides)
            rule = "-" * max(map(len, lines))
            for after in sorted(self.rules, reverse=True):
                lines.insert(ends[after] + 2, rule)
            parts += [lines[0], rule, *lines[1:], rule]
        return "\n".join([*parts, *self.notes])

    def _folded(self) -> tuple[list[list[str]], list[int]]:
        """Return the rows with labels in several lines where they are long, and the last line of each row."""
        texts_of_fits = zip(self.names, *(row[1:] for row in self.rows), strict=True)
        sizes = [max(map(len, texts)) + 1 for texts in texts_of_fits]
        room = max(width() - sum(sizes), width() // 2)  # all fits side by side, where labels stay readable
        lines: list[list[str]] = []
        ends = []
        for label, *texts in self.rows:
            *first, last = fold(label, room)
            lines += [[piece, *("" for _ in texts)] for piece in first]
            lines.append([last, *texts])
            ends.append(len(lines) - 1)
        return lines, ends


@guided(
    output="print it, or write modelsummary(...).to_latex(), .to_html() or .to_markdown()",
    fmt="write digits=",
)
@as_it_came
def modelsummary(
    *fits: Any,
    names: Sequence[str] | None = None,
    statistic: str = "se",
    stars: bool = True,
    digits: int = 3,
    level: float = 0.95,
    ddf: str | None = "default",
) -> RegressionTable:
    """Put several fits side by side in one table.

    Parameters
    ----------
    *fits : Fit
        In the order of the columns; or one list of them, or one dict of them by the headers.
    names : sequence of str, optional
        Headers; ``(1)``, ``(2)``, ... by default.
    statistic : {"se", "ci", "t", "p", "none"}
        What to print below an estimate.
    stars : bool
        Mark small p-values.
    digits : int
        Significant digits of the smallest standard error in a row; its estimates have as many decimals.
    level : float
        Coverage of the intervals.
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal"}
        By default Satterthwaite's; normal for a generalised model. Method of the tests and intervals, as in
        ``fit.coef_table``.

    Returns
    -------
    RegressionTable

    Raises
    ------
    ArgumentError
        Without fits, for another number of names than fits, or for an unknown statistic.

    Examples
    --------
    >>> import ranef
    >>> sleep = ranef.datasets.load("sleepstudy")
    >>> formulas = ["Reaction ~ Days + (1 | Subject)", "Reaction ~ Days + (Days | Subject)"]
    >>> print(ranef.modelsummary(*[ranef.lmer(f, sleep) for f in formulas], names=["lines", "slopes"]))
                                    lines    slopes
    -----------------------------------------------
    Intercept                   251.41*** 251.41***
                                   (9.75)    (6.82)
    Days                        10.467*** 10.467***
                                  (0.804)   (1.546)
    -----------------------------------------------
    Subject: sd Intercept            37.1      24.7
    Subject: cor Intercept.Days              0.0656
    Subject: sd Days                           5.92
    Residual: sd                     31.0      25.6
    -----------------------------------------------
    Observations                      180       180
    Groups: Subject                    18        18
    Criterion                        REML      REML
    Log-likelihood                 -893.2    -871.8
    AIC                            1794.5    1755.6
    BIC                            1807.2    1774.8
    -----------------------------------------------
    Standard errors in parentheses.
    + p < 0.1, * p < 0.05, ** p < 0.01, *** p < 0.001.
    """
    if len(fits) == 1 and isinstance(fits[0], Mapping):
        fits, names = tuple(fits[0].values()), list(fits[0]) if names is None else names
    elif len(fits) == 1 and isinstance(fits[0], list | tuple):
        fits = tuple(fits[0])
    if not fits:
        raise ArgumentError("modelsummary needs at least one fit: ranef.modelsummary(fit_a, fit_b)")
    for place, fit in enumerate(fits, start=1):
        if not hasattr(fit, "coef_table"):
            raise ArgumentError(f"modelsummary takes fits; number {place} has type {type(fit).__name__}")
    require_choice("statistic", statistic, tuple(STATISTICS))
    require_level(level)
    headers = [f"({i})" for i in range(1, len(fits) + 1)] if names is None else [str(name) for name in names]
    if len(headers) != len(fits) or len(set(headers)) != len(headers):
        raise ArgumentError(f"names= must be {len(fits)} different names, one per fit, not {headers}")
    frame = _numbers(fits, headers, level, ddf)
    fixed = _fixed_rows(frame, headers, statistic, stars, digits)
    random = _random_rows(frame, headers, digits)
    rules = (len(fixed) - 1, len(fixed) + len(random) - 1) if fixed else (len(random) - 1,)
    notes = [STATISTICS[statistic].format(level=100 * level), LEGEND if stars else ""]
    fixed_parts = {tuple(fit.model.design.column_names) for fit in fits if fit.reml}
    notes.append(INCOMPARABLE if len(fixed_parts) > 1 else "")
    rows = [*fixed, *random, *_fit_rows(fits)]
    return RegressionTable(frame, tuple(headers), rows, rules, tuple(filter(None, notes)))


def _numbers(fits: Sequence[Fit], names: Sequence[str], level: float, ddf: str | None) -> pd.DataFrame:
    parts = []
    for name, fit in zip(names, fits, strict=True):
        fixed, random = _parts(fit, level, ddf)
        parts += [fixed.assign(model=name, part="fixed"), random.assign(model=name, part="random")]
    columns = ["model", "part", *parts[0].columns[:-2]]
    return pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)


def _parts(fit: Any, level: float, ddf: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return fixed effects, and variance components or covariance parameters."""
    fixed = pd.DataFrame(fixed_columns(fit, level, ddf)).drop(columns="effect")
    if hasattr(fit, "further_columns"):  # coefficients that are not the mean's
        fixed = pd.concat([fixed, pd.DataFrame(fit.further_columns(level))[fixed.columns]], ignore_index=True)
    found = fit.component_columns()
    groups = found.get("group", [""] * len(found["term"]))
    labels = [_component_label(group, term) for group, term in zip(groups, found["term"], strict=True)]
    return fixed, pd.DataFrame({"term": labels, "estimate": found["estimate"]})


def _component_label(group: str, term: str) -> str:
    kind, _, name = term.partition("__")
    words = term if not name else kind if group == "Residual" else f"{kind} {name}"
    return f"{group}: {words}" if group else words


def _by_model(part: pd.DataFrame, names: Sequence[str]) -> list[pd.Series | None]:
    found = {row["model"]: row for _, row in part.iterrows()}
    return [found.get(name) for name in names]


def _fixed_rows(
    frame: pd.DataFrame, names: Sequence[str], statistic: str, stars: bool, digits: int
) -> list[list[str]]:
    below = {
        "se": lambda row, d: f"({row['std_error']:.{d}f})",
        "ci": lambda row, d: f"[{row['conf_low']:.{d}f}, {row['conf_high']:.{d}f}]",
        "t": lambda row, d: f"({row['statistic']:.{digits - 1}f})",
        "p": lambda row, d: f"({row['p_value']:.{digits}g})",
    }
    rows = []
    fixed = frame[frame["part"] == "fixed"]
    for term in dict.fromkeys(fixed["term"]):
        here = _by_model(fixed[fixed["term"] == term], names)
        decimals = _decimals([row["std_error"] for row in here if row is not None], digits)
        rows.append([term, *_texts(here, partial(_estimate, decimals=decimals, stars=stars))])
        if statistic != "none":
            rows.append(["", *_texts(here, partial(below[statistic], d=decimals))])
    return rows


def _random_rows(frame: pd.DataFrame, names: Sequence[str], digits: int) -> list[list[str]]:
    random = frame[frame["part"] == "random"]
    terms = list(dict.fromkeys(random["term"]))
    terms.sort(key=lambda term: term == "Residual: sd")  # stable: the residual last
    rows = []
    for term in terms:
        here = _by_model(random[random["term"] == term], names)
        decimals = _decimals([row["estimate"] for row in here if row is not None], digits)
        rows.append([term, *_texts(here, partial(_estimate, decimals=decimals, stars=False))])
    return rows


def _fit_rows(fits: Sequence[Fit]) -> list[list[str]]:
    sizes = [getattr(fit, "ngroups", None) or {} for fit in fits]
    groups = dict.fromkeys(name for one in sizes for name in one)
    criterion = ["REML" if fit.reml else "ML" for fit in fits]
    return [
        ["Observations", *(f"{fit.nobs}" for fit in fits)],
        *([f"Groups: {name}", *(str(one.get(name, "")) for one in sizes)] for name in groups),
        ["Criterion", *criterion],
        ["Log-likelihood", *(f"{fit.llf:.1f}" for fit in fits)],
        ["AIC", *(f"{fit.aic:.1f}" for fit in fits)],
        ["BIC", *(f"{fit.bic:.1f}" for fit in fits)],
    ]


def _texts(rows: Sequence[pd.Series | None], show: Callable[[pd.Series], str]) -> list[str]:
    """One text per model, empty where it has no such parameter or it was dropped."""
    return ["" if row is None or np.isnan(row["estimate"]) else show(row) for row in rows]


def _estimate(row: pd.Series, decimals: int, stars: bool) -> str:
    mark = significance_stars([row["p_value"]])[0].replace(".", "+") if stars else ""
    return f"{row['estimate']:.{decimals}f}{mark}"


def _decimals(sizes: Sequence[float], digits: int) -> int:
    """Decimals that show the smallest size other than zero with so many digits."""
    positive = [abs(size) for size in sizes if size and np.isfinite(size) and abs(size) > 1e-12]
    return min(10, max(0, digits - 1 - floor(log10(min(positive))))) if positive else digits - 1
