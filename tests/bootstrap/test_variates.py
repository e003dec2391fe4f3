"""Normals and chi-squares against their laws. Seeds are fixed; p < 1e-4 happens to a right generator once in
10**4 seeds."""

import numpy as np
import pytest
from bootstrap.standin import filled
from ranef._core import RandomStream, ziggurat
from ranef.bootstrap.draws.streams import stream_key
from scipy import stats

LEAST_P = 1e-4


@pytest.fixture(scope="module")
def sample():
    return filled(stream_key(2024)[0], 0, 1_000_000)


def test_layers_have_equal_area_and_fit():
    edge, inner, height = ziggurat()
    areas = edge[1:-1] * np.diff(height)[1:]
    base = edge[1] * height[1] + np.sqrt(2 * np.pi) * stats.norm.sf(edge[1])
    assert np.allclose(areas, base, rtol=1e-12)
    assert np.isclose(edge[0] * height[1], base, rtol=1e-12)
    # The tail's start and the area that Marsaglia & Tsang (2000) print for 256 layers.
    assert edge[1] == pytest.approx(3.6541528853610088, abs=1e-12)
    assert base == pytest.approx(0.00492867323399, abs=1e-13)
    assert edge[-1] == 0.0 and height[-1] == 1.0
    assert np.all(inner[:-1] < 1.0)


def test_normals_pass_kolmogorov_smirnov(sample):
    assert stats.kstest(sample, "norm").pvalue > LEAST_P
    assert stats.kstest(RandomStream(stream_key(5)[0], 1).normals(500_000), "norm").pvalue > LEAST_P


def test_normals_have_the_moments(sample):
    count = len(sample)
    # Variance of the k-th sample moment of a normal: (E x^2k - (E x^k)^2) / count.
    for k, expected, variance in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96), (6, 15, 10170)):
        assert abs(np.mean(sample**k) - expected) < 4.5 * np.sqrt(variance / count), k


def test_normal_tails(sample):
    # Beyond the last layer's edge only the tail method draws: counts, signs and shape there.
    start = ziggurat()[0][1]
    beyond = sample[np.abs(sample) > start]
    expected = len(sample) * 2 * stats.norm.sf(start)
    assert abs(len(beyond) - expected) < 4.5 * np.sqrt(expected)
    assert stats.binomtest(int((beyond > 0).sum()), len(beyond)).pvalue > LEAST_P
    conditional = stats.norm.sf(np.abs(beyond)) / stats.norm.sf(start)
    assert stats.kstest(conditional, "uniform").pvalue > LEAST_P


def test_normals_near_layer_edges(sample):
    # A wrong wedge shows as bumps between the layers' edges: a chi-square test over the 255 cells they bound.
    edges = np.sort(ziggurat()[0][1:])
    counts, _ = np.histogram(np.abs(sample), edges)
    shares = 2 * np.diff(stats.norm.cdf(edges))
    expected = shares * counts.sum() / shares.sum()
    assert stats.chisquare(counts, expected).pvalue > LEAST_P


@pytest.mark.parametrize("count", range(10))
def test_fill_writes_its_range_only(count):
    values = np.full(count + 2, 777.0)
    RandomStream(stream_key(1)[0], 0).fill_normal(values[1:-1])
    assert values[0] == 777.0 and values[-1] == 777.0
    assert np.all(np.abs(values[1:-1]) < 10)


def test_fill_does_not_depend_on_how_much_it_writes():
    key = stream_key(3)[0]
    assert np.array_equal(filled(key, 4, 16), filled(key, 4, 4000)[:16])


def test_neighbouring_replicates_are_uncorrelated():
    key = stream_key(8)[0]
    count = 20_000
    values = np.array([filled(key, replicate, count) for replicate in range(20)])
    for sample in (values, values**2):
        correlations = np.corrcoef(sample)[np.triu_indices(20, 1)]
        assert abs(correlations).max() < 5.0 / np.sqrt(count)


@pytest.mark.parametrize("df", [0.05, 0.3, 1.0, 1.5, 2.0, 3.0, 17.0, 140.0, 1e6, 1e12])
def test_chi_squares_pass_kolmogorov_smirnov(df):
    sample = RandomStream(stream_key(int(1000 * df))[0], 2).chi_squares(200_000, df)
    assert stats.kstest(sample, stats.chi2(df).cdf).pvalue > LEAST_P
    assert abs(sample.mean() - df) < 4.5 * np.sqrt(2 * df / len(sample))


def test_chi_square_without_degrees_of_freedom():
    assert np.array_equal(RandomStream(stream_key(1)[0], 0).chi_squares(3, 0.0), np.zeros(3))
