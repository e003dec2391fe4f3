"""No answer depends on the unit or the origin of a predictor or of the response.

Every number is expected where a rule puts it that is learned from changes as mild as doubling
(`invariance.py`); that those are right is for the other tests.
"""

import numpy as np
import pandas as pd
import pytest
import ranef
from invariance import Change, Study

TOLERANCE = 1e-6


def balanced(groups=12, rows=6, seed=3):
    """Slopes and intercepts over a covariate in whole numbers, which no origin below 2^52 changes."""
    rng = np.random.default_rng(seed)
    g, x = np.repeat(np.arange(groups), rows), np.round(rng.normal(scale=20, size=groups * rows))
    f = np.tile(list("abc"), groups * rows // 3)
    b = rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 0.5]], groups)
    y = 2 + 0.5 * x / 20 + 0.7 * (f == "b") + b[g, 0] + b[g, 1] * x / 20 + rng.normal(0, 0.6, g.size)
    h, w = rng.integers(0, 9, g.size), rng.uniform(0.2, 3, g.size)
    y += rng.normal(0, 0.8, 9)[h]
    return pd.DataFrame({"y": y, "x": x, "f": f, "g": g, "h": h, "w": w}).astype({"g": str, "h": str})


DATA = balanced()


def changed(change):
    return DATA.assign(x=change.a * DATA.x + change.b, y=change.c * DATA.y + change.d)


UNITS = [Change(a=1e-6, c=1e9), Change(a=1e9, c=1e-6)]
ORIGINS = [
    Change(a=1e9, b=3e9, c=1e-6, d=5e-6),
    Change(a=86400 / 20, b=1.7e9),
    Change(a=1.0, b=1.7e9, d=1e6),
]
MORE = [  # (a, b, c, d)
    *(Change(a=a, c=c) for a in (1e-6, 1e-3, 86400.0, 1e9) for c in (1e-9, 1e6)),
    *(Change(a=a, b=b) for a in (1.0, 1e3, 1e6) for b in (-5e4, 2e6, 1.7e9)),
    *(Change(c=c, d=d) for c in (1.0, 1e3) for d in (-1e4, 1e6)),
]
MODELS = {
    "slopes": (lambda data: ranef.lmer("y ~ x + f + (x | g)", data), UNITS[:1] + ORIGINS),
    "weights": (
        lambda data: ranef.lmer("y ~ x + f + (x | g) + (1 | h)", data, reml=False, weights="w"),
        ORIGINS[1:2],
    ),
    "units": (lambda data: ranef.lmer("y ~ x * f + (x || g)", data), UNITS),  # no other origin: another model
}
DEAR = ("emmeans", "emtrends", "conf_int(method='profile'", "profile", "influence(group", "ranova")
_studies = {}


def study(name):
    if name not in _studies:
        only = None if name == "slopes" else lambda call: not call.startswith(DEAR)
        _studies[name] = Study(lambda change: MODELS[name][0](changed(change)), only)
    return _studies[name]


def shown():
    """What the table of the accuracy page is of."""
    return study("slopes"), MODELS["slopes"][1]


def wrong(name, change):
    found = [d for d in study(name).deviations(change) if d.size > TOLERANCE]
    return "\n".join(map(str, sorted(found, key=lambda d: -d.size)[:20]))


@pytest.mark.parametrize("name", MODELS)
def test_every_public_number_has_a_rule(name):
    assert not study(name).lawless


@pytest.mark.parametrize("call", ["emmeans(specs='f')", "emtrends(specs='f', var='x')", "profile()"])
def test_no_answer_is_empty(call):
    assert study("slopes").base[call]


@pytest.mark.parametrize(("name", "change"), [(name, c) for name in MODELS for c in MODELS[name][1]], ids=str)
def test_every_public_number(name, change):
    assert not wrong(name, change)


@pytest.mark.parametrize("change", [Change(), Change(a=86400.0, b=1.7e7), Change(b=1.7e9)], ids=str)
def test_products_of_a_column_far_from_zero(change):
    """With the digits that are left, or refused: never a column less."""
    try:
        fit = ranef.lmer("y ~ x * f + (x | g)", changed(change))
    except ranef.DataError as error:
        assert change.b == 1.7e9
        assert "x:f[T." in str(error) and "center(x)" in str(error)
        return
    near = ranef.lmer("y ~ x * f + (x | g)", DATA)
    names = ["x", "x:f[T.b]", "x:f[T.c]"]
    assert fit.params[names].to_numpy() * change.a == pytest.approx(near.params[names].to_numpy(), rel=1e-6)
    assert fit.df[names].to_numpy() == pytest.approx(near.df[names].to_numpy(), rel=1e-6)


@pytest.mark.study
@pytest.mark.parametrize("change", MORE, ids=str)
def test_every_public_number_in_many_units(change):
    assert not wrong("slopes", change)


LACKING = [Change(a=1e-6, b=1.7e9), Change(a=1e-3, b=1.7e9), Change(c=1e-3, d=1e12)]


@pytest.mark.parametrize("change", LACKING, ids=str)
def test_digits_that_the_data_lack_are_said(change):
    with pytest.raises(ranef.DataError, match=r"has \d\.\d digits: its values differ by"):
        ranef.lmer("y ~ x + (x | g)", changed(change))
