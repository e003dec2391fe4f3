"""What the optimiser found, in plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .fit import VisitFit

_DIFFERENT = 1e-4  # criteria further apart than this are different minima


def message(fit: VisitFit) -> str:
    """Return one or two sentences."""
    criterion = "REML criterion" if fit.reml else "deviance"
    found = fit.certificate
    if not fit.converged:
        return f"not converged: {_reason(fit)}"
    text = f"converged: a minimum of the {criterion}"
    if fit.singular:
        return (
            f"{text}, where the covariance matrix over visits is singular: {_singular(fit)}; a structure "
            "with fewer parameters will do"
        )
    reached = np.asarray(found["reached"])
    worse = np.flatnonzero(~(reached <= found["value"] + _DIFFERENT))
    if worse.size:
        text += f", the lowest of {reached.size} starts ({worse.size} ended elsewhere)"
    return "; ".join([text, *(what.removesuffix(".") for _, what, _ in own_findings(fit))])


def own_findings(fit: VisitFit) -> tuple[tuple[str, str, str], ...]:
    """Return what `ranef.diagnose` says of parameters without an estimate: topic, what, advice."""
    if not fit.converged or fit.singular:
        return ()
    count, flat = fit.curvature.null.shape
    if not flat:
        return ()
    what = (
        f"{flat} of the {count} covariance parameters, or of their combinations, cannot be estimated, and "
        "what depends on them, such as a standard error of an effect between subjects, is NaN"
    )
    advice = (
        "Fixed effects that tell the subjects apart do this, and one visit a subject where a structure has "
        "correlations: leave these effects out, or use a structure with fewer parameters."
    )
    return (("identification", f"{what}.", advice),)


def _reason(fit: VisitFit) -> str:
    found = fit.certificate
    if found["status"] not in (
        "ok",
        "the optimiser cannot decrease the criterion further, yet the gradient is not zero",
    ):
        return str(found["status"])
    eigenvalues = found["eigenvalues"]
    if len(eigenvalues) and eigenvalues[0] < 0:
        return (
            "the point found is a saddle, not a minimum; try another start=, or a structure with fewer "
            "parameters"
        )
    return (
        f"the gradient is not zero (norm {found['gradient_norm']:.1e}); give max_evaluations= a larger "
        "value, or use a structure with fewer parameters"
    )


def _singular(fit: VisitFit) -> str:
    visits, arms = fit.model.visits, fit.model.visits.arms
    for group, sigma in enumerate(fit.point.sigma):
        sd = np.sqrt(np.diag(sigma))
        corr = sigma / np.outer(sd, sd)
        where = f" in '{arms[group]}'" if arms[group] else ""
        if np.linalg.eigvalsh(corr)[0] < 1e-8:
            off = np.abs(corr - np.eye(len(sd)))
            i, j = np.unravel_index(int(np.argmax(off)), off.shape)
            earlier, later = visits.labels[min(i, j)], visits.labels[max(i, j)]
            return f"visits '{earlier}' and '{later}' correlate by {corr[i, j]:.4f}{where}"
    return "a combination of visits has no variance"
