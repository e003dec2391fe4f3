"""Power of fits whose covariance has a structure: studies drawn and refitted with it."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError
from scipy.stats import nct
from scipy.stats import t as student

RNG = np.random.default_rng(3)
DATA = pd.DataFrame(
    {
        "g": np.repeat(np.arange(10), 10),
        "t": np.tile(np.arange(10), 10),
        "x": RNG.normal(size=100),
        "f": np.tile(list("uv"), 50),
    }
)
DATA["y"] = DATA["x"] + RNG.normal(size=10)[DATA["g"]] + RNG.normal(size=100)

FITS = {
    "mmrm": lambda: ranef.mmrm("y ~ x + ar1(t | g)", DATA),
    "gls": lambda: ranef.gls("y ~ x", DATA, residual="ar1(t | g)"),
    "residual": lambda: ranef.lmer("y ~ x + (1 | g)", DATA, residual="ar1(t | g)"),
    "structured": lambda: ranef.lmer("y ~ x + cs(0 + f | g)", DATA),
}


@pytest.fixture(scope="module", params=FITS)
def fit(request):
    return FITS[request.param]()


def test_power_is_that_of_a_t_test_with_the_fits_own_error(fit):
    effect = 2.5 * fit.bse["x"]
    found = ranef.power(fit, "x", effect=effect, n=40, seed=1)
    df = float(fit.df["x"])
    half = student.ppf(0.975, df)
    expected = nct.sf(half, df, 2.5) + nct.cdf(-half, df, 2.5)
    lower, upper = found.conf_int(level=0.999)
    assert lower < expected < upper
    assert (found.n, found.failed) == (40, 0)
    assert str(found).splitlines()[-1].startswith("  100 rows")


def test_a_curve_and_what_is_refused(fit):
    curve = ranef.power_curve(fit, "x", effects=[0.0], n=2, seed=1, progress=False)
    assert curve["nobs"].tolist() == [100]
    for more in ({"test": "lrt"}, {"groups": 20}, {"sigma": 2.0}):
        with pytest.raises(ArgumentError, match="takes no"):
            ranef.power(fit, "x", n=2, seed=1, **more)
