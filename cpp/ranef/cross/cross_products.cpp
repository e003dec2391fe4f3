#include "ranef/cross/cross_products.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "ranef/cross/cross_rows.hpp"
#include "ranef/cross/rank.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/cross/row_chunks.hpp"
#include "ranef/cross/scaling.hpp"
#include "ranef/cross/sums.hpp"

namespace ranef {

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

constexpr int few_columns = 32;  // of X: up to these plain loops are faster than BLAS

std::vector<FactorSums> zero_sums(DesignCross& d) {
    const int p = d.layout.p;
    std::vector<FactorSums> sums;
    for (const Factor& factor : d.layout.factors) {
        const Index levels = factor.levels, r = factor.width;
        sums.push_back({std::vector<double>(levels * r * r, 0.0),
                        std::vector<double>(levels * r * p, 0.0)});
    }
    d.w_xx.assign(Index{p} * p, 0.0);
    return sums;
}

void add_blocks(const Rows& rows, DesignCross& d, std::vector<FactorSums>& sums, Poll& poll) {
    const int p = d.layout.p;
    Index work = 1 + Index{p} * p / 64;  // of a row
    for (const Factor& factor : d.layout.factors) work += Index{factor.width} * (factor.width + p) / 16;
    Chunk chunk(rows, d, p);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, nullptr);
        poll.tick(chunk.size() * work);
        if (p > few_columns) linalg::add_inner(p, chunk.size(), chunk.x(0), chunk_rows, d.w_xx.data(), p);
        else
            for (int k = 0; k < p; ++k)
                for (int l = k; l < p; ++l)
                    d.w_xx[Index{k} * p + l] += linalg::dot(chunk.size(), chunk.x(k), chunk.x(l));
        for (std::size_t f = 0; f < sums.size(); ++f) {
            const int r = d.layout.factors[f].width;
            for (Index i = 0; i < chunk.size(); ++i) {
                if (i + rows_ahead < chunk.size()) {
                    const Index next = chunk.level(f, i + rows_ahead);
                    prefetch(sums[f].gram.data() + next * r * r, Index{r} * r);
                    prefetch(sums[f].with_x.data() + next * p * r, Index{p} * r);
                }
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
}

void symmetrise(DesignCross& d, std::vector<FactorSums>& sums) {
    const int p = d.layout.p;
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
}

LevelLists cross_lists(const Rows& rows, const DesignCross& d, std::size_t f, Poll& poll) {
    const Factor& factor = d.layout.factors[f];
    const int r = factor.width;
    LevelLists lists;
    lists.ptr.assign(factor.levels + 1, 0);
    if (f + 1 == d.layout.factors.size()) return lists;
    const RowsByLevel by_level(rows.factors[d.factor_order[f]].codes, rows.n, factor.levels);
    CrossRow cross(rows, d, f);
    for (Index j = 0; j < factor.levels; ++j) {
        const Index count = by_level.start[j + 1] - by_level.start[j];
        cross.level(by_level.row.data() + by_level.start[j], count, [&](Index column, const double* values) {
            lists.column.push_back(static_cast<std::int32_t>(column));
            lists.values.insert(lists.values.end(), values, values + r);
        });
        lists.ptr[j + 1] = static_cast<Index>(lists.column.size());
        poll.tick(count);
    }
    return lists;
}

namespace {

// Z_rest'Z_rest, lower triangle by columns: the level's own block, then its products with the later factors.
void assemble_rest(const std::vector<FactorSums>& sums, const std::vector<LevelLists>& lists, DesignCross& d) {
    SparsePattern& pattern = d.w_pattern;
    pattern.n = d.layout.q_rest;
    pattern.col_ptr.assign(1, 0);
    for (std::size_t f = 1; f < d.layout.factors.size(); ++f) {
        const int r = d.layout.factors[f].width;
        const Index base = d.layout.offset[f] - d.layout.q_leading;
        for (Index j = 0; j < d.layout.factors[f].levels; ++j) {
            const double* gram = sums[f].gram.data() + j * r * r;
            for (int a = 0; a < r; ++a) {
                for (int b = a; b < r; ++b) {
                    pattern.row_idx.push_back(base + j * r + b);
                    d.w_val.push_back(gram[a * r + b]);
                }
                for (Index k = lists[f].ptr[j]; k < lists[f].ptr[j + 1]; ++k) {
                    pattern.row_idx.push_back(lists[f].column[k]);
                    d.w_val.push_back(lists[f].values[k * r + a]);
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

}  // namespace

double sum_of_logs(const Rows& rows) {
    double sum = 0.0;
    if (rows.weights)
        for (Index i = 0; i < rows.n; ++i) sum += std::log(rows.weights[i]);
    return sum;
}

int unshifted_columns(const std::vector<int>& kept, const std::vector<double>& constant) {
    int complete = 0;  // number of columns after which the constant is in the span of X
    for (std::size_t k = 0; k < constant.size(); ++k)
        if (constant[k] != 0.0) complete = static_cast<int>(k) + 1;
    const auto before = std::lower_bound(kept.begin(), kept.end(), complete) - kept.begin();
    return before < complete ? complete : 0;
}

DesignCross empty_design(const Rows& rows, std::vector<int> factor_order, Coordinates coordinates) {
    DesignCross d;
    d.factor_order = std::move(factor_order);
    d.coordinates = std::move(coordinates);
    std::vector<Factor> shapes;
    for (int f : d.factor_order) shapes.push_back(rows.factors[f].shape);
    d.layout = Layout(std::move(shapes), rows.p());
    return d;
}

void keep_columns(std::vector<FactorSums> sums, std::vector<LevelLists> lists, DesignCross& d) {
    assemble_rest(sums, lists, d);
    d.a_ptr = std::move(lists[0].ptr);
    d.a_col = std::move(lists[0].column);
    d.a_val = std::move(lists[0].values);
    const int p = static_cast<int>(d.kept.size()), all = d.layout.p;
    std::vector<double> w_xx(Index{p} * p);
    for (int k = 0; k < p; ++k)
        for (int l = 0; l < p; ++l) w_xx[Index{k} * p + l] = d.w_xx[Index(d.kept[k]) * all + d.kept[l]];
    d.w_xx = std::move(w_xx);
    d.coordinates.x_shift = take(d.coordinates.x_shift, d.kept);
    d.coordinates.x_scale = take(d.coordinates.x_scale, d.kept);
    d.layout = Layout(d.layout.factors, p);
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

namespace {

// All sums of the rows, symmetrised, and the products between factors.
std::pair<std::vector<FactorSums>, std::vector<LevelLists>> accumulate(const Rows& rows, DesignCross& d, Poll& poll) {
    d.n = rows.n;
    d.sum_log_weights = sum_of_logs(rows);
    std::vector<FactorSums> sums = zero_sums(d);
    add_blocks(rows, d, sums, poll);
    symmetrise(d, sums);
    std::vector<LevelLists> lists;
    for (std::size_t f = 0; f < d.layout.factors.size(); ++f) lists.push_back(cross_lists(rows, d, f, poll));
    return {std::move(sums), std::move(lists)};
}

DesignCross accumulate_shifted(const Rows& rows, int first_shifted, Poll& poll) {
    std::vector<int> order = order_factors(rows);
    Coordinates coordinates = learn_coordinates(rows, order, first_shifted);
    DesignCross d = empty_design(rows, std::move(order), std::move(coordinates));
    auto [sums, lists] = accumulate(rows, d, poll);
    d.kept = independent_columns(d.w_xx, rows.p(), poll);
    restate_constant(d.w_xx, rows.p(), d.kept, d.coordinates);
    keep_columns(std::move(sums), std::move(lists), d);
    return d;
}

}  // namespace

DesignCross accumulate_design(const Rows& rows, Poll poll) {
    DesignCross d = accumulate_shifted(rows, 0, poll);
    const int unshifted = unshifted_columns(d.kept, rows.constant);
    return unshifted ? accumulate_shifted(rows, unshifted, poll) : d;
}

DesignCross accumulate_alike(const Rows& rows, const DesignCross& model) {
    Poll poll;
    DesignCross d = empty_design(rows, model.factor_order, model.coordinates);
    auto [sums, lists] = accumulate(rows, d, poll);
    d.kept.resize(rows.x.size());
    std::iota(d.kept.begin(), d.kept.end(), 0);
    keep_columns(std::move(sums), std::move(lists), d);
    return d;
}

void accumulate_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale,
                         double* values, Poll poll) {
    std::fill(values, values + d.layout.n_coef() + 1, 0.0);
    add_response(rows, d, y, scale, values, poll);
}

void add_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale, double* values,
                  Poll& poll) {
    const int p = d.layout.p;
    double* with_x = values + d.layout.q;
    double& yy = values[d.layout.n_coef()];
    Chunk chunk(rows, d, p);
    std::vector<double> v(chunk_rows);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, d.kept.data());
        poll.tick(chunk.size() * (1 + p / 16));
        for (Index i = 0; i < chunk.size(); ++i)
            v[i] = (y[first + i] - scale.shift) / scale.scale * chunk.root(i);
        yy += linalg::dot(chunk.size(), v.data(), v.data());
        for (int k = 0; k < p; ++k) with_x[k] += linalg::dot(chunk.size(), v.data(), chunk.x(k));
        for (std::size_t f = 0; f < d.layout.factors.size(); ++f) {
            const int r = d.layout.factors[f].width;
            double* out = values + d.layout.offset[f];
            for (Index i = 0; i < chunk.size(); ++i) {
                if (i + rows_ahead < chunk.size()) prefetch(out + chunk.level(f, i + rows_ahead) * r, r);
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
