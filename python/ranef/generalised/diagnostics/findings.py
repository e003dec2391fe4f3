"""What `ranef.diagnose` says of a generalised fit besides what it says of any."""

from __future__ import annotations

from ...optimize.description import as_sentence
from ..fit import GlmerFit
from .approximation import of_a_minimum

_OVER = 1.2  # of Pearson's ratio, or that of zeros, from which its p-value is worth a word
_FAR = 3.0  # of the z of zeros


def own_findings(fit: GlmerFit) -> tuple[tuple[str, str, str], ...]:
    """Return (topic, what, advice) of separation, a rough approximation, overdispersion, zeros."""
    out = []
    found = fit.separation
    if found is not None:
        out.append(
            (
                "identification",
                str(found).split(";")[0] + ".",
                "Estimates are infinite: use prior=2.5, or merge levels.",
            )
        )
    error, said = of_a_minimum(fit)
    if error is not None and error.notable:
        said = f"Laplace's approximation is off by about {-error.change:.2g} of -2 log L"
    if said and (error is None or error.notable):
        advice = (
            "Use agq=25."
            if len(fit.ngroups) == 1
            else "With crossed factors there is no quadrature: compare models by fit.bootstrap()."
        )
        out.append(("data", as_sentence(said), advice))
    if (
        not fit.by_cells
        and fit.family.name in ("binomial", "poisson")
        and fit.df_resid > 0
        and float(fit.response.trials.max()) * fit.y.max() > 1
    ):
        over = fit.overdispersion()
        if over.ratio > _OVER and over.p < 0.01:
            advice = "Add an effect of every row, (1 | row), or use " + (
                "family='betabinomial'." if fit.family.name == "binomial" else "family='nbinom2'."
            )
            out.append(
                (
                    "data",
                    f"Responses vary more than the family lets them: Pearson ratio {over.ratio:.2f}.",
                    advice,
                )
            )
    out += _zeros(fit)
    return tuple(out)


def _zeros(fit: GlmerFit) -> list[tuple[str, str, str]]:
    """Return what is to say of more zeros than the family expects."""
    if fit.by_cells or fit.family.kind.least != 0 or (fit.y > 0).all():
        return []
    found = fit.zeros()
    if found["ratio"] < _OVER or found["z"] < _FAR:
        return []
    what = f"There are {found['observed']:.0f} zeros where the model expects {found['expected']:.0f}."
    return [("data", what, "Zero inflation, zero='~ 1', may be the reason: compare by ranef.anova().")]
