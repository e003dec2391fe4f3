"""Random effects over locations: nlme's exponential with a nugget, dense algebra in the plane, bad input."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, FormulaError

DATA = Path(__file__).parents[1] / "reference_residual" / "data"


# nlme 3.1-162: gls(weight ~ Time * Diet, correlation = corExp(form = ~ Time | Rat, nugget = TRUE))
@pytest.mark.parametrize("reml, criterion", [(False, 1142.89565402), (True, 1129.53346169)])
def test_exponential_in_time_with_a_nugget(reml, criterion):
    data = pd.read_csv(DATA / "BodyWeight.csv", dtype={"Rat": "str", "Diet": "str"})
    fit = ranef.lmer("weight ~ Time * Diet + exp(0 + Time | Rat)", data, reml)
    assert fit.converged and criterion - 1e-4 < fit.objective <= criterion + 1e-6
    assert fit.structures.parameters.parameter.tolist() == ["sd", "range"]
    with pytest.raises(ArgumentError, match=r"not available with exp\(\)"):
        fit.predict(data.head(2))


def plane(seed=3):
    random = np.random.default_rng(seed)
    x, y, g = random.integers(0, 4, 90), random.integers(0, 3, 90), random.integers(0, 4, 90)
    z = random.normal(size=90) + np.sin(x) + g * y / 4
    return pd.DataFrame({"x": x * 10.0, "y": y * 10.0, "g": g, "z": z})


def test_the_plane_against_dense_algebra():
    data = plane()
    fit = ranef.lmer("z ~ 1 + exp(0 + x + y | g)", data)
    sd, reach = fit.structures.parameters.estimate
    apart = np.hypot(*(np.subtract.outer(data[c].to_numpy(), data[c].to_numpy()) for c in "xy"))
    V = np.where(np.equal.outer(data.g.to_numpy(), data.g.to_numpy()), sd**2 * np.exp(-apart / reach), 0)
    V += fit.sigma**2 * np.eye(len(data))
    one = np.ones((len(data), 1))
    A = one.T @ np.linalg.solve(V, one)
    e = data.z.to_numpy() - float(np.linalg.solve(A, one.T @ np.linalg.solve(V, data.z))[0])
    value = np.linalg.slogdet(V)[1] + e @ np.linalg.solve(V, e) + np.log(A[0, 0]) + 89 * np.log(2 * np.pi)
    assert fit.objective == pytest.approx(value, abs=1e-7)
    assert len(fit.model.design.terms[0].columns) == len(data[["x", "y"]].drop_duplicates())


def test_bad_input():
    data = plane()
    with pytest.raises(FormulaError, match=r"write exp\(0 \+ x \+ y \| g\)"):
        ranef.lmer("z ~ 1 + exp(x | g)", data)
    many = data.assign(x=np.arange(90.0), y=np.arange(90.0) % 7).loc[lambda d: d.index.repeat(2)]
    with pytest.raises(DataError, match="has 180 different places; from 2 to 100"):
        ranef.lmer("z ~ 1 + exp(0 + x + y | g)", many.assign(x=np.arange(180.0)))
