"""Comparisons with a control and Dunnett's intervals, as R's emmeans has them."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError

# R's PlantGrowth: dried weight of plants, ten to a group.
WEIGHT = [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14, 4.81, 4.17, 4.41, 3.59, 5.87]
WEIGHT += [3.83, 6.03, 4.89, 4.32, 4.69, 6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26]
DATA = {"weight": WEIGHT, "group": ["ctrl"] * 10 + ["trt1"] * 10 + ["trt2"] * 10}


@pytest.fixture(scope="module")
def means():
    return ranef.emmeans(ranef.gls("weight ~ group", DATA), "group")


@pytest.mark.parametrize("ref", ["trt1", 1])
def test_dunnetts_p_values_with_a_control_by_name_or_place(means, ref):
    table = means.contrast("trt.vs.ctrl", adjust="dunnett", ref=ref).to_frame()
    assert list(table["contrast"]) == ["ctrl - trt1", "trt2 - trt1"]
    np.testing.assert_allclose(table["estimate"], [0.371, 0.865], rtol=1e-9)
    np.testing.assert_allclose(table["p"], [0.3227, 0.0085], atol=3e-4)  # by simulation in R


def test_dunnetts_intervals(means):
    table = means.contrast("trt.vs.ctrl", adjust="dunnett").to_frame()
    expected = [[-1.022, 0.28], [-0.157, 1.14]]  # printed to two decimals
    np.testing.assert_allclose(table[["lower", "upper"]], expected, atol=6e-3)


def test_pairs_by_their_name_in_r(means):
    for kind, reverse in (("pairwise", False), ("revpairwise", True)):
        own, other = means.contrast(kind, "mvt").to_frame(), means.pairs("mvt", reverse).to_frame()
        assert own.equals(other)


def test_errors(means):
    for call, said in [
        (lambda: means.contrast("eff", ref="trt1"), "'eff' has none"),
        (lambda: means.contrast([1, -1, 0], ref="trt1"), "weights of your own have none"),
        (lambda: means.contrast("eff", "dunnett"), "use adjust='mvt' here"),
        (lambda: means.contrast("trt.vs.ctrl", ref="no"), "must be one of the means, 'ctrl', 'trt1'"),
    ]:
        with pytest.raises(ArgumentError, match=said):
            call()
