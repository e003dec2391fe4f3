"""Every optimiser side by side against lme4's allFit, and the diagnosis in words."""

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted
from ranef.diagnostics.allfit import OPTIMIZERS
from reference_battery import load_data, load_table


@pytest.mark.parametrize("about", load_table("allFit"), ids=lambda a: a["data"])
def test_rows_agree_with_lme4(about):
    fit = ranef.lmer(about["formula"], load_data(about["data"]))
    found = ranef.allfit(fit)
    assert [*found.fixef.index, *found.skipped] == list(OPTIMIZERS)
    assert len(found.fixef) >= 6
    best = max(row["llik"] for row in about["fits"].values())
    exact = about["fits"]["nlminbwrap"]
    np.testing.assert_allclose(found.llik["llf"], best, atol=2e-4)
    np.testing.assert_allclose(found.llik.loc["newton", "llf"], best, atol=1e-6)
    np.testing.assert_allclose(found.fixef, np.tile(exact["fixef"], (len(found.fixef), 1)), rtol=1e-4)
    # lme4's order: lower triangle by column
    ours = found.sdcor.iloc[:, [0, 2, 1, 3]]
    np.testing.assert_allclose(ours.loc["newton"], exact["sdcor"], rtol=2e-5)
    np.testing.assert_allclose(ours, np.tile(exact["sdcor"], (len(ours), 1)), atol=0.02)
    assert found.agree
    assert found.llik["converged"].all()
    assert (found.llik["evaluations"] > 0).all() and (found.llik["seconds"] > 0).all()
    assert found.llik.loc["newton", "evaluations"] == found.llik["evaluations"].min()
    text = repr(found)
    for title in (
        "Fixed effects",
        "Log-likelihood",
        "Standard deviations and correlations",
        "All optimisers agree",
    ):
        assert title in text


def test_chosen_optimisers_and_limits():
    fit = fitted("ss_slope_reml")
    found = ranef.allfit(fit, ["newton", "nelder-mead"], max_evaluations=5)
    assert list(found.llik.index) == ["newton", "nelder-mead"]
    assert not found.llik.loc["nelder-mead", "converged"]
    assert not found.agree
    assert "Not at the best optimum: nelder-mead; the best is that of newton" in repr(found)
    with pytest.raises(ranef.ArgumentError, match="optimizer= must be one of 'newton', 'l-bfgs-b'"):
        ranef.allfit(fit, ["bobyqa"])


# ---------------------------------------------------------------- diagnose
def test_nothing_wrong():
    found = ranef.diagnose(fitted("ergo_reml"))
    assert not found.findings and "Nothing is wrong" in repr(found)


def test_singular():
    text = " ".join(repr(ranef.diagnose(fitted("dye2_reml"))).split())
    assert "variance of the intercept is zero" in text
    assert "(1 | Batch) can be left out" in text


def test_not_converged_says_which_optimiser_does_better():
    fit = ranef.lmer(
        "Reaction ~ Days + (Days | Subject)",
        load_data("sleepstudy"),
        optimizer="nelder-mead",
        max_evaluations=5,
    )
    found = ranef.diagnose(fit)
    assert found.findings[0].topic == "convergence"
    assert "not converged" in found.findings[0].what
    assert "refit with optimizer=" in found.findings[0].advice
    assert found.allfit is not None


def test_few_levels_missing_values_and_dropped_columns():
    data = load_data("sleepstudy")
    small = data[data["Subject"].isin(data["Subject"].unique()[:3])].copy()
    small["Days"] = small["Days"].astype(float)
    small.iloc[0, small.columns.get_loc("Days")] = np.nan
    small["Twice"] = 2 * small["Days"]
    text = repr(ranef.diagnose(ranef.lmer("Reaction ~ Days + Twice + (1 | Subject)", small)))
    assert "'Subject' has only 3 levels" in text
    assert "1 of 30 rows were dropped for missing values: Days (1)" in text
    assert "Twice: dropped, a combination of other columns" in text


def test_rows_far_away():
    data = load_data("sleepstudy")
    data.loc[17, "Reaction"] += 2000
    finding = ranef.diagnose(ranef.lmer("Reaction ~ Days + (1 | Subject)", data)).findings[-1]
    assert "from the fit: 17." in finding.what
    assert isinstance(pd.Series([finding.what]).iloc[0], str)
