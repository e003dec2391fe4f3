"""The summary shows the numbers that lme4 and lmerTest print (tests/reference/report), digit by digit."""

import re

import pytest
import ranef
from conftest import fitted
from reference_battery import REFERENCE, load_data, read_json

PRINTED = read_json(REFERENCE / "report" / "summaries.json")
del PRINTED["oats_reml"]  # its residual variance is 168.75: a tie, rounded by the last bit
SECTIONS = (
    "convergence",
    "logLik",
    "Scaled residuals",
    "Random effects",
    "Number of obs",
    "Fixed effects",
    "Correlation",
)
_NUMBER = re.compile(r"(?<![\w.\[(])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?![\w.\])])")

every_summary = pytest.mark.parametrize("name", PRINTED)


def sections(text):
    """Title -> the numbers printed below it."""
    found, title = {}, None
    for line in text.split("\n"):
        starts = [section for section in SECTIONS if section in line]
        title = starts[0] if starts else title
        if line.startswith(("optimizer", "boundary", "Signif", "converged", "---")):
            title = None
        if title:
            found.setdefault(title, []).extend(_NUMBER.findall(line))
    return found


@every_summary
def test_numbers_are_those_lme4_prints(name):
    expected = sections("\n".join(PRINTED[name]["plain"]))
    ours = sections(str(fitted(name).summary(ddf="lme4")))
    assert set(ours) == set(expected)
    for title in expected:
        assert len(ours[title]) == len(expected[title]), title
        for got, wanted in zip(ours[title], expected[title], strict=True):
            assert prints_alike(got, wanted), (title, got, wanted)


def prints_alike(got, wanted):
    """The same digits but for the last: oats' residual variance is 159.375, which rounds either way."""
    mantissa, _, exponent = wanted.partition("e")
    unit = 10.0 ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    return len(got) == len(wanted) and abs(float(got) - float(wanted)) <= 1.01 * unit


@every_summary
def test_layout_is_that_of_lme4(name):
    """The same titles in the same order, and the same headers above the tables."""
    wanted = ("REML criterion", "Scaled residuals:", "Random effects:", "Number of obs:", "Fixed effects:")
    ours, theirs = str(fitted(name).summary(ddf="lme4")), "\n".join(PRINTED[name]["plain"])
    for title in wanted:
        assert (title in ours) == (title in theirs)
    order = [ours.index(title) for title in wanted if title in ours]
    assert order == sorted(order)
    headers = (
        "Min *1Q *Median *3Q *Max",
        "Groups *Name *Variance *Std.Dev.",
        "Estimate Std. Error t value",
        "AIC *BIC *logLik *deviance *df.resid",
    )
    for header in headers:
        assert bool(re.search(header, ours)) == bool(re.search(header, theirs))


@every_summary
def test_columns_of_lmertest(name):
    fit, printed = fitted(name), PRINTED[name]
    lines = str(fit.summary()).split("Fixed effects:\n")[1].split("\n\n")[0].split("\n")
    theirs = "\n".join(printed["tests"])
    start = theirs.index("Fixed effects:")
    block = theirs[start:].split("\n\n")[0].split("\n")[2:]
    block = [line for line in block if not line.startswith(("---", "Signif", "optimizer", "boundary"))]
    for ours, expected in zip(lines[1:], block, strict=False):
        assert _NUMBER.findall(ours) == _NUMBER.findall(expected)
        assert ours.endswith("*") == expected.rstrip().endswith("*")
    assert lines[0].split() == ["Estimate", "Std.", "Error", "df", "t", "value", "Pr(>|t|)"]


@every_summary
def test_varcorr_prints_as_in_lme4(name):
    """Number by number; our names of columns have no brackets."""
    ours = str(fitted(name).varcorr).split("\n")
    theirs = [line.replace("(Intercept)", "Intercept") for line in PRINTED[name]["varcorr"]]
    assert [line.split() for line in ours] == [rename(line).split() for line in theirs]


def rename(line):
    return re.sub(r"\bMachine([ABC])\b", r"Machine[\1]", line)


def test_remarks_below():
    dropped = str(fitted("ss_rankdef_reml").summary())
    assert "1 column was dropped" in dropped and "'I(2 * Days)'" in dropped
    missing = str(fitted("ss_na_reml").summary())
    assert "8 rows were dropped for missing values (Reaction 4, Days 3, Subject 2)" in missing
    assert "the by-Batch variance of the intercept is zero" in str(fitted("dye2_reml").summary())
    assert "converged" not in str(fitted("ss_slope_reml").summary())


def test_weights_and_offset_are_named():
    frame = load_data("sleepstudy").assign(w=2.0, o=1.0)
    text = str(ranef.lmer("Reaction ~ Days + (1 | Subject)", frame, weights="w", offset="o").summary())
    assert "\nWeights: w\nOffset: o\n" in text


def test_many_coefficients_show_no_correlations():
    assert "not shown for 28 coefficients" in str(fitted("inst_fix_reml").summary())


def test_html_has_the_same_numbers():
    summary = fitted("gap_slope_reml").summary()
    html = summary._repr_html_()
    for number in ("1771.4", "-3.9707", "582.70", "24.139", "0.07", "252.543", "6.433", "39.257", "-0.137"):
        assert f">{number}<" in html or number in html
    assert html.count("<table>") == html.count("</table>") == 4
    assert "AIC" in fitted("gap_slope_ml").summary()._repr_html_()


def test_a_fit_without_estimates_still_prints():
    frame = load_data("sleepstudy").assign(exact=lambda d: 2 * d["Days"] + 1.0)
    fit = ranef.lmer("exact ~ Days + (1 | Subject)", frame)
    for text in (str(fit.summary()), fit.summary()._repr_html_(), repr(fit)):
        assert "no residual variance is left" in " ".join(text.split())
