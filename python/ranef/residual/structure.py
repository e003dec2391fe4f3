"""The residuals' parameters as people read them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..show import Document, Line, Printed, frame_table
from .chain import Chain
from .noise import Noise


@dataclass(frozen=True, eq=False, repr=False)
class ResidualStructure(Printed):
    """Standard deviations and correlations of residuals.

    Attributes
    ----------
    parameters : DataFrame
        ``parameter``, ``estimate``, ``se``: log ratios of standard deviations (of numbers: change of log sd
        per unit), the correlation of neighbours one step apart.
    sd : Series or None
        The standard deviation of each stratum, with one factor.
    """

    noise: Noise = field(repr=False)
    phi: FloatArray = field(repr=False)
    sigma: float
    spread: FloatArray = field(repr=False)
    held: tuple[int, ...] = ()
    settled: bool = True
    unknown: tuple[int, ...] = ()
    shared: bool = False

    @property
    def parameters(self) -> pd.DataFrame:
        se = np.sqrt(np.maximum(np.diag(self.spread), 0.0))
        rows = []
        names = self.noise.dispersion.names if self.noise.dispersion is not None else ()
        known = np.where(np.isin(np.arange(len(self.phi)), self.unknown), np.nan, self.phi)
        for name, value, error in zip(names, known, se, strict=False):
            rows.append({"parameter": f"log sd {name}", "estimate": float(value), "se": float(error)})
        chain = self.noise.chain
        if chain is not None:
            x = float(known[-1])
            error = float(se[-1]) * chain.slope(x)
            rows.append({"parameter": chain.text, "estimate": chain.correlation(x), "se": error})
        return pd.DataFrame(rows)

    @property
    def sd(self) -> pd.Series | None:
        dispersion = self.noise.dispersion
        if dispersion is None or not dispersion.reference:
            return None
        levels = [dispersion.reference, *(name.split("[T.", 1)[1][:-1] for name in dispersion.names)]
        ratios = np.exp(np.r_[0.0, self.parameters.estimate[: len(dispersion.names)]])
        return pd.Series(self.sigma * ratios, index=levels, name="sd")

    @property
    def without_estimate(self) -> tuple[str, ...]:
        """A sentence for every parameter that no response can tell about."""
        why = "the fixed effects fit the rows that would tell exactly; pool strata, or leave it out"
        if self.shared:
            why = "variances of random effects say the same; leave a term out, or strata"
        return tuple(f"{self.parameters.parameter[k]} has no estimate: {why}" for k in self.unknown)

    def document(self) -> Document:
        """Return the parts."""
        asked = [d for d in (self.noise.chain, self.noise.dispersion) if d is not None]
        parts: list = [Line(f"Residuals: {', '.join(one.text for one in asked)}", "title")]
        if self.sd is not None:
            sd = self.sd
            table = pd.DataFrame({"sd": sd, "ratio": sd / sd.iloc[0]})
            parts.append(frame_table(table))
        parts.append(frame_table(self.parameters.set_index("parameter")))
        strata = self.noise.dispersion.names if self.noise.dispersion is not None else ()
        gone = [strata[k] for k in self.held if k < len(strata)]
        if gone:
            said = f"singular: the standard deviation of {', '.join(gone)} runs to its limit"
            parts.append(Line(f"{said}, as the model can fit its rows exactly; pool it with another stratum"))
        parts += [Line(text) for text in self.without_estimate]
        if self.noise.chain is not None and len(gone) < len(self.held):
            parts.append(Line(_at_its_end(self.noise.chain, float(self.phi[-1]))))
        if not self.settled:
            parts.append(Line("not converged: the parameters of the residuals run off"))
        if self.noise.chain is not None:
            parts += [Line(text) for text in self.noise.chain.remarks]
        return parts


def unknown_findings(found: ResidualStructure) -> tuple[tuple[str, str, str], ...]:
    """Return what `ranef.diagnose` says of parameters without an estimate: topic, what, advice."""
    advice = "What depends on it, such as the standard error of a coefficient of these rows, is NaN."
    if found.shared:
        advice = "Coefficients and their standard errors are those of every choice of it."
    return tuple(("identification", f"{text}.", advice) for text in found.without_estimate)


def _at_its_end(chain: Chain, x: float) -> str:
    """Return what to say of a correlation that ran to an end of its range."""
    said = f"the correlation of {chain.text} runs to {chain.correlation(x):.0f}"
    if chain.kind == "car1" and x < 0:
        return f"{said}, the least it can be: leave residual= out, or use ar1(), which may be negative"
    return f"{said}, the end of its range: a random effect of the same rows may say it with less"
