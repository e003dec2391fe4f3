"""Only ranef's own exceptions leave the package: other kinds of fit, sums, batches; every public call."""

import warnings

import numpy as np
import public_numbers
import pytest
import ranef
from public_numbers import calls
from test_only_our_errors import data_of

KINDS = {
    "binomial": lambda d: ranef.glmer("z01 ~ x + f + (1 | g)", d),
    "slopes": lambda d: ranef.glmer("z01 ~ x + (x | g)", d),
    "counts": lambda d: ranef.glmer("cbind(n, tot - n) ~ f + (1 | g) + (1 | h)", d),
    "poisson": lambda d: ranef.glmer("n ~ x + b + (1 | g)", d, "poisson"),
    "gamma": lambda d: ranef.glmer("pos ~ f + (1 | g)", d, "gamma", link="log"),
    "gaussian": lambda d: ranef.glmer("y ~ f + (1 | g)", d, "gaussian"),
    "nbinom2": lambda d: ranef.glmer("n ~ f + zero + (1 | g)", d, "nbinom2"),
    "us": lambda d: ranef.mmrm("y ~ x + us(visit | g)", d),
    "cs": lambda d: ranef.mmrm("y ~ f * x + cs(visit | g)", d),
    "gls": lambda d: ranef.gls("y ~ x + f", d, dispersion="~ f"),
    "car1": lambda d: ranef.gls("y ~ x * b", d, residual="car1(t | g)"),
    "numbers": lambda d: ranef.gls("y ~ twice + x", d, dispersion="~ x"),
    "dispersion": lambda d: ranef.lmer("y ~ x + (1 | g)", d, dispersion="~ h"),
    "residual": lambda d: ranef.lmer("y ~ x + (1 | g)", d, residual="ar1(t | g)"),
    "structured": lambda d: ranef.lmer("y ~ x + cs(f | g)", d),
    "batches": lambda d: ranef.lmer("y ~ x + f + (x | g)", batches(d)),
    "two readings": lambda d: ranef.lmer("y ~ scale(x) * b + (1 | g) + (1 | h)", batches(d)),
    "no column": lambda d: ranef.fit(ranef.sums("y ~ 0 + (1 | g)", d)),
    "constant": lambda d: ranef.glmer("z01 ~ 0 + (1 | g)", d),
    "sums": lambda d: ranef.fit(summed(d[:20]) + summed(d[20:])),
}
DEAR = ("profile", "conf_int(method='profile'", "ranova", "emtrends", "influence(group")


def batches(data):
    return ranef.batches(lambda: iter([data[:20], data[20:]]))


def summed(data):
    return ranef.sums("y ~ b + (1 | g:h)", data)


def more_data_of(seed):
    rng, data = np.random.default_rng(seed + 1000), data_of(seed)
    n = len(data)
    data["n"], data["z01"] = rng.poisson(2, n), rng.integers(0, 2, n)
    data["tot"], data["pos"] = data["n"] + rng.integers(0, 4, n), np.abs(rng.normal(size=n)) + 1e-9
    data["t"] = data.groupby("g").cumcount()
    data["visit"] = data["t"].astype(str)
    return data


def foreign(error):
    if isinstance(error, ranef.RanefError):
        return False
    return not isinstance(error, AttributeError) or str(error).startswith("'")


def escaped(seed, kind, left_out=()):
    """What left the package that is not its own, by call."""
    try:
        fit = KINDS[kind](more_data_of(seed))
    except Exception as error:
        return [f"fit: {type(error).__name__}: {error}"] if foreign(error) else []
    out = []
    for name, call in (*calls(fit), ("str", lambda: str(fit)), ("allfit", lambda: ranef.allfit(fit))):
        if name.startswith(left_out):
            continue
        try:
            call()
        except Exception as error:
            if foreign(error):
                out.append(f"{name}: {type(error).__name__}: {str(error)[:100]}")
    return out


@pytest.fixture(autouse=True)
def every_call(monkeypatch):
    apart = {"allfit", "modelsummary", "summary", "diagnose", "pca"}
    monkeypatch.setattr(public_numbers, "OWN_WAY", public_numbers.OWN_WAY - apart)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("kind", KINDS)
def test_small_and_degenerate_designs(kind):
    assert not {seed: bad for seed in range(2) if (bad := escaped(seed, kind, (*DEAR, "allfit")))}


@pytest.mark.study
@pytest.mark.parametrize("kind", KINDS)
def test_many_small_and_degenerate_designs(kind):
    assert not {seed: bad for seed in range(2, 30) if (bad := escaped(seed, kind))}
