"""Relationship matrices: a peer's animal model, dense algebra, lmer for the identity, bad input."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, NewLevelError
from ranef.related.pedigree import read_pedigree
from scipy.optimize import minimize

REFERENCE = Path(__file__).parents[1] / "reference_structured"
FORMULA = "y ~ x + (1 | animal) + (1 | pen)"
ANIMALS = pd.read_csv(REFERENCE / "animal.csv")
PEDIGREE = pd.read_csv(REFERENCE / "pedigree.csv")


@cache
def animal_model(reml=True):
    """Fitted once; do not change it."""
    return fitted(reml)


def fitted(reml=True, matrix=PEDIGREE, **options):
    return ranef.lmer(FORMULA, ANIMALS, reml, relationship={"animal": matrix}, **options)


def labelled():
    pedigree = read_pedigree("animal", PEDIGREE)
    labels, A = pedigree.labels, pedigree.matrix()
    return pd.DataFrame(A, [int(one) for one in labels], [int(one) for one in labels])


@pytest.mark.parametrize("kind", ["ml", "reml"])
def test_the_animal_model_of_a_peer(kind):
    model = json.loads((REFERENCE / f"animal_pen_{kind}.json").read_text(encoding="utf-8"))
    fit = animal_model(model["REML"])
    assert fit.converged and fit.objective <= model["criterion"] + 1e-6
    np.testing.assert_allclose(fit.params, model["beta"], atol=1e-4 * fit.bse.min())
    np.testing.assert_allclose(fit.bse**2, np.diag(model["vcov_beta"]), rtol=1e-5)
    natural = model["natural"]
    expected = [natural["sd_animal"], natural["sd_pen"], natural["sigma"]]
    np.testing.assert_allclose(fit.varcorr.to_frame().sd, expected, rtol=1e-5)
    h2 = fit.heritability()
    assert (
        h2.estimate == pytest.approx(expected[0] ** 2 / np.sum(np.square(expected)), rel=1e-5)
        and h2.lower < h2.estimate < h2.upper
    )


def test_small_pedigree_by_hand():
    """A mating of half sibs: inbreeding 1/8."""
    sires, dams = [None, "a", "0", "", "a", "a", "e"], ["", "b", "", None, "z", "z", "c"]
    table = pd.DataFrame({"animal": list("zeabcdi"), "sire": sires, "dam": dams})
    pedigree = read_pedigree("animal", table)
    labels, A = pedigree.labels, pedigree.matrix()
    at = {one: k for k, one in enumerate(labels)}
    value = lambda i, j: A[at[i], at[j]]  # noqa: E731
    assert value("e", "c") == 0.25 and value("c", "d") == 0.5 and value("a", "b") == 0
    assert value("i", "i") == 1.125 and value("i", "a") == 0.5


def test_the_identity_is_lmer_with_all_its_tests():
    plain = ranef.lmer("y ~ x + (1 | pen)", ANIMALS)
    levels = sorted(ANIMALS.pen.unique())
    identity = pd.DataFrame(np.eye(len(levels)), levels, levels)
    fit = ranef.lmer("y ~ x + (1 | pen)", ANIMALS, relationship={"pen": identity})
    assert fit.objective == pytest.approx(plain.objective, abs=1e-9)
    for ddf in ("satterthwaite", "kenward-roger"):
        np.testing.assert_allclose(fit.coef_table(ddf), plain.coef_table(ddf), rtol=1e-5)
    np.testing.assert_allclose(fit.fittedvalues, plain.fittedvalues, rtol=1e-5)


def test_predictions_by_dense_algebra():
    fit, A = animal_model(), labelled()
    animals = A.loc[ANIMALS.animal, ANIMALS.animal].to_numpy()
    pens = np.equal.outer(ANIMALS.pen.to_numpy(), ANIMALS.pen.to_numpy())
    sd = fit.varcorr.to_frame().set_index("group").sd
    V = sd["animal"] ** 2 * animals + sd["pen"] ** 2 * pens + sd["Residual"] ** 2 * np.eye(len(animals))
    X = np.column_stack([np.ones(len(V)), ANIMALS.x])
    score = np.linalg.solve(V, ANIMALS.y - X @ fit.params)
    expected = sd["animal"] ** 2 * A[ANIMALS.animal].to_numpy() @ score  # of parents without records too
    np.testing.assert_allclose(fit.ranef["animal"].to_numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(np.cov(fit.simulate(5_000, seed=1).T), V, atol=0.15 * V.max())
    rows = ANIMALS.head(3)
    np.testing.assert_allclose(fit.predict(rows), fit.fittedvalues[:3])
    np.testing.assert_allclose(fit.predict(rows, random=None), X[:3] @ fit.params)
    with pytest.raises(NewLevelError, match="'animal' that neither the data"):
        fit.predict(rows.assign(animal=9999))


def test_rows_keep_the_labels_of_pandas():
    """Without them fit.resid after a missing value stood beside other rows."""
    frame = ANIMALS.set_axis([f"row {k}" for k in range(len(ANIMALS))]).sample(frac=1, random_state=1)
    frame.loc["row 7", "y"] = np.nan
    fit = ranef.lmer(FORMULA, frame, relationship={"animal": PEDIGREE})
    used = frame.index[frame.y.notna()]
    for values in (fit.resid, fit.fittedvalues, fit.predict(), fit.predict(random=None)):
        assert values.index.equals(used)
    assert fit.predict(frame).index.equals(frame.index)
    np.testing.assert_allclose(fit.predict(frame)[used], fit.fittedvalues)


def test_order_is_by_label_and_fits_are_pickled():
    A = labelled()
    mixed = A.sample(frac=1, random_state=1)
    mixed = mixed[mixed.columns[::-1]]
    fit = fitted(matrix=mixed)
    assert fit.objective == pytest.approx(animal_model().objective, abs=1e-9)
    again = pickle.loads(pickle.dumps(fit))
    assert str(again) == str(fit) and "100 levels with rows, 120 in the relationship matrix" in str(fit)


def test_no_variance_is_said():
    random = np.random.default_rng(2)
    data = pd.DataFrame({"g": np.repeat(range(12), 4), "y": random.normal(size=48)})
    data["y"] -= data.groupby("g").y.transform("mean")
    fit = ranef.lmer("y ~ 1 + (1 | g)", data, relationship={"g": np.eye(12)})
    assert fit.singular and fit.converged and "the variance of g is zero" in str(fit)
    assert "has no labels: its rows are taken as the levels in order" in " ".join(str(fit).split())
    assert fit.objective == pytest.approx(ranef.lmer("y ~ 1 + (1 | g)", data).objective, abs=1e-8)


def test_bad_input():
    A = labelled()
    with pytest.raises(DataError, match="lacks 1 of 100 levels in the data: '30'"):
        fitted(matrix=A.drop(index=30, columns=30))
    with pytest.raises(DataError, match=r"not positive definite.*twins or clones"):
        fitted(matrix=pd.DataFrame(np.ones(A.shape), A.index, A.columns))
    with pytest.raises(DataError, match="not symmetric"):
        fitted(matrix=A + np.triu(np.ones(A.shape)))
    with pytest.raises(DataError, match="other labels in its rows"):
        fitted(matrix=A.rename(columns={30: 999}))
    with pytest.raises(DataError, match=r"array of the 100 levels in their order, not of shape \(120, 120\)"):
        fitted(matrix=A.to_numpy())
    with pytest.raises(ArgumentError, match="relationship= names 'nobody'"):
        ranef.lmer(FORMULA, ANIMALS, relationship={"nobody": A})
    with pytest.raises(ArgumentError, match="those of 'animal' have more"):
        ranef.lmer("y ~ x + (x | animal)", ANIMALS, relationship={"animal": A})
    with pytest.raises(ArgumentError, match="residual= does not go with"):
        fitted(residual="ar1(x | animal)")
    circle = PEDIGREE.copy()
    founder, child = circle.sire.dropna().iloc[0], circle.animal[circle.sire.notna()].iloc[0]
    circle.loc[circle.animal == founder, "sire"] = child
    with pytest.raises(DataError, match="goes in a circle"):
        fitted(matrix=circle)
    with pytest.raises(DataError, match="names animal '1' twice"):
        fitted(matrix=pd.concat([PEDIGREE, PEDIGREE.head(1)]))


def test_sparse_equations_are_the_dense_ones():
    """Also where variances are zero, and with inbred animals and others without records."""
    model = animal_model().model
    sparse, dense = model.sums, model.dense_sums
    assert type(sparse) is not type(dense)
    for variances in ([0.4, 0.2], [0.4, 0.0], [0.0, 0.2], [0.0, 0.0]):
        found, expected = sparse.at(np.array(variances)), dense.at(np.array(variances))
        assert found.criterion == pytest.approx(expected.criterion, abs=1e-9)
        np.testing.assert_allclose(found.gradient, expected.gradient, rtol=1e-6, atol=1e-6)
        for name in ("beta", "inner", "squares", "spreads", "pulls", "curvature"):
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("of_sums", ["sums", "dense_sums"])
def test_curvature_is_the_average_information(of_sums):
    """y'P G_k P G_l P y by dense algebra."""
    model = animal_model().model
    design, A = model.design, labelled()
    G = [
        A.loc[ANIMALS.animal, ANIMALS.animal].to_numpy(),
        np.equal.outer(*[ANIMALS.pen.to_numpy()] * 2) * 1.0,
    ]
    H = np.eye(model.nobs) + 0.4 * G[0] + 0.2 * G[1]
    solved = np.linalg.solve(H, design.X)
    P = np.linalg.inv(H) - solved @ np.linalg.solve(design.X.T @ solved, solved.T)
    score = P @ ANIMALS.y.to_numpy()
    expected = [[score @ one @ P @ other @ score for other in G] for one in G]
    point = getattr(model, of_sums).at(np.array([0.4, 0.2]))
    np.testing.assert_allclose(point.curvature, expected, rtol=1e-8)
    np.testing.assert_allclose(point.pulls, [score @ one @ score for one in G], rtol=1e-8)


def test_the_inverse_of_a_pedigree():
    """Henderson's inverse, its determinant and inbreeding are those of the matrix by recursion."""
    random = np.random.default_rng(4)
    animals = [f"a{k}" for k in range(90)]
    parents = [
        [animals[random.integers(k)] if k > 5 and random.random() < 0.9 else None for _ in "sd"]
        for k in range(90)
    ]
    table = pd.DataFrame({"animal": animals, "sire": [s for s, _ in parents], "dam": [d for _, d in parents]})
    pedigree = read_pedigree("animal", table.sample(frac=1, random_state=1))
    A = pedigree.matrix()
    assert pedigree.inbreeding.max() > 0.1
    np.testing.assert_allclose(pedigree.precision.toarray() @ A, np.eye(90), atol=1e-12)
    assert pedigree.log_det == pytest.approx(np.linalg.slogdet(A)[1])
    np.testing.assert_allclose(np.diag(A), 1 + pedigree.inbreeding)


def herd(animals, seed=5):
    """Sires with dams of their own, and a record of every animal that has parents."""
    random = np.random.default_rng(seed)
    founders, sires = animals // 5, animals // 50
    sire = np.append(np.full(founders, -1), random.integers(sires, size=animals - founders))
    own = (founders - sires) // sires
    dam = np.where(sire < 0, -1, sires + sire * own + random.integers(own, size=animals))
    names = np.array([f"a{k}" for k in range(animals)], dtype=object)
    parents = {"sire": np.where(sire < 0, None, names[sire]), "dam": np.where(dam < 0, None, names[dam])}
    worth = random.normal(size=animals)
    worth = np.where(sire < 0, worth, (worth[sire] + worth[dam]) / 2 + random.normal(0, 0.5**0.5, animals))
    y = worth + random.normal(size=animals)
    return pd.DataFrame({"animal": names, **parents}), pd.DataFrame({"animal": names, "y": y})[founders:]


@pytest.mark.parametrize("seed", [1, 9, 35, 74, 84, 101, 163])
def test_no_lower_end_from_other_starts(seed):
    """Some with variances of zero."""
    random = np.random.default_rng(seed)
    pedigree, records = herd(60, seed)
    data = records.sample(int(random.integers(1, 4)) * len(records), replace=True, random_state=seed)
    data["pen"], data["id"] = random.integers(0, 6, len(data)), data.animal
    data["y"] = (
        data.y + random.choice([0, 0.5, 2]) * random.normal(size=6)[data.pen] + random.normal(size=len(data))
    )
    fit = ranef.lmer(
        "y ~ 1 + (1 | animal) + (1 | pen) + (1 | id)", data, seed % 2 == 0, relationship={"animal": pedigree}
    )
    criterion = lambda theta: fit.model.sums.at(theta**2).criterion  # noqa: E731
    ends = [minimize(criterion, np.exp(random.normal(0, 1.5, 3)), method="L-BFGS-B").fun for _ in range(4)]
    assert fit.objective <= min(ends) + 1e-6 and fit.converged


def test_a_residual_variance_that_runs_to_zero_is_said():
    """Responses that are breeding values and nothing else."""
    pedigree, records = herd(120)
    read = read_pedigree("animal", pedigree)
    worth = np.linalg.cholesky(read.matrix()) @ np.random.default_rng(4).normal(size=120)
    records["y"] = records.animal.map(dict(zip(read.labels, worth, strict=True)))
    fit = ranef.lmer("y ~ 1 + (1 | animal)", records, relationship={"animal": pedigree})
    assert not fit.converged
    assert "falls without end as the residual variance goes to zero" in " ".join(str(fit).split())


def test_pedigrees_larger_than_a_dense_matrix():
    pedigree, records = herd(7_000)
    fit = ranef.lmer("y ~ 1 + (1 | animal)", records, relationship={"animal": pedigree})
    assert fit.converged and len(fit.ranef["animal"]) == 7_000
    h2 = fit.heritability()
    assert h2.lower < 0.5 < h2.upper and h2.se < 0.04
    with pytest.raises(ArgumentError, match=r"'kenward-roger' is not available here, .* at most 4,000"):
        fit.coef_table("kenward-roger")
    with pytest.raises(DataError, match="at most 6,000"):
        read_pedigree("animal", pedigree).matrix()


def test_copies_in_a_pedigree_are_named():
    line = [f"s{k}" for k in range(60)]
    table = pd.DataFrame({"animal": line, "sire": [None, *line[:-1]], "dam": [None, *line[:-1]]})
    data = pd.DataFrame({"animal": np.repeat(line, 2), "y": np.random.default_rng(1).normal(size=120)})
    with pytest.raises(DataError, match=r"makes 's\d+' a copy of its parents"):
        ranef.lmer("y ~ 1 + (1 | animal)", data, relationship={"animal": table})


def test_threads_share_a_fit():
    sums = animal_model().model.sums
    places = [np.array([0.1 * k, 0.2]) for k in range(1, 9)]
    alone = [sums.at(place).criterion for place in places]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda place: sums.at(place).criterion, places * 5))
    assert together == alone * 5
