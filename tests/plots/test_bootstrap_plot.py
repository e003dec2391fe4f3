import numpy as np
import pytest
from ranef import plots
from ranef.errors import ArgumentError
from ranef.plots.density import density
from scipy.stats import gaussian_kde, norm


@pytest.fixture(scope="module")
def replicates(gappy):
    return gappy.bootstrap(400, seed=1, progress=False)


def test_a_panel_per_parameter(replicates, gappy):
    axes = plots.bootstrap(replicates)
    assert [axis.get_title(loc="left") for axis in axes] == [
        "Intercept",
        "days",
        "sigma",
        "sd[subject.Intercept]",
        "sd[subject.days]",
        "corr[subject.days.Intercept]",
    ]
    estimates = [gappy.params["days"], gappy.sigma]
    assert [axes[i].lines[-1].get_xdata()[0] for i in (1, 2)] == estimates


def test_interval_is_written_and_shaded(replicates):
    axis = plots.bootstrap(replicates, "days", level=0.8)
    lower, upper = replicates.conf_int(level=0.8).loc["days"]
    assert f"{lower:.2f} to {upper:.2f}" in [text.get_text() for text in axis.texts]
    shaded = axis.collections[1].get_paths()[0].vertices[:, 0]
    np.testing.assert_allclose([shaded.min(), shaded.max()], [lower, upper])


def test_mass_at_zero_is_a_bar(fit_of):
    result = fit_of("dye_reml").bootstrap(300, seed=2, progress=False)
    share = (result.to_frame()["theta1"] == 0).mean()
    assert share > 0.02
    axis = plots.bootstrap(result, "theta1")
    assert f"{share:.1%} at 0" in [text.get_text() for text in axis.texts]


def test_density_is_a_kernel_density():
    values = norm.ppf((np.arange(500) + 0.5) / 500)
    curve = density(values)
    quartiles = np.percentile(values, [25, 75])
    width = 0.9 * min(values.std(), np.ptp(quartiles) / 1.34) * 500**-0.2
    expected = gaussian_kde(values, bw_method=width / values.std(ddof=1))(curve.x)
    np.testing.assert_allclose(curve.y, expected, atol=2e-4)


def test_density_of_a_bounded_sample():
    """Half a normal: reflected at zero it keeps its height there, and what is exactly zero stays out."""
    values = np.concatenate([np.zeros(100), np.abs(norm.ppf((np.arange(900) + 0.5) / 900))])
    curve = density(values)
    assert curve.masses == ((0.0, 0.1),)
    assert curve.x[0] == 0.0
    assert curve.y[0] == pytest.approx(0.9 * 2 * norm.pdf(0), rel=0.05)
    area = np.sum(0.5 * (curve.y[1:] + curve.y[:-1]) * np.diff(curve.x))
    assert area == pytest.approx(0.9, rel=1e-3)


def test_density_of_nothing_and_of_a_constant():
    assert density(np.full(5, np.nan)).x.size == 0
    assert density(np.zeros(4)).masses == ((0.0, 1.0),)
    assert density(np.full(4, 2.0)).x.size == 0


def test_bad_requests(replicates):
    with pytest.raises(ArgumentError, match=r"parameters= names 'dayz'.*'Intercept', 'days', 'sigma'"):
        plots.bootstrap(replicates, ["days", "dayz"])
    with pytest.raises(ArgumentError, match="level"):
        plots.bootstrap(replicates, level=2.0)
    with pytest.raises(ArgumentError, match="ax= must hold 2 Axes"):
        plots.bootstrap(replicates, ["days", "sigma"], ax=object())


def test_the_density_of_correlations_stays_between_their_bounds():
    rng = np.random.default_rng(3)
    values = np.concatenate([np.tanh(rng.normal(0.8, 0.6, 900)), np.ones(100)])
    curve = density(values, "corr[g.x.Intercept]")
    assert curve.masses == ((1.0, 0.1),) and curve.x[-1] <= 1.0 and curve.x[0] >= -1.0
    area = np.sum((curve.y[1:] + curve.y[:-1]) * np.diff(curve.x)) / 2
    assert area == pytest.approx(0.9, abs=0.01)
    assert density(values, "x").x[-1] > 1.0
