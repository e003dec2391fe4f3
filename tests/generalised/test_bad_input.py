"""What a generalised model cannot use is an error that names rows, columns or arguments, and the remedy."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, FormulaError


@pytest.fixture
def data():
    rng = np.random.default_rng(4)
    frame = pd.DataFrame({"g": np.repeat(np.arange(12), 8), "x": rng.normal(size=96)})
    eta = 0.3 * frame.x + rng.normal(size=12)[frame.g] * 0.6
    frame["y"] = rng.binomial(1, 1 / (1 + np.exp(-eta))).astype(float)
    frame["n"] = rng.poisson(np.exp(eta)).astype(float)
    frame["t"] = np.exp(eta) * rng.gamma(2, 0.5, size=96)
    frame["m"] = rng.integers(2, 9, 96).astype(float)
    frame["s"] = rng.binomial(frame.m.astype(int), 1 / (1 + np.exp(-eta))).astype(float)
    return frame


def glmer(data, left="y", family="binomial", right="x + (1 | g)", **options):
    return ranef.glmer(f"{left} ~ {right}", data, family, **options)


def test_forms_of_a_binomial_response_are_one(data):
    data["yes"] = data.y == 1
    data["word"] = pd.Categorical(np.where(data.y == 1, "yes", "no"), categories=["no", "yes"])
    data["text"] = np.where(data.y == 1, "won", "lost")
    data["zero"] = 1 - data.y
    fits = [glmer(data, left) for left in ("y", "yes", "word", "text", "cbind(y, zero)", "cbind(y, 1 - y)")]
    assert {round(fit.objective, 9) for fit in fits} == {round(fits[0].objective, 9)}
    data["share"] = data.s / data.m
    one, other = glmer(data, "share", weights="m"), glmer(data, "cbind(s, m - s)")
    assert one.objective == pytest.approx(other.objective, abs=1e-9)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9)


@pytest.mark.parametrize(
    ("left", "family", "change", "message"),
    [
        ("y", "binomial", {"y": (5, 0.5)}, r"'y' is 0\.5 in row 5 .* weights=, or write cbind"),
        ("y", "binomial", {"y": (5, 2.0)}, r"'y' is 2 in row 5"),
        ("cbind(s, m - s)", "binomial", {"s": (7, -1.0)}, r"'s' in cbind\(\) is -1 in row 7"),
        ("cbind(s, m - s)", "binomial", {"s": (7, 99.0)}, r"'m - s' in cbind\(\) is -9\d in row 7"),
        ("cbind(s, m - s)", "binomial", {"s": (7, 0.5)}, r"must be whole numbers; it is 0\.5 in row 7"),
        ("n", "poisson", {"n": (3, -1.0)}, r"'n' of a Poisson model must not be negative; it is -1 in row 3"),
        ("n", "nbinom2", {"n": (3, 1.5)}, r"must be whole numbers; it is 1\.5 in row 3"),
        ("t", "gamma", {"t": (2, 0.0)}, r"'t' of a Gamma model must be positive; it is 0 in row 2"),
        ("t", "inverse_gaussian", {"t": (2, -0.5)}, r"of an inverse Gaussian .* it is -0\.5 in row 2"),
        ("y", "beta", {}, r"strictly between 0 and 1; it is .* and \d+ more .* binomial or betabinomial"),
        ("n", "poisson", {"n": (3, np.inf)}, r"'n' is inf in row 3"),
    ],
)
def test_responses_outside_the_family_name_their_rows(data, left, family, change, message):
    for column, (row, value) in change.items():
        data.loc[row, column] = value
    with pytest.raises(DataError, match=message):
        glmer(data, left, family)


def test_a_mean_at_the_end_of_its_range_is_named_with_a_link_that_has_none():
    rng = np.random.default_rng(8)
    data = pd.DataFrame({"g": np.repeat(np.arange(12), 10), "x": rng.normal(size=120).round(1)})
    data["c"] = np.where(data.x > 0, 0, rng.poisson(2, 120))
    message = ranef.glmer("c ~ x + (1 | g)", data, "poisson", "identity").optimum.message
    assert "those of a Poisson model can be" in message
    assert "use link='log'" in message


def test_trials_of_zero(data):
    data.loc[4, ["s", "m"]] = 0.0
    with pytest.raises(DataError, match=r"one or more; it is 0 in row 4 .* drop such rows"):
        glmer(data, "cbind(s, m - s)")


def test_other_responses(data):
    with pytest.raises(DataError, match="must have two levels, it has 3"):
        glmer(data.assign(k=np.resize(["a", "b", "c"], 96)), "k")
    with pytest.raises(DataError, match="is 1 in each of the 96 rows used"):
        glmer(data.assign(k=1.0), "k")
    with pytest.raises(DataError, match="which the Poisson family does not have"):
        glmer(data, "cbind(s, m)", "poisson")
    with pytest.raises(DataError, match="has the trials of each row"):
        glmer(data, "cbind(s, m - s)", weights="m")
    with pytest.raises(DataError, match="with weights= it is the proportion"):
        glmer(data, "s", weights="m")
    with pytest.raises(FormulaError, match=r"use glmer\(\)"):
        ranef.lmer("cbind(s, m - s) ~ x + (1 | g)", data)


def test_arguments(data):
    with pytest.raises(ArgumentError, match="family= must be one of"):
        glmer(data, family="binomal")
    with pytest.raises(ArgumentError, match="link= must be one of 'logit'"):
        glmer(data, link="log")
    with pytest.raises(ArgumentError, match="agq= must be a whole number from 0 to 100"):
        glmer(data, agq=1.5)
    with pytest.raises(ArgumentError, match=r"one grouping factor, the model has 2 \(g, h\)"):
        glmer(data.assign(h=np.resize(np.arange(8), 96)), right="x + (1 | g) + (1 | h)", agq=5)
    with pytest.raises(ArgumentError, match="information='expected' is lme4's"):
        glmer(data, "t", "gamma", information="expected")
    with pytest.raises(TypeError, match="nAGQ=: it is called agq="):
        glmer(data, nAGQ=5)
    with pytest.raises(TypeError, match="fitted by maximum likelihood"):
        glmer(data, reml=True)


def test_what_is_not_compared(data):
    fit = glmer(data)
    probit = glmer(data, link="probit", right="1 + (1 | g)")
    with pytest.raises(ArgumentError, match=r"different families, binomial \(probit\) and binomial"):
        ranef.anova(fit, probit)
    with pytest.raises(ArgumentError, match=r"ranef\.anova\(fit, other\) compares two"):
        fit.anova(probit)
    with pytest.raises(ArgumentError, match=r"approximate their likelihoods differently \(agq=1 and agq=5\)"):
        ranef.anova(fit, glmer(data, right="1 + (1 | g)", agq=5))
    with pytest.raises(ArgumentError, match=r"different families, binomial \(logit\) and Gaussian"):
        ranef.anova(glmer(data, right="1 + (1 | g)"), ranef.lmer("y ~ x + (1 | g)", data))


def test_separation_is_named(data):
    data["treated"] = (data.g < 4).astype(float)
    data.loc[data.treated == 1, "y"] = 1.0
    fit = glmer(data, right="x + treated + (1 | g)")
    found = fit.separation
    assert found is not None
    assert found.columns == ("treated",)
    assert not found.complete
    assert "quasi-complete separation" in str(fit.summary())
    assert glmer(data.assign(treated=data.g % 2)).separation is None


def test_all_successes_in_a_level_are_finite(data):
    data.loc[data.g == 0, "y"] = 1.0
    fit = glmer(data)
    assert fit.converged
    assert np.isfinite(fit.ranef["g"].to_numpy()).all()


def test_a_link_that_leaves_the_range_is_an_error_or_a_fit(data):
    fit = glmer(data.assign(n=data.n + 3), "n", "poisson", link="identity")
    assert fit.converged
    with pytest.raises(DataError, match=r"offset is 100000 in row \d+ .* offset\(log\(exposure\)\)"):
        glmer(data.assign(o=1e5 * (data.x > 0)), "n", "poisson", offset="o")


def test_a_response_without_noise_is_named(data):
    exact = data.assign(p=np.exp(data.x))
    for family in ("gamma", "gaussian"):
        with pytest.raises(DataError, match="follows the fixed part exactly"):
            ranef.glmer("p ~ x + (1 | g)", exact, family)


def test_single_trials_are_no_beta_binomial(data):
    with pytest.raises(DataError, match="use family='binomial'"):
        ranef.glmer("y ~ x + (1 | g)", data.assign(y=(data.x > 0).astype(float)), "betabinomial")


def test_a_negative_mean_has_no_logarithm(data):
    with pytest.raises(DataError, match="use link='identity'"):
        ranef.glmer("p ~ 1 + (1 | g)", data.assign(p=data.x - 5), "gaussian")


def test_separated_counts_are_named(data):
    level = (np.arange(len(data)) % 7 == 0).astype(float)
    counts = np.where(level == 1, 0.0, 1.0 + np.arange(len(data)) % 4)
    fit = ranef.glmer("c ~ level + (1 | g)", data.assign(c=counts, level=level), "nbinom2")
    assert fit.separation is not None and fit.separation.columns == ("level",)


def test_power_is_of_the_fits_design():
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp"))
    found = ranef.power(fit, "period[T.2]", effect=0.0, n=400, seed=1)
    assert found.power == pytest.approx(0.05, abs=0.045) and found.test == "normal"
    with pytest.raises(ArgumentError, match="takes no groups="):
        ranef.power(fit, "period[T.2]", groups=30)


def test_what_is_no_table_of_rows_says_what_takes_it(data):
    formula = "y ~ x + (1 | g)"
    sums = ranef.sums(formula, data, family="binomial")
    with pytest.raises(DataError, match=r"not CellSums: .*ranef.fit\(sums\) fits them"):
        ranef.glmer(formula, sums)
    with pytest.raises(DataError, match=r"several tables are batches: ranef.batches"):
        ranef.glmer(formula, [data, data])
    with pytest.raises(ArgumentError, match=r"ranef.glmer\(formula, data, family\) reads batches"):
        ranef.generalised.GlmerModel(formula, ranef.batches(lambda: [data]))
    with pytest.raises(ArgumentError, match=r"identity link leave family= out"):
        ranef.sums(formula, data, family="gaussian")
