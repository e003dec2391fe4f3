"""Errors and intervals of predictions along related random effects."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError
from related.test_related import ANIMALS, PEDIGREE, fitted, labelled
from scipy import stats

SLEEP = ranef.datasets.load("sleepstudy")
UNRELATED = {"Subject": np.eye(18)}
SLOPES = "Reaction ~ Days + (Days || Subject)"


@pytest.mark.parametrize("interval", ["confidence", "prediction"])
@pytest.mark.parametrize("random", ["all", None, ["(1 | Subject)"]])
@pytest.mark.parametrize("new", [None, {"Subject": ["308", "999"], "Days": [0, 10]}])
def test_with_unrelated_levels_they_are_those_of_lmer(interval, random, new):
    fits = ranef.lmer(SLOPES, SLEEP, relationship=UNRELATED), ranef.lmer(SLOPES, SLEEP)
    for ddf in ("satterthwaite", "residual", "normal"):
        own, plain = (
            fit.predict(new, random, allow_new_levels=True, interval=interval, ddf=ddf) for fit in fits
        )
        np.testing.assert_allclose(own, plain, rtol=1e-5)


@pytest.mark.parametrize("matrix", [PEDIGREE, labelled()], ids=["pedigree", "matrix"])
def test_errors_by_dense_algebra(matrix):
    """Of an animal with records, a parent without, and an animal and a pen that nobody knows."""
    fit, A = fitted(matrix=matrix), labelled()
    var = fit.varcorr.to_frame().set_index("group")["var"]
    parent = int(PEDIGREE.sire.dropna().iloc[0])
    assert parent not in set(ANIMALS.animal)
    own, pens = ANIMALS.animal.to_numpy(), ANIMALS.pen.to_numpy()
    new = pd.DataFrame(
        {"x": [0.5, -1.0, 2.0], "animal": [own[3], parent, 9999], "pen": [pens[0], pens[5], 99]}
    )
    X, rows = (np.column_stack([np.ones(len(one)), one.x]) for one in (ANIMALS, new))
    V = var["animal"] * A.loc[own, own].to_numpy() + var["pen"] * np.equal.outer(pens, pens)
    V += var["Residual"] * np.eye(len(V))
    across = var["animal"] * A.reindex(index=new.animal, columns=own, fill_value=0.0).to_numpy()
    across = across + var["pen"] * np.equal.outer(new.pen.to_numpy(), pens)
    solved = np.linalg.solve(V, across.T)
    g = rows - solved.T @ X
    prior = [A.loc[own[3], own[3]], A.loc[parent, parent], 1.0]
    error = var["animal"] * np.array(prior) + var["pen"] - np.einsum("mn,nm->m", across, solved)
    error += np.einsum("mi,ij,mj->m", g, np.linalg.inv(X.T @ np.linalg.solve(V, X)), g)
    table = fit.predict(new, allow_new_levels=True, interval="prediction", ddf="normal")
    np.testing.assert_allclose(
        table["fit"], rows @ fit.params + solved.T @ (ANIMALS.y - X @ fit.params), rtol=1e-6
    )
    np.testing.assert_allclose(table["se"], np.sqrt(error), rtol=1e-5)
    half = stats.norm.ppf(0.975) * np.sqrt(error + var["Residual"])
    np.testing.assert_allclose(table["upper"] - table["fit"], half, rtol=1e-5)
    whole = fit.predict(new.drop(columns=["animal", "pen"]), None, interval="prediction", ddf="normal")
    total = fit.predict(new, None, se=True)["se"] ** 2 + var.sum()
    np.testing.assert_allclose(
        whole["upper"] - whole["fit"], stats.norm.ppf(0.975) * np.sqrt(total), rtol=1e-5
    )


def test_what_no_method_answers_is_said():
    fit = fitted()
    assert (fit.predict(se=True)["se"] > 0).all()
    with pytest.raises(ArgumentError, match="along random effects ddf= is one of"):
        fit.predict(se=True, ddf="kenward-roger")
