"""What `ranef.diagnose` says of a generalised fit besides what it says of any."""

from __future__ import annotations

from .fit import GlmerFit

_OVER = 1.2  # of Pearson's ratio, from which its p-value is worth a word


def own_findings(fit: GlmerFit) -> tuple[tuple[str, str, str], ...]:
    """Return (topic, what, advice) of separation, a rough approximation, overdispersion."""
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
    if fit.model.agq == 1 and fit.converged:
        error = fit.approximation
        if error.notable:
            advice = (
                "Use agq=25."
                if len(fit.ngroups) == 1
                else "With crossed factors there is no quadrature: compare models by fit.bootstrap()."
            )
            out.append(
                ("data", f"Laplace's approximation is off by about {-error.change:.2g} of -2 log L.", advice)
            )
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
    return tuple(out)
