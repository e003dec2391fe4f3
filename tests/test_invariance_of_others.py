"""No answer depends on the unit or the origin of a predictor: other kinds of model than plain linear ones."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import ranef
from invariance import Change, Study
from test_invariance import DATA, DEAR, ORIGINS, TOLERANCE

TIMED = DATA.assign(v=[str(k % 6) for k in range(len(DATA))], t=[k % 6 for k in range(len(DATA))])


def linear(change):
    return TIMED.assign(x=change.a * TIMED.x + change.b, y=change.c * TIMED.y + change.d)


def in_parts(change):
    rows = linear(change)
    return [rows.iloc[:30], rows.iloc[30:]]


def _kinship():
    levels = sorted(TIMED.g.unique())
    drawn = np.random.default_rng(9).normal(size=(len(levels), 30))
    return pd.DataFrame(drawn @ drawn.T / 30, levels, levels)


KINSHIP = _kinship()


def generalised(change, exposure=1.0, unit=1.0):
    """Responses of three families; those of y do not depend on the change."""
    rng = np.random.default_rng(5)
    eta = 0.3 + TIMED.x / 40 + 0.5 * (TIMED.f == "b") + 0.7 * rng.normal(size=12)[TIMED.g.astype(int)]
    return TIMED.assign(
        x=change.a * TIMED.x + change.b,
        z=(rng.random(len(TIMED)) < 1 / (1 + np.exp(-eta))).astype(int),
        n=rng.poisson(2 * np.exp(eta)),
        e=exposure * rng.uniform(1, 3, len(TIMED)),
        s=unit * rng.gamma(3, np.exp(eta) / 3),
    )


MODELS = {
    "gls": lambda c: ranef.gls("y ~ x + f", linear(c), dispersion="~ f", residual="ar1(t | g)"),
    "mmrm": lambda c: ranef.mmrm("y ~ x + f + us(v | g)", linear(c)),
    "residuals": lambda c: ranef.lmer(
        "y ~ x + f + (x | g)", linear(c), residual="ar1(t | g)", dispersion="~ f"
    ),
    "binomial": lambda c: ranef.glmer("z ~ x + f + (1 | g)", generalised(c)),
    "exposure": lambda c: ranef.glmer("n ~ x + offset(log(e)) + (x | g)", generalised(c), "poisson"),
    "gamma": lambda c: ranef.glmer("s ~ x + f + (1 | g)", generalised(c), "gamma", link="log"),
    "inflated": lambda c: ranef.glmer("n ~ x + f + (1 | g)", generalised(c), "poisson", zero="~ f"),
    "dispersed": lambda c: ranef.glmer("s ~ x + (1 | g)", generalised(c), "gamma", dispersion="~ x + f"),
    "iterative": lambda c: ranef.lmer("y ~ x + f + (1 | g) + (1 | h)", linear(c), schur="iterative"),
    "relationship": lambda c: ranef.lmer("y ~ x + f + (1 | g)", linear(c), relationship={"g": KINSHIP}),
    "batches": lambda c: ranef.lmer("y ~ x + f + (x | g)", ranef.batches(partial(iter, in_parts(c)))),
    "structured": lambda c: ranef.lmer("y ~ x + f + cs(0 + f | g)", linear(c)),
    "both": lambda c: ranef.lmer("y ~ x + f + cs(0 + f | g)", linear(c), residual="ar1(t | g)"),
}
STUDIES = ("structured", "both")  # of many evaluations: one change in every run, the others in studies
LEFT_OUT = (*DEAR, "pooling", "lsmeans", "drop1", "missing_terms")
_studies = {}


def study(name):
    if name not in _studies:
        left_out = (*(DEAR if name in ("gls", "mmrm", "binomial") else LEFT_OUT), "pooling", "comparisons")
        left_out += ("influence",) if name in STUDIES else ()
        _studies[name] = Study(MODELS[name], lambda call: not call.startswith(left_out))
    return _studies[name]


CASES = [(name, c) for name in MODELS for c in ORIGINS]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(name, c, marks=pytest.mark.study if name in STUDIES and c is not ORIGINS[2] else ())
        for name, c in CASES
    ],
    ids=str,
)
def test_every_public_number(name, change):
    assert not study(name).lawless
    wrong = [d for d in study(name).deviations(change) if d.size > TOLERANCE]
    assert not "\n".join(map(str, sorted(wrong, key=lambda d: -d.size)[:20]))


def test_degrees_of_freedom_of_structures_beside_residuals():
    """Means at time stamps: a contrast in the user's columns had 1e-11 degrees of freedom."""
    near, far = (ranef.emmeans(MODELS["both"](c), "f").to_frame() for c in (Change(), ORIGINS[2]))
    np.testing.assert_allclose(far["df"], near["df"], rtol=1e-6)
    np.testing.assert_allclose(far["se"], near["se"], rtol=1e-6)


TIMES = {
    "car1": lambda d: ranef.gls("y ~ x + f", d, residual="car1(t | g)"),
    "mixed": lambda d: ranef.lmer("y ~ x + f + (1 | g)", d, residual="car1(t | g)", dispersion="~ f"),
    "sp_exp": lambda d: ranef.mmrm("y ~ x + f + sp_exp(t | g)", d),
    "sp_gau": lambda d: ranef.mmrm("y ~ x + f + sp_gau(t | g)", d),
}


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize(("unit", "origin"), [(1e-5, 0.0), (86400.0, 1.7e9)])
def test_the_unit_and_the_origin_of_times(name, unit, origin):
    """A correlation one unit apart is rho^(1 / unit), a range goes with the unit; nothing else changes."""
    near, far = (TIMES[name](TIMED.assign(t=a * TIMED.t + b)) for a, b in ((1.0, 0.0), (unit, origin)))
    assert far.converged and far.objective == pytest.approx(near.objective, abs=1e-6)
    np.testing.assert_allclose(far.params, near.params, rtol=1e-6)
    np.testing.assert_allclose(far.bse, near.bse, rtol=1e-6)
    wanted = near.residual.parameters["estimate"].to_numpy(copy=True)
    wanted[-1] = wanted[-1] * unit if name.startswith("sp") else wanted[-1] ** (1 / unit)
    np.testing.assert_allclose(far.residual.parameters["estimate"], wanted, rtol=1e-6, atol=1e-8)
    if name.startswith("sp"):
        ends = [one.residual_intervals().iloc[-1][["lower", "upper"]].to_numpy() for one in (near, far)]
        np.testing.assert_allclose(ends[1], unit * ends[0], rtol=1e-5)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_unit_of_an_exposure_and_of_a_gamma_response(scale):
    """Log links: the intercept moves by the logarithm, the likelihood by the Jacobian, nothing else does."""
    one = ranef.glmer("n ~ x + offset(log(e)) + (1 | g)", generalised(Change()), "poisson")
    other = ranef.glmer("n ~ x + offset(log(e)) + (1 | g)", generalised(Change(), scale), "poisson")
    shift = pd.Series({"Intercept": -np.log(scale), "x": 0.0})
    np.testing.assert_allclose(other.params, one.params + shift, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.bse, one.bse, rtol=1e-6)
    assert other.objective == pytest.approx(one.objective, abs=1e-6)
    one = ranef.glmer("s ~ x + (1 | g)", generalised(Change()), "gamma", link="log")
    other = ranef.glmer("s ~ x + (1 | g)", generalised(Change(), unit=scale), "gamma", link="log")
    np.testing.assert_allclose(other.params, one.params - shift, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(other.bse, one.bse, rtol=1e-6)
    assert other.objective == pytest.approx(one.objective + 2 * len(TIMED) * np.log(scale), abs=1e-6)


@pytest.mark.parametrize("change", [Change(a=1e-6, b=1.7e9), Change(a=1e-3, b=1.7e9)], ids=str)
def test_digits_that_batches_lack_are_said(change):
    parts = in_parts(change)
    with pytest.raises(ranef.DataError, match=r"'x' has \d\.\d digits: its values differ by"):
        ranef.lmer("y ~ x + (x | g)", ranef.batches(lambda: iter(parts)))
    with pytest.raises(ranef.DataError, match=r"'x' has \d\.\d digits: its values differ by"):
        ranef.lmer("y ~ scale(x) + (x | g)", ranef.batches(lambda: iter(parts)))
    with pytest.raises(ranef.DataError, match=r"the response' has \d\.\d digits"):
        parts = in_parts(Change(c=1e-3, d=1e12))
        ranef.lmer("y ~ x + (x | g)", ranef.batches(lambda: iter(parts)))


def test_a_dispersion_in_numbers_far_from_zero():
    """sigma is the standard deviation at zero; centred, the answer does not move."""
    near = ranef.gls("y ~ x", linear(Change()), dispersion="~ center(x)")
    far = linear(Change(a=86400 / 20, b=1.7e9))
    with pytest.raises(ranef.DataError, match=r"'x' of dispersion= is 1\.69999e\+09 .* write center\(x\)"):
        ranef.gls("y ~ x", far, dispersion="~ x")
    other = ranef.gls("y ~ x", far, dispersion="~ center(x)")
    assert other.objective - 2 * np.log(86400 / 20) == pytest.approx(near.objective, abs=1e-6)
    assert other.sigma == pytest.approx(near.sigma, rel=1e-6)


def test_draws_other_optimisers_and_findings_in_other_units():
    """What the numbers by rule leave out: the same random numbers, the best of all optimisers, words."""
    formula, unit, origin = "y ~ x + f + (x | g)", Change(a=1e9, c=1e-6), ORIGINS[1]
    base, other, far = (ranef.lmer(formula, linear(c)) for c in (Change(), unit, origin))
    np.testing.assert_allclose(other.simulate(3, seed=1), unit.c * base.simulate(3, seed=1), rtol=1e-6)
    draws = [fit.bootstrap(40, seed=2, progress=False).to_frame() for fit in (base, other)]
    for name, power in (("sigma", unit.c), ("x", unit.c / unit.a), ("f[T.b]", unit.c)):
        np.testing.assert_allclose(draws[1][name], power * draws[0][name], rtol=1e-5, atol=1e-8 * power)
    moved = far.bootstrap(40, seed=2, progress=False).to_frame()
    np.testing.assert_allclose(moved["sigma"], draws[0]["sigma"], rtol=1e-5)
    pca = [fit.pca().to_frame() for fit in (ranef.lmer(formula, linear(Change(c=1e6))), base)]
    np.testing.assert_allclose(pca[0]["sdev"], pca[1]["sdev"], rtol=1e-6)
    np.testing.assert_allclose(pca[0]["proportion"], pca[1]["proportion"], rtol=1e-6)
    best = [ranef.allfit(fit).llik["llf"].max() for fit in (base, other)]
    logs = (len(TIMED) - 4) * np.log(unit.c) + np.log(unit.a)
    assert best[1] == pytest.approx(best[0] - logs, abs=1e-6)
    assert str(ranef.diagnose(base)) == str(ranef.diagnose(other)) == str(ranef.diagnose(far))
