"""The families' kernels against the densities themselves, differentiated in 40 digits by mpmath."""

import mpmath as mp
import numpy as np
import pytest
from ranef import _core
from ranef.errors import ArgumentError
from ranef.generalised.families import FAMILIES, choose_family

mp.mp.dps = 40

INVERSE = {
    "logit": lambda e: 1 / (1 + mp.exp(-e)),
    "probit": lambda e: mp.ncdf(e),
    "cloglog": lambda e: -mp.expm1(-mp.exp(e)),
    "cauchit": lambda e: mp.mpf(1) / 2 + mp.atan(e) / mp.pi,
    "log": mp.exp,
    "sqrt": lambda e: e**2,
    "identity": lambda e: e,
    "inverse": lambda e: 1 / e,
    "1/mu^2": lambda e: 1 / mp.sqrt(e),
}


def density(family, y, trials, mu, phi):
    """Log-density of one row, what depends on the data alone left out."""
    g = mp.loggamma
    if family.startswith("truncated_"):
        base = family.removeprefix("truncated_")
        return density(base, y, trials, mu, phi) - mp.log(-mp.expm1(density(base, 0, trials, mu, phi)))
    if family == "binomial":
        return y * mp.log(mu) + (trials - y) * mp.log1p(-mu)
    if family == "poisson":
        return y * mp.log(mu) - mu
    if family == "gamma":
        return phi * mp.log(phi) - g(phi) - phi * mp.log(mu) + (phi - 1) * mp.log(y) - phi * y / mu
    if family == "inverse_gaussian":
        return mp.log(phi) / 2 - phi * (y - mu) ** 2 / (2 * mu**2 * y)
    if family == "gaussian":
        return -mp.log(phi) / 2 - (y - mu) ** 2 / (2 * phi)
    if family == "nbinom2":
        return g(y + phi) - g(phi) + phi * mp.log(phi / (mu + phi)) + y * mp.log(mu / (mu + phi))
    if family == "nbinom1":
        k = mu / phi
        return g(y + k) - g(k) + y * mp.log(phi / (1 + phi)) - k * mp.log1p(phi)
    a, b = mu * phi, (1 - mu) * phi
    if family == "beta":
        return g(phi) - g(a) - g(b) + (a - 1) * mp.log(y) + (b - 1) * mp.log1p(-y)
    return g(y + a) - g(a) + g(trials - y + b) - g(b) - g(trials + phi) + g(phi)


def sums(family, y, trials):
    """What a cell of one row keeps."""
    if family == "binomial":
        return trials, y, 0.0
    if family == "betabinomial":
        return 1.0, y, trials
    if family == "beta":
        return 1.0, np.log(y), np.log1p(-y)
    if family == "gamma":
        return 1.0, y, np.log(y)
    if family == "inverse_gaussian":
        return 1.0, y, 1 / y
    return 1.0, y, 0.0


RESPONSES = {
    "binomial": [(0, 7), (3, 7), (7, 7), (1, 1)],
    "betabinomial": [(0, 7), (3, 7), (80, 150)],
    "poisson": [(0, 1), (4, 1)],
    "nbinom1": [(0, 1), (4, 1), (90, 1)],
    "nbinom2": [(0, 1), (4, 1), (90, 1)],
    "beta": [(0.03, 1), (0.6, 1)],
    "truncated_poisson": [(1, 1), (4, 1)],
    "truncated_nbinom1": [(1, 1), (4, 1), (90, 1)],
    "truncated_nbinom2": [(1, 1), (4, 1), (90, 1)],
}
CASES = [(family, link) for family in FAMILIES for link in choose_family(family, None).kind.links]
ETAS = {"inverse": (0.3, 1.7), "identity": (0.4, 2.5), "sqrt": (0.5, 1.9), "1/mu^2": (0.3, 2.0)}
TAILS = {
    "probit": (-12.0, -9.9, 6.0),
    "cloglog": (-12.0, 2.5),
    "cauchit": (-50.0, 30.0),
    "logit": (-30.0, 25.0),
}


def points():
    """Every family with every link: responses, linear predictors in the middle and in the tails."""
    for family, link in CASES:
        etas = ETAS.get(link, (-2.0, 0.3, 1.1)) + (TAILS[link] if family == "binomial" else ())
        if family.startswith("truncated"):
            etas = (-8.0, 0.3, 3.0)
        for y, trials in RESPONSES.get(family, [(0.4, 1), (2.5, 1)]):
            yield from ((family, link, y, trials, eta) for eta in etas)


def kernels(family, link, psi, y, trials, eta):
    cell = (np.array([value], dtype=float) for value in sums(family, y, trials))
    found = _core.family_kernels(family, link, psi, *cell, np.array([eta]))
    return {name: values[0] for name, values in found.items()}


@pytest.mark.parametrize(("family", "link", "y", "trials", "eta"), list(points()))
@pytest.mark.parametrize("psi", [-1.2, 3.0])
def test_derivatives_are_those_of_the_density(family, link, y, trials, eta, psi):
    def value(e, p):
        return density(family, mp.mpf(y), trials, INVERSE[link](e), mp.exp(p))

    found, at = kernels(family, link, psi, y, trials, eta), (mp.mpf(eta), mp.mpf(psi))
    exact = [float(mp.diff(value, at, (k, 0))) for k in range(5)]
    size = max(abs(one) for one in exact[1:]) + 1e-12 * trials
    assert found["value"] == pytest.approx(exact[0], rel=1e-10, abs=1e-12)
    for name, sign, one in zip(("s", "w", "w1", "l4"), (1, -1, -1, 1), exact[1:], strict=True):
        assert found[name] == pytest.approx(sign * one, rel=2e-9, abs=1e-9 * size), name
    if choose_family(family, None).dispersed:
        for name, sign, order in (("dl", 1, 0), ("ds", 1, 1), ("dw", -1, 2)):
            one = sign * float(mp.diff(value, at, (order, 1)))
            assert found[name] == pytest.approx(one, rel=1e-8, abs=1e-9 * (1 + size)), name
    mean = INVERSE[link](at[0])
    assert found["mean"] == pytest.approx(float(mean), rel=1e-10, abs=1e-300)
    assert found["mean1"] == pytest.approx(float(mp.diff(INVERSE[link], at[0])), rel=1e-9, abs=1e-300)


def test_expected_weights_are_the_mean_of_the_observed_ones():
    eta, trials, h = 0.4, 9, 1e-5
    for link in ("logit", "probit", "cloglog", "cauchit"):
        p = float(INVERSE[link](mp.mpf(eta)))
        shares = [float(mp.binomial(trials, y)) * p**y * (1 - p) ** (trials - y) for y in range(trials + 1)]
        observed = [kernels("binomial", link, 0.0, float(y), 9.0, eta)["w"] for y in range(trials + 1)]
        found = kernels("binomial", link, 0.0, 4.0, 9.0, eta)
        assert found["expected"] == pytest.approx(np.dot(shares, observed), rel=1e-12)
        ends = [kernels("binomial", link, 0.0, 4.0, 9.0, eta + step)["expected"] for step in (h, -h)]
        assert found["expected1"] == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-7)


def test_names_and_links_are_checked():
    assert choose_family("Binomial", None).link.name == "logit"
    assert choose_family("negbin", None).name == "nbinom2"
    with pytest.raises(ArgumentError, match="family= must be one of 'binomial'"):
        choose_family("binomal", None)
    with pytest.raises(ArgumentError, match="'log', 'sqrt', 'identity' for the Poisson family, not 'logit'"):
        choose_family("poisson", "logit")
    with pytest.raises(ArgumentError, match="name of a family"):
        choose_family(len, None)


@pytest.mark.parametrize(("family", "link"), CASES)
def test_links_are_their_inverses(family, link):
    found = choose_family(family, link).link
    eta = np.array(ETAS.get(link, (-2.0, 0.3, 1.1)))
    mu = found.inverse(eta)
    np.testing.assert_allclose(found.forward(mu), eta, rtol=1e-10)
    slope = (found.inverse(eta + 1e-6) - found.inverse(eta - 1e-6)) / 2e-6
    np.testing.assert_allclose(found.slope(eta), slope, rtol=1e-7)
