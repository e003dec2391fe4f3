#include "ranef/cross/cross_products.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/places.hpp"
#include "ranef/cross/rank.hpp"
#include "ranef/cross/scaling.hpp"

namespace ranef {
namespace {

DesignCross accumulate_shifted(const Rows& rows, int first_shifted, Poll& poll) {
    std::vector<int> order = order_factors(rows);
    Coordinates coordinates = learn_coordinates(rows, order, first_shifted);
    return keep_independent(accumulate(rows, basis_of(rows, std::move(order), std::move(coordinates)), poll), poll);
}

double sum_of_logs(const Rows& rows) {
    double sum = 0.0;
    if (rows.weights)
        for (Index i = 0; i < rows.n; ++i) sum += std::log(rows.weights[i]);
    return sum;
}

// X-products of some columns: blocks of r numbers for each of p columns, again and again.
void take_columns(const double* from, Index count, Index p, Index r, const std::vector<int>& columns, double* to) {
    for (Index j = 0; j < count; ++j)
        for (int k : columns) to = std::copy_n(from + (j * p + k) * r, r, to);
}

}  // namespace

// The factor with the most random effects leads: its elimination is in closed form, and what is left is smallest.
std::vector<int> order_factors(const Rows& rows) {
    std::vector<int> order(rows.factors.size());
    std::iota(order.begin(), order.end(), 0);
    const auto size = [&](int f) {
        const Factor& shape = rows.factors[f].shape;
        return shape.levels * shape.width;
    };
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return size(a) > size(b); });
    return order;
}

Basis basis_of(const Rows& rows, std::vector<int> factor_order, Coordinates coordinates) {
    Basis basis;
    std::vector<Factor> shapes;
    for (int f : factor_order) shapes.push_back(rows.factors[f].shape);
    basis.layout = Layout(std::move(shapes), rows.p());
    basis.coordinates = std::move(coordinates);
    basis.factor_order = std::move(factor_order);
    basis.kept.resize(rows.x.size());
    std::iota(basis.kept.begin(), basis.kept.end(), 0);
    return basis;
}

DesignCross accumulate(const Rows& rows, Basis basis, Poll& poll) {
    const Located at = find_pattern(rows, std::move(basis), poll);
    DesignCross d(at.pattern);
    add_rows(rows, *at.pattern, at.places, rows.weights, 1.0, d.values, poll);
    d.n = rows.n;
    d.sum_log_weights = sum_of_logs(rows);
    return d;
}

DesignCross keep_independent(DesignCross d, Poll& poll) {
    const std::vector<double> gram(d.values.w_xx(), d.values.w_xx() + Index{d.layout().p} * d.layout().p);
    const std::vector<int> kept = independent_columns(gram, d.layout().p, poll);
    if (static_cast<int>(kept.size()) == d.layout().p) return d;
    Coordinates coordinates = d.coordinates();
    restate_constant(gram, d.layout().p, kept, coordinates);
    return restricted(d, kept, std::move(coordinates.constant));
}

int unshifted_columns(const std::vector<int>& kept, const std::vector<double>& constant) {
    int complete = 0;  // number of columns after which the constant is in the span of X
    for (std::size_t k = 0; k < constant.size(); ++k)
        if (constant[k] != 0.0) complete = static_cast<int>(k) + 1;
    const auto before = std::lower_bound(kept.begin(), kept.end(), complete) - kept.begin();
    return before < complete ? complete : 0;
}

DesignCross restricted(const DesignCross& d, const std::vector<int>& columns, std::vector<double> constant) {
    DesignCross out(d.pattern->with_columns(columns, std::move(constant)));
    out.n = d.n;
    out.sum_log_weights = d.sum_log_weights;
    const Spans& s = d.values.spans();
    const Index all = d.layout().p, p = out.layout().p, q2 = d.layout().q_rest;
    std::copy_n(d.values.g(), s.a_x - s.g, out.values.g());
    std::copy_n(d.values.w_val(), s.w_x - s.w_val, out.values.w_val());
    take_columns(d.values.a_x(), d.levels(), all, d.layout().leading_width(), columns, out.values.a_x());
    take_columns(d.values.w_x(), 1, all, q2, columns, out.values.w_x());
    for (Index k = 0; k < p; ++k) take_columns(d.values.w_xx() + columns[k] * all, 1, all, 1, columns, out.values.w_xx() + k * p);
    return out;
}

DesignCross accumulate_design(const Rows& rows, Poll poll) {
    DesignCross d = accumulate_shifted(rows, 0, poll);
    const int unshifted = unshifted_columns(d.kept(), rows.constant);
    return unshifted ? accumulate_shifted(rows, unshifted, poll) : d;
}

void accumulate_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale,
                         double* values, Poll poll) {
    std::fill(values, values + d.layout().n_coef() + 1, 0.0);
    add_products(rows, *d.pattern, rows.weights, scale.internal(y, rows.n).data(), values, poll);
}

ResponseCross accumulate_response(const Rows& rows, const DesignCross& d, const double* y, Poll poll) {
    ResponseCross response;
    const Moments m = moments(y, rows.n, !d.coordinates().constant.empty());
    response.scale = {m.mean, m.root_mean_square};
    response.values.resize(d.layout().n_coef() + 1);
    accumulate_response(rows, d, y, response.scale, response.values.data(), std::move(poll));
    return response;
}

void gram_multiply(const DesignCross& d, const double* coef, double* out) {
    const Layout& layout = d.layout();
    const Index q1 = layout.q_leading, q2 = layout.q_rest, p = layout.p;
    const double *rest = coef + q1, *beta = rest + q2;
    double *out_rest = out + q1, *out_x = out_rest + q2;
    std::fill(out_rest, out_rest + q2 + p, 0.0);
    for (Index j = 0; j < d.levels(); ++j) {
        const Level<> level = d.level(j);
        const int r = level.r();
        const double* b = coef + j * r;
        double* o = out + j * r;
        for (int a = 0; a < r; ++a) o[a] = linalg::dot(r, level.g + a * r, b);
        level.each_column([&](Index column, const double* v) {
            for (int a = 0; a < r; ++a) {
                o[a] += v[a] * rest[column];
                out_rest[column] += v[a] * b[a];
            }
        });
    }
    d.each_rest([&](Index row, Index c, double v) {
        out_rest[row] += v * rest[c];
        if (row != c) out_rest[c] += v * rest[row];
    });
    for (Index k = 0; k < p; ++k) {
        const double *column = d.values.w_x() + k * q2, *square = d.values.w_xx() + k * p;
        for (Index c = 0; c < q2; ++c) {
            out_rest[c] += column[c] * beta[k];
            out_x[k] += column[c] * rest[c];
        }
        for (Index l = 0; l < p; ++l) out_x[l] += square[l] * beta[k];
    }
}

void fill_rest(const DesignCross& d, double* w) {
    const Index q2 = d.layout().q_rest, p = d.layout().p, m = q2 + p;
    std::fill_n(w, m * m, 0.0);
    d.each_rest([&](Index row, Index c, double v) { w[c * m + row] = v; });
    for (Index k = 0; k < p; ++k) {
        for (Index c = 0; c < q2; ++c) w[c * m + q2 + k] = d.values.w_x()[k * q2 + c];
        for (Index l = k; l < p; ++l) w[(q2 + k) * m + q2 + l] = d.values.w_xx()[k * p + l];
    }
}

}  // namespace ranef
