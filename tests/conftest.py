"""Fixtures and the cache of fits: a model of the battery is fitted once for all the tests that look at it."""

import functools
import os

import pytest
from hypothesis import settings
from reference_battery import load_data, load_model

# Many tests share two cores: a deadline per example would measure the neighbours.
settings.register_profile("ranef", deadline=None, max_examples=40, derandomize=bool(os.environ.get("CI")))
settings.load_profile("ranef")


@functools.cache
def fitted(name):
    """`ranef.lmer` on a reference model by full name ("ss_slope_reml"), fitted once per test run."""
    import ranef

    model = load_model(name)
    return ranef.lmer(model.formula, model.frame(), **model.arguments)


@functools.cache
def unfitted(name):
    """`ranef.Model` of a reference model, built once per test run."""
    import ranef

    model = load_model(name)
    return ranef.Model(model.formula, model.frame(), **model.arguments)


@pytest.fixture(scope="session")
def fit_of():
    """fit_of("pen_reml") -> the fit, cached for the session (do not change it)."""
    return fitted


@pytest.fixture(scope="session")
def model_of():
    """model_of("pen_reml") -> the unfitted ranef.Model, cached for the session."""
    return unfitted


@pytest.fixture
def sleepstudy():
    """A fresh DataFrame: Reaction, Days, Subject (180 rows)."""
    return load_data("sleepstudy")


@pytest.fixture
def penicillin():
    """A fresh DataFrame: diameter, plate, sample (144 rows, crossed)."""
    return load_data("Penicillin")


@pytest.fixture
def pastes():
    """A fresh DataFrame: strength, batch, cask, sample (60 rows, nested)."""
    return load_data("Pastes")


@pytest.fixture
def machines():
    """A fresh DataFrame: score, Machine, Worker (54 rows, factor slopes)."""
    return load_data("Machines")


@pytest.fixture(scope="session")
def school():
    """The course's school data from beside the checkout (not ours to redistribute), or a skipped test."""
    try:
        return load_data("school")
    except KeyError:
        pytest.skip("the school data are not redistributable (tests/reference/README.md)")
