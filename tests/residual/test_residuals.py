"""Residuals with a covariance of their own: against dense algebra, bad input, what is refused."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, FormulaError


def rows(seed=2, subjects=15):
    random = np.random.default_rng(seed)
    out = []
    for i in range(subjects):
        level, before = random.normal(0, 2), 0.0
        for t in np.sort(random.choice(12, random.integers(1, 8), replace=False)):
            before = 0.6 * before + random.normal()
            stratum = "uvw"[random.integers(3)]
            noise = before * {"u": 1.0, "v": 2.0, "w": 0.6}[stratum]
            x = random.normal(5, 1)
            w, y = random.uniform(0.5, 2), x + level + noise
            out.append((f"s{i:02d}", f"k{i % 4}", int(t), t + 0.3, stratum, x, w, y))
    frame = pd.DataFrame(out, columns=["id", "site", "t", "time", "s", "x", "w", "y"])
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def dense_criterion(frame, fit, rho, power):
    """-2 log L or the REML criterion with V built and inverted, at the parameters of a fit."""
    n = len(frame)
    X = np.column_stack([np.ones(n), frame.x])
    sd = fit.residual.sd[frame.s].to_numpy() / np.sqrt(frame.w.to_numpy())
    same = frame.id.to_numpy()[:, None] == frame.id.to_numpy()[None, :]
    distance = np.abs(np.subtract.outer(frame[power].to_numpy(), frame[power].to_numpy()))
    V = np.where(same, np.outer(sd, sd) * rho**distance, 0.0)
    V += np.where(same, (fit.sigma * fit.theta[0]) ** 2, 0.0)
    Vi = np.linalg.inv(V)
    A = X.T @ Vi @ X
    beta = np.linalg.solve(A, X.T @ Vi @ frame.y)
    e = frame.y - X @ beta
    value = np.linalg.slogdet(V)[1] + e @ Vi @ e
    if fit.reml:
        return value + np.linalg.slogdet(A)[1] + (n - 2) * np.log(2 * np.pi), beta, np.linalg.inv(A), V
    return value + n * np.log(2 * np.pi), beta, np.linalg.inv(A), V


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("kind, time", [("ar1", "t"), ("car1", "time")])
def test_everything_together_against_dense_algebra(reml, kind, time):
    frame = rows()
    fit = ranef.lmer(
        "y ~ x + (1 | id)", frame, reml=reml, weights="w", residual=f"{kind}({time} | id)", dispersion="~ s"
    )
    rho = fit.residual.parameters.estimate.iloc[-1]
    value, beta, vcov, V = dense_criterion(frame, fit, rho, time)
    assert fit.objective == pytest.approx(value, abs=1e-7)
    np.testing.assert_allclose(fit.params, beta, rtol=1e-7)
    np.testing.assert_allclose(fit.bse**2, np.diag(vcov), rtol=1e-6)
    draws = fit.simulate(6000, seed=1)
    np.testing.assert_allclose(np.cov(draws.T), V, atol=0.15 * np.diag(V).max())
    white = fit.residuals("normalized")
    who = frame.id.to_numpy()
    R = V - np.where(who[:, None] == who[None, :], (fit.sigma * fit.theta[0]) ** 2, 0)
    assert white @ white == pytest.approx(fit.resid @ np.linalg.solve(R, fit.resid), rel=1e-8)


def test_the_optimum_is_one():
    """No step in any parameter pays; both arrangements of the same model agree."""
    frame = rows(subjects=30)
    fit = ranef.lmer("y ~ x + (1 | id)", frame, residual="ar1(t | id)", dispersion="~ s")
    for step in np.vstack([np.eye(3), -np.eye(3)]) * 0.05:
        moved = ranef.fitting.fit_response(fit.model.at(fit.model.phi + step))
        assert moved.optimum.value > fit.objective
    half = frame.assign(x=frame.x + 100.0, y=10 * frame.y)
    other = ranef.lmer("y ~ x + (1 | id)", half, residual="ar1(t | id)", dispersion="~ s")
    assert other.objective == pytest.approx(fit.objective + (len(frame) - 2) * 2 * np.log(10), abs=1e-5)


def test_a_number_in_the_dispersion():
    random = np.random.default_rng(5)
    z, g = random.uniform(0, 2, 400), np.repeat(range(40), 10)
    y = random.normal(size=40)[g] + random.normal(size=400) * np.exp(0.7 * z)
    frame = pd.DataFrame({"z": z, "g": g, "y": y})
    fit = ranef.lmer("y ~ 1 + (1 | g)", frame, dispersion="~ z")
    row = fit.residual.parameters.iloc[0]
    assert row.parameter == "log sd z" and abs(row.estimate - 0.7) < 3 * row.se
    assert ranef.gls("y ~ 1", frame, dispersion="~ z").converged


def test_without_random_effects_it_is_lm():
    frame = rows()
    fit = ranef.gls("y ~ x", frame)
    X = np.column_stack([np.ones(len(frame)), frame.x])
    beta, squares, *_ = np.linalg.lstsq(X, frame.y.to_numpy(), rcond=None)
    np.testing.assert_allclose(fit.params, beta, rtol=1e-10)
    assert fit.sigma**2 == pytest.approx(squares[0] / (len(frame) - 2))
    table = fit.coef_table()
    assert (table.df == len(frame) - 2).all()
    np.testing.assert_allclose(fit.coef_table("satterthwaite").df, len(frame) - 2, rtol=1e-4)
    np.testing.assert_allclose(fit.predict(frame.head(3)), fit.fittedvalues[:3])


def test_pickled():
    fit = ranef.lmer("y ~ x + (1 | id)", rows(), residual="ar1(t | id)", dispersion="~ s")
    again = pickle.loads(pickle.dumps(fit))
    assert again.objective == fit.objective
    np.testing.assert_allclose(again.bse, fit.bse, rtol=1e-10)
    assert str(again.summary()) == str(fit.summary())
    assert "ar1(t | id)" in str(fit.summary())
    gls = ranef.gls("y ~ x", rows(), residual="ar1(t | id)")
    assert str(pickle.loads(pickle.dumps(gls))) == str(gls)


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    "options, error, said",
    [
        ({"residual": "ar1(time | id)"}, DataError, r"ar1\(\) counts steps.*not whole numbers.*car1\("),
        ({"residual": "arma(t | id)"}, ArgumentError, "residual= must be text such as 'ar1"),
        ({"residual": "car1(1 | id)"}, ArgumentError, "needs times"),
        ({"residual": "ar1(t | nobody)"}, DataError, "residual= uses the column 'nobody'"),
        ({"residual": "ar1(s | id)"}, DataError, "the times 's' of residual= must be numbers"),
        ({"residual": "ar1(t | site)"}, DataError, "subject 'k[0-3]' has two rows at t = "),
        ({"dispersion": "s"}, ArgumentError, "one-sided formula such as '~ stratum'"),
        ({"dispersion": "~ 0 + s"}, ArgumentError, r"leave '0 \+' out"),
        ({"dispersion": "~ nothing"}, DataError, "'nothing'"),
    ],
)
def test_bad_input(options, error, said):
    with pytest.raises(error, match=said):
        ranef.lmer("y ~ x + (1 | id)", rows(), **options)


def test_crossed_terms_do_not_go_with_time():
    said = "joins rows of different levels of 's'.*every subject has one level"
    with pytest.raises(ArgumentError, match=said):
        ranef.lmer("y ~ x + (1 | id) + (1 | s)", rows(), residual="ar1(t | id)")
    nested = ranef.lmer("y ~ x + (1 | site/id)", rows(), residual="ar1(t | id)")
    assert nested.optimum.converged


def test_a_stratum_of_one_row_and_missing_times():
    frame = rows()
    with pytest.raises(DataError, match="stratum 'solo' of 's2' has one row"):
        ranef.lmer("y ~ x + (1 | id)", frame.assign(s2=["solo", *frame.s[1:]]), dispersion="~ s2")
    gone = frame.assign(t=frame.t.astype(float).where(frame.index != 4))
    with pytest.raises(DataError, match="'t' of residual= is missing in row 4"):
        ranef.lmer("y ~ x + (1 | id)", gone, residual="ar1(t | id)")
    endless = frame.assign(t=frame.t.astype(float).where(frame.index != 4, np.inf))
    with pytest.raises(DataError, match="'t' of residual= is inf in row 4"):
        ranef.lmer("y ~ x + (1 | id)", endless, residual="car1(t | id)")


def test_a_stratum_that_can_be_fitted_exactly():
    """Its variance runs to zero: reported, not believed."""
    frame = rows(subjects=20)
    frame.loc[frame.s == "u", "y"] = 3.0 + frame.x[frame.s == "u"]
    fit = ranef.gls("y ~ x", frame, dispersion="~ s")
    assert not fit.converged and fit.outer.boundary


def test_least_squares_have_no_random_terms():
    with pytest.raises(FormulaError, match=r"use ranef.lmer\(\)"):
        ranef.gls("y ~ x + (1 | id)", rows())


@pytest.mark.parametrize("strata", [False, True])
def test_a_positive_correlation_that_is_zero_is_no_correlation(strata):
    """Neighbours that avoid each other: car1 has nothing to find. Values of nlme's gls() without corCAR1."""
    k = np.arange(1, 41)
    frame = pd.DataFrame({"t": np.tile([0, 1, 2.5, 4], 10), "id": np.repeat(np.arange(10), 4)})
    frame["s"] = np.where(k % 3 == 0, "q", "p")
    y = 1 + 0.3 * frame.t + 0.5 * (-1.0) ** k * (1 + (k * 7) % 5 / 5) + ((k * 11) % 13) / 13
    frame["y"] = y.round(3)
    fit = ranef.gls("y ~ t", frame, residual="car1(t | id)", dispersion="~ s" if strata else None)
    value, beta, se = (
        (89.1037707100689, (1.0988988960, 0.4907968546), (0.1742328822, 0.0722266816))
        if strata
        else (90.3718323459236, (1.0886857143, 0.5039809524), (0.1794135531, 0.0744172752))
    )
    assert fit.converged
    assert fit.singular
    assert fit.objective == pytest.approx(value, abs=1e-6)
    np.testing.assert_allclose(fit.params, beta, atol=1e-5)
    np.testing.assert_allclose(fit.bse, se, rtol=1e-4)
    assert fit.residual.parameters.estimate.iloc[-1] < 1e-12
    assert "car1(t | id) runs to 0, the least it can be" in str(fit.summary()).replace("\n  ", " ")
    assert np.isfinite(fit.coef_table("satterthwaite")["df"]).all()


def test_standard_error_of_a_correlation_is_that_of_the_end():
    """Against second differences of the criterion: the search comes there from where it is curved less."""
    boys = ranef.datasets.load("Oxboys")
    fit = ranef.lmer("height ~ age + I(age**2) + (age | Subject)", boys, residual="car1(age | Subject)")
    sums, at, h = fit.model.sums(), fit.outer.phi, 0.02
    low, here, high = (sums.criterion(at + step)[0] for step in (-h, 0.0, h))
    wanted = 2 * h**2 / (low - 2 * here + high)
    assert fit.residual.spread[0, 0] == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize(
    ("column", "words"), [(1.0, "'c' of dispersion= is 1 in every row"), (1e300, "a double cannot hold")]
)
def test_a_dispersion_that_says_nothing_or_too_much(column, words):
    frame = rows()
    values = column if column == 1.0 else np.linspace(-column, column, len(frame))
    with pytest.raises(DataError, match=words):
        ranef.lmer("y ~ x + (1 | id)", frame.assign(c=values), dispersion="~ c")
