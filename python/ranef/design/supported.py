"""What the language can say and a linear mixed model with unstructured terms cannot do: refused by name."""

from __future__ import annotations

from ..errors import FormulaError
from ..formula import STRUCTURES, Formula, Structure

_SAME = {"us": "(x | g)", "diag": "(x || g)"}


def require_single_response(formula: Formula) -> None:
    """Raise a FormulaError for a response of several columns, which a linear model does not have."""
    if len(formula.responses) > 1:
        raise FormulaError(
            "cbind() counts successes and failures, of a generalised model: use glmer(). A linear model has "
            "one number per row: name one column, or a difference such as b - a",
            formula.text,
            formula.text.find("cbind"),
        )


def require_supported(formula: Formula) -> None:
    """Raise a FormulaError for a covariance structure that is not built."""
    for bar in formula.random:
        if bar.structure is not None:
            raise _not_built(bar.structure, formula.text)


def _not_built(structure: Structure, text: str) -> FormulaError:
    same = f"; {_SAME[structure.name]} is the same" if structure.name in _SAME else ""
    return FormulaError(
        f"the covariance structure {structure.name}() ({STRUCTURES[structure.name]}) is not available for "
        f"random terms of this model{same}. Available are (x | g), unstructured, and (x || g), diagonal; "
        "ranef.lmer() fits diag, cs, ar1, toep and rr",
        text,
        structure.position,
    )
