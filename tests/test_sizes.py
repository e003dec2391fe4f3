"""Numbers whose squares a double cannot hold are refused by name in every kind of fit."""

import numpy as np
import pandas as pd
import pytest
import ranef

RNG = np.random.default_rng(5)
GROUPS, VISITS = np.divmod(np.arange(48), 4)
ROWS = pd.DataFrame({"g": [f"g{k:02d}" for k in GROUPS], "v": [f"v{k}" for k in VISITS]})
ROWS["x"] = RNG.normal(size=48)
ROWS["y"] = 1 + 0.5 * ROWS["x"] + RNG.normal(size=12)[GROUPS] + RNG.normal(size=48)
NAMES = ROWS["g"].unique()
RELATED = {"g": pd.DataFrame(np.eye(12), index=NAMES, columns=NAMES)}
FITS = {
    "lmer": lambda data: ranef.lmer("y ~ x + (1 | g)", data),
    "iterative": lambda data: ranef.lmer("y ~ x + (1 | g) + (1 | v)", data, schur="iterative"),
    "structured": lambda data: ranef.lmer("y ~ x + diag(x | g)", data),
    "dispersion": lambda data: ranef.lmer("y ~ x + (1 | g)", data, dispersion="~ v"),
    "residual": lambda data: ranef.lmer("y ~ x + (1 | g)", data, residual="ar1(1 | g)"),
    "related": lambda data: ranef.lmer("y ~ x + (1 | g)", data, relationship=RELATED),
    "gls": lambda data: ranef.gls("y ~ x", data, residual="ar1(1 | g)"),
    "mmrm": lambda data: ranef.mmrm("y ~ x + cs(v | g)", data),
    "mmrm, batches": lambda data: ranef.mmrm("y ~ x + cs(v | g)", ranef.batches(lambda: [data])),
    "batches": lambda data: ranef.lmer("y ~ x + (1 | g)", ranef.batches(lambda: [data])),
    "sums": lambda data: ranef.fit(ranef.sums("y ~ x + (1 | g)", data)),
    "lm_list": lambda data: ranef.lm_list("y ~ x | g", data),
    "glmer": lambda data: ranef.glmer("y ~ x + (1 | g)", data.assign(y=abs(data["y"])), "gamma"),
}


@pytest.mark.parametrize("factor", [1e300, 1e160, 1e-160, 1e-300])
@pytest.mark.parametrize("kind", FITS)
@pytest.mark.filterwarnings("error")
def test_squares_that_no_double_holds(kind, factor):
    for name, words in (("x", "column 'x'"), ("y", r"response|y")):
        with pytest.raises(ranef.DataError, match=rf"{words}.*a double cannot hold.*unit"):
            FITS[kind](ROWS.assign(**{name: ROWS[name] * factor}))


@pytest.mark.filterwarnings("error")
def test_a_mean_that_overflows():
    with pytest.raises(ranef.DataError, match=r"the response has values .* a double cannot hold"):
        FITS["lmer"](ROWS.assign(y=(ROWS["y"] + 5) * 2e307))


@pytest.mark.parametrize("kind", ["lmer", "structured", "dispersion", "related", "gls", "mmrm"])
def test_another_response_in_units_of_any_size(kind):
    fit = FITS[kind](ROWS)
    for factor in (1e160, 1e-160):
        with pytest.raises(ranef.DataError, match=r"the response has values .* a double cannot hold"):
            fit.refit(ROWS["y"] * factor)
    large = fit.refit(ROWS["y"] * 1e70)
    assert large.params["x"] == pytest.approx(fit.params["x"] * 1e70)
    assert large.bse["x"] == pytest.approx(fit.bse["x"] * 1e70, rel=1e-4)


@pytest.mark.parametrize("kind", ["lmer", "related", "gls", "mmrm"])
def test_numbers_as_text_are_named_where_their_levels_leave_no_rows(kind):
    text = ROWS["x"].astype(str)
    text[3] = "."
    with pytest.raises(ranef.DataError, match=r"48 fixed effects reproduce the 48.*'x' alone has 48 levels"):
        FITS[kind](ROWS.assign(x=text))


@pytest.mark.parametrize("start", [[1.0], [np.nan, 0.0, 0.0]])
def test_a_start_of_a_generalised_model_has_its_length(start):
    fit = ranef.glmer("n ~ x + (1 | g)", ROWS.assign(n=(ROWS["y"] > 1).astype(int)))
    with pytest.raises(ranef.ArgumentError, match="start= must be 3 finite numbers"):
        fit.model.fit(start=start)
