"""Every object a user meets prints itself: in a terminal, in a notebook, for a paper."""

import pandas as pd
import pytest
import ranef
from conftest import fitted
from ranef.show import FORMATS, frame_table, render
from ranef.show.text import columns_of_text, in_width


def slope():
    return fitted("ss_slope_reml")


def intercept():
    return fitted("ss_int_ml")


OBJECTS = {
    "fit": slope,
    "summary": lambda: slope().summary(),
    "modelsummary": lambda: ranef.modelsummary(slope(), intercept()),
    "varcorr": lambda: slope().varcorr,
    "component": lambda: slope().varcorr["Subject"],
    "ranef": lambda: slope().ranef,
    "coef": lambda: slope().coef,
    "optimum": lambda: slope().optimum,
    "plan": lambda: slope().plan,
    "profile": lambda: slope().profile(["sigma"]),
    "bootstrap": lambda: slope().bootstrap(20, seed=1, progress=False),
    "anova": lambda: slope().anova(),
    "comparison": lambda: ranef.anova(slope(), intercept()),
    "drop1": lambda: slope().drop1(),
    "ranova": lambda: slope().ranova(),
    "test": lambda: slope().test(["Intercept = 250", "Days = 10"]),
    "robust": lambda: slope().robust(),
    "pca": lambda: slope().pca(),
    "redundancy": lambda: fitted("dye2_reml").redundancy(),
    "influence": lambda: slope().influence("Subject"),
    "pooling": lambda: ranef.pooling(slope()),
    "lm_list": lambda: ranef.lm_list("Reaction ~ Days | Subject", ranef.datasets.load("sleepstudy")),
    "allfit": lambda: ranef.allfit(intercept(), ["newton", "l-bfgs-b"]),
    "diagnose": lambda: ranef.diagnose(slope()),
    "power": lambda: ranef.power(intercept(), "Days", n=20, seed=1, progress=False),
    "exact_rlrt": lambda: ranef.exact_rlrt(fitted("ss_int_reml"), n=500, seed=1),
    "emmeans": lambda: ranef.emmeans(fitted("mach_int_reml"), "Machine"),
    "pairs": lambda: ranef.emmeans(fitted("mach_int_reml"), "Machine").pairs(),
    "describe": lambda: ranef.datasets.describe("sleepstudy"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_object_shows_itself(name):
    value = OBJECTS[name]()
    text = repr(value)
    assert not text.startswith("<") and "object at 0x" not in text and "array(" not in text
    assert max(map(len, text.splitlines())) <= 80
    page = value._repr_html_()
    assert page.count("<table") == page.count("</table>") and page.startswith("<div")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", ["profile", "bootstrap", "test", "pooling", "allfit", "plan"])
def test_object_in_every_format(name, format):
    assert len(OBJECTS[name]().to(format)) > 50


def test_misspelt_format_lists_the_valid_ones():
    with pytest.raises(ranef.ArgumentError, match="'text', 'html', 'markdown', 'latex', not 'latx'"):
        slope().profile(["sigma"]).to("latx")


def test_table_of_tests_says_what_it_tests():
    table = ranef.anova(slope(), intercept())
    text = str(table)
    assert "model 1: Reaction ~ Days + (Days | Subject)" in text and "chi2" in text
    assert "1763.94" in text  # criteria keep decimals: their differences count (lme4: 1763.939)
    assert "Analysis of variance of type III" in str(slope().anova())
    assert type(table[["aic"]]) is pd.DataFrame


def test_long_frame_is_cut_in_the_middle():
    table = frame_table(pd.DataFrame({"x": range(1000)}), "Levels")
    assert table.caption == "Levels (1,000 rows)" and len(table.rows) == 21
    assert table.rows[10] == ("...", "...") and table.rows[-1] == ("999", "999")
    assert "&lt;b&gt;" in render([frame_table(pd.DataFrame({"x": ["<b>"]}))], "html")


def test_missing_entries_are_empty():
    frame = pd.DataFrame({"a": [1.5, float("nan")], "b": ["x", None], "c": [True, False]})
    assert frame_table(frame, index=False).rows == [("1.5", "x", "yes"), ("", "", "no")]


def test_wide_tables_go_below():
    assert in_width([5, 10, 10, 10], 1, 30) == [[0, 1, 2], [0, 3]]
    assert in_width([50, 50], 1, 20) == [[0, 1]]  # nothing is left out, however narrow
    assert columns_of_text(["a", "b"], [["1"], ["22"]], [False, True]) == ["a  b", "1 22"]


def test_many_coefficients_wrap():
    data = ranef.datasets.load("sleepstudy")
    lines = repr(ranef.lmer("Reaction ~ C(Days) + (1 | Subject)", data)).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("C(Days)" in line for line in lines) == 3  # the formula, two lines of names


def test_fits_without_random_effects_stand_beside_others():
    data = ranef.datasets.load("sleepstudy")
    errors = ranef.gls("Reaction ~ Days", data, residual="ar1(Days | Subject)")
    table = ranef.modelsummary(errors, slope())
    lines = {line.split("  ")[0]: line.split()[-2:] for line in str(table).splitlines()}
    estimates = errors.tidy().set_index("term")["estimate"]
    assert lines["ar1(Days | Subject)"][1] == f"{estimates['ar1(Days | Subject)']:.3f}"
    assert lines["Groups: Subject"][1] == "18" and lines["Days"] == ["10.47***", "10.47***"]


def test_predictions_by_a_group_say_where_those_are():
    with pytest.raises(ranef.ArgumentError, match=r"'Subject' is a grouping factor.*fit\.coef"):
        slope().predictions("Days", by="Subject")


def test_a_column_about_boundaries_is_there_when_one_is_tested():
    other = fitted("ss_int_ml")
    assert "p_boundary" in str(ranef.anova(other, slope()))
    assert "p_boundary" not in str(ranef.anova(other, slope(), nested=False))
