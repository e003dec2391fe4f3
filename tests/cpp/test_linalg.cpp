// Dense kernels at orders on both sides of every switch between inline loops and LAPACK, with gaps between
// columns.
#include <doctest/doctest.h>

#include <limits>
#include <random>
#include <vector>

#include "ranef/base/linalg.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

constexpr Index orders[] = {0, 1, 2, 3, 8, 9, 16, 17, 31, 32, 33, 65};
constexpr double gap = -7.25;  // what lies between the columns and must stay

std::vector<double> random_numbers(Index count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    std::vector<double> x(count);
    for (double& v : x) v = normal(generator);
    return x;
}

// G G' + n I with leading dimension ld, both triangles.
std::vector<double> positive_definite(Index n, Index ld) {
    const std::vector<double> g = random_numbers(n * n, static_cast<unsigned>(n) + 1);
    std::vector<double> a(ld * n, gap);
    for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < n; ++i) {
            double sum = i == j ? static_cast<double>(n) : 0.0;
            for (Index k = 0; k < n; ++k) sum += g[k * n + i] * g[k * n + j];
            a[j * ld + i] = sum;
        }
    return a;
}

double lower(const std::vector<double>& a, Index ld, Index i, Index j) {
    return i >= j ? a[j * ld + i] : 0.0;
}

bool gaps_intact(const std::vector<double>& a, Index n, Index ld, Index columns) {
    for (Index j = 0; j < columns; ++j)
        for (Index i = n; i < ld; ++i)
            if (a[j * ld + i] != gap) return false;
    return true;
}

}  // namespace

TEST_CASE("linalg: the Cholesky factor multiplies back and touches the lower triangle only") {
    for (const Index n : orders) {
        CAPTURE(n);
        const Index ld = n + 3;
        const std::vector<double> a = positive_definite(n, ld);
        std::vector<double> l = a;
        REQUIRE(linalg::cholesky(n, l.data(), ld));
        CHECK(gaps_intact(l, n, ld, n));
        double worst = 0.0;
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i) {
                double sum = 0.0;
                for (Index k = 0; k < n; ++k) sum += lower(l, ld, i, k) * lower(l, ld, j, k);
                worst = std::max(worst, std::fabs(sum - a[j * ld + i]));
                if (i < j) CHECK(l[j * ld + i] == a[j * ld + i]);
            }
        CHECK(worst <= 1e-14 * static_cast<double>(n) * largest(a));
    }
}

TEST_CASE("linalg: what is not positive definite is refused") {
    for (const Index n : {1, 5, 32, 33, 50})
        for (const double bad : {0.0, -1.0}) {
            std::vector<double> a = positive_definite(n, n);
            for (Index i = 0; i < n; ++i) a[(n - 1) * n + i] = a[i * n + n - 1] = 0.0;
            a[(n - 1) * n + n - 1] = bad;
            CHECK_FALSE(linalg::cholesky(n, a.data(), n));
        }
    // NaN and infinity: refused at once by the loops; LAPACK may let them pass, but never as finite numbers.
    for (const Index n : {1, 5, 32, 33, 50})
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            std::vector<double> a = positive_definite(n, n);
            a[(n / 2) * n + n / 2] = bad;
            const bool ok = linalg::cholesky(n, a.data(), n);
            CHECK((!ok || !std::isfinite(a[(n / 2) * n + n / 2])));
            if (n <= 32) CHECK_FALSE(ok);
        }
}

TEST_CASE("linalg: triangular solves and the inverse") {
    for (const Index n : orders) {
        CAPTURE(n);
        const Index ld = n + 2, ldb = n + 1, columns = 3;
        std::vector<double> l = positive_definite(n, ld);
        const std::vector<double> a = l;
        REQUIRE(linalg::cholesky(n, l.data(), ld));
        std::vector<double> x(ldb * columns, gap), b;
        for (Index c = 0; c < columns; ++c)
            for (Index i = 0; i < n; ++i) x[c * ldb + i] = std::sin(static_cast<double>(i + 5 * c + 1));
        b = x;
        for (Index c = 0; c < columns; ++c)  // b = L x
            for (Index i = 0; i < n; ++i) {
                b[c * ldb + i] = 0.0;
                for (Index k = 0; k <= i; ++k) b[c * ldb + i] += l[k * ld + i] * x[c * ldb + k];
            }
        linalg::solve_lower(n, l.data(), ld, b.data(), columns, ldb);
        CHECK(distance(b, x) < 1e-11);
        for (Index c = 0; c < columns; ++c)  // b = L'x
            for (Index i = 0; i < n; ++i) {
                b[c * ldb + i] = 0.0;
                for (Index k = i; k < n; ++k) b[c * ldb + i] += l[i * ld + k] * x[c * ldb + k];
            }
        linalg::solve_upper(n, l.data(), ld, b.data(), columns, ldb);
        CHECK(distance(b, x) < 1e-11);
        linalg::solve_lower(n, l.data(), ld, b.data(), 0, ldb);  // nothing to do

        linalg::invert_cholesky(n, l.data(), ld);
        linalg::symmetrise(n, l.data(), ld);
        CHECK(gaps_intact(l, n, ld, n));
        double worst = 0.0;
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i) {
                double sum = i == j ? -1.0 : 0.0;
                for (Index k = 0; k < n; ++k) sum += a[k * ld + i] * l[j * ld + k];
                worst = std::max(worst, std::fabs(sum));
                CHECK(l[j * ld + i] == l[i * ld + j]);
            }
        CHECK(worst < 1e-11);
    }
}

TEST_CASE("linalg: products and transposition") {
    for (const Index n : orders) {
        CAPTURE(n);
        const std::vector<double> a = random_numbers(n * n, 3), b = random_numbers(n * n, 4),
                                  x = random_numbers(n, 5);
        std::vector<double> expected(n * n, 0.0), c(n * n, gap), y(n, gap), ax(n, 0.0);
        for (Index j = 0; j < n; ++j)
            for (Index k = 0; k < n; ++k)
                for (Index i = 0; i < n; ++i) expected[j * n + i] += a[k * n + i] * b[j * n + k];
        linalg::small_multiply(n, a.data(), b.data(), c.data());
        CHECK(distance(c, expected) < 1e-12 * static_cast<double>(n + 1));

        std::vector<double> at = a, bt = b;
        linalg::transpose(n, at.data());
        linalg::transpose(n, bt.data());
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i) CHECK(at[j * n + i] == a[i * n + j]);
        std::vector<double> d = expected;
        linalg::multiply(true, true, n, n, n, 2.0, at.data(), n, bt.data(), n, -1.0, d.data(), n);
        CHECK(distance(d, expected) < 1e-12 * static_cast<double>(n + 1));

        const std::vector<double> s = positive_definite(n, n);
        for (Index j = 0; j < n; ++j)
            for (Index i = 0; i < n; ++i) ax[i] += s[j * n + i] * x[j];
        linalg::symmetric_multiply(n, s.data(), n, x.data(), y.data());
        CHECK(distance(y, ax) <= 1e-13 * (1.0 + largest(ax)));
        CHECK(linalg::dot(n, x.data(), x.data()) >= 0.0);
    }
}

TEST_CASE("linalg: eigenvalues ascend and the vectors are orthonormal") {
    for (const Index n : orders) {
        CAPTURE(n);
        std::vector<double> a = random_numbers(n * n, static_cast<unsigned>(n) + 30);
        linalg::symmetrise(n, a.data(), n);
        std::vector<double> v = a, values(n);
        REQUIRE(linalg::symmetric_eigen(n, v.data(), n, values.data()));
        double residual = 0.0, orthogonality = 0.0;
        for (Index c = 0; c < n; ++c) {
            if (c > 0) CHECK(values[c] >= values[c - 1]);
            for (Index i = 0; i < n; ++i) {
                double sum = -values[c] * v[c * n + i], product = i == c ? -1.0 : 0.0;
                for (Index k = 0; k < n; ++k) {
                    sum += a[k * n + i] * v[c * n + k];
                    product += v[i * n + k] * v[c * n + k];
                }
                residual = std::max(residual, std::fabs(sum));
                orthogonality = std::max(orthogonality, std::fabs(product));
            }
        }
        CHECK(residual < 1e-13 * static_cast<double>(n + 1));
        CHECK(orthogonality < 1e-13 * static_cast<double>(n + 1));
    }
}

TEST_CASE("linalg: eigenvalues of graded, repeated and non-finite matrices") {
    // Diagonal over thirty orders of magnitude, with equal entries: every digit of each.
    std::vector<double> graded(36, 0.0), values(6);
    const double diagonal[] = {1e15, 1.0, 1e-15, 1.0, -3.0, 0.0};
    for (Index i = 0; i < 6; ++i) graded[i * 7] = diagonal[i];
    REQUIRE(linalg::symmetric_eigen(6, graded.data(), 6, values.data()));
    CHECK(values == std::vector<double>{-3.0, 0.0, 1e-15, 1.0, 1.0, 1e15});

    for (const Index n : {2, 16, 17, 40})
        for (const double bad :
             {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
            CAPTURE(n);
            std::vector<double> a = positive_definite(n, n), w(n);
            a[n - 1] = a[(n - 1) * n] = bad;
            CHECK_FALSE(linalg::symmetric_eigen(n, a.data(), n, w.data()));
        }
}
