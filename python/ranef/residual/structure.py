"""The residuals' parameters as people read them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..show import Document, Line, Printed, frame_table
from .chain import Chain


class ResidualStructure(Printed):
    """Standard deviations and correlations of the residuals of a fit."""

    def __init__(self, fit: Any) -> None:
        self._fit, self._outer, self._noise = fit, fit.outer, fit.model.noise

    @property
    def estimates(self) -> pd.Series:
        """The parameters by name, as `parameters` has them."""
        known = self._outer.phi.copy()
        known[list(self._outer.unknown)] = np.nan
        dispersion, chain = self._noise.dispersion, self._noise.chain
        names = [] if dispersion is None else [f"log sd {name}" for name in dispersion.names]
        values = known.tolist()
        if chain is not None:
            names, values = [*names, chain.text], [*values[:-1], chain.correlation(values[-1])]
        return pd.Series(values, index=names, dtype=float)

    @property
    def spread(self) -> FloatArray:
        """Covariance of the parameters, correlations on a scale without bounds, (k, k); NaN where held."""
        return np.asarray(self._fit.phi_covariance)

    @property
    def parameters(self) -> pd.DataFrame:
        """``parameter``, ``estimate``, ``se``.

        Log ratios of standard deviations (of numbers: change of log sd per unit), the correlation of
        neighbours one step apart.
        """
        se, chain = np.sqrt(np.maximum(np.diag(self.spread), 0.0)), self._noise.chain
        if chain is not None:
            se[-1] *= chain.slope(float(self._outer.phi[-1]))
        known = self.estimates
        return pd.DataFrame({"parameter": known.index, "estimate": known.to_numpy(), "se": se})

    @property
    def sd(self) -> pd.Series | None:
        """The standard deviation of each stratum, with one factor."""
        dispersion = self._noise.dispersion
        if dispersion is None or not dispersion.reference:
            return None
        levels = [dispersion.reference, *(name.split("[T.", 1)[1][:-1] for name in dispersion.names)]
        sd = self._fit.sigma * np.exp(dispersion.strata @ self._outer.phi[: len(dispersion.names)])
        if self._outer.flat is not None:
            sd[self._outer.flat.stratum_unknown(dispersion.strata)] = np.nan
        return pd.Series(sd, index=levels, name="sd")

    @property
    def _shared(self) -> bool:
        return self._outer.flat is not None and self._outer.flat.shared

    @property
    def without_estimate(self) -> tuple[str, ...]:
        """A sentence for every parameter that no response can tell about."""
        why = "the fixed effects fit the rows that would tell exactly; pool strata, or leave it out"
        if self._shared:
            why = "variances of random effects say the same; leave a term out, or strata"
        return tuple(f"{self.estimates.index[k]} has no estimate: {why}" for k in self._outer.unknown)

    @property
    def findings(self) -> tuple[tuple[str, str, str], ...]:
        """What `ranef.diagnose` says of parameters without an estimate: topic, what, advice."""
        advice = "What depends on it, such as the standard error of a coefficient of these rows, is NaN."
        if self._shared:
            advice = "Coefficients and their standard errors are those of every choice of it."
        return tuple(("identification", f"{text}.", advice) for text in self.without_estimate)

    def document(self) -> Document:
        """Return the parts."""
        asked = [d for d in (self._noise.chain, self._noise.dispersion) if d is not None]
        parts: list = [Line(f"Residuals: {', '.join(one.text for one in asked)}", "title")]
        if self.sd is not None:
            sd = self.sd
            table = pd.DataFrame({"sd": sd, "ratio": sd / sd.iloc[0]})
            parts.append(frame_table(table))
        parts.append(frame_table(self.parameters.set_index("parameter")))
        strata = self._noise.dispersion.names if self._noise.dispersion is not None else ()
        gone = [strata[k] for k in self._outer.held if k < len(strata)]
        if gone:
            said = f"singular: the standard deviation of {', '.join(gone)} runs to its limit"
            parts.append(Line(f"{said}, as the model can fit its rows exactly; pool it with another stratum"))
        parts += [Line(text) for text in self.without_estimate]
        if self._noise.chain is not None and len(gone) < len(self._outer.held):
            parts.append(Line(_at_its_end(self._noise.chain, float(self._outer.phi[-1]))))
        if not self._outer.converged:
            parts.append(Line("not converged: the parameters of the residuals run off"))
        if self._noise.chain is not None:
            parts += [Line(text) for text in self._noise.chain.remarks]
        return parts


def phi_covariance(fit: Any) -> FloatArray:
    """Return the covariance of the residuals' parameters, (k, k), NaN for those without a minimum."""
    outer = fit.outer
    out = np.full((len(outer.phi), len(outer.phi)), np.nan)
    if outer.converged:
        known = np.setdiff1d(outer.free, outer.unknown)
        places = np.ix_(known, known)
        out[places] = fit.moved().spread[places]
    return out


def at_limits(fit: Any) -> bool:
    """Whether a parameter of the residuals ran to an end of its range."""
    return bool(fit.outer.held)


def _at_its_end(chain: Chain, x: float) -> str:
    """Return what to say of a correlation that ran to an end of its range."""
    said = f"the correlation of {chain.text} runs to {chain.correlation(x):.0f}"
    if chain.kind == "car1" and x < 0:
        return f"{said}, the least it can be: leave residual= out, or use ar1(), which may be negative"
    return f"{said}, the end of its range: a random effect of the same rows may say it with less"
