"""Streams against numpy's own Philox, bit for bit."""

import numpy as np
import pytest
from bootstrap.standin import filled
from ranef._core import RandomStream, philox_block, ziggurat
from ranef.bootstrap.draws.streams import stream_key

BLOCK_LANE, WORD_LANE = 0, 1


def numpy_philox(key, replicate, lane):
    return np.random.Philox(key=key, counter=[0, 0, replicate, lane])


@pytest.mark.parametrize("seed", [0, 1, 2**70 + 3])
@pytest.mark.parametrize("replicate", [0, 1, 9_999, 2**40])
def test_words_are_those_of_numpy(seed, replicate):
    key, _ = stream_key(seed)
    expected = numpy_philox(key, replicate, WORD_LANE).random_raw(1001)
    assert np.array_equal(RandomStream(key, replicate).words(1001), expected)


def test_block_is_that_of_numpy():
    key, _ = stream_key(7)
    words = np.uint64([5, 6, 7, 8])
    # numpy moves the counter before it makes a block
    expected = np.random.Philox(key=key, counter=words - np.uint64([1, 0, 0, 0])).random_raw(4)
    assert np.array_equal(np.uint64(philox_block(words, key)), expected)


def test_uniforms_are_those_of_numpy():
    key, _ = stream_key(11)
    expected = np.random.Generator(numpy_philox(key, 3, WORD_LANE)).random(1000)
    assert np.array_equal(RandomStream(key, 3).uniforms(1000), expected)


def test_arrays_are_filled_from_the_other_lane():
    """Their first normal comes from the first word of that lane: 98.8 % need no other."""
    edge, inner, _ = ziggurat()
    key, _ = stream_key(3)
    certain = 0
    for replicate in range(200):
        word = int(numpy_philox(key, replicate, BLOCK_LANE).random_raw())
        share = (word - 2**64 * (word >> 63) >> 10) / 2**53
        if abs(share) < inner[word & 255]:
            certain += 1
            assert filled(key, replicate, 1)[0] == share * edge[word & 255]
    assert certain > 180


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
    values = np.array([RandomStream(key, replicate).uniforms(count) for replicate in range(20)])
    correlations = np.corrcoef(values)[np.triu_indices(20, 1)]
    # 190 correlations of sd 1/sqrt(count): the largest of so many stays below 5 sd except once in 10**4
    # seeds.
    assert abs(correlations).max() < 5.0 / np.sqrt(count)
    assert not np.array_equal(values[0, 1:], values[1, :-1])
