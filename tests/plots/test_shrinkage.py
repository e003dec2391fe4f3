import numpy as np
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from ranef.estimates.unpooled import group_rows, least_squares_by_level
from reference_battery import load_data


def points(axis, label):
    (found,) = [c for c in axis.collections if c.get_label() == label]
    return np.asarray(found.get_offsets())


def test_points_are_least_squares_and_coef(gappy):
    axis = plots.shrinkage(gappy)
    data = load_data("sleep_gappy")
    alone = np.array(
        [
            np.polyfit(rows["days"], rows["reaction"], 1)[::-1]
            for subject, rows in data.groupby("subject", observed=True)
            if subject != "373"
        ]
    )
    np.testing.assert_allclose(points(axis, "no pooling"), alone, rtol=1e-9)
    coef = gappy.coef["subject"]
    np.testing.assert_allclose(points(axis, "partial pooling"), coef.drop("373").to_numpy(), rtol=1e-12)
    alone = points(axis, "no line of its own: too few rows")
    np.testing.assert_allclose(alone, coef.loc[["373"]].to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(points(axis, "fixed effects")[0], gappy.params.to_numpy(), rtol=1e-12)


def test_contours_hold_their_share(gappy):
    """Mahalanobis distances of the ellipses: the chi-squared quantiles with two degrees of freedom."""
    axis = plots.shrinkage(gappy)
    inverse = np.linalg.inv(gappy.varcorr["subject"].cov)
    squared = []
    for patch in axis.patches:
        ring = patch.get_xy() - gappy.params.to_numpy()
        distance = np.einsum("ni,ij,nj->n", ring, inverse, ring)
        assert np.ptp(distance) < 1e-8
        squared.append(distance[0])
    np.testing.assert_allclose(sorted(squared), -2 * np.log1p(-np.array([0.5, 0.8, 0.95])), rtol=1e-8)


def test_least_squares_by_level_with_covariates_and_other_terms():
    """Least squares of what the rest of the model, held at its estimates, leaves."""
    rng = np.random.default_rng(5)
    data = {"x": np.tile(np.arange(6.0), 8), "z": rng.normal(size=48)}
    data["g"], data["h"] = np.repeat(np.arange(8), 6), rng.integers(0, 4, 48)
    data["y"] = rng.normal(size=8)[data["g"]] + rng.normal(size=48) + data["x"] + data["z"]
    fit = ranef.lmer("y ~ x + z + (x | g) + (1 | h)", data)
    term = [t.group for t in fit.model.design.terms].index("g")
    rows = group_rows(fit, term)
    expected = data["y"] - fit.params["z"] * data["z"] - fit.ranef["h"]["Intercept"].to_numpy()[data["h"]]
    np.testing.assert_allclose(rows.y, expected, rtol=1e-12)
    alone = least_squares_by_level(rows.basis, rows.y, rows.codes, len(rows.levels)).coef
    for group in range(8):
        take = data["g"] == group
        line = np.polyfit(data["x"][take], expected[take], 1)[::-1]
        np.testing.assert_allclose(alone[group], line, rtol=1e-9)


def test_columns_of_a_wide_term(fit_of):
    axis = plots.shrinkage(fit_of("mach_0_reml"), columns=["Machine[C]", "Machine[A]"], labels=False)
    assert axis.get_xlabel() == "Machine[C], deviation"
    assert not [text for text in axis.texts if text.get_text()]


def test_singular_covariance_is_drawn(fit_of):
    assert plots.shrinkage(fit_of("cake_slope_c_reml")).patches


def test_bad_requests(gappy, fit_of):
    with pytest.raises(ArgumentError, match="two correlated random effects, and 'Batch' has Intercept alone"):
        plots.shrinkage(fit_of("dye_reml"))
    with pytest.raises(ArgumentError, match=r"joined by \|\| are drawn one by one: use plots.caterpillar"):
        plots.shrinkage(fit_of("gap_uncorr_reml"))
    with pytest.raises(ArgumentError, match="two different random effects, not"):
        plots.shrinkage(gappy, columns=["days"])
    with pytest.raises(ArgumentError, match="columns= names 'dayz'"):
        plots.shrinkage(gappy, columns=["days", "dayz"])
