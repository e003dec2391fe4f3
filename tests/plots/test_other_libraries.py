"""Pictures of tables that come in the library of the data: of polars and of arrow as of pandas."""

import numpy as np
import polars
import pyarrow
import pytest
import ranef
from ranef import plots
from ranef.errors import ArgumentError

AS = {"polars": polars.from_pandas, "pyarrow": pyarrow.Table.from_pandas}


@pytest.fixture(params=AS)
def load(request):
    return lambda name: AS[request.param](ranef.datasets.load(name))


def drawn(axis):
    """Numbers of lines and points, in order: the levels of a factor need not be in one order."""
    lines = [line.get_xydata() for line in axis.lines]
    points = [np.concatenate(one.get_segments()) for one in axis.collections if hasattr(one, "get_segments")]
    return np.sort(np.concatenate([*lines, *points]), axis=0)


@pytest.mark.parametrize("options", [{"residual": "ar1(age | Subject)"}, {"dispersion": "~ Sex"}])
def test_residuals_beside_their_covariance(load, options):
    name = "acf" if "residual" in options else "spread"
    here = ranef.gls("distance ~ age", load("Orthodont"), **options)
    there = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), **options)
    found, expected = (drawn(getattr(fit.plot, name)()) for fit in (here, there))
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_curves_of_power(load):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", load("sleepstudy"))
    curve = ranef.power_curve(fit, "Days", effects=[2, 6], n=40, seed=1, progress=False)
    assert type(curve).__module__.startswith(("polars", "pyarrow"))
    axis = plots.power(curve)
    np.testing.assert_allclose(axis.lines[0].get_xydata(), np.column_stack([curve["effect"], curve["power"]]))
    with pytest.raises(TypeError, match="curve= is of type"):
        plots.power(curve["effect"])


def test_tables_of_intervals(load):
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", load("sleepstudy"))
    axes = plots.intervals({"Wald": fit.conf_int("wald")}, parameters=["Days"])
    lower, upper = fit.bse["Days"] * np.array([-1, 1])  # within the interval
    ends = axes.lines[0].get_xdata()
    assert ends[0] < fit.params["Days"] + lower < fit.params["Days"] + upper < ends[1]
    with pytest.raises(ArgumentError, match="must be a table with columns 'lower' and 'upper'"):
        plots.intervals({"mine": load("sleepstudy")})
