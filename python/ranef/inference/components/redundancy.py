"""What a singular fit could do without, and what the simpler model costs in criterion."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from ...design import RandomTerm
from ...estimates.unknown import unknown_elements, unknown_words
from ...fit import Fit
from ...optimize.description import as_sentence, redundancies
from ...show import Document, Line, Printed, frame_table
from ...theta import count
from ...variants import with_terms

FREE = 1e-4  # a rise of the criterion up to this is none


@dataclass(frozen=True, eq=False, repr=False)
class Redundancy(Printed):
    """The random effects a fit has no use for, in words.

    Attributes
    ----------
    words : tuple of str
        One sentence per singular term and per term with something that has no estimate.
    simpler : DataFrame
        Models with less: ``term`` (index), ``becomes``, ``npar`` (saved), ``cost`` (rise of the criterion).
    """

    words: tuple[str, ...]
    simpler: pd.DataFrame = field(repr=False)

    def __bool__(self) -> bool:
        return bool(self.words)

    def __str__(self) -> str:
        if not self.words:
            return "Every random effect has variance of its own: nothing is redundant."
        lines = list(map(as_sentence, self.words))
        for row in self.simpler.itertuples():
            cost = "at no cost" if row.cost < FREE else f"and costs {row.cost:.4g} in criterion"
            plural = "s" if row.npar > 1 else ""
            lines.append(f"  {row.Index} -> {row.becomes} saves {row.npar} parameter{plural} {cost}")
        return "\n".join(lines)

    def document(self) -> Document:
        """Return the parts."""
        if not self.words:
            return [Line(str(self))]
        sentences = [Line(as_sentence(words)) for words in self.words]
        return [*sentences, frame_table(self.simpler, "Simpler models")]


def redundancy(fit: Fit) -> Redundancy:
    """Say which random effects are redundant in a singular fit, and refit without them.

    For each term whose covariance matrix is singular, or has no estimate in part: its columns left out one
    at a time, its correlations left out, the whole term left out; with the rise of the criterion the fit
    minimised.

    Examples
    --------
    >>> import ranef
    >>> ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2")).redundancy()
    The by-Batch variance of the intercept is zero.
      (Intercept | Batch) -> nothing saves 1 parameter at no cost
    """
    rows = []
    for index in sorted({*(found.term for found in fit.optimum.boundary), *_without_estimates(fit)}):
        term = fit.model.design.terms[index]
        for label, reduced in _reductions(term):
            rest = [*fit.model.design.terms]
            rest[index : index + 1] = reduced
            saved = fit.model.n_theta - sum(count(len(other.columns)) for other in rest)
            if rest:
                value = with_terms(fit.model, rest).fit_like(fit).optimum.value
            else:
                value = fit.model.value_without_random_effects(fit.response)
            rows.append((str(term), label, saved, max(0.0, value - fit.optimum.value)))
    table = pd.DataFrame(rows, columns=["term", "becomes", "npar", "cost"]).set_index("term")
    words = tuple(redundancies(fit.optimum)) if fit.optimum.boundary else ()
    words += unknown_words(fit)
    return Redundancy(words, table.sort_values("cost", kind="stable"))


def _without_estimates(fit: Fit) -> list[int]:
    return [index for index, which in enumerate(unknown_elements(fit)) if which.any()]


def _reductions(term: RandomTerm) -> list[tuple[str, list[RandomTerm]]]:
    r = len(term.columns)
    out: list[tuple[str, list[RandomTerm]]] = []
    if r > 1:
        for gone in range(r):
            part = term.only([c for c in range(r) if c != gone])
            out.append((str(part), [part]))
        apart = [term.only([c]) for c in range(r)]
        out.append((" + ".join(str(part) for part in apart), apart))
    out.append(("nothing", []))
    return out
