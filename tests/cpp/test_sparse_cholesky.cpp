// The sparse factor against a dense Cholesky factorisation and inverse written out plainly here.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <map>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "ranef/sparse/sparse_cholesky.hpp"

using namespace ranef;

namespace {

struct Dense {
    explicit Dense(Index order) : n(order), entries(static_cast<std::size_t>(order * order), 0.0) {}
    double& operator()(Index i, Index j) { return entries[static_cast<std::size_t>(i + j * n)]; }
    double operator()(Index i, Index j) const {
        return entries[static_cast<std::size_t>(i + j * n)];
    }

    Index n;
    std::vector<double> entries;
};

Dense dense_cholesky(const Dense& a) {
    Dense l(a.n);
    for (Index j = 0; j < a.n; ++j) {
        for (Index i = j; i < a.n; ++i) {
            double sum = a(i, j);
            for (Index k = 0; k < j; ++k) sum -= l(i, k) * l(j, k);
            l(i, j) = i == j ? std::sqrt(sum) : sum / l(j, j);
        }
    }
    return l;
}

// b <- A^-1 b, A = L L'.
std::vector<double> solve_with(const Dense& l, std::vector<double> b) {
    for (Index i = 0; i < l.n; ++i) {
        for (Index k = 0; k < i; ++k) b[i] -= l(i, k) * b[k];
        b[i] /= l(i, i);
    }
    for (Index i = l.n - 1; i >= 0; --i) {
        for (Index k = i + 1; k < l.n; ++k) b[i] -= l(k, i) * b[k];
        b[i] /= l(i, i);
    }
    return b;
}

std::vector<double> dense_solve(const Dense& a, const std::vector<double>& b) { return solve_with(dense_cholesky(a), b); }

Dense dense_inverse(const Dense& a) {
    const Dense l = dense_cholesky(a);
    Dense inverse(a.n);
    for (Index j = 0; j < a.n; ++j) {
        std::vector<double> unit(static_cast<std::size_t>(a.n), 0.0);
        unit[j] = 1.0;
        const std::vector<double> column = solve_with(l, unit);
        for (Index i = 0; i < a.n; ++i) inverse(i, j) = column[i];
    }
    return inverse;
}

struct Matrix {
    SparsePattern pattern;
    std::vector<double> values;
};

using Entries = std::map<std::pair<Index, Index>, double>;  // (column, row), lower triangle

Matrix assemble(Index n, const Entries& entries) {
    Matrix matrix;
    matrix.pattern.n = n;
    matrix.pattern.col_ptr.assign(static_cast<std::size_t>(n) + 1, 0);
    for (const auto& [where, value] : entries) {
        ++matrix.pattern.col_ptr[where.first + 1];
        matrix.pattern.row_idx.push_back(where.second);
        matrix.values.push_back(value);
    }
    for (Index j = 0; j < n; ++j) matrix.pattern.col_ptr[j + 1] += matrix.pattern.col_ptr[j];
    return matrix;
}

void set(Entries& entries, Index i, Index j, double value) {
    entries[{std::min(i, j), std::max(i, j)}] = value;
}

// Random off-diagonal values on the given edges; the diagonal dominates by a margin.
Matrix dominant(Index n, const std::vector<std::pair<Index, Index>>& edges, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<double> value(-1.0, 1.0);
    Entries entries;
    for (const auto& [i, j] : edges) {
        if (i != j) set(entries, i, j, value(generator));
    }
    std::vector<double> row_sum(static_cast<std::size_t>(n), 0.0);
    for (const auto& [where, x] : entries) {
        row_sum[where.first] += std::abs(x);
        row_sum[where.second] += std::abs(x);
    }
    for (Index i = 0; i < n; ++i) {
        set(entries, i, i, 0.01 + row_sum[i] + 0.1 * std::abs(value(generator)));
    }
    return assemble(n, entries);
}

std::vector<std::pair<Index, Index>> random_edges(Index n, Index count, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_int_distribution<Index> node(0, n - 1);
    std::vector<std::pair<Index, Index>> edges;
    for (Index e = 0; e < count; ++e) {
        const Index i = node(generator);
        edges.emplace_back(i, node(generator));
    }
    return edges;
}

std::vector<std::pair<Index, Index>> grid_edges(Index side) {
    std::vector<std::pair<Index, Index>> edges;
    for (Index i = 0; i < side; ++i) {
        for (Index j = 0; j < side; ++j) {
            if (i + 1 < side) edges.emplace_back(i * side + j, (i + 1) * side + j);
            if (j + 1 < side) edges.emplace_back(i * side + j, i * side + j + 1);
        }
    }
    return edges;
}

Dense to_dense(const Matrix& matrix) {
    Dense a(matrix.pattern.n);
    for (Index j = 0; j < a.n; ++j) {
        for (Index e = matrix.pattern.col_ptr[j]; e < matrix.pattern.col_ptr[j + 1]; ++e) {
            const Index i = matrix.pattern.row_idx[e];
            a(i, j) = a(j, i) = matrix.values[e];
        }
    }
    return a;
}

SparseFactor make_factor(const SparsePattern& pattern) {
    const SparseAnalysis analysis = SparseSymbolic::analyze(pattern, SparseSymbolic::order(pattern));
    REQUIRE(analysis.status == AnalysisStatus::ok);
    return SparseFactor(analysis.symbolic);
}

double largest(const std::vector<double>& x) {
    double most = 0.0;
    for (const double value : x) most = std::max(most, std::abs(value));
    return most;
}

double distance(const std::vector<double>& x, const std::vector<double>& y) {
    REQUIRE(x.size() == y.size());
    double most = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double gap = std::abs(x[i] - y[i]);
        if (!(gap <= most)) most = gap;  // keeps a NaN
    }
    return most;
}

std::vector<double> random_values(std::size_t count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> value;
    std::vector<double> x(count);
    for (double& entry : x) entry = value(generator);
    return x;
}

void check_log_det(const SparseFactor& factor, const Dense& a) {
    const Dense l = dense_cholesky(a);
    double expected = 0.0;
    for (Index i = 0; i < a.n; ++i) expected += 2.0 * std::log(l(i, i));
    const double tolerance = 1e-12 * (1.0 + std::abs(expected) + static_cast<double>(a.n));
    CHECK(std::abs(factor.log_det() - expected) <= tolerance);
}

void check_solves(SparseFactor& factor, const Dense& a) {
    const Index n = a.n, ld = n + 3;
    for (const Index nrhs : {0, 1, 2, 4, 7}) {
        CAPTURE(nrhs);
        const std::vector<double> b = random_values(static_cast<std::size_t>(ld * nrhs), 7);
        std::vector<double> expected = b;  // the gap below each column must survive
        for (Index j = 0; j < nrhs; ++j) {
            const auto column = b.begin() + j * ld;
            const std::vector<double> x = dense_solve(a, std::vector<double>(column, column + n));
            std::copy(x.begin(), x.end(), expected.begin() + j * ld);
        }
        const double tolerance = 1e-11 * (1.0 + largest(expected));

        std::vector<double> x = b;
        factor.solve(x.data(), nrhs, ld);
        CHECK(distance(x, expected) <= tolerance);

        std::vector<double> halves = b;
        factor.solve_lower(halves.data(), nrhs, ld);
        for (Index j = 0; j < nrhs; ++j) {  // |L^-1 P b|^2 = b'A^-1 b
            double squared = 0.0, product = 0.0;
            for (Index i = j * ld; i < j * ld + n; ++i) {
                squared += halves[i] * halves[i];
                product += b[i] * expected[i];
            }
            CHECK(std::abs(squared - product) <= 1e-11 * (1.0 + std::abs(product)));
        }
        factor.solve_upper(halves.data(), nrhs, ld);
        CHECK(distance(halves, expected) <= tolerance);
    }
}

void check_inverse(SparseFactor& factor, const Matrix& matrix, const Dense& a) {
    const Dense inverse = dense_inverse(a);
    std::vector<double> expected, found(matrix.values.size());
    for (Index j = 0; j < a.n; ++j) {
        for (Index e = matrix.pattern.col_ptr[j]; e < matrix.pattern.col_ptr[j + 1]; ++e) {
            expected.push_back(inverse(matrix.pattern.row_idx[e], j));
        }
    }
    factor.selected_inverse(found.data());
    CHECK(distance(found, expected) <= 1e-11 * (1.0 + largest(expected)));
}

void check_all(SparseFactor& factor, const Matrix& matrix) {
    REQUIRE(factor.factor(matrix.values.data()).ok());
    const Dense a = to_dense(matrix);
    check_log_det(factor, a);
    check_solves(factor, a);
    check_inverse(factor, matrix, a);
    check_solves(factor, a);  // the inverse leaves the factor alone
}

void check_all(const Matrix& matrix) {
    SparseFactor factor = make_factor(matrix.pattern);
    check_all(factor, matrix);
}

// Entries of L by playing the elimination on a dense pattern, in the order of the analysis.
double eliminate(const SparsePattern& pattern, const SparseSymbolic& symbolic) {
    const Index n = pattern.n;
    const std::vector<Index>& order = symbolic.permutation();
    std::vector<Index> place(static_cast<std::size_t>(n), -1);
    for (Index k = 0; k < n; ++k) place[order[k]] = k;
    std::vector<std::vector<char>> filled(n, std::vector<char>(n, 0));
    for (Index j = 0; j < n; ++j) {
        filled[j][j] = 1;
        for (Index e = pattern.col_ptr[j]; e < pattern.col_ptr[j + 1]; ++e) {
            const Index p = place[j], q = place[pattern.row_idx[e]];
            filled[std::min(p, q)][std::max(p, q)] = 1;
        }
    }
    double nnz = 0.0;
    for (Index j = 0; j < n; ++j) {
        Index count = 1, parent = -1;
        for (Index i = j + 1; i < n; ++i) {
            if (!filled[j][i]) continue;
            ++count;
            if (parent == -1) parent = i;
            for (Index k = i; k < n; ++k) filled[i][k] |= filled[j][k];
        }
        CHECK(symbolic.column_counts()[j] == count);
        CHECK(symbolic.elimination_tree()[j] == parent);
        nnz += static_cast<double>(count);
    }
    return nnz;
}

double stored_below_diagonal(const PanelLayout& panels) {
    double stored = static_cast<double>(panels.stored());
    for (Index s = 0; s < panels.count(); ++s) {
        stored -= static_cast<double>(panels.width(s) * (panels.width(s) - 1) / 2);
    }
    return stored;
}

}  // namespace

TEST_CASE("sparse factor: random patterns of every density agree with the dense answer") {
    for (unsigned seed = 1; seed <= 20; ++seed) {
        for (const Index n : {2, 3, 17, 60}) {
            for (const Index per_row : {0, 1, 2, 5, 40}) {
                CAPTURE(seed);
                CAPTURE(n);
                CAPTURE(per_row);
                check_all(dominant(n, random_edges(n, n * per_row / 2 + 1, seed), seed));
            }
        }
    }
}

TEST_CASE("sparse factor: panels wider than one block, grids, and a full matrix") {
    check_all(dominant(15 * 15, grid_edges(15), 3));
    std::vector<std::pair<Index, Index>> all;
    for (Index i = 0; i < 150; ++i) {
        for (Index j = 0; j < i; ++j) all.emplace_back(i, j);
    }
    check_all(dominant(150, all, 4));
    // A dense corner that many narrow panels reach with scattered rows.
    std::vector<std::pair<Index, Index>> crossed;
    std::mt19937 generator(5);
    std::uniform_int_distribution<Index> corner(200, 279);
    for (Index i = 0; i < 200; ++i) {
        for (int k = 0; k < 4; ++k) crossed.emplace_back(i, corner(generator));
    }
    check_all(dominant(280, crossed, 6));
}

TEST_CASE("sparse factor: arrows, either way round") {
    const Index n = 90;
    std::vector<std::pair<Index, Index>> head_first, head_last;
    for (Index i = 1; i < n; ++i) head_first.emplace_back(0, i);
    for (Index i = 0; i + 1 < n; ++i) head_last.emplace_back(n - 1, i);
    for (const auto& edges : {head_first, head_last}) {
        const Matrix matrix = dominant(n, edges, 8);
        const SparseAnalysis analysis = SparseSymbolic::analyze(matrix.pattern, SparseSymbolic::order(matrix.pattern));
        REQUIRE(analysis.status == AnalysisStatus::ok);
        CHECK(SparseSymbolic::order(matrix.pattern).nnz == 2.0 * n - 1.0);  // no fill
        check_all(matrix);
    }
}

// 40 columns that each meet a few of 300, which are all one another's neighbours.
Matrix dense_root(unsigned seed) {
    std::vector<std::pair<Index, Index>> edges;
    for (Index i = 40; i < 340; ++i)
        for (Index j = 40; j < i; ++j) edges.emplace_back(i, j);
    for (Index c = 0; c < 40; ++c)
        for (Index k = 0; k < 5; ++k) edges.emplace_back(40 + (c * 37 + k * 61) % 300, c);
    return dominant(340, edges, seed);
}

TEST_CASE("sparse factor: a dense triangle at the root, of several panels") {
    const Matrix matrix = dense_root(8);
    SparseFactor factor = make_factor(matrix.pattern);
    check_all(factor, matrix);
    check_all(factor, dense_root(9));
    for (const double bad_value : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        Matrix bad = matrix;
        bad.values[bad.pattern.col_ptr[200]] = bad_value;
        if (std::isfinite(bad_value)) {
            const SparseFactorResult result = factor.factor(bad.values.data());
            CHECK(result.status == Status::not_positive_definite);
            CHECK(result.column == 200);
        } else {
            CHECK_FALSE(factor.factor(bad.values.data()).ok());
        }
        CHECK_FALSE(factor.factored());
    }
    check_all(factor, matrix);
}

TEST_CASE("sparse factor: block diagonal, nested, n = 0 and n = 1") {
    std::vector<std::pair<Index, Index>> blocks, nested;
    for (Index b = 0; b < 20; ++b) {
        for (Index i = 0; i < 4; ++i) {
            for (Index j = 0; j < i; ++j) blocks.emplace_back(4 * b + i, 4 * b + j);
        }
    }
    check_all(dominant(80, blocks, 9));
    for (Index leaf = 13; leaf < 121; ++leaf) {
        nested.emplace_back(leaf, 1 + (leaf - 13) / 9);
        nested.emplace_back(leaf, 0);
    }
    for (Index middle = 1; middle < 13; ++middle) nested.emplace_back(middle, 0);
    check_all(dominant(121, nested, 10));

    check_all(assemble(1, {{{0, 0}, 6.25}}));
    SparseFactor empty = make_factor(SparsePattern{0, {0}, {}});
    CHECK(empty.factor(nullptr).ok());
    CHECK(empty.log_det() == 0.0);
}

TEST_CASE("sparse factor: columns with nothing below the diagonal, or nothing at all") {
    check_all(assemble(
        4, {{{0, 0}, 2.0}, {{1, 1}, 3.0}, {{1, 3}, 0.5}, {{2, 2}, 4.0}, {{3, 3}, 5.0}}));

    const Matrix hole = assemble(3, {{{0, 0}, 2.0}, {{0, 2}, 0.5}, {{2, 2}, 3.0}});
    SparseFactor factor = make_factor(hole.pattern);
    const SparseFactorResult result = factor.factor(hole.values.data());
    CHECK(result.status == Status::not_positive_definite);
    CHECK(result.column == 1);

    SparseFactor nothing = make_factor(SparsePattern{2, {0, 0, 0}, {}});
    CHECK_FALSE(nothing.factor(nullptr).ok());
}

TEST_CASE("sparse factor: not positive definite names the column, and the factor recovers") {
    const Matrix good = dominant(12 * 12, grid_edges(12), 11);
    SparseFactor factor = make_factor(good.pattern);
    for (const double bad_value : {-1.0, 0.0, std::numeric_limits<double>::quiet_NaN(),
                                   std::numeric_limits<double>::infinity()}) {
        for (const Index column : {0, 71, 143}) {
            Matrix bad = good;
            bad.values[bad.pattern.col_ptr[column]] = bad_value;  // the diagonal comes first
            // Cut loose from its neighbours, so that no other pivot can be the culprit.
            for (Index j = 0; j < 144; ++j) {
                for (Index e = bad.pattern.col_ptr[j]; e < bad.pattern.col_ptr[j + 1]; ++e) {
                    const Index i = bad.pattern.row_idx[e];
                    if (i != j && (i == column || j == column)) bad.values[e] = 0.0;
                }
            }
            const SparseFactorResult result = factor.factor(bad.values.data());
            CHECK(result.status == Status::not_positive_definite);
            CHECK(result.column == column);
            CHECK_FALSE(factor.factored());
            CHECK(std::isnan(factor.log_det()));
            check_all(factor, good);
        }
    }
    // Indefinite though every diagonal entry is positive.
    const Matrix pair = assemble(2, {{{0, 0}, 1.0}, {{0, 1}, 2.0}, {{1, 1}, 1.0}});
    CHECK_FALSE(make_factor(pair.pattern).factor(pair.values.data()).ok());
}

TEST_CASE("sparse factor: repeated calls leave no trace of the previous matrix") {
    const auto edges = random_edges(70, 200, 12);
    const Matrix first = dominant(70, edges, 13);
    Matrix second = dominant(70, edges, 14);
    REQUIRE(first.pattern.row_idx == second.pattern.row_idx);
    SparseFactor factor = make_factor(first.pattern);
    check_all(factor, first);
    const double log_det = factor.log_det();
    check_all(factor, second);
    check_all(factor, first);
    CHECK(factor.log_det() == log_det);  // to the last bit
}

TEST_CASE("sparse factor: determinants far outside the range of a double") {
    const Index n = 400;
    Entries entries;
    for (Index i = 0; i < n; ++i) entries[{i, i}] = i % 2 == 0 ? 1e300 : 1e-290;
    const Matrix matrix = assemble(n, entries);
    SparseFactor factor = make_factor(matrix.pattern);
    REQUIRE(factor.factor(matrix.values.data()).ok());
    CHECK(factor.log_det() == doctest::Approx(200.0 * 10.0 * std::log(10.0)).epsilon(1e-10));
    std::vector<double> tiny(matrix.values.size(), 1e-300);
    REQUIRE(factor.factor(tiny.data()).ok());
    CHECK(factor.log_det() == doctest::Approx(-400.0 * 300.0 * std::log(10.0)).epsilon(1e-12));
}

TEST_CASE("sparse factor: two threads share one analysis") {
    const auto edges = grid_edges(14);
    const Matrix matrices[] = {dominant(196, edges, 15), dominant(196, edges, 16)};
    const SparseAnalysis analysis = SparseSymbolic::analyze(matrices[0].pattern, SparseSymbolic::order(matrices[0].pattern));
    REQUIRE(analysis.status == AnalysisStatus::ok);
    double alone[2], together[2];
    std::vector<double> inverse_alone[2], inverse_together[2];
    const auto work = [&](int which, double& log_det, std::vector<double>& inverse) {
        SparseFactor factor(analysis.symbolic);
        inverse.resize(matrices[which].values.size());
        for (int repeat = 0; repeat < 50; ++repeat) {
            if (!factor.factor(matrices[which].values.data()).ok()) return;
            log_det = factor.log_det();
            factor.selected_inverse(inverse.data());
        }
    };
    for (int k : {0, 1}) work(k, alone[k], inverse_alone[k]);
    std::thread other([&] { work(1, together[1], inverse_together[1]); });
    work(0, together[0], inverse_together[0]);
    other.join();
    for (int k : {0, 1}) {
        CHECK(alone[k] == together[k]);
        CHECK(inverse_alone[k] == inverse_together[k]);
    }
    CHECK(alone[0] != alone[1]);
}

TEST_CASE("sparse analysis: fill, column counts and tree are those of an elimination played out") {
    for (unsigned seed = 1; seed <= 10; ++seed) {
        CAPTURE(seed);
        const Index n = 50;
        const auto edges = random_edges(n, 20 * static_cast<Index>(seed), seed);
        const Matrix matrix = dominant(n, edges, seed);
        const SparseAnalysis analysis = SparseSymbolic::analyze(matrix.pattern, SparseSymbolic::order(matrix.pattern));
        REQUIRE(analysis.status == AnalysisStatus::ok);
        const double nnz = eliminate(matrix.pattern, *analysis.symbolic);
        const SparseOrdering ordering = SparseSymbolic::order(matrix.pattern);
        CHECK(ordering.status == AnalysisStatus::ok);
        CHECK(ordering.nnz == nnz);
        CHECK(ordering.flops >= nnz);
        const double stored = stored_below_diagonal(analysis.symbolic->panels());
        CHECK(stored >= nnz);
        CHECK(stored <= 1.25 * nnz);  // a fifth of a panel at most is none of L
    }
}

TEST_CASE("sparse analysis: a pattern that is not one is refused") {
    const SparsePattern bad[] = {
        {-1, {0}, {}},                // negative size
        {2, {0, 1}, {0}},             // too few column pointers
        {2, {1, 1, 2}, {0, 1}},       // does not start at zero
        {2, {0, 2, 1}, {0, 1}},       // decreasing
        {2, {0, 1, 3}, {0, 1}},       // more entries announced than there
        {2, {0, 1, 3}, {0, 0, 1}},    // above the diagonal
        {2, {0, 2, 3}, {1, 0, 1}},    // unsorted
        {2, {0, 3, 4}, {0, 1, 1, 1}}, // twice the same
        {2, {0, 2, 3}, {0, 2, 1}},    // row out of range
    };
    for (const SparsePattern& pattern : bad) {
        const SparseAnalysis analysis = SparseSymbolic::analyze(pattern, SparseSymbolic::order(pattern));
        CHECK(analysis.status == AnalysisStatus::invalid_pattern);
        CHECK_FALSE(static_cast<bool>(analysis.symbolic));
        CHECK(SparseSymbolic::order(pattern).status == AnalysisStatus::invalid_pattern);
    }
}
