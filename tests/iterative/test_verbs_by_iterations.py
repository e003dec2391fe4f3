"""What fits by iterations answer, and what they refuse: the exact kinds are the oracle."""

import pickle

import numpy as np
import pytest
import ranef
from iterative.crossed_rows import FEW, FORMULAS, data, pair
from ranef.bootstrap.draws.streams import replicate_generator, stream_key
from ranef.errors import ArgumentError, NewLevelError
from ranef.iterative import errors


def test_a_likelihood_ratio_is_the_exact_one_but_for_the_stated_error():
    """Refitted by maximum likelihood, by iterations again; p is bounded in a note."""
    smaller = FORMULAS["two factors"].replace("x + ", "")
    found, exact = pair("two factors")
    small = [ranef.lmer(smaller, data(), schur=kind) for kind in ("iterative", "dense")]
    tables = [ranef.anova(a, b) for a, b in zip(small, (found, exact), strict=True)]
    errors = [fit.by_other_criterion().objective_error for fit in (small[0], found)]
    assert isinstance(found.by_other_criterion(), type(found)) and not found.by_other_criterion().reml
    chisq = [float(table["chisq"].iloc[1]) for table in tables]
    assert abs(chisq[0] - chisq[1]) < 4 * np.hypot(*errors)
    assert "Monte Carlo standard error" in tables[0].attrs["notes"][1]
    assert not any("Monte Carlo" in note for note in tables[1].attrs["notes"])


def test_conditional_standard_deviations_of_chosen_levels():
    found, exact = pair("vectors")
    variances = exact.model.problem.conditional_variances(exact.response, found.theta)
    for given, factor in enumerate(exact.model.cross.factors):
        levels = found.ranef[factor.group].index[[5, 0]]
        expected = found.sigma * np.sqrt(np.einsum("lii->li", variances[given])[[5, 0]])
        np.testing.assert_allclose(found.cond_sd(factor.group, levels), expected, rtol=1e-6)
    with pytest.raises(NewLevelError, match="999"):
        found.cond_sd("u", [999])
    with pytest.raises(ArgumentError, match="'v' is not a grouping factor"):
        found.cond_sd("v", [1])


def test_summary_states_the_errors():
    found, _ = pair("two factors")
    text = str(found.summary())
    assert "mc_error" in text and "Fitted by iterations" in text and "criterion is an estimate" in text
    assert "Fitted by iterations" in repr(found)
    assert "iterative" in str(found.plan)
    assert (found.component_table()["mc_error"] < 0.05 * found.component_table()["se"]).all()
    assert "97.5 %" in str(found.summary(conf_int=True))


def test_what_takes_long_is_not_computed_for_a_glance():
    found = ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", iterations=FEW)
    assert "criterion" not in repr(found) and "criterion" not in found._repr_html_()
    assert not {"criterion", "errors"} & vars(found).keys()


def test_what_needs_an_exact_kind_is_refused():
    found, _ = pair("two factors")
    with pytest.raises(ArgumentError, match="kenward-roger"):
        found.coef_table("kenward-roger")
    with pytest.raises(ArgumentError, match="schur='dense'"):
        found.ranef.cond_var["u"]
    with pytest.raises(ArgumentError, match="schur='dense'"):
        found.model.objective(found.theta)
    with pytest.raises(ArgumentError, match="theta_uncertainty"):
        found.predict(data().head(), theta_uncertainty=True)
    for arguments in ({"optimizer": "bobyqa"}, {"dispersion": "~ k"}, {"residual": "ar1(1 | u)"}):
        with pytest.raises(ArgumentError, match="iterative"):
            ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", **arguments)
    with pytest.raises(ArgumentError, match="classes"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", leading="classes")
    with pytest.raises(ArgumentError, match="this one is exact"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="dense", iterations=FEW)
    with pytest.raises(ArgumentError, match=r"ranef.Iterations"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", iterations=16)


@pytest.mark.parametrize(
    "wrong", [{"probes": 0}, {"error": 0}, {"seed": -1}, {"probes": 1.5}, {"most_probes": 8}]
)
def test_iterations_are_checked(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        ranef.Iterations(**wrong)


@pytest.mark.parametrize("name", ["vectors", "uncorrelated, other slopes"])
def test_standard_errors_of_predictions_are_solves(name):
    found, exact = pair(name)
    new = data().iloc[:20].copy()
    new.loc[new.index[0], "u"] = 12345
    for options in ({"interval": "prediction", "parts": True}, {"random": "u", "interval": "confidence"}):
        tables = [fit.predict(new, allow_new_levels=True, ddf="normal", **options) for fit in (found, exact)]
        np.testing.assert_allclose(tables[0]["se"], tables[1]["se"], rtol=0.02)
        np.testing.assert_allclose(tables[0]["upper"], tables[1]["upper"], rtol=0.02, atol=0.02)
    own = found.predict(data().iloc[:3], se=True)["se"]
    at = exact.model.fit(start=found.theta, max_evaluations=1)
    np.testing.assert_allclose(own, at.predict(data().iloc[:3], se=True)["se"], rtol=0.02)


def test_a_bootstrap_draws_rows_and_refits():
    found, exact = pair("two factors")
    result = found.bootstrap(6, seed=1, progress=False)
    again = found.bootstrap(2, seed=1, first=4, progress=False)
    frame = result.to_frame()
    assert result.converged.all() and len(frame) == 6
    np.testing.assert_array_equal(result.records[4:], again.records)
    theirs = exact.model.fit(found.simulate(1, seed=replicate_generator(stream_key(1)[0], 0)))
    for name in ("Intercept", "x", "sigma"):
        assert frame[name].iloc[0] == pytest.approx(theirs[name].iloc[0], rel=1e-3)
    assert set(result.conf_int().index) >= {"x", "sigma"}


def test_refits_and_pickles():
    found, _ = pair("two factors")
    again = pickle.loads(pickle.dumps(found))
    assert (again.theta == found.theta).all() and again.objective == found.objective
    doubled = found.refit(2 * data().y.to_numpy() + 1)
    np.testing.assert_allclose(doubled.theta, found.theta, rtol=1e-5)
    assert doubled.sigma == pytest.approx(2 * found.sigma, rel=1e-6)


def test_four_probes_give_the_information_where_their_spread_is_small(monkeypatch):
    """Where it is not, as many are asked as the fit has; both agree to what they say of themselves."""
    fit = ranef.lmer(
        "diameter ~ 1 + (1 | plate) + (1 | sample)", ranef.datasets.load("Penicillin"), schur="iterative"
    )
    asked, real = [], errors._observed

    def observed(fit, probes):
        asked.append(probes)
        return real(fit, probes)

    monkeypatch.setattr(errors, "_observed", observed)
    few = errors.monte_carlo(fit)
    assert asked == [4]
    monkeypatch.setattr(errors, "_ROUGHLY", np.inf)
    many = errors.monte_carlo(fit)
    assert asked == [4, 4, 16]
    assert np.allclose(np.diag(few.statistical), np.diag(many.statistical), rtol=1e-3)
