"""Nothing that is printed is wider than the terminal, and names stay whole."""

import re

import pytest
import ranef
from conftest import fitted
from ranef.datasets import load
from ranef.show.text import USUAL_WIDTH, fold, table_lines


def oats():
    return ranef.lmer("yield ~ C(nitro) * Variety + (1 | Block / Variety)", load("Oats"))


def asthma():
    return ranef.mmrm("fev1 ~ baseline + region + arm * visit + us(visit | id)", load("asthma"))


def cbpp():
    return ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", load("cbpp"))


def ar1():
    return ranef.lmer("Reaction ~ Days + (1 | Subject)", load("sleepstudy"), residual="ar1(Days | Subject)")


def gls():
    return ranef.gls("Reaction ~ Days", load("sleepstudy"), residual="ar1(Days | Subject)")


def long_names():
    name = "days_without_enough_sleep_in_the_laboratory_so_far"
    data = load("sleepstudy").rename(columns={"Days": name})
    return ranef.lmer(f"Reaction ~ {name} + I({name}**2) + ({name} | Subject)", data)


def many():
    return ranef.lmer("Reaction ~ C(Days) + (1 | Subject)", load("sleepstudy"))


FITS = {
    "oats": (oats, "Variety"),
    "asthma": (asthma, "arm"),
    "cbpp": (cbpp, "period"),
    "ar1": (ar1, None),
    "gls": (gls, None),
    "long names": (long_names, None),
    "crossed": (lambda: fitted("pen_reml"), None),
    "singular": (lambda: fitted("dye2_reml"), None),
    "many coefficients": (many, None),
}
SHOWN = (
    *("anova", "drop1", "ranova", "varcorr", "ranef", "coef", "plan", "optimum", "robust", "pca"),
    *("redundancy", "residual", "summary", "approximation", "separation"),
)


def printed(fit, factors):
    """(what, text) of everything a fit shows."""
    yield "fit", repr(fit)
    for name in SHOWN:
        try:
            value = getattr(fit, name, None)
            value = value() if callable(value) and name not in ("varcorr", "ranef", "coef") else value
        except ranef.RanefError:  # verbs that this kind of fit does not have
            continue
        yield name, str(value)
    yield "diagnose", str(ranef.diagnose(fit)) if hasattr(fit, "ranef") else ""
    if factors is not None:
        yield "emmeans", str(ranef.emmeans(fit, factors))
        yield "pairs", str(ranef.emmeans(fit, factors).pairs())


@pytest.mark.parametrize("name", FITS)
def test_nothing_printed_is_wider_than_a_terminal(name):
    make, factors = FITS[name]
    for what, text in printed(make(), factors):
        for line in text.splitlines():
            assert len(line) <= USUAL_WIDTH, f"{what}: {line}"


def test_the_summary_of_oats_is_aligned_and_keeps_its_names():
    text = str(oats().summary())
    assert max(map(len, text.splitlines())) <= 80
    assert "\nC(nitro)[T.0.2]:\n  Variety[T.Marvellous]   3.3333" in text
    assert "correlations not shown for 12 coefficients: summary(correlation=True)" in text
    rows = [line for line in text.splitlines() if "e-0" in line or " 45.0000 " in line]
    assert len({line.rindex(".") for line in rows if "e-0" not in line}) == 1


def test_the_correlations_of_many_estimates_are_numbered_when_asked_for():
    fit = oats()
    text = str(fit.summary(correlation=True))
    vcov = fit.cov_params().to_numpy()
    expected = vcov[11, 10] / (vcov[11, 11] * vcov[10, 10]) ** 0.5
    last = text.splitlines()[-1]
    assert last.startswith("[12]") and last.split()[-1] == f"{expected:.3f}"
    assert "Correlation of Fixed" not in str(fitted("ss_slope_reml").summary(correlation=False))


@pytest.mark.parametrize("name", ["ss_slope_reml", "cbpp"])
def test_confidence_limits_stand_in_the_summary(name):
    fit = cbpp() if name == "cbpp" else fitted(name)
    text = str(fit.summary(conf_int=0.9))
    lines = text[text.index("Fixed effects") :].splitlines()
    assert "5 %" in lines[1] and "95 %" in lines[1]
    limits = fit.conf_int(level=0.9)
    shown = [float(entry) for entry in lines[2].split()[3:5]]
    assert shown == pytest.approx(limits.iloc[0].to_list(), rel=1e-3)
    with pytest.raises(ranef.ArgumentError, match="level must be between 0 and 1"):
        fit.summary(conf_int=90)


def test_a_notebook_has_the_digits_of_the_terminal():
    for value in (oats().summary(), ranef.emmeans(oats(), "nitro"), oats().ranef, oats().anova()):
        page, text = value._repr_html_(), str(value)
        for number in re.findall(r"(?<=>)-?\d+\.\d+(?=<)", page):
            assert number in text, number
        assert not re.search(r"color|background|#[0-9a-f]{3};", page)  # those of the page, light or dark


def test_names_are_cut_between_their_parts():
    assert fold("C(nitro)[T.0.2]:Variety[T.Marvellous]", 24) == [
        "C(nitro)[T.0.2]:",
        "  Variety[T.Marvellous]",
    ]
    assert fold("x" * 30, 12) == ["x" * 12, "  " + "x" * 10, "  " + "x" * 8]
    assert all(len(piece) <= 20 for piece in fold("a sentence of many words, which goes on and on", 20))
    lines = table_lines(["", "a", "b"], [["x:y", "z"], ["1", ""], ["", "2"]], True, limit=4)
    assert all(len(line) <= 12 for line in lines)
