"""Cluster-robust covariances and their degrees of freedom against clubSandwich."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from reference_battery import load_data, load_table


@pytest.mark.parametrize("name", list(load_table("robust")))
@pytest.mark.parametrize("type", ["CR0", "CR1", "CR2"])
def test_covariance_and_degrees_of_freedom(name, type):
    about = load_table("robust")[name]
    fit = ranef.lmer(about["formula"], load_data(about["data"]), reml=about["REML"])
    found = fit.robust(type=type)
    expected = np.array(about[type]["cov"])
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(found.cov / scale, expected / scale, atol=2e-5)
    np.testing.assert_allclose(found.df, about[type]["df"], rtol=1e-4)
    np.testing.assert_allclose(found.coef_table()["p"], about[type]["p"], rtol=2e-3)


def test_labels_of_clusters():
    fit = fitted("ss_slope_reml")
    by_name, by_values = fit.robust("Subject"), fit.robust(load_data("sleepstudy")["Subject"].astype(str))
    np.testing.assert_allclose(by_name.cov, by_values.cov)
    assert by_name.n_clusters == 18
    assert "CR2, 18 clusters (Subject)" in repr(by_name)


def test_dropped_column():
    found = fitted("ss_rankdef_reml").robust()
    assert found.coef_table()["se"].isna().tolist() == fitted("ss_rankdef_reml").params.isna().tolist()


def test_one_sided():
    found = fitted("ss_slope_reml").robust()
    two, one = found.coef_table(), found.coef_table("greater")
    np.testing.assert_allclose(one["p"], two["p"] / 2)


def test_bad_input():
    with pytest.raises(ranef.ArgumentError, match="levels of 'plate' lie in several clusters of 'sample'"):
        fitted("pen_reml").robust()
    fit = fitted("ss_slope_reml")
    with pytest.raises(ranef.ArgumentError, match="the grouping factors are 'Subject'"):
        fit.robust("subject")
    with pytest.raises(ranef.ArgumentError, match="one label per used row, 180"):
        fit.robust([1, 2])
    with pytest.raises(ranef.ArgumentError, match="type= must be one of 'CR0'"):
        fit.robust(type="HC3")
    with pytest.raises(ranef.DataError, match="one level"):
        fit.robust(np.zeros(180))
