"""Reports in every format, and fits side by side."""

import re
import shutil
import subprocess

import pytest
import ranef
from ranef.errors import ArgumentError
from ranef.show import FORMATS, Line, Table, render

TRICKY = [
    Line("a_b & 50 % of <c> | d", "title"),
    Table("x*y", ["", "I(x ** 2)"], [["p|q", "_r_"], [" -1.5", "< 2e-16"]], labels=1, rules=(0,)),
]


def test_every_format_shows_the_same_numbers(fit_of):
    summary = fit_of("gap_slope_reml").summary()
    for format in FORMATS:
        text = summary.to(format).replace("$-$", "-")
        for number in ("1771.4", "-3.9707", "582.70", "24.139", "252.543", "6.433", "39.257", "-0.137"):
            assert number in text, (format, number)
    assert summary.to("text") == str(summary) == repr(summary)
    assert summary.to_html() == summary._repr_html_()


def test_a_misspelt_format_lists_the_valid_ones(fit_of):
    for report in (fit_of("ss_int_reml").summary(), ranef.modelsummary(fit_of("ss_int_reml"))):
        with pytest.raises(ArgumentError, match="one of 'text', 'html', 'markdown', 'latex', not 'latx'"):
            report.to("latx")


def test_special_characters():
    html, markdown, latex = (render(TRICKY, format) for format in ("html", "markdown", "latex"))
    assert "50 % of &lt;c&gt; | d" in html and "&lt; 2e-16" in html
    assert r"a\_b & 50 % of \<c\> \| d" in markdown and r"| p\|q | -1.5 |" in markdown
    assert r"a\_b \& 50 \% of \textless{}c\textgreater{}" in latex and r"p\textbar{}q & $-$1.5 \\" in latex
    assert latex.count(r"\midrule") == 2 and "border-bottom" in html


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex")
def test_latex_compiles(fit_of, tmp_path):
    body = ranef.modelsummary(fit_of("mach_slash_reml"), statistic="ci").to_latex()
    body += "\n\n" + fit_of("gap_slope_ml").summary().to_latex()
    document = r"\documentclass{article}\usepackage{booktabs}\begin{document}" + body + r"\end{document}"
    (tmp_path / "report.tex").write_text(document)
    command = ["pdflatex", "-halt-on-error", "report.tex"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_stars_can_be_turned_off(fit_of):
    fit = fit_of("gap_slope_reml")
    assert "***" in str(fit.summary()) and "Signif. codes" in fit.summary().to_html()
    for format in FORMATS:
        plain = fit.summary(stars=False).to(format)
        assert "***" not in plain and r"\*\*\*" not in plain and "Signif" not in plain
        assert "Pr(&gt;|t|)" in plain or "Pr(" in plain
    table = ranef.modelsummary(fit, stars=False).to("text")
    assert "***" not in table and "p <" not in table


# ---------------------------------------------------------------- side by side
def test_fits_side_by_side(fit_of):
    fits = [fit_of("ss_int_reml"), fit_of("ss_slope_reml"), fit_of("ss_quad_ml")]
    table = ranef.modelsummary(*fits)
    assert table.names == ("(1)", "(2)", "(3)")
    by_label = {row[0]: row[1:] for row in table.rows if row[0]}
    assert by_label["Days"][:2] == ["10.467***", "10.467***"]  # lme4: 10.467 (0.804), 10.467 (1.546)
    assert by_label["I(Days ** 2)"][:2] == ["", ""]
    assert by_label["Subject: sd Days"] == ["", "5.92", *by_label["Subject: sd Days"][2:]]
    assert by_label["Criterion"] == ["REML", "REML", "ML"]
    assert by_label["AIC"][:2] == ["1794.5", "1755.6"]
    assert not any("cannot be compared" in note for note in table.notes)  # the third is by ML
    numbers = table.to_frame()
    assert set(numbers["part"]) == {"fixed", "random"} and len(numbers) == sum(
        len(fit.params) + fit.model.n_theta + 1 for fit in fits
    )


def test_reml_fits_of_different_means_carry_a_warning(fit_of):
    assert "cannot be compared" in str(ranef.modelsummary(fit_of("ss_null_reml"), fit_of("ss_int_reml")))


@pytest.mark.parametrize(
    ("statistic", "text"),  # lmerTest: se 0.80422143, t 13.015428, p 6.4126e-27, CI 8.879103 12.055469
    [("se", "(0.804)"), ("ci", "[8.879, 12.055]"), ("t", "(13.02)"), ("p", "(6.41e-27)")],
)
def test_what_stands_below(fit_of, statistic, text):
    assert text in str(ranef.modelsummary(fit_of("ss_int_reml"), statistic=statistic))
    bare = ranef.modelsummary(fit_of("ss_int_reml"), statistic="none")
    assert "(" not in "".join(row[1] for row in bare.rows)


def test_a_dropped_column_is_empty(fit_of):
    rows = ranef.modelsummary(fit_of("ss_rankdef_reml")).rows
    place = next(i for i, row in enumerate(rows) if row[0] == "I(2 * Days)")
    assert rows[place][1] == rows[place + 1][1] == ""


def test_no_intercept_and_no_fixed_effects(sleepstudy):
    fit = ranef.lmer("Reaction ~ 0 + (1 | Subject)", sleepstudy)
    text = str(ranef.modelsummary(fit))
    assert re.search(r"Subject: sd Intercept +\d", text) and "Standard errors" in text


def test_bad_arguments(fit_of):
    fit = fit_of("ss_int_reml")
    with pytest.raises(ArgumentError, match="at least one fit"):
        ranef.modelsummary()
    with pytest.raises(ArgumentError, match="1 different names"):
        ranef.modelsummary(fit, names=["a", "b"])
    with pytest.raises(ArgumentError, match="statistic= must be one of 'se', 'ci', 't', 'p', 'none'"):
        ranef.modelsummary(fit, statistic="std")
