"""What a fit shows of itself in one glance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import FitError
from .numbers import format_common

if TYPE_CHECKING:
    from ..result import LmerResult


def method(fit: LmerResult) -> str:
    """Return ``"Linear mixed model fit by REML"`` or ``"... by maximum likelihood"``."""
    return f"Linear mixed model fit by {'REML' if fit.reml else 'maximum likelihood'}"


def groups_line(fit: LmerResult) -> str:
    """Return ``"Number of obs: 183, groups:  subject, 20"``."""
    groups = "; ".join(f"{name}, {count}" for name, count in fit.ngroups.items())
    return f"Number of obs: {fit.nobs}, groups:  {groups}"


def brief(fit: LmerResult) -> str:
    """Return formula, criterion, variance components and fixed effects."""
    criterion = "REML criterion" if fit.reml else "deviance"
    lines = [f"{method(fit)} ['ranef']", f"Formula: {fit.formula}"]
    try:
        lines += [f"{criterion} at convergence: {fit.objective:.4f}", "Random effects:", str(fit.varcorr)]
    except FitError as error:
        return "\n".join([*lines, str(error)])
    lines += [groups_line(fit), "Fixed effects:"]
    texts = format_common(fit.params.to_numpy(), 4)
    widths = [max(len(name), len(text)) for name, text in zip(fit.params.index, texts, strict=True)]
    lines.append("  ".join(name.rjust(width) for name, width in zip(fit.params.index, widths, strict=True)))
    lines.append("  ".join(text.rjust(width) for text, width in zip(texts, widths, strict=True)))
    if not fit.converged or fit.singular:
        lines.append(fit.optimum.message)
    return "\n".join(lines)
