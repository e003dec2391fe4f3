"""Pictures that check a model: residuals, quantiles, simulated data, the map."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError
from ranef.plots.qq import draw_quantiles
from reference_battery import load_data
from scipy.stats import norm


def test_residuals_are_scaled_and_against_fitted_values(gappy):
    axis = plots.residuals(gappy)
    points = axis.collections[0].get_offsets()
    np.testing.assert_allclose(points, np.column_stack([gappy.fittedvalues, gappy.resid / gappy.sigma]))
    location = plots.residuals(gappy, "scale-location").collections[0].get_offsets()
    np.testing.assert_allclose(location[:, 1] ** 2, np.abs(points[:, 1]))
    with pytest.raises(ArgumentError, match="kind= must be one of 'residuals', 'scale-location'"):
        plots.residuals(gappy, "scale")


def test_many_rows_are_shown_as_a_density(fit_of):
    axis = plots.residuals(fit_of("inst_sd_reml"))
    assert len(axis.collections) == 1 and len(axis.collections[0].get_offsets()) < 5000


def test_quantiles(gappy):
    axis = plots.qq(gappy)
    points = np.asarray(axis.collections[-1].get_offsets())
    scaled = np.sort(gappy.resid / gappy.sigma)
    np.testing.assert_allclose(points[:, 1], scaled)
    rank = np.arange(1, 184)
    np.testing.assert_allclose(points[:, 0], norm.ppf((rank - 0.375) / 183.25))  # Blom's positions
    panels = plots.qq(gappy, "subject")
    assert [panel.get_title() for panel in panels] == ["subject: Intercept", "subject: days"]
    with pytest.raises(ArgumentError, match="one of 'residuals', 'subject', not 'item'"):
        plots.qq(gappy, "item")
    with pytest.raises(ArgumentError, match="level must be"):
        plots.qq(gappy, level=95)


def test_the_band_holds_a_normal_sample_as_often_as_it_says():
    """Of a normal sample about 95 % of the quantiles lie in a pointwise band of 95 %."""
    rng = np.random.default_rng(4)
    inside = []
    for _ in range(40):
        values = np.sort(rng.normal(size=100))
        _, axis = plt.subplots()
        draw_quantiles(axis, values, 0.95, "value")
        band = axis.collections[0].get_paths()[0].vertices[1:201]
        low, high = band[1:100, 1], band[101:200, 1][::-1]
        inside.append(np.mean((values[:99] >= low - 1e-9) & (values[:99] <= high + 1e-9)))
        plt.close("all")
    assert 0.9 < np.mean(inside) <= 1


def test_simulations_stand_beside_the_data(gappy):
    axes = plots.simulated(gappy, n=3, seed=7)
    assert [axis.get_title() for axis in axes] == ["data", "simulated 1", "simulated 2", "simulated 3"]
    data = load_data("sleep_gappy").query("subject == '308'").sort_values("days")
    np.testing.assert_allclose(axes[0].lines[0].get_xydata(), data[["days", "reaction"]])
    drawn = gappy.simulate(3, seed=7)
    rows = data.index.to_numpy()
    np.testing.assert_allclose(axes[2].lines[0].get_ydata(), drawn[1][rows])


def test_simulated_needs_a_column_and_few_panels(gappy, fit_of):
    with pytest.raises(ArgumentError, match="none beside the intercept"):
        plots.simulated(fit_of("dye_reml"))
    with pytest.raises(ArgumentError, match="x='dayz' is not a predictor of the model; there is 'days'"):
        plots.simulated(gappy, x="dayz")
    for n in (0, 25, True, 1.5, "many", np.nan):
        with pytest.raises(ArgumentError, match="whole number of simulations from 1 to 24"):
            plots.simulated(gappy, n=n)


def test_the_map(gappy, fit_of):
    axis = plots.topographic(gappy)
    alone, pooled = axis.collections[-3].get_offsets(), axis.collections[-2].get_offsets()
    assert len(alone) == 19 and len(pooled) == 20  # one subject has a single row
    np.testing.assert_allclose(pooled, gappy.coef["subject"])
    with pytest.raises(ArgumentError, match=r"plots.topographic draws two correlated random effects"):
        plots.topographic(fit_of("dye_reml"))
    with pytest.raises(ArgumentError, match=r"singular and has no density to map: use plots.shrinkage"):
        plots.topographic(fit_of("cake_slope_c_reml"))


@pytest.mark.parametrize("draw", [plots.residuals, plots.qq, plots.topographic])
def test_on_axes_of_the_caller(gappy, draw):
    _, axis = plt.subplots()
    assert draw(gappy, ax=axis) is axis


def test_weights_scale_the_residuals():
    data = load_data("sleepstudy").assign(w=4.0)
    fit = ranef.lmer("Reaction ~ Days + (1 | Subject)", data, weights="w")
    points = plots.residuals(fit).collections[0].get_offsets()
    np.testing.assert_allclose(points[:, 1], 2 * fit.resid / fit.sigma)
