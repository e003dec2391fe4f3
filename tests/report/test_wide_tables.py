"""Tables of models with long names: within 80 columns, numbers where they are looked for."""

import re

import numpy as np
import pytest
import ranef


@pytest.fixture(scope="module")
def wide():
    """Two fits with long names, one with numbers of very different size."""
    rng = np.random.default_rng(5)
    conditions = ["the first condition with a long label", "another quite long condition name", "baseline"]
    rows = {
        "experimental_condition": rng.choice(conditions, 200),
        "stimulus_onset_asynchrony": rng.choice(["50", "100"], 200),
        "participant_identifier": rng.choice([f"p{k}" for k in range(12)], 200),
        "tiny": rng.normal(0, 1e-7, 200),
        "y": rng.normal(size=200),
    }
    both = "experimental_condition * stimulus_onset_asynchrony"
    formulas = [f"y ~ {fixed} + (1 | participant_identifier)" for fixed in (both, f"{both} + tiny")]
    return [ranef.lmer(formula, rows) for formula in formulas]


def test_fits_side_by_side_fold_their_labels(wide):
    lines = str(ranef.modelsummary(*wide)).split("\n")
    assert max(map(len, lines)) <= 80
    rules = {line for line in lines if line.startswith("---")}
    assert len(rules) == 1, "one table, both fits side by side"
    ends = [line for line in lines if re.match(r"  .*stimulus_onset_asynchrony\[T\.50\]", line)]
    assert len(ends) == 2, "of two interactions"
    for line, name in zip(ends, wide[0].params.index[-2:], strict=True):
        numbers = [float(number) for number in re.findall(r" (-?\d+\.\d+)", line)]
        assert numbers == pytest.approx([fit.params[name] for fit in wide], abs=5e-4), "where the label ends"


def test_degrees_of_freedom_are_no_powers_of_ten(wide):
    table = str(wide[1].summary()).split("Fixed effects:")[1]
    (intercept,) = [line.split() for line in table.split("\n") if line.startswith("Intercept")]
    assert "e" in intercept[1], "estimates are, beside those of a predictor of size 1e-7"
    assert float(intercept[3]) == pytest.approx(wide[1].df["Intercept"], rel=1e-3) and "e" not in intercept[3]
