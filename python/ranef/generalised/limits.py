"""What to say of a search that ended with parameters at a limit, or without one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import quote_list
from .breakdown import breakdown
from .inference.uncertainty import flattest
from .model import GlmerModel

_FLAT = 1e-6  # smallest eigenvalue of the Hessian, in units of its diagonal: a direction without an end
_FAR = 300.0  # standard deviation of a coefficient of a column of unit size, that of an infinite estimate
_MEMBER = 0.1  # of the largest entry of a direction


def limits(model: GlmerModel, found: dict[str, Any]) -> str:
    """Return what to say of parameters at a limit, or without one; nothing where there are none."""
    none_left, endless = ("", "") if model.second is None else _of_second(model, found)
    said = [
        _of_dispersion(model, found),
        none_left,
        endless or _endless(model, found),
        _edge(model, found),
        breakdown(model, found),
    ]
    return "; ".join(filter(None, said))


def _of_dispersion(model: GlmerModel, found: dict[str, Any]) -> str:
    """Return what to say of a dispersion at its limit, which is a simpler family."""
    kind = model.family.kind
    if not kind.simpler or not model.family.dispersed or not len(found.get("free", ())) or found["free"][-1]:
        return ""
    where = "zero" if found["psi"] < 0 else "infinity"
    return f"the {kind.dispersion} runs to {where}: no overdispersion, use family='{kind.simpler}'"


def _of_second(model: Any, found: dict[str, Any]) -> tuple[str, str]:
    """Return what to say of zeta at minus infinity, and of coefficients that are infinite."""
    if not len(found.get("free", ())) or "hessian" not in found:  # no estimates
        return "", ""
    here, second = model.places.gamma, model.second
    if not found["free"][here.start]:
        return model.none_left, ""
    values, vectors = np.linalg.eigh(np.asarray(found["hessian"])[here, here] / 2)
    flat = vectors[:, values <= _FAR**-2]
    if not flat.size:
        return "", ""
    along = np.abs(flat).max(axis=1)
    names = [second.names[i] for i in np.flatnonzero(along > _MEMBER * along.max())]
    return "", f"an estimate of {second.argument}= is infinite, along {quote_list(names)}: {model.endless}"


def _endless(model: GlmerModel, found: dict[str, Any]) -> str:
    """Return what to say of a direction along which the criterion hardly rises."""
    smallest = np.min(found["eigenvalues"], initial=np.inf)
    if not found["converged"] or model.agq == 0 or not 0 < smallest < _FLAT:
        return ""
    free = np.flatnonzero(found["free"])
    along = flattest(model, free, np.asarray(found["hessian"])[np.ix_(free, free)])
    return (
        f"it hardly rises along {along}: an estimate is infinite, or the data hardly determine it; leave "
        "it out, or use prior=2.5"
    )


def _edge(model: GlmerModel, found: dict[str, Any]) -> str:
    """Return what to say of a search that stopped where a mean may be at the end of its range."""
    kind, link = model.family.kind, model.family.link.name
    if found["converged"] or kind.name == "gaussian" or link not in ("identity", "inverse", "1/mu^2"):
        return ""
    return (
        f"with the {link} link means come to the end of what those of {kind.model} can be, and there the "
        f"likelihood ends: use link='{kind.links[0]}'"
    )
