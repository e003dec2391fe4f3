// One pass over the rows against C'C and C'y written out densely in the internal coordinates.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>
#include <vector>

#include "dense_oracle.hpp"
#include "designs.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/cross/cross_sums.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

// C = [Z X] in internal coordinates, rows multiplied by the square roots of the weights; y as a last column.
Matrix dense_columns(const Data& data, const DesignCross& d, const ResponseScale& scale) {
    const DenseOracle oracle(data, d, true, scale);
    const Layout& layout = d.layout();
    Matrix c(data.n, layout.n_coef() + 1);
    for (Index i = 0; i < data.n; ++i) {
        const Real root = std::sqrt(1.0L / oracle.inverse_weights()[i]);
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const Index w = layout.factors[f].width, level = data.groupings[d.factor_order()[f]].codes[i];
            for (Index a = 0; a < w; ++a) c(i, layout.offset[f] + level * w + a) = root * oracle.z(f)(i, a);
        }
        for (int k = 0; k < layout.p; ++k) c(i, layout.q + k) = root * oracle.x()(i, k);
        c(i, layout.n_coef()) = root * oracle.y()(i, 0);
    }
    return c;
}

ColumnMoments moments_of(const double* column, Index n) {
    if (!column) return {1.0, 0.0, 1.0, 1.0};
    ColumnMoments m{0.0, 0.0, column[0], column[0]};
    for (Index i = 0; i < n; ++i) m.mean += column[i] / static_cast<double>(n);
    for (Index i = 0; i < n; ++i) {
        m.variance += (column[i] - m.mean) * (column[i] - m.mean) / static_cast<double>(n);
        m.lowest = std::min(m.lowest, column[i]);
        m.highest = std::max(m.highest, column[i]);
    }
    return m;
}

RowMoments moments_of(const Data& data) {
    RowMoments m;
    for (const auto& column : data.x) m.x.push_back(moments_of(column.data(), data.n));
    for (const Grouping& g : data.groupings) {
        m.z.emplace_back();
        for (const auto& column : g.basis) m.z.back().push_back(moments_of(column.empty() ? nullptr : column.data(), data.n));
    }
    m.y = moments_of(data.y.data(), data.n);
    return m;
}

std::vector<double> random_coefficients(Index count, unsigned seed) {
    std::mt19937 generator(seed);
    std::normal_distribution<double> normal;
    std::vector<double> x(count);
    for (double& v : x) v = normal(generator);
    return x;
}

// Products of the response, and of any coefficients, beside those of the dense columns.
void check_products(const Data& data, const DesignCross& d, const ResponseCross& response) {
    const Matrix columns = dense_columns(data, d, response.scale);
    const Index m = d.layout().n_coef();
    REQUIRE(static_cast<Index>(response.values.size()) == m + 1);
    std::vector<Real> expected, fitted(data.n, 0.0L), gram;
    for (Index c = 0; c <= m; ++c) expected.push_back(inner(data.n, columns.column(c), columns.column(m)));
    CHECK(relative_distance(response.values, expected) < 1e-12);
    const std::vector<double> coef = random_coefficients(m, 9);
    for (Index c = 0; c < m; ++c)
        for (Index i = 0; i < data.n; ++i) fitted[i] += columns(i, c) * coef[c];
    for (Index c = 0; c < m; ++c) gram.push_back(inner(data.n, columns.column(c), fitted.data()));
    std::vector<double> found(m, -1.0);
    gram_multiply(d, coef.data(), found.data());
    CHECK(relative_distance(found, gram) < 1e-12);
}

}  // namespace

TEST_CASE("cross-products: gram_multiply and the response agree with dense products") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const DesignCross d = accumulate_design(rows);
        const ResponseCross response = accumulate_response(rows, d, data.y.data());
        check_products(data, d, response);

        // The same response by the other door, and any scale: products are linear in (y - shift) / scale.
        const Index m = d.layout().n_coef();
        std::vector<double> again(m + 1), other(m + 1);
        accumulate_response(rows, d, data.y.data(), response.scale, again.data());
        CHECK(again == response.values);
        const ResponseScale scale{response.scale.shift, 2.0 * response.scale.scale};
        accumulate_response(rows, d, data.y.data(), scale, other.data());
        for (Index c = 0; c < m; ++c) other[c] *= 2.0;
        other[m] *= 4.0;
        CHECK(relative_distance(other, again) < 1e-14);
    }
}

TEST_CASE("cross-products: batches in any order, added up in several sums, agree with dense products") {
    std::mt19937 generator(7);
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        std::vector<Index> order(data.n);
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), generator);
        const RowMoments moments = moments_of(data);
        std::vector<CrossSums> sums;
        for (int i = 0; i < 3; ++i) sums.emplace_back(data.rows(), moments);
        for (Index first = 0; first < data.n;) {
            const Index count = std::min<Index>(data.n - first, generator() % 3 ? 1 + generator() % 40 : 1);
            const Data batch = chosen_rows(data, {order.begin() + first, order.begin() + first + count});
            sums[generator() % 3].add(batch.rows(), batch.y.data());
            first += count;
        }
        sums[1].add(sums[2]);
        sums[0].add(sums[1]);
        REQUIRE(sums[0].n() == data.n);
        if (sums[0].must_keep_origin()) continue;
        const CrossProducts all = std::move(sums[0]).finish();
        const DesignCross& d = all.design;
        const ResponseCross& response = all.response;
        CHECK(d.kept() == data.kept);
        check_products(data, d, response);
        // The sparse parts have the places of one pass over the rows, no more.
        const DesignCross whole = accumulate_design(data.rows());
        CHECK(d.pattern->a_ptr == whole.pattern->a_ptr);
        CHECK(d.pattern->a_col == whole.pattern->a_col);
        CHECK(d.pattern->w.row_idx == whole.pattern->w.row_idx);
        CHECK(d.sum_log_weights == doctest::Approx(whole.sum_log_weights));
    }
}

TEST_CASE("cross-products: sizes, bases and the order of factors") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        const DesignCross d = accumulate_design(data.rows());
        CHECK(d.n == data.n);
        CHECK(d.kept() == data.kept);
        CHECK(d.layout().p == static_cast<int>(data.kept.size()));
        CHECK(d.layout().n_theta() == data.n_theta());
        Index before = std::numeric_limits<Index>::max();
        for (const Factor& factor : d.layout().factors) {
            CHECK(factor.levels * factor.width <= before);
            before = factor.levels * factor.width;
        }
        std::vector<int> order = d.factor_order();
        std::sort(order.begin(), order.end());
        for (std::size_t f = 0; f < order.size(); ++f) CHECK(order[f] == static_cast<int>(f));
        // Unit size is what the internal coordinates are for.
        for (Index k = 0; k < d.layout().p; ++k)
            if (data.weights.empty())
                CHECK(d.values.w_xx()[k * d.layout().p + k] ==
                      doctest::Approx(static_cast<double>(data.n)).epsilon(1e-9));
        double log_weights = 0.0;
        for (double w : data.weights) log_weights += std::log(w);
        CHECK(d.sum_log_weights == doctest::Approx(log_weights));
        // The constant in the kept columns.
        if (!d.coordinates().constant.empty())
            for (Index i = 0; i < data.n; ++i) {
                double sum = 0.0;
                for (std::size_t k = 0; k < d.kept().size(); ++k)
                    sum += data.x[d.kept()[k]][i] * d.coordinates().constant[k];
                CHECK(sum == doctest::Approx(1.0).epsilon(1e-12));
            }
    }
}

TEST_CASE("cross-products: the order of the rows does not matter") {
    for (const Data& data : all_structures()) {
        CAPTURE(data.name);
        std::vector<Index> order(data.n);
        std::iota(order.begin(), order.end(), 0);
        std::shuffle(order.begin(), order.end(), std::mt19937(4));
        const Data shuffled = chosen_rows(data, order);
        const auto value = [](const Data& x, const std::vector<double>& theta) {
            const Rows rows = x.rows();
            const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
            const ResponseCross response = accumulate_response(rows, *design, x.y.data());
            const auto problem = make_problem(design, true);
            const auto evaluator = std::make_unique<Evaluator>(*problem);
            std::vector<double> internal(theta.size());
            design->coordinates().theta_to_internal(design->layout(), theta.data(), internal.data());
            evaluator->load(response.values.data());
            REQUIRE(evaluator->evaluate(internal.data(), Order::value) == Status::ok);
            return evaluator->value() +
                   design->coordinates().criterion_offset(true, x.n, design->layout().p, response.scale);
        };
        const DesignCross d = accumulate_design(data.rows());
        std::vector<double> theta = points(d.layout(), 3).front().theta, user(theta);
        d.coordinates().theta_to_user(d.layout(), theta.data(), user.data());
        const double expected = value(data, user);
        CHECK(std::fabs(value(shuffled, user) - expected) < 1e-10 * std::max(1.0, std::fabs(expected)));
    }
}

TEST_CASE("cross-products: which columns of X are dependent") {
    const auto kept = [](std::vector<std::vector<double>> columns, std::vector<double> constant) {
        Maker make("rank", 30, 6);
        for (auto& c : columns) make.fixed(c);
        Data data = make.group(5).block(true).finish();
        data.constant = std::move(constant);
        return std::vector<int>(accumulate_design(data.rows()).kept());
    };
    std::vector<double> one(30, 1.0), u(30), v(30), zero(30, 0.0), even(30), odd(30);
    for (int i = 0; i < 30; ++i) {
        u[i] = std::sin(i + 1.0);
        v[i] = std::cos(3.0 * i);
        (i % 2 ? odd : even)[i] = 1.0;
    }
    std::vector<double> sum(30), near(30), tenth(30, 0.1);
    for (int i = 0; i < 30; ++i) sum[i] = u[i] + 2.0 * v[i] - 3.0, near[i] = u[i] + 1e-5 * v[i];
    using Kept = std::vector<int>;
    CHECK(kept({one, u, v}, {1, 0, 0}) == Kept{0, 1, 2});
    CHECK(kept({one, u, v, sum}, {1, 0, 0, 0}) == Kept{0, 1, 2});
    CHECK(kept({sum, one, u, v}, {0, 1, 0, 0}) == Kept{0, 1, 2});
    CHECK(kept({one, zero, u, u}, {1, 0, 0, 0}) == Kept{0, 2});
    CHECK(kept({one, u, near}, {1, 0, 0}) == Kept{0, 1, 2});
    CHECK(kept({one, even, odd}, {1, 0, 0}) == Kept{0, 1});
    CHECK(kept({even, odd, one}, {0, 0, 1}) == Kept{0, 1});
    CHECK(kept({even, odd, one}, {1, 1, 0}) == Kept{0, 1});
    CHECK(kept({tenth, one, u}, {0, 1, 0}) == Kept{0, 2});
    CHECK(kept({zero, one}, {0, 1}) == Kept{1});
    CHECK(kept({u, v, sum}, {}) == Kept{0, 1, 2});  // the constant is not in the span before, so sum is new
    CHECK(kept({zero}, {}) == Kept{});
}

TEST_CASE("cross-products: shifts come from the first batch and stay exact when later rows differ") {
    // More rows than the batch the coordinates are learned from, and a jump of the covariate after it.
    const Index n = 70000;
    Maker make("long", n, 12);
    auto u = make.covariate(5.0);
    for (Index i = 65536; i < n; ++i) u[i] += 1000.0;
    Data data = make.intercept().fixed(u).group(20).block(true, {u}).finish(3.0);
    const Rows rows = data.rows();
    const DesignCross d = accumulate_design(rows);
    const ResponseCross response = accumulate_response(rows, d, data.y.data());
    CHECK(d.coordinates().x_shift[1] == doctest::Approx(5.0).epsilon(0.01));
    const Matrix columns = dense_columns(data, d, response.scale);
    const Index m = d.layout().n_coef();
    std::vector<Real> expected;
    for (Index c = 0; c <= m; ++c) expected.push_back(inner(n, columns.column(c), columns.column(m)));
    CHECK(relative_distance(response.values, expected) < 1e-12);
}

TEST_CASE("cross-products: responses and columns that are constant, enormous, tiny or not finite") {
    Data data = one_factor(1, 40, 6, 3);
    const Rows rows = data.rows();
    const DesignCross d = accumulate_design(rows);
    const double huge = 1e300;
    for (const double level : {0.0, 5.0, 1e-300, huge}) {
        CAPTURE(level);
        const std::vector<double> y(data.n, level);
        const ResponseCross response = accumulate_response(rows, d, y.data());
        CHECK(std::isfinite(response.scale.scale));
        CHECK(response.scale.scale > 0.0);
        for (double v : response.values) CHECK(std::fabs(v) <= 1e-12 * std::max(1.0, level));
    }
    std::vector<double> y = data.y;
    for (double& v : y) v *= huge;
    const ResponseCross response = accumulate_response(rows, d, y.data());
    for (double v : response.values) CHECK(std::isfinite(v));
    CHECK(response.values.back() == doctest::Approx(static_cast<double>(data.n)).epsilon(1e-9));
    for (const double bad :
         {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
        y = data.y;
        y[7] = bad;
        CHECK_FALSE(std::isfinite(accumulate_response(rows, d, y.data()).values.back()));
    }
}

TEST_CASE("columns: integers, truth values, strides and ones mean the same as doubles") {
    const std::vector<std::int64_t> integers{3, -1, 0, 7, 2};
    const std::vector<std::uint8_t> truths{1, 0, 0, 1, 1};
    const std::vector<double> pairs{0.5, 9, 1.5, 9, 2.5, 9, 3.5, 9, 4.5, 9}, plain{0.5, 1.5, 2.5, 3.5, 4.5};
    const auto check = [](const Column& column, const std::vector<double>& expected) {
        std::vector<double> buffer(3);
        const double* read = column.read(1, 3, buffer.data());
        for (Index i = 0; i < 3; ++i) CHECK(read[i] == expected[1 + i]);
        for (Index i = 0; i < 5; ++i) CHECK(column[i] == expected[i]);
    };
    check(plain.data(), plain);
    check({pairs.data(), Column::Type::real, 2 * sizeof(double)}, plain);
    check({integers.data(), Column::Type::integer, sizeof(std::int64_t)}, {3, -1, 0, 7, 2});
    check({truths.data(), Column::Type::truth, 1}, {1, 0, 0, 1, 1});
    check({}, {1, 1, 1, 1, 1});
    CHECK(Column(nullptr).ones());
    CHECK(Column(plain.data()).read(2, 3, nullptr) == plain.data() + 2);  // nothing copied
}
