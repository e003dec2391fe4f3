"""Designs with more or fewer groups, or rows in each: sums of groups are those of the rows."""

import numpy as np
import pytest
from ranef.bootstrap.schemes.extend import model_of_size, rows_of_size


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("ss_slope_reml", {"groups": 30}),
        ("ss_weights_reml", {"groups": 7, "per_group": 13}),
        ("ss_offset_reml", {"per_group": 4}),
        ("pastes_reml", {"groups": 25}),
        ("pastes_reml", {"groups": 45, "group": "sample"}),
        ("pen_reml", {"groups": 8, "group": "sample"}),
        ("pen_reml", {"groups": 5, "group": "plate", "per_group": 3}),
    ],
)
def test_sizes_are_sums_of_groups(fit_of, name, size):
    fit = fit_of(name)
    found = model_of_size(fit.model, **size)
    assert "design" not in found.__dict__  # no rows
    plain = found.with_all_rows()
    assert found.nobs == plain.design.nobs == plain.nobs
    theta = 0.7 * fit.theta
    assert found.objective(theta) == pytest.approx(plain.objective(theta), abs=1e-7)
    assert found.ngroups == {f.name: np.unique(f.codes).size for f in plain.design.factors}


def test_extension_of_nested_and_crossed_designs(fit_of):
    pastes = fit_of("pastes_reml").model
    more = model_of_size(pastes, groups=25)
    assert {f.name: np.unique(f.codes).size for f in more.design.factors} == {
        f.name: f.n_levels * 25 // 10 for f in pastes.design.factors
    }
    pen = fit_of("pen_reml").model
    other = model_of_size(pen, groups=8, group="sample")
    assert {f.name: np.unique(f.codes).size for f in other.design.factors} == {"plate": 24, "sample": 8}
    rows, codes = rows_of_size(fit_of("ss_slope_reml").model.design, 3, 4)
    assert len(rows) == 12 and list(codes["Subject"]) == [0] * 4 + [1] * 4 + [2] * 4
    same = model_of_size(fit_of("ss_slope_reml").model, groups=18)
    theta = fit_of("ss_slope_reml").theta
    assert same.objective(theta) == pytest.approx(fit_of("ss_slope_reml").objective, abs=1e-8)
