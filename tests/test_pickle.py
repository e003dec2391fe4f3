"""A fit, and what is asked of it, goes to another process and comes back: pickle, copy, deepcopy."""

import copy
import io
import pickle
import traceback
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import ranef
from conftest import fitted
from hypothesis import given, settings
from hypothesis import strategies as st

ROUTES = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
NAMES = ["ss_slope_reml", "pastes_reml", "mach_dbar_ml", "ss_rankdef_reml"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_comes_back_whole(name, route):
    fit = fitted(name)
    back = ROUTES[route](fit)
    assert str(back.summary()) == str(fit.summary())
    assert back.model.objective(fit.theta) == fit.model.objective(fit.theta)
    np.testing.assert_allclose(back.fittedvalues, fit.fittedvalues, rtol=1e-14)  # X's layout may change
    again = fit.bootstrap(5, seed=1, progress=False).to_frame()[fit.params.index]
    np.testing.assert_allclose(
        back.bootstrap(5, seed=1, progress=False).to_frame()[fit.params.index], again, rtol=1e-6
    )


def test_a_refit_keeps_its_own_response():
    fit = fitted("ss_slope_reml")
    other = fit.refit(fit.simulate(1, seed=1)[0])
    back = ROUTES["pickle"](other)
    np.testing.assert_array_equal(back.y, other.y)
    assert back.refit(back.y).objective == other.objective != fit.objective


def test_new_rows_are_coded_as_before():
    data = ranef.datasets.load("Machines")
    fit = ranef.lmer("score ~ C(Machine, contr.sum) + (1 | Worker)", data)
    np.testing.assert_array_equal(ROUTES["pickle"](fit).predict(data[:7]), fit.predict(data[:7]))


def test_a_shallow_copy_of_a_model_reads_no_rows():
    model = fitted("ss_slope_reml").model
    assert copy.copy(model).cross is model.cross


def test_what_was_asked_of_a_fit_comes_back_too():
    fit = fitted("ss_slope_reml")
    asked = [fit.ranef, fit.coef, fit.varcorr, fit.optimum, fit.plan, fit.summary(), fit.pca()]
    asked += [
        fit.redundancy(),
        fit.robust(),
        fit.influence("Subject"),
        fit.test("Days = 0"),
        fit.profile(["sigma"]),
    ]
    asked += [fit.profile(["sigma"]), fit.bootstrap(5, seed=1, progress=False)]
    asked += [ranef.pooling(fit), ranef.modelsummary(fit), ranef.diagnose(fit)]
    for value in asked:
        assert str(ROUTES["pickle"](value)) == str(value), type(value).__name__


SHAPES = [
    *("levels", "widths", "block_counts", "blocks", "p", "factor_order"),
    *("a_ptr", "a_col", "w_col_ptr", "w_row_idx"),
]


def read(kind, state):
    new = kind.__new__(kind)
    new.__setstate__(state)
    return new


def states(name):
    fit = fitted(name)
    return [(type(part), part.__getstate__()) for part in (fit.model.cross.design, fit.response)]


@pytest.mark.parametrize("name", NAMES)
def test_a_shortened_array_is_refused_by_name(name):
    for kind, state in states(name):
        for field in set(state) - {"ranef"}:
            without = {key: value for key, value in state.items() if key != field}
            with pytest.raises(ranef.DataError, match=f"cannot be read: {field}: is missing"):
                read(kind, without)
            for wrong in (None, "text", state[field].astype(complex)):
                with pytest.raises(ranef.DataError, match=f"cannot be read: {field}: is no array of numbers"):
                    read(kind, without | {field: wrong})
            if state[field].size:
                with pytest.raises(ranef.DataError, match=r"cannot be read: [a-z_]+: "):
                    read(kind, without | {field: state[field][:-1]})


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_an_altered_shape_is_refused(data):
    kind, state = states(data.draw(st.sampled_from(["pastes_reml", "mach_dbar_ml"])))[0]
    field = data.draw(st.sampled_from([name for name in SHAPES if state[name].size]))
    altered = state[field].copy()
    at = data.draw(st.integers(0, altered.size - 1))
    limits = np.iinfo(altered.dtype)
    altered[at] = data.draw(st.integers(limits.min, limits.max) | st.integers(-1, 40))
    if altered[at] != state[field][at]:
        try:
            back = read(kind, state | {field: altered})
        except ranef.DataError as error:
            assert "cannot be read" in str(error)
        else:  # another intercept within a term, say: a design all the same
            assert back.__getstate__()[field][at] == altered[at]
            assert np.isfinite(back.leading_gram()).all()


def test_another_version_is_named():
    kind, state = states("pastes_reml")[0]
    other = state | {"format": np.array([3]), "ranef": "9.8.7"}
    with pytest.raises(ranef.DataError, match=r"format: written by ranef 9\.8\.7 in another format"):
        read(kind, other)
    with pytest.raises(ranef.DataError, match=r"an earlier version of ranef \(format 1"):
        read(kind, (1, 2, 3))


def test_a_response_of_another_design_is_refused():
    problem, response = fitted("pastes_reml").model.problem, fitted("ss_slope_reml").response
    for ask in (problem.value, problem.gradient, problem.solve, problem.conditional_variances):
        with pytest.raises(ValueError, match="of another design"):
            ask(response, np.ones(problem.n_theta))
    with pytest.raises(ValueError, match="of another design"):
        problem.fit(response)


def test_a_fit_of_the_version_before_is_refused_by_its_version():
    """What 0.1 pickled begins with this reference to the class of its fits."""
    of_0_1 = b"\x80\x04\x8c\x0cranef.result\x8c\nLmerResult\x93)\x81."
    with pytest.raises(ranef.DataError, match=r"ranef 0\.1 .*fit the model to its data again"):
        pickle.loads(of_0_1)


@pytest.mark.parametrize("written_by", [None, "0.1.0", "9.8.7"])
def test_a_model_of_another_version_is_refused_by_its_version(written_by):
    model = fitted("pastes_reml").model
    state = model.__getstate__() | {"written_by": written_by}
    if written_by is None:
        del state["written_by"]
    with pytest.raises(ranef.DataError, match=f"a model of ranef {written_by or '0.1'}, which ranef"):
        type(model).__new__(type(model)).__setstate__(state)


@pytest.mark.parametrize("kind", ["lmer", "glmer", "zero", "structured", "residual"])
def test_what_restores_an_altered_pickle_says_so(kind, sleepstudy):
    """Pickle has errors of its own, of bytes it cannot read; none is from where ranef restores an object."""
    half = np.where(sleepstudy.Days < 5, "a", "b")
    data = sleepstudy.assign(n=(sleepstudy.Reaction // 50 - 3).clip(0).astype(int), half=half)
    by = "Days + (1 | Subject)"
    fit = {
        "lmer": lambda: ranef.lmer(f"Reaction ~ {by}", data),
        "glmer": lambda: ranef.glmer(f"n ~ {by}", data, "poisson"),
        "zero": lambda: ranef.glmer(f"n ~ {by}", data, "poisson", zero="~ 1"),
        "structured": lambda: ranef.lmer("Reaction ~ Days + cs(0 + half | Subject)", data),
        "residual": lambda: ranef.lmer(f"Reaction ~ {by}", data, residual="ar1(Days | Subject)"),
    }[kind]()
    whole, random, refused = pickle.dumps(fit), np.random.default_rng(7), 0
    for place in random.integers(0, len(whole), 250):
        altered = bytearray(whole)
        altered[place] ^= 1 << int(random.integers(8))
        try:
            pickle.loads(altered)
        except ranef.DataError:
            refused += 1
        except Exception as error:
            assert not within_restoring(error), f"byte {place}: {error!r}"
    assert refused


def within_restoring(error):
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.name == "__setstate__" for frame in frames)


def kinds_of_fits(sleepstudy):
    sleepstudy = sleepstudy.assign(half=np.where(sleepstudy.Days < 5, "a", "b"))
    people = sorted(sleepstudy.Subject.unique())
    by = "Reaction ~ Days + half"
    return {
        "nested": lambda: fitted("pastes_reml"),
        "contrasts": lambda: ranef.lmer(f"{by}:C(half, contr.sum) + (1 | Subject)", sleepstudy),
        "residual": lambda: ranef.lmer(
            f"{by} + (1 | Subject)", sleepstudy, residual="ar1(Days | Subject)", dispersion="~ half"
        ),
        "gls": lambda: ranef.gls(by, sleepstudy, residual="car1(Days | Subject)", dispersion="~ half"),
        "mmrm": lambda: ranef.mmrm(
            "fev1 ~ arm * visit + ar1(visit | arm / id)", ranef.datasets.load("asthma")
        ),
        "related": lambda: ranef.lmer(
            f"{by} + (1 | Subject)",
            sleepstudy,
            relationship={"Subject": pd.DataFrame(np.eye(len(people)), people, people)},
        ),
        "glmer": lambda: ranef.glmer("half ~ Days + (1 | Subject)", sleepstudy, "binomial"),
    }


class LookingForObjects(pickle.Pickler):
    """Refuses arrays of objects, whose length NumPy does not check when it reads them."""

    def reducer_override(self, value):
        assert not (isinstance(value, np.ndarray) and value.dtype == object), value[:3]
        return NotImplemented


@pytest.mark.parametrize("kind", ["nested", "contrasts", "residual", "gls", "mmrm", "related", "glmer"])
def test_no_array_of_objects_is_pickled(kind, sleepstudy):
    fit = kinds_of_fits(sleepstudy)[kind]()
    LookingForObjects(io.BytesIO()).dump(fit)
    back = pickle.loads(pickle.dumps(fit))
    for old, new in zip(fit.model.design.terms, back.model.design.terms, strict=True):
        assert new.factor.levels.dtype == old.factor.levels.dtype
        assert new.factor.levels.tolist() == old.factor.levels.tolist()


def test_levels_as_they_were_pickled_before_are_read():
    factor = fitted("pastes_reml").model.design.factors[0]
    state = {"name": factor.name, "codes": factor.codes, "levels": factor.levels}
    assert read(type(factor), state).levels.tolist() == factor.levels.tolist()


@pytest.mark.parametrize("altered", [None, 3, {}.keys])
def test_altered_levels_are_refused(altered):
    factor = fitted("pastes_reml").model.design.factors[0]
    state = factor.__getstate__()
    assert state["levels"].values == factor.levels.tolist()
    with pytest.raises(ranef.DataError, match="this pickle of a GroupingFactor is damaged"):
        read(type(factor), state | {"levels": state["levels"]._replace(values=altered)})


@pytest.mark.parametrize("gone", [1, 29])
def test_a_model_with_fewer_levels_than_codes_is_refused(gone):
    model = fitted("pastes_reml").model
    factors = [replace(term.factor, levels=term.factor.levels[:-gone]) for term in model.design.terms]
    fewer = [replace(t, factor=factor) for t, factor in zip(model.design.terms, factors, strict=True)]
    state = model.__getstate__() | {"design": replace(model.design, terms=tuple(fewer))}
    with pytest.raises(ranef.DataError, match="this pickle of a Model is damaged"):
        read(type(model), state)
