#include "ranef/cross_products.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "cross_rows.hpp"
#include "rank.hpp"
#include "ranef/linalg.hpp"
#include "row_chunks.hpp"
#include "scaling.hpp"

namespace ranef {
namespace {

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

struct FactorSums {
    std::vector<double> gram;    // levels x r x r, lower triangles filled, then symmetrised
    std::vector<double> with_x;  // levels x p x r
};

// X'X and, for every factor, its Gram blocks and its products with X: one sequential pass.
std::vector<FactorSums> accumulate_blocks(const Rows& rows, DesignCross& d, Poll& poll) {
    const int p = rows.p();
    std::vector<FactorSums> sums;
    for (const Factor& factor : d.layout.factors) {
        const Index levels = factor.levels, r = factor.width;
        sums.push_back({std::vector<double>(levels * r * r, 0.0),
                        std::vector<double>(levels * r * p, 0.0)});
    }
    d.w_xx.assign(Index{p} * p, 0.0);
    Chunk chunk(rows, d, p);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, nullptr);
        poll.tick(chunk.size());
        for (int k = 0; k < p; ++k)
            for (int l = k; l < p; ++l)
                d.w_xx[Index{k} * p + l] += linalg::dot(chunk.size(), chunk.x(k), chunk.x(l));
        for (std::size_t f = 0; f < sums.size(); ++f) {
            const int r = d.layout.factors[f].width;
            for (Index i = 0; i < chunk.size(); ++i) {
                const Index j = chunk.level(f, i);
                double* gram = sums[f].gram.data() + j * r * r;
                double* with_x = sums[f].with_x.data() + j * p * r;
                for (int a = 0; a < r; ++a) {
                    const double za = chunk.z(f, a)[i];
                    for (int b = a; b < r; ++b) gram[a * r + b] += za * chunk.z(f, b)[i];
                    for (int k = 0; k < p; ++k) with_x[k * r + a] += za * chunk.x(k)[i];
                }
            }
        }
    }
    for (int k = 0; k < p; ++k)
        for (int l = k + 1; l < p; ++l)
            d.w_xx[Index{l} * p + k] = d.w_xx[Index{k} * p + l];
    for (std::size_t f = 0; f < sums.size(); ++f) {
        const int r = d.layout.factors[f].width;
        for (Index j = 0; j < d.layout.factors[f].levels; ++j) {
            double* gram = sums[f].gram.data() + j * r * r;
            for (int a = 0; a < r; ++a)
                for (int b = a + 1; b < r; ++b) gram[b * r + a] = gram[a * r + b];
        }
    }
    return sums;
}

// A_j over Z_rest.
void accumulate_leading(const Rows& rows, DesignCross& d, Poll& poll) {
    const Factor& leading = d.layout.factors[0];
    const int r = leading.width;
    d.a_ptr.assign(Index(leading.levels) + 1, 0);
    if (d.layout.factors.size() == 1) return;
    const RowsByLevel by_level(rows.factors[d.factor_order[0]].codes, rows.n, leading.levels);
    CrossRow cross(rows, d, 0);
    for (Index j = 0; j < leading.levels; ++j) {
        const Index jj = j;
        cross.level(by_level.row.data() + by_level.start[jj], by_level.start[jj + 1] - by_level.start[jj],
                    [&](Index column, const double* values) {
                        d.a_col.push_back(static_cast<std::int32_t>(column));
                        d.a_val.insert(d.a_val.end(), values, values + r);
                    });
        d.a_ptr[jj + 1] = static_cast<Index>(d.a_col.size());
        poll.tick(by_level.start[jj + 1] - by_level.start[jj]);
    }
}

// Z_rest'Z_rest, lower triangle by columns: the level's own block, then its products with the later factors.
void accumulate_rest(const Rows& rows, const std::vector<FactorSums>& sums, DesignCross& d, Poll& poll) {
    SparsePattern& pattern = d.w_pattern;
    pattern.n = d.layout.q_rest;
    pattern.col_ptr.assign(1, 0);
    std::vector<Index> touched;
    std::vector<double> values;
    for (std::size_t f = 1; f < d.layout.factors.size(); ++f) {
        const int r = d.layout.factors[f].width;
        const Index levels = d.layout.factors[f].levels;
        const RowsByLevel by_level(rows.factors[d.factor_order[f]].codes, rows.n, levels);
        CrossRow cross(rows, d, f);
        const Index base = d.layout.offset[f] - d.layout.q_leading;
        for (Index j = 0; j < levels; ++j) {
            const Index jj = j;
            touched.clear();
            values.clear();
            cross.level(by_level.row.data() + by_level.start[jj], by_level.start[jj + 1] - by_level.start[jj],
                        [&](Index column, const double* v) {
                            touched.push_back(column);
                            values.insert(values.end(), v, v + r);
                        });
            poll.tick(by_level.start[jj + 1] - by_level.start[jj]);
            const double* gram = sums[f].gram.data() + j * r * r;
            for (int a = 0; a < r; ++a) {
                for (int b = a; b < r; ++b) {
                    pattern.row_idx.push_back(base + j * r + b);
                    d.w_val.push_back(gram[a * r + b]);
                }
                for (std::size_t k = 0; k < touched.size(); ++k) {
                    pattern.row_idx.push_back(touched[k]);
                    d.w_val.push_back(values[k * r + a]);
                }
                pattern.col_ptr.push_back(static_cast<Index>(pattern.row_idx.size()));
            }
        }
    }
}

template <class T>
std::vector<T> take(const std::vector<T>& from, const std::vector<int>& kept) {
    std::vector<T> out;
    for (int k : kept) out.push_back(from[k]);
    return out;
}

// X-products of the kept columns only: levels x p x r -> levels x kept x r.
std::vector<double> take_columns(const std::vector<double>& from, Index levels, int p, int r, const std::vector<int>& kept) {
    if (static_cast<int>(kept.size()) == p) return from;
    std::vector<double> out;
    out.reserve(Index{levels} * kept.size() * Index(r));
    for (Index j = 0; j < levels; ++j)
        for (int k : kept) {
            const double* v = from.data() + (j * p + k) * r;
            out.insert(out.end(), v, v + r);
        }
    return out;
}

double sum_of_logs(const Rows& rows) {
    double sum = 0.0;
    if (rows.weights)
        for (Index i = 0; i < rows.n; ++i) sum += std::log(rows.weights[i]);
    return sum;
}

// Number of columns after which the constant is in the span of X.
int constant_complete(const Rows& rows) {
    int columns = 0;
    for (std::size_t k = 0; k < rows.constant.size(); ++k)
        if (rows.constant[k] != 0.0) columns = static_cast<int>(k) + 1;
    return columns;
}

// From the products of all p columns of X to those of the kept ones, in the design's own layout.
void keep_columns(int all, std::vector<Factor> shapes, std::vector<FactorSums> sums, DesignCross& d) {
    const int p = static_cast<int>(d.kept.size());
    std::vector<double> w_xx(Index{p} * p);
    for (int k = 0; k < p; ++k)
        for (int l = 0; l < p; ++l) w_xx[Index{k} * p + l] = d.w_xx[Index(d.kept[k]) * all + d.kept[l]];
    d.w_xx = std::move(w_xx);
    d.coordinates.x_shift = take(d.coordinates.x_shift, d.kept);
    d.coordinates.x_scale = take(d.coordinates.x_scale, d.kept);
    d.layout = Layout(std::move(shapes), p);
    const std::vector<Factor>& factors = d.layout.factors;
    d.g = std::move(sums[0].gram);
    d.a_x = take_columns(sums[0].with_x, factors[0].levels, all, factors[0].width, d.kept);
    d.w_x.resize(d.layout.q_rest * p);
    for (std::size_t f = 1; f < factors.size(); ++f) {
        const int r = factors[f].width;
        const Index base = d.layout.offset[f] - d.layout.q_leading;
        for (Index j = 0; j < factors[f].levels; ++j)
            for (int k = 0; k < p; ++k)
                for (int a = 0; a < r; ++a)
                    d.w_x[k * d.layout.q_rest + base + j * r + a] = sums[f].with_x[(j * all + d.kept[k]) * r + a];
    }
}

DesignCross accumulate(const Rows& rows, int first_shifted, Poll& poll) {
    DesignCross d;
    d.n = rows.n;
    d.factor_order = order_factors(rows);
    d.coordinates = learn_coordinates(rows, d.factor_order, first_shifted);
    std::vector<Factor> shapes;
    for (int f : d.factor_order) shapes.push_back(rows.factors[f].shape);
    d.layout = Layout(shapes, rows.p());
    d.sum_log_weights = sum_of_logs(rows);

    std::vector<FactorSums> sums = accumulate_blocks(rows, d, poll);
    accumulate_leading(rows, d, poll);
    accumulate_rest(rows, sums, d, poll);

    d.kept = independent_columns(d.w_xx, rows.p());
    restate_constant(d.w_xx, rows.p(), d.kept, d.coordinates);
    keep_columns(rows.p(), std::move(shapes), std::move(sums), d);
    return d;
}

}  // namespace

DesignCross accumulate_design(const Rows& rows, Poll poll) {
    DesignCross d = accumulate(rows, 0, poll);
    // Shifted by the constant, columns that come before the constant's own may be dependent though as given they are not
    // (two dummies that add up to 1): then the rank is decided again with these columns as they are.
    const int complete = constant_complete(rows);
    const auto before = std::lower_bound(d.kept.begin(), d.kept.end(), complete) - d.kept.begin();
    return before < complete ? accumulate(rows, complete, poll) : d;
}

DesignCross accumulate_alike(const Rows& rows, const DesignCross& model) {
    Poll poll;
    DesignCross d;
    d.n = rows.n;
    d.factor_order = model.factor_order;
    d.coordinates = model.coordinates;
    std::vector<Factor> shapes;
    for (int f : d.factor_order) shapes.push_back(rows.factors[f].shape);
    d.layout = Layout(shapes, rows.p());
    d.sum_log_weights = sum_of_logs(rows);
    std::vector<FactorSums> sums = accumulate_blocks(rows, d, poll);
    accumulate_leading(rows, d, poll);
    accumulate_rest(rows, sums, d, poll);
    d.kept.resize(rows.x.size());
    std::iota(d.kept.begin(), d.kept.end(), 0);
    keep_columns(rows.p(), std::move(shapes), std::move(sums), d);
    return d;
}

void accumulate_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale,
                         double* values, Poll poll) {
    const int p = d.layout.p;
    std::fill(values, values + d.layout.n_coef() + 1, 0.0);
    double* with_x = values + d.layout.q;
    double& yy = values[d.layout.n_coef()];
    Chunk chunk(rows, d, p);
    std::vector<double> v(chunk_rows);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, d.kept.data());
        poll.tick(chunk.size());
        for (Index i = 0; i < chunk.size(); ++i)
            v[i] = (y[first + i] - scale.shift) / scale.scale * chunk.root(i);
        yy += linalg::dot(chunk.size(), v.data(), v.data());
        for (int k = 0; k < p; ++k) with_x[k] += linalg::dot(chunk.size(), v.data(), chunk.x(k));
        for (std::size_t f = 0; f < d.layout.factors.size(); ++f) {
            const int r = d.layout.factors[f].width;
            double* out = values + d.layout.offset[f];
            for (Index i = 0; i < chunk.size(); ++i) {
                double* level = out + chunk.level(f, i) * r;
                for (int a = 0; a < r; ++a) level[a] += chunk.z(f, a)[i] * v[i];
            }
        }
    }
}

ResponseCross accumulate_response(const Rows& rows, const DesignCross& d, const double* y, Poll poll) {
    ResponseCross response;
    const Moments m = moments(y, rows.n, !d.coordinates.constant.empty());
    response.scale = {m.mean, m.root_mean_square};
    response.values.resize(d.layout.n_coef() + 1);
    accumulate_response(rows, d, y, response.scale, response.values.data(), std::move(poll));
    return response;
}

}  // namespace ranef
