"""Sums as bytes: the same numbers in any process; anything else is refused with its reason."""

import hashlib
import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from ranef.errors import ArgumentError, DataError

FORMULA = "y ~ f * x + offset(o) + (x | g) + (1 | h) + (1 | g:h)"


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(4)
    n = 120
    frame = pd.DataFrame(
        {
            "y": rng.normal(size=n),
            "x": rng.normal(size=n),
            "o": rng.normal(size=n),
            "w": rng.uniform(1, 2, n),
            "f": pd.Categorical(rng.choice(["ü", "a", "b"], n), categories=["b", "ü", "a"]),
            "g": rng.integers(0, 5, n) + 0.5,
            "h": pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 4, n), unit="h"),
        }
    )
    return ranef.sums(FORMULA, frame, weights="w")


def sealed(body):
    return body + hashlib.sha256(body).digest()


def test_there_and_back(made, tmp_path):
    made.save(tmp_path / "a.sums")
    assert [path.name for path in tmp_path.iterdir()] == ["a.sums"]
    expected = ranef.fit(made)
    for again in (
        ranef.Sums.from_bytes(made.to_bytes()),
        ranef.load_sums(tmp_path / "a.sums"),
        pickle.loads(pickle.dumps(made)),
    ):
        assert again.to_bytes() == made.to_bytes()
        assert_array_equal(ranef.fit(again).params, expected.params)
        assert repr(again) == repr(made)
        assert (again + made).n == 240


def test_no_row_is_inside():
    """A response that is in no statistic but sums cannot be found among the numbers, in any bytes."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"y": rng.normal(size=100), "g": np.repeat(range(5), 20)})
    data = ranef.sums("y ~ 1 + (1 | g)", frame).to_bytes()
    inner = frame.y.sort_values()[1:-1]  # the lowest and the highest are told
    assert not any(value.tobytes() in data for value in inner.to_numpy())
    long = pd.concat([frame] * 50)
    assert abs(len(ranef.sums("y ~ 1 + (1 | g)", long).to_bytes()) - len(data)) < 20


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_altered_and_truncated_bytes(made, data):
    given_bytes = made.to_bytes()
    at = data.draw(st.integers(0, len(given_bytes) - 1))
    other = bytearray(given_bytes)
    other[at] ^= data.draw(st.integers(1, 255))
    for wrong in (bytes(other), given_bytes[:at], given_bytes + b"x"):
        with pytest.raises(DataError, match=r"truncated or altered|not sums of ranef"):
            ranef.Sums.from_bytes(wrong)


def test_another_version_and_arrays_that_do_not_fit(made, tmp_path):
    body = made.to_bytes()[:-32]
    with pytest.raises(DataError, match=r"in format 9; this is ranef .*format 1"):
        ranef.Sums.from_bytes(sealed(body.replace(b'"format": 1', b'"format": 9')))
    for before, after in ((b'["origins", "<f8", [9]]', b'["origins", "<f8", [10]]'), (b'"<f8"', b'"|O8"')):
        assert before in body
        with pytest.raises(DataError, match="not what ranef writes"):
            ranef.Sums.from_bytes(sealed(body.replace(before, after)))
    with pytest.raises(DataError, match="not what ranef writes"):
        ranef.Sums.from_bytes(sealed(body[:-400]))
    with pytest.raises(ArgumentError, match="takes bytes"):
        ranef.Sums.from_bytes("text")
    (tmp_path / "b").write_bytes(b"something else")
    with pytest.raises(DataError, match=r"b: these bytes are not sums"):
        ranef.load_sums(tmp_path / "b")


def test_levels_that_cannot_be_written():
    frame = pd.DataFrame({"y": np.arange(8.0), "g": [(1,), (2,)] * 4})
    with pytest.raises(DataError, match=r"'g' has the level \(1,\) of type tuple"):
        ranef.sums("y ~ 1 + (1 | g)", frame).to_bytes()
