"""The structure term of a formula for repeated measures: ``us(visit | arm / subject)``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..errors import FormulaError, quote_list
from .parser import parse_fixed, parse_formula
from .structures import STRUCTURES as KNOWN
from .structures import called_here
from .tokens import unquoted
from .types import Formula, RandomBar

STRUCTURES = {
    "us": "unstructured",
    "toep": "Toeplitz, one variance",
    "toeph": "Toeplitz, a variance per visit",
    "cs": "compound symmetry, one variance",
    "csh": "compound symmetry, a variance per visit",
    "ar1": "autoregressive of order one, one variance",
    "ar1h": "autoregressive of order one, a variance per visit",
    "ad": "ante-dependence of order one, one variance",
    "adh": "ante-dependence of order one, a variance per visit",
    "sp_exp": "exponential in the distance of times",
    "sp_gau": "Gaussian in the distance of times",
    "diag": "independent visits, one variance",
    "diagh": "independent visits, a variance per visit",
}
SPATIAL = ("sp_exp", "sp_gau")  # which need times as numbers
ORDERED = ("toep", "toeph", "ar1", "ar1h", "ad", "adh")  # where the order of the visits matters
_TERM = re.compile(r"\b([A-Za-z_]\w*)(\(\d*\))?\s*\([^()|]+\|")
_NAMED = re.compile(rf"\b({'|'.join(KNOWN)})\s*\(")


@dataclass(frozen=True)
class VisitTerm:
    """``structure(visit | by / subject)``."""

    structure: str  # one of `STRUCTURES`
    visit: str  # the column of visits, or of times
    subject: tuple[str, ...]  # the columns whose combinations are the subjects
    # the columns whose combinations have a covariance matrix of their own; empty for one matrix
    by: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """What sums by pattern depend on: everything but the structure."""
        return self.visit, self.subject, self.by

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, each once."""
        return tuple(dict.fromkeys((self.visit, *self.subject, *self.by)))

    def __str__(self) -> str:
        groups = " / ".join(":".join(part) for part in (self.by, self.subject) if part)
        return f"{self.structure}({self.visit} | {groups})"


def read_term(text: str) -> tuple[VisitTerm, Formula]:
    """Return the structure term, and the rest of the formula, which has no random terms.

    Raises FormulaError: without exactly one such term, or with random terms beside it.
    """
    example = "one such as us(visit | subject), or us(visit | arm / subject) for a matrix per arm"
    if not isinstance(text, str):
        raise FormulaError(
            f"the formula must be text such as 'y ~ x + us(visit | id)', not {type(text).__name__}"
        )
    if not _NAMED.search(text):
        _require_known(text)
        raise FormulaError(
            f"the formula says nothing of the covariance over visits: add {example}. "
            f"Structures: {quote_list(STRUCTURES, 20)}",
            text,
        )
    if "|" not in text:
        raise FormulaError(f"the covariance over visits needs a bar and the subject: write {example}", text)
    parsed = parse_formula(text)
    bars = [bar for bar in parsed.random if bar.structure is not None]
    if len({bar.source for bar in parsed.random}) > len({bar.source for bar in bars}):
        raise FormulaError(
            "random terms have no place beside a covariance over visits: use ranef.lmer() for them", text
        )
    name, start = _structure(bars, text)
    columns = bars[0].columns.strip()
    if not re.fullmatch(r"[^\W\d][\w.]*|`(?:[^`]|``)+`", columns):
        raise FormulaError(f"before the bar of {name}() write one column, the visit", text, start)
    if len(bars) > 2:
        raise FormulaError(f"after the bar of {name}() write the subject, or arm / subject", text, start)
    by = bars[1].group_columns if len(bars) == 2 else ()
    subject = tuple(column for column in bars[0].group_columns if column not in by)
    return VisitTerm(name, unquoted(columns), subject, by), replace(parsed, random=())


def _require_known(text: str) -> None:
    """Raise where the term is there, but its structure has another name, or the formula cannot be read."""
    term = _TERM.search(text)
    if term is not None:
        here = called_here(term[1])
        said = f"is called {here}() here" if here else f"is unknown: there are {quote_list(STRUCTURES, 20)}"
        raise FormulaError(f"{term[1]}(), the covariance over visits, {said}", text, term.start())
    (parse_formula if "|" in text else parse_fixed)(text)  # another fault comes first: no ~, no operator


def _structure(bars: list[RandomBar], text: str) -> tuple[str, int]:
    """Return name and position of the only structure."""
    structures = {bar.source: bar.structure for bar in bars if bar.structure is not None}
    first, *others = structures.values()
    if others:
        raise FormulaError(
            "two terms for the covariance over visits: a model for repeated measures has one",
            text,
            others[0].position,
        )
    if first.name not in STRUCTURES:
        raise FormulaError(
            f"{first.name}() is not a covariance over visits here; there are {quote_list(STRUCTURES, 20)}",
            text,
            first.position,
        )
    if first.options:
        raise FormulaError(f"{first.name}() over visits takes no options", text, first.position)
    return first.name, first.position
