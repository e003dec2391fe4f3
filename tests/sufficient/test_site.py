"""Sums for a site: the same fit without names; what would show them is refused."""

import numpy as np
import pandas as pd
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError, DataError

FORMULA = "y ~ x + f + (x | patient) + (1 | ward)"


def rows(seed):
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(12), 8)
    frame = pd.DataFrame({"patient": patient, "ward": patient // 4, "x": rng.normal(size=96)})
    frame["f"] = rng.choice(["a", "b"], 96)
    own = rng.normal(size=(12, 2))
    return frame.assign(y=2 + own[patient, 0] + (1 + own[patient, 1]) * frame.x + rng.normal(size=96))


def test_the_same_fit_without_names():
    sites = {name: rows(seed) for seed, name in enumerate(("north", "south", "west"))}
    shared = [ranef.sums(FORMULA, part).for_site(name) for name, part in sites.items()]
    together = pd.concat(
        part.assign(patient=name + part.patient.astype(str), ward=name + part.ward.astype(str))
        for name, part in sites.items()
    )
    whole, model = ranef.Model(FORMULA, together), ranef.Model(FORMULA, ranef.merge(shared))
    theta = [0.5, 0.2, 0.7, 0.4]
    assert_allclose(model.objective(theta), whole.objective(theta), rtol=1e-12)
    names = model.design.factors[0].levels.tolist()
    assert len(names) == 36 and {name.split("/")[0] for name in names} == set(sites)
    again = ranef.Sums.from_bytes(shared[0].to_bytes())
    assert b"ward" in shared[0].to_bytes() and again.levels == {"patient": 12, "ward": 3}
    low, high = shared[0].contents.ranges["x"]
    assert low <= sites["north"].x.min() and high >= sites["north"].x.max() and low == np.floor(low)


def test_codes_follow_no_order():
    part = ranef.sums("y ~ x + (1 | patient)", rows(3))
    drawn = {tuple(part.for_site("a").contents.table.factors[0].cross[:, 0, 1].round(6)) for _ in range(3)}
    assert len(drawn) == 3


def test_interactions_keep_their_sums():
    frame = rows(4)
    formula = "y ~ x + (1 | ward:patient)"
    made, whole = (
        ranef.Model(formula, data) for data in (ranef.sums(formula, frame).for_site("a"), frame)
    )
    assert_allclose(made.objective([0.6]), whole.objective([0.6]), rtol=1e-12)


def test_what_is_refused():
    frame = rows(5)
    frame["day"] = np.arange(96) % 6
    for formula, options, named in (
        ("y ~ x + (1 | patient) + (1 | day)", {}, "'patient' and 'day' are crossed"),
        ("y ~ ward + x + (1 | ward)", {}, "'ward' is a grouping factor and in the fixed part"),
        ("y ~ x + (1 | patient)", {"least": 9}, "12 of 12 levels of 'patient' have fewer than 9 rows"),
    ):
        with pytest.raises(DataError, match=named):
            ranef.sums(formula, frame).for_site("a", **options)
    weighted = ranef.sums("y ~ x + (1 | patient)", frame.assign(w=2.0), weights="w")
    with pytest.raises(DataError, match="weighted"):
        weighted.for_site("a")
    assert weighted.for_site("a", least=1).n == 96
    with pytest.raises(ArgumentError, match="site="):
        weighted.for_site("")
    assert ranef.sums("y ~ x + (1 | patient)", frame[:0]).for_site("a").n == 0
