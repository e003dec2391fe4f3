"""Streams against numpy's own Philox, bit for bit."""

import numpy as np
import pytest
from numba import njit
from ranef.bootstrap.draws.streams import (
    BLOCK_LANE,
    STATE_WORDS,
    WORD_LANE,
    next_raw,
    open_stream,
    philox_block,
    stream_key,
    uniform,
)


@njit
def block_of(words, key):
    return philox_block(words[0], words[1], words[2], words[3], key[0], key[1])


@njit
def raw_words(key, replicate, count):
    state = np.empty(STATE_WORDS, np.uint64)
    open_stream(state, key, replicate)
    words = np.empty(count, np.uint64)
    for i in range(count):
        words[i] = next_raw(state)
    return words


@njit
def uniforms(key, replicate, count):
    state = np.empty(STATE_WORDS, np.uint64)
    open_stream(state, key, replicate)
    values = np.empty(count)
    for i in range(count):
        values[i] = uniform(state)
    return values


def numpy_philox(key, replicate, lane):
    return np.random.Philox(key=key, counter=[0, 0, replicate, int(lane)])


@pytest.mark.parametrize("seed", [0, 1, 2**70 + 3])
@pytest.mark.parametrize("replicate", [0, 1, 9_999, 2**40])
def test_words_are_those_of_numpy(seed, replicate):
    key, _ = stream_key(seed)
    expected = numpy_philox(key, replicate, WORD_LANE).random_raw(1001)
    assert np.array_equal(raw_words(key, replicate, 1001), expected)


def test_block_is_that_of_numpy():
    key, _ = stream_key(7)
    words = np.uint64([5, 6, 7, 8])
    # numpy moves the counter before it makes a block
    expected = np.random.Philox(key=key, counter=words - np.uint64([1, 0, 0, 0])).random_raw(4)
    assert np.array_equal(np.uint64(block_of(words, key)), expected)


def test_uniforms_are_those_of_numpy():
    key, _ = stream_key(11)
    expected = np.random.Generator(numpy_philox(key, 3, WORD_LANE)).random(1000)
    assert np.array_equal(uniforms(key, 3, 1000), expected)


def test_lanes_differ():
    assert BLOCK_LANE != WORD_LANE


def test_key_is_that_of_numpy():
    for seed in (0, 123, 2**100):
        key, kept = stream_key(seed)
        assert kept == seed
        assert np.array_equal(key, np.random.Philox(seed).state["state"]["key"])


def test_no_seed_draws_one_that_can_be_used_again():
    key, seed = stream_key(None)
    again, _ = stream_key(seed)
    other, _ = stream_key(None)
    assert np.array_equal(key, again)
    assert not np.array_equal(key, other)


def test_spawned_sequence_is_kept_whole():
    child = np.random.SeedSequence(5).spawn(2)[1]
    key, seed = stream_key(child)
    assert np.array_equal(stream_key(seed)[0], key)
    assert not np.array_equal(stream_key(5)[0], key)


def test_neighbouring_replicates_are_uncorrelated():
    key, _ = stream_key(99)
    count = 20_000
    values = np.array([uniforms(key, replicate, count) for replicate in range(20)])
    correlations = np.corrcoef(values)[np.triu_indices(20, 1)]
    # 190 correlations of sd 1/sqrt(count): the largest of so many stays below 5 sd except once in 10**4
    # seeds.
    assert abs(correlations).max() < 5.0 / np.sqrt(count)
    assert not np.array_equal(values[0, 1:], values[1, :-1])
