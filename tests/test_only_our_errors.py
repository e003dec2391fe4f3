"""Only ranef's own exceptions leave the package: a bounded, seeded fuzz over small and degenerate designs."""

import warnings

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import RanefError

FORMULAS = [
    "y ~ x + (x | g)",
    "y ~ x + (1 | g) + (1 | h)",
    "y ~ f * x + (f | g)",
    "y ~ f * b + (x + z | g)",
    "y ~ g + (1 | g)",
    "y ~ x + (0 + between | g)",
    "y ~ x + (x | g) + (1 | g)",
    "y ~ 1 + (zero | g)",
    "y ~ x + twice + (x | g) + (1 | g:h)",
    "y ~ f + b + (1 | single)",
    "y ~ x + (1 | row)",
    "y ~ poly(x, 2) * f + (1 | g)",
    "y ~ 0 + (x | g)",
]
VERBS = {
    "summary": lambda f: str(f.summary()),
    "kenward-roger": lambda f: f.coef_table("kenward-roger"),
    "anova": lambda f: [f.anova(k) for k in (1, 2, 3)],
    "drop1": lambda f: f.drop1(),
    "ranova": lambda f: f.ranova(),
    "diagnose": lambda f: str(ranef.diagnose(f)),
    "redundancy": lambda f: str(f.redundancy()),
    "intervals": lambda f: f.conf_int(parameters="all"),
    "modes": lambda f: (f.ranef.conf_int(), f.coef, str(f.varcorr)),
    "predict": lambda f: f.predict(interval="prediction"),
    "variance": lambda f: (f.r2(), f.icc(), str(f.pca()), f.component_table(), f.cov_theta()),
    "influence": lambda f: (f.influence(), f.leverage(), f.residuals("standardised")),
    "robust": lambda f: f.robust(),
    "refit": lambda f: f.refit(f.simulate(1, seed=1)),
    "objective": lambda f: f.model.objective(np.full(f.model.n_theta, 1e300)),
    "gradient": lambda f: f.model.gradient(np.full(f.model.n_theta, -1e-300)),
    "tables": lambda f: (f.tidy(), f.glance(), f.augment()),
    "test": lambda f: f.test("Intercept = 0"),
    "effects": lambda f: (f.comparisons(), f.influence("g")),
}


def data_of(seed):
    rng = np.random.default_rng(seed)
    n, groups = int(rng.integers(6, 60)), int(rng.integers(1, 9))
    data = pd.DataFrame({"g": rng.integers(0, groups, n).astype(str), "h": rng.integers(0, 4, n).astype(str)})
    data["x"], data["z"] = rng.normal(size=n) * 10.0 ** rng.integers(-8, 9), rng.integers(0, 3, n)
    data["f"], data["b"] = rng.choice(list("abc"), n), rng.random(n) < 0.3
    data["between"], data["zero"] = (data["g"] > "1").astype(float), 0.0
    data["twice"], data["single"], data["row"] = 2 * data["x"], "one", np.arange(n).astype(str)
    noise = rng.normal(size=n) * 10.0 ** rng.integers(-6, 7)
    data["y"] = rng.choice([noise, np.round(rng.normal(size=n)), noise + 1e6], axis=0)
    if rng.random() < 0.3:
        data.loc[rng.integers(0, n, 2), ["x", "y"]] = np.nan
    return data


def escaped(seed, formula):
    """What left the package that is not its own, by verb."""
    out = []
    try:
        fit = ranef.lmer(formula, data_of(seed), reml=seed % 2 == 0)
    except RanefError:
        return out
    except Exception as error:
        return [f"lmer: {type(error).__name__}: {error}"]
    for name, verb in VERBS.items():
        try:
            verb(fit)
        except RanefError:
            pass
        except Exception as error:
            out.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
    return out


@pytest.mark.parametrize("formula", FORMULAS)
def test_small_and_degenerate_designs(formula):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {seed: bad for seed in range(3) if (bad := escaped(seed, formula))}
    assert not found


@pytest.mark.study
@pytest.mark.parametrize("formula", FORMULAS)
def test_many_small_and_degenerate_designs(formula):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {seed: bad for seed in range(3, 80) if (bad := escaped(seed, formula))}
    assert not found
