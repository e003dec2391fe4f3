"""The loader of lme4's answers: names translated, data typed, nothing lost on the way."""

import numpy as np
import pandas as pd
import pytest
from reference_battery import (
    all_models,
    canonical,
    load_bootstrap,
    load_data,
    load_model,
    load_refits,
    manifest,
)


def test_battery_is_complete():
    names = {m.name for m in all_models(refused=None) if m.data_name != "school"}
    assert len(names) == 124
    assert [m.name for m in all_models(refused=True)] == ["cake_full_reml"]
    assert {m.name for m in all_models(big=True)} >= {"inst_sdd_reml", "chem_slope_reml", "star_int_reml"}


def test_data_have_the_types_and_level_order_of_r():
    star = load_data("star")
    assert list(star["gr"].cat.categories) == ["K", "1", "2", "3"]
    assert not star["gr"].cat.ordered
    assert load_data("sleepstudy_x")["id"].dtype == np.int64
    assert load_data("sleepstudy_na")["Reaction"].isna().any()
    for name, about in manifest().items():
        frame = load_data(name)
        assert len(frame) == about["n"]
        assert all(frame[c].isna().sum() == info["n_missing"] for c, info in about["columns"].items())


def test_load_data_gives_a_fresh_frame():
    spoiled = load_data("sleepstudy")
    spoiled["Days"] = 0
    assert load_data("sleepstudy")["Days"].max() == 9


@pytest.mark.parametrize(
    ("name", "ours", "lme4"),
    [
        ("mach_sum_reml", "C(Machine, contr.sum)[S.B]", "Machine2"),
        (
            "cake_poly_reml",
            "C(recipe, contr.helmert)[H.C]:C(temperature, contr.poly)[^4]",
            "recipe2:temperature^4",
        ),
        ("cake_slope_c_reml", "recipe[T.B]:I((temp - 200) / 25)", "recipeB:I((temp - 200)/25)"),
        ("oats_f_reml", "C(nitro)[T.0.2]:Variety[T.Victory]", "factor(nitro)0.2:VarietyVictory"),
        ("hsb_reml", "sector[T.Catholic]:cses", "cses:sectorCatholic"),
        ("ss_poly_reml", "poly(Days, 2)[2]", "poly(Days, 2)2"),
        ("ss_quad_reml", "I(Days ** 2)", "I(Days^2)"),
        ("star_int_reml", "cltype[T.reg+A]", "cltypereg+A"),
    ],
)
def test_names_meet(name, ours, lme4):
    model = load_model(name)
    assert model.coefficient_names[model.raw["beta_names"].index(lme4)] == canonical(ours)


def test_align_puts_nan_where_lme4_drops():
    model = load_model("ss_rankdef_reml")
    names = ["Intercept", "Days", "I(2 * Days)", "I(Days ** 2)"]
    assert np.isnan(model.align(names, model.beta)).tolist() == [False, False, True, False]
    assert np.isnan(model.align(names, model.vcov)).sum() == 7
    with pytest.raises(KeyError, match="do not match"):
        model.order(["Intercept", "days"])


def test_refits_and_bootstrap_load():
    base, responses, expected = load_refits("ss_slope_ml")
    assert (base.name, responses.shape, len(expected)) == ("ss_slope_ml", (180, 20), 20)
    summary, replicates = load_bootstrap("pen")
    assert len(replicates) == summary["nsim"] == 2000
    assert isinstance(replicates, pd.DataFrame)
