"""Many responses with one design, against plain fits one by one."""

import numpy as np
import pandas as pd
import pytest
from ranef.errors import ArgumentError, DataError


@pytest.mark.parametrize(
    "name",
    ["ss_slope_reml", "ss_slope_ml", "pen_reml", "ss_weights_reml", "ss_offset_reml", "ss_rankdef_reml"],
)
def test_each_row_is_a_plain_fit(fit_of, name):
    fit = fit_of(name)
    scales = np.array([1.0, 1e-6, 1e6, 1.0, 30.0])
    Y = (fit.simulate(5, seed=3) * scales[:, None]).T
    table = fit.model.fit(Y)
    assert list(table.index) == [0, 1, 2, 3, 4] and table["converged"].all()
    for column in range(5):
        refit = fit.model.fit(Y[:, column])
        assert table.loc[column, "objective"] == pytest.approx(refit.objective, abs=1e-6)
        assert table.loc[column, "sigma"] == pytest.approx(refit.sigma, rel=1e-5)
        for part, expected in (("", refit.params), ("se", refit.bse)):
            names = [f"{part}[{coef}]" if part else coef for coef in fit.params.index]
            error = abs(table.loc[column, names].astype(float).to_numpy() - expected)
            assert np.all((error <= 1e-4 * refit.bse) | expected.isna())


def test_names_of_a_data_frame(fit_of):
    fit = fit_of("dye_reml")
    Y = pd.DataFrame(fit.simulate(3, seed=1).T, columns=["a", "b", "c"])
    table = fit.model.fit(Y)
    assert list(table.index) == ["a", "b", "c"]
    assert table.equals(fit.model.fit(Y.to_numpy()).set_axis(["a", "b", "c"]))


def test_hopeless_responses_are_rows_with_a_status(fit_of):
    fit = fit_of("dye_reml")
    Y = fit.simulate(4, seed=1).T.copy()
    Y[3, 1] = np.nan
    Y[:, 2] = 7.0
    table = fit.model.fit(Y)
    assert list(table["failed"]) == [False, True, True, False]
    assert table.loc[[1, 2], "sigma"].isna().all()


def test_dropped_rows_are_ignored(fit_of):
    fit = fit_of("ss_na_reml")
    design = fit.model.design
    assert design.n_dropped > 0
    Y = fit.simulate(2, seed=1).T
    whole = np.full((design.nobs + design.n_dropped, 2), np.nan)
    whole[design.rows] = Y
    assert fit.model.fit(whole).equals(fit.model.fit(Y))
    with pytest.raises(DataError, match="172 rows, one per used row, or 180, one per row of the data, and a"):
        fit.model.fit(Y[:-1])


def test_bad_matrices(fit_of):
    model = fit_of("dye_reml").model
    with pytest.raises(DataError, match=r"30 rows, one per used row, and a column per response;.*\(4, 2\)"):
        model.fit(np.zeros((4, 2)))
    with pytest.raises(DataError, match="matrix of numbers"):
        model.fit(np.full((30, 2), "a"))
    with pytest.raises(ArgumentError, match="Leave start= out"):
        model.fit(np.zeros((30, 2)), start=[1.0])
