"""Generated models over all structures, some of them singular, beside nlme and glmmTMB."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef

FOLDER = Path(__file__).parents[1] / "reference_generated"
MODELS = json.loads((FOLDER / "models.json").read_text(encoding="utf-8"))


def called(model):
    return f"{model['data']} {model['call']} {model['formula']} {model['options'] or ''}"


@pytest.mark.parametrize("model", MODELS, ids=called)
def test_criterion_estimates_and_standard_errors(model):
    data = pd.read_csv(FOLDER / f"{model['data']}.csv")
    fit = getattr(ranef, model["call"])(model["formula"], data, reml=model["reml"], **model["options"])
    assert fit.converged
    assert fit.objective <= model["criterion"] + 1e-6
    if "beta" not in model:  # nlme and glmmTMB stop above
        return
    assert fit.objective == pytest.approx(model["criterion"], abs=2e-5)
    se = np.sqrt(np.diag(fit.solution["vcov"]))
    order = np.argsort(fit.params.to_numpy())
    off = np.abs(fit.params.to_numpy()[order] - model["beta"]) / se[order]
    assert off.max() < (1e-4 if model["program"] == "nlme" else 3e-4)
    if "se" in model:
        # gls() multiplies the variances of maximum likelihood by n / (n - p)
        of_gls = model["program"] == "nlme" and model["call"] != "lmer" and not model["reml"]
        n, p = fit.nobs, len(se)
        theirs = np.array(model["se"]) * (np.sqrt((n - p) / n) if of_gls else 1.0)
        np.testing.assert_allclose(se[order], theirs, rtol=1e-4)


@pytest.mark.parametrize("name", ["frame1", "frame2"])
def test_a_toeplitz_matrix_at_its_limit(name):
    """Compound symmetry and autoregression are Toeplitz matrices; some are singular, some minima too."""
    data = pd.read_csv(FOLDER / f"{name}.csv")
    fits = {
        kind: ranef.lmer(f"y ~ x + {kind}(0 + v | g)", data) for kind in ("toep", "cs", "ar1h", "diag", "us")
    }
    assert all(fit.converged for fit in fits.values())
    inside = min(fits[kind].objective for kind in ("cs", "ar1h", "diag"))
    assert fits["us"].objective - 1e-6 <= fits["toep"].objective <= inside + 1e-6
    (factor,) = fits["toep"].model.covariance_factors(fits["toep"].theta)
    lowest = np.linalg.eigvalsh(factor @ factor.T)
    assert fits["toep"].singular == bool(lowest[0] < 1e-6 * lowest[-1])
    table = fits["toep"].structures.parameters.set_index("parameter").estimate
    sd = table[[one.startswith("sd") for one in table.index]].to_numpy()
    lags = np.append(1.0, table[["lag" in one for one in table.index]])
    apart = np.abs(np.subtract.outer(range(len(sd)), range(len(sd))))
    D = fits["toep"].sigma ** 2 * factor @ factor.T
    np.testing.assert_allclose(np.outer(sd, sd) * lags[apart], D, atol=1e-8 * D.max())
