// The internal coordinates and the way back, against the definitions written out.
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "designs.hpp"
#include "ranef/model/coordinates.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

using Square = std::vector<double>;  // r x r, column-major

Square product(int r, const Square& a, const Square& b, bool transpose_b = false) {
    Square c(a.size(), 0.0);
    for (int j = 0; j < r; ++j)
        for (int i = 0; i < r; ++i)
            for (int k = 0; k < r; ++k)
                c[j * r + i] += a[k * r + i] * (transpose_b ? b[k * r + j] : b[j * r + k]);
    return c;
}

// A design with every kind of block, shifted and scaled columns.
struct Example {
    Data data;
    DesignCross design;

    Example() {
        Maker make("coordinates", 60, 3);
        const auto u = make.covariate(50.0, 2.0), v = make.covariate(-3.0, 0.01), w = make.covariate(7.0);
        make.intercept().fixed(u).fixed(v);
        data = make.group(9)
                   .block(true, {u, v}, 1)
                   .block(false, {w})
                   .group(5)
                   .block(true, {w})
                   .finish(20.0, 4.0);
        design = accumulate_design(data.rows());
    }
};

bool is_canonical(int r, const Square& l) {
    for (int row = 0; row < r; ++row) {
        for (int c = row + 1; c < r; ++c)
            if (l[c * r + row] != 0.0) return false;
        const double pivot = l[row * r + row];
        if (pivot < 0.0) return false;
        if (pivot > 0.0) {
            for (int above = 0; above < row; ++above)
                if (l[row * r + above] != 0.0) return false;
        } else {
            for (int i = 0; i < r; ++i)
                if (l[row * r + i] != 0.0) return false;  // no pivot: an empty column
        }
    }
    return true;
}

}  // namespace

TEST_CASE("coordinates: lower_echelon keeps L L' and has nonnegative pivots, whatever the rank") {
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    for (int r = 1; r <= 6; ++r)
        for (int rank = 0; rank <= r; ++rank)
            for (int repeat = 0; repeat < 20; ++repeat) {
                CAPTURE(r);
                CAPTURE(rank);
                Square m(r * r, 0.0);
                for (int c = 0; c < rank; ++c)
                    for (int i = 0; i < r; ++i) m[c * r + i] = normal(generator);
                if (repeat % 3 == 1)  // a zero row: a pivot is missing in the middle
                    for (int c = 0; c < r; ++c) m[c * r + repeat % r] = 0.0;
                if (repeat % 3 == 2 && r > 1)  // a repeated row
                    for (int c = 0; c < r; ++c) m[c * r + r - 1] = 2.0 * m[c * r];
                Square l = m;
                lower_echelon(r, l.data(), 1e-13);
                CHECK(distance(product(r, l, l, true), product(r, m, m, true)) < 1e-12);
                CHECK(is_canonical(r, l));
                int pivots = 0;
                for (int i = 0; i < r; ++i) pivots += l[i * r + i] > 0.0;
                CHECK(pivots <= rank);
                if (repeat % 3 == 0) CHECK(pivots == rank);
                Square again = l;  // canonical: nothing left to do
                lower_echelon(r, again.data(), 1e-13);
                CHECK(distance(again, l) < 1e-15 * (1.0 + largest(l)));
            }
}

TEST_CASE("coordinates: lower_echelon over many orders of magnitude") {
    Square m{1e200, 1e-200, 0.0, 3e-200};
    lower_echelon(2, m.data(), 1e-14);
    CHECK(m[0] == 1e200);
    CHECK(m[3] == doctest::Approx(3e-200));
    Square first_zero{0.0, 0.6, 0.0, 0.8};  // zero pivot with nonzero below: one column is enough
    lower_echelon(2, first_zero.data(), 1e-14);
    CHECK(first_zero == Square{0.0, 0.0, 0.0, 1.0});
    Square negative{-2.0, 1.0, 0.0, -3.0};
    lower_echelon(2, negative.data(), 1e-14);
    CHECK(negative == Square{2.0, -1.0, 0.0, 3.0});
}

TEST_CASE("coordinates: theta goes to the internal coordinates and back") {
    const Example e;
    const Layout& layout = e.design.layout();
    for (const Point& point : points(layout, 5)) {
        CAPTURE(point.name);
        // The canonical factor of the same covariance is a fixed point of the round trip.
        std::vector<double> user(layout.n_theta()), internal(user), again(user);
        e.design.coordinates().theta_to_user(layout, point.theta.data(), user.data());
        e.design.coordinates().theta_to_internal(layout, user.data(), internal.data());
        e.design.coordinates().theta_to_user(layout, internal.data(), again.data());
        CHECK(relative_distance(again, user) < 1e-12);
        std::vector<double> before(layout.lambda_size), after(layout.lambda_size);
        layout.unpack(point.theta.data(), before.data());
        layout.unpack(internal.data(), after.data());
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const int r = layout.factors[f].width;
            const Square x(before.begin() + layout.lambda_offset[f],
                           before.begin() + layout.lambda_offset[f] + r * r);
            const Square y(after.begin() + layout.lambda_offset[f],
                           after.begin() + layout.lambda_offset[f] + r * r);
            CHECK(distance(product(r, y, y, true), product(r, x, x, true)) < 1e-10);
        }
    }
}

TEST_CASE("coordinates: the maps of theta, modes, covariances and gradients fit together") {
    const Example e;
    const Layout& layout = e.design.layout();
    const Coordinates& c = e.design.coordinates();
    const std::vector<double> theta = points(layout, 6).front().theta;
    std::vector<double> user_theta(theta), lambda(layout.lambda_size), user_lambda(lambda);
    c.theta_to_user(layout, theta.data(), user_theta.data());
    layout.unpack(theta.data(), lambda.data());
    layout.unpack(user_theta.data(), user_lambda.data());
    std::mt19937 generator(7);
    std::normal_distribution<double> normal;
    for (int f = 0; f < 2; ++f) {
        const int r = layout.factors[f].width;
        const Index offset = layout.lambda_offset[f];
        const Square internal(lambda.begin() + offset, lambda.begin() + offset + r * r);
        const Square user(user_lambda.begin() + offset, user_lambda.begin() + offset + r * r);
        // D of the user is the image of the internal D under the map of covariances.
        Square d = product(r, internal, internal, true);
        const Square before_d = d;
        c.mode_covariance_to_user(layout, f, d.data());
        CHECK(relative_distance(d, product(r, user, user, true)) < 1e-12);
        c.covariance_to_internal(layout, f, d.data());
        CHECK(distance(d, before_d) < 1e-9);
        // z'b does not change: modes of a row's basis, shifted and scaled as its columns are.
        const Grouping& g = e.data.groupings[e.design.factor_order()[f]];
        std::vector<double> b(r), mapped;
        for (double& v : b) v = normal(generator);
        mapped = b;
        const ResponseScale y{3.0, 2.5};
        c.modes_to_user(layout, f, y, mapped.data());
        for (Index i = 0; i < 5; ++i) {
            double inside = 0.0, outside = 0.0;
            for (int a = 0; a < r; ++a) {
                const double z = g.basis[a].empty() ? 1.0 : g.basis[a][i];
                inside += (z - c.z_shift[f][a]) / c.z_scale[f][a] * b[a];
                outside += z * mapped[a];
            }
            CHECK(outside == doctest::Approx(y.scale * inside).epsilon(1e-10));
        }
        // <G, D> is the same number in both coordinates for a block-diagonal D.
        Square gradient(r * r);
        for (int i = 0; i < r; ++i)
            for (int j = 0; j <= i; ++j) gradient[j * r + i] = gradient[i * r + j] = normal(generator);
        std::vector<double> whole(layout.lambda_size);
        std::copy(gradient.begin(), gradient.end(), whole.begin() + offset);
        c.gradient_to_user(layout, whole.data());
        const Square inner = product(r, internal, internal, true), outer = product(r, user, user, true);
        double before = 0.0, after = 0.0, size = 0.0;
        for (int k = 0; k < r * r; ++k) {
            before += gradient[k] * inner[k];
            after += whole[offset + k] * outer[k];
            size += std::fabs(whole[offset + k] * outer[k]);
        }
        CHECK(std::fabs(after - before) < 1e-12 * size);
    }
}

TEST_CASE("coordinates: a null vector of the internal covariance becomes one of the user's") {
    const Example e;
    const Layout& layout = e.design.layout();
    const Block& block = layout.factors[0].blocks[0];
    REQUIRE(block.width == 3);
    std::vector<double> theta = points(layout, 8).front().theta, user(theta);
    // A rank-one block: v is orthogonal to the one column of its Lambda.
    const double column[] = {0.5, -0.25, 1.0};
    for (int k = 0; k < 6; ++k) theta[block.theta_first + k] = k < 3 ? column[k] : 0.0;
    std::vector<double> v{1.0, 4.0, 0.5};
    e.design.coordinates().theta_to_user(layout, theta.data(), user.data());
    e.design.coordinates().null_vector_to_user(layout, 0, 0, v.data());
    std::vector<double> lambda(layout.lambda_size);
    layout.unpack(user.data(), lambda.data());
    for (int c = 0; c < 3; ++c) {
        double sum = 0.0, size = 0.0;
        for (int a = 0; a < 3; ++a) {
            sum += v[a] * lambda[c * layout.factors[0].width + a];
            size += std::fabs(v[a] * lambda[c * layout.factors[0].width + a]);
        }
        CHECK(std::fabs(sum) <= 1e-12 * size);
    }
}

TEST_CASE("coordinates: beta and its covariance, and the criterion's offset") {
    const Example e;
    const Coordinates& c = e.design.coordinates();
    const ResponseScale y{20.0, 4.0};
    const std::vector<double> internal{0.3, -1.2, 0.7};
    std::vector<double> beta(3);
    c.beta_to_user(y, internal.data(), beta.data());
    // The linear map beta(internal) - beta(0), its matrix by columns: covariances follow it.
    std::vector<double> origin(3), zero(3, 0.0), map(9);
    c.beta_to_user({0.0, 1.0}, zero.data(), origin.data());
    CHECK(largest(origin) == 0.0);
    for (int k = 0; k < 3; ++k) {
        std::vector<double> unit(3, 0.0);
        unit[k] = 1.0;
        c.beta_to_user({0.0, 1.0}, unit.data(), map.data() + 3 * k);
    }
    for (Index i = 0; i < 6; ++i) {  // X beta = shift + scale X~ beta~
        double inside = 0.0, outside = 0.0;
        for (int k = 0; k < 3; ++k) {
            inside += (e.data.x[k][i] - c.x_shift[k]) / c.x_scale[k] * internal[k];
            outside += e.data.x[k][i] * beta[k];
        }
        CHECK(outside == doctest::Approx(y.shift + y.scale * inside).epsilon(1e-12));
    }
    Square covariance{2.0, 0.5, 0.1, 0.5, 1.0, -0.3, 0.1, -0.3, 3.0};
    const Square expected = product(3, product(3, map, covariance), map, true);
    c.covariance_to_user(3, covariance.data());
    CHECK(relative_distance(covariance, expected) < 1e-12);
    std::vector<double> back(3);
    c.beta_to_internal(y, beta.data(), back.data());
    CHECK(distance(back, internal) < 1e-12);
    CHECK(c.criterion_offset(false, 60, 3, y) == doctest::Approx(120.0 * std::log(4.0)));
    CHECK(c.criterion_offset(true, 60, 3, y) ==
          doctest::Approx(114.0 * std::log(4.0) + 2.0 * std::log(c.x_scale[1] * c.x_scale[2])));
}
