#include "ranef/cross_products.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ranef/linalg.hpp"

namespace ranef {
namespace {

constexpr Index chunk_rows = 256;          // rows standardised at a time: the buffers stay in L1/L2
constexpr Index scale_rows = 65536;        // shifts and scales are learned from the first batch
constexpr double degenerate_spread = 1e-10;  // a column whose spread is below this part of its mean is constant
constexpr double rank_tolerance = 1e-13;   // of a column's squared norm left after the columns before it: (3e-7)^2

struct Moments {
    double mean = 0.0, root_mean_square = 1.0;
};

// Two passes over the first batch: the mean, then the size about it (about zero when the column is not shifted).
Moments moments(Column column, Index n, bool shift) {
    if (!column) return {};
    const Index used = std::min(n, scale_rows);
    double mean = 0.0;
    if (shift) {
        for (Index i = 0; i < used; ++i) mean += column[i] / static_cast<double>(used);
        mean += std::accumulate(column, column + used, 0.0, [&](double s, double v) { return s + (v - mean); }) /
                static_cast<double>(used);
    }
    double largest = 0.0, sum = 0.0;
    for (Index i = 0; i < used; ++i) largest = std::max(largest, std::fabs(column[i] - mean));
    if (largest == 0.0 || largest <= degenerate_spread * std::fabs(mean)) return {mean, 1.0};
    for (Index i = 0; i < used; ++i) {
        const double v = (column[i] - mean) / largest;
        sum += v * v;
    }
    return {mean, largest * std::sqrt(sum / static_cast<double>(used))};
}

// Columns of X before `first_shifted` keep their origin.
Coordinates learn_coordinates(const Rows& rows, const std::vector<int>& order, int first_shifted) {
    Coordinates c;
    c.constant = rows.constant;
    for (int k = 0; k < rows.p(); ++k) {
        const Index column = k;
        const bool shift = k >= first_shifted && !rows.constant.empty() && rows.constant[column] == 0.0;
        const Moments m = moments(rows.x[k], rows.n, shift);
        c.x_shift.push_back(m.mean);
        c.x_scale.push_back(m.root_mean_square);
    }
    for (int f : order) {
        const FactorRows& factor = rows.factors[f];
        std::vector<double> shift(factor.shape.width, 0.0), scale(shift.size(), 1.0);
        for (const Block& block : factor.shape.blocks)
            for (int a = 0; a < block.width; ++a) {
                if (a == block.intercept) continue;  // a column of ones
                const Index column = block.first + a;
                const Moments m = moments(factor.basis[block.first + a], rows.n, block.intercept >= 0);
                shift[column] = m.mean;
                scale[column] = m.root_mean_square;
            }
        c.z_shift.push_back(std::move(shift));
        c.z_scale.push_back(std::move(scale));
    }
    return c;
}

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

// A chunk of rows in internal coordinates, multiplied by the square roots of the weights.
class Chunk {
public:
    Chunk(const Rows& rows, const DesignCross& design, int p)
        : rows_(rows), design_(design), p_(p), root_(chunk_rows, 1.0), x_(chunk_rows * p) {
        for (int f : design.factor_order)
            z_.emplace_back(chunk_rows * rows.factors[f].shape.width);
    }

    void load(Index first, const int* columns) {
        first_ = first;
        size_ = std::min(chunk_rows, rows_.n - first);
        if (rows_.weights)
            for (Index i = 0; i < size_; ++i) root_[i] = std::sqrt(rows_.weights[first + i]);
        const Coordinates& c = design_.coordinates;
        for (int k = 0; k < p_; ++k) {
            const Index kk = k;
            standardise(rows_.x[columns ? columns[k] : k], c.x_shift[kk], c.x_scale[kk], x(k));
        }
        for (std::size_t f = 0; f < z_.size(); ++f) {
            const FactorRows& factor = rows_.factors[design_.factor_order[f]];
            for (int a = 0; a < factor.shape.width; ++a) {
                const Index aa = a;
                standardise(factor.basis[a], c.z_shift[f][aa], c.z_scale[f][aa], z(f, a));
            }
        }
    }

    Index size() const { return size_; }
    double* x(int k) { return x_.data() + chunk_rows * k; }
    double* z(std::size_t f, int a) { return z_[f].data() + chunk_rows * a; }
    double root(Index i) const { return root_[i]; }
    Index level(std::size_t f, Index i) const {
        return rows_.factors[design_.factor_order[f]].codes[first_ + i];
    }

private:
    void standardise(Column column, double shift, double scale, double* out) const {
        const double inverse = 1.0 / scale;
        if (!column) {
            for (Index i = 0; i < size_; ++i) out[i] = (1.0 - shift) * inverse * root_[i];
            return;
        }
        for (Index i = 0; i < size_; ++i)
            out[i] = (column[first_ + i] - shift) * inverse * root_[i];
    }

    const Rows& rows_;
    const DesignCross& design_;
    int p_;
    Index first_ = 0, size_ = 0;
    std::vector<double> root_, x_;
    std::vector<std::vector<double>> z_;
};

struct FactorSums {
    std::vector<double> gram;    // levels x r x r, lower triangles filled, then symmetrised
    std::vector<double> with_x;  // levels x p x r
};

// X'X and, for every factor, its Gram blocks and its products with X: one sequential pass.
std::vector<FactorSums> accumulate_blocks(const Rows& rows, DesignCross& d) {
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

// The rows of each level of one factor: a stable counting sort.
struct RowsByLevel {
    std::vector<Index> start, row;

    RowsByLevel(const std::int32_t* codes, Index n, Index levels) : start(levels + 1, 0) {
        for (Index i = 0; i < n; ++i) ++start[codes[i] + 1];
        for (Index j = 0; j < levels; ++j) start[j + 1] += start[j];
        std::vector<Index> next(start.begin(), start.end() - 1);
        row.resize(n);
        for (Index i = 0; i < n; ++i) row[next[codes[i]]++] = i;
    }
};

// Cross-products of one factor with the factors after it, level by level: for each level its touched columns
// (ascending, relative to Z_rest) and their r values.
class CrossRow {
public:
    CrossRow(const Rows& rows, const DesignCross& d, std::size_t factor)
        : rows_(rows), d_(d), f_(factor), r_(d.layout.factors[factor].width) {
        for (std::size_t g = factor + 1; g < d.layout.factors.size(); ++g) {
            const Factor& shape = d.layout.factors[g];
            slot_.emplace_back(shape.levels, Index{-1});
        }
        width_ = r_;
        for (std::size_t g = factor + 1; g < d.layout.factors.size(); ++g)
            width_ = std::max(width_, d.layout.factors[g].width);
        zf_.resize(width_);
        zg_.resize(width_);
    }

    // emit(column, values): called once per column in ascending order; values has r entries.
    template <class Emit>
    void level(const Index* rows, Index count, const Emit& emit) {
        for (std::size_t g = f_ + 1; g < d_.layout.factors.size(); ++g) {
            const int s = d_.layout.factors[g].width;
            std::vector<Index>& slot = slot_[g - f_ - 1];
            touched_.clear();
            values_.clear();
            const FactorRows& other = source(g);
            for (Index k = 0; k < count; ++k) {
                const Index i = rows[k];
                const Index l = other.codes[i];
                Index& position = slot[l];
                if (position < 0) {
                    position = static_cast<Index>(touched_.size());
                    touched_.push_back(l);
                    values_.resize(values_.size() + r_ * s, 0.0);
                }
                basis(f_, i, zf_.data());
                basis(g, i, zg_.data());
                const double w = rows_.weights ? rows_.weights[i] : 1.0;
                double* v = values_.data() + position * r_ * s;
                for (int b = 0; b < s; ++b)
                    for (int a = 0; a < r_; ++a) v[b * r_ + a] += w * zf_[a] * zg_[b];
            }
            sorted_ = touched_;
            std::sort(sorted_.begin(), sorted_.end());
            const Index base = d_.layout.offset[g] - d_.layout.q_leading;
            for (Index l : sorted_) {
                const double* v = values_.data() + slot[l] * r_ * s;
                for (int b = 0; b < s; ++b) emit(base + l * s + b, v + b * r_);
            }
            for (Index l : touched_) slot[l] = -1;
        }
    }

private:
    const FactorRows& source(std::size_t f) const {
        return rows_.factors[d_.factor_order[f]];
    }
    void basis(std::size_t f, Index i, double* out) const {
        const FactorRows& factor = source(f);
        for (int a = 0; a < factor.shape.width; ++a) {
            const Index aa = a;
            out[a] = ((factor.basis[a] ? factor.basis[a][i] : 1.0) - d_.coordinates.z_shift[f][aa]) / d_.coordinates.z_scale[f][aa];
        }
    }

    const Rows& rows_;
    const DesignCross& d_;
    std::size_t f_;
    int r_, width_ = 0;
    std::vector<std::vector<Index>> slot_;
    std::vector<Index> touched_, sorted_;
    std::vector<double> values_, zf_, zg_;
};

// A_j over Z_rest.
void accumulate_leading(const Rows& rows, DesignCross& d) {
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
    }
}

// Z_rest'Z_rest, lower triangle by columns: the level's own block, then its products with the later factors.
void accumulate_rest(const Rows& rows, const std::vector<FactorSums>& sums, DesignCross& d) {
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

// The columns of X that are not combinations of the columns before them, as R's rank-revealing QR keeps them.
// `gamma` receives, for each dropped column, its coefficients on the kept ones (internal coordinates).
std::vector<int> independent_columns(const std::vector<double>& gram, int p) {
    std::vector<double> work = gram;
    std::vector<int> kept;
    for (int k = 0; k < p; ++k) {
        double* column = work.data() + Index{k} * p;
        const double norm = gram[Index{k} * p + k];
        if (!(column[k] > rank_tolerance * norm) || norm == 0.0) continue;
        kept.push_back(k);
        const double pivot = std::sqrt(column[k]);
        for (int i = k; i < p; ++i) column[i] /= pivot;
        for (int j = k + 1; j < p; ++j)
            for (int i = j; i < p; ++i) work[Index{j} * p + i] -= column[i] * column[j];
    }
    return kept;
}

// A constant whose support lost columns is expressed in the kept ones: least squares on the Gram matrix.
void restate_constant(const std::vector<double>& gram, int p, const std::vector<int>& kept, Coordinates& c) {
    if (c.constant.empty()) return;
    bool intact = true;
    std::size_t next = 0;
    for (int k = 0; k < p; ++k) {
        const bool is_kept = next < kept.size() && kept[next] == k;
        next += is_kept;
        if (!is_kept && c.constant[k] != 0.0) intact = false;
    }
    std::vector<double> internal(kept.size());
    if (intact) {
        for (std::size_t i = 0; i < kept.size(); ++i) internal[i] = c.constant[kept[i]];
        c.constant = internal;
        return;
    }
    const auto m = static_cast<Index>(kept.size());
    std::vector<double> factor(kept.size() * kept.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
        for (std::size_t j = 0; j < kept.size(); ++j)
            factor[j * kept.size() + i] = gram[Index{kept[j]} * p + kept[i]];
        for (int k = 0; k < p; ++k)
            internal[i] += gram[Index{k} * p + Index(kept[i])] *
                           c.constant[k] * c.x_scale[k];
    }
    linalg::cholesky(m, factor.data(), m);
    linalg::solve_lower(m, factor.data(), m, internal.data(), 1, m);
    linalg::solve_upper(m, factor.data(), m, internal.data(), 1, m);
    double level = 1.0;
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const Index k = kept[i];
        internal[i] /= c.x_scale[k];
        level += internal[i] * c.x_shift[k];
    }
    for (double& v : internal) v /= level;
    c.constant = internal;
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

// Number of columns after which the constant is in the span of X.
int constant_complete(const Rows& rows) {
    int columns = 0;
    for (std::size_t k = 0; k < rows.constant.size(); ++k)
        if (rows.constant[k] != 0.0) columns = static_cast<int>(k) + 1;
    return columns;
}

DesignCross accumulate(const Rows& rows, int first_shifted) {
    DesignCross d;
    d.n = rows.n;
    d.factor_order = order_factors(rows);
    d.coordinates = learn_coordinates(rows, d.factor_order, first_shifted);
    std::vector<Factor> shapes;
    for (int f : d.factor_order) shapes.push_back(rows.factors[f].shape);
    d.layout = Layout(shapes, rows.p());
    if (rows.weights)
        for (Index i = 0; i < rows.n; ++i) d.sum_log_weights += std::log(rows.weights[i]);

    std::vector<FactorSums> sums = accumulate_blocks(rows, d);
    accumulate_leading(rows, d);
    accumulate_rest(rows, sums, d);

    d.kept = independent_columns(d.w_xx, rows.p());
    restate_constant(d.w_xx, rows.p(), d.kept, d.coordinates);
    const int p = static_cast<int>(d.kept.size());
    std::vector<double> w_xx(Index{p} * p);
    for (int k = 0; k < p; ++k)
        for (int l = 0; l < p; ++l)
            w_xx[Index{k} * p + l] =
                d.w_xx[Index(d.kept[k]) * rows.p() + d.kept[l]];
    d.w_xx = std::move(w_xx);
    d.coordinates.x_shift = take(d.coordinates.x_shift, d.kept);
    d.coordinates.x_scale = take(d.coordinates.x_scale, d.kept);
    d.layout = Layout(shapes, p);
    d.g = std::move(sums[0].gram);
    d.a_x = take_columns(sums[0].with_x, shapes[0].levels, rows.p(), shapes[0].width, d.kept);
    d.w_x.resize(d.layout.q_rest * p);
    for (std::size_t f = 1; f < shapes.size(); ++f) {
        const int r = shapes[f].width;
        const Index base = d.layout.offset[f] - d.layout.q_leading;
        for (Index j = 0; j < shapes[f].levels; ++j)
            for (int k = 0; k < p; ++k)
                for (int a = 0; a < r; ++a)
                    d.w_x[k * d.layout.q_rest + base + j * r + a] =
                        sums[f].with_x[(j * rows.p() + d.kept[k]) * r + a];
    }
    return d;
}

}  // namespace

DesignCross accumulate_design(const Rows& rows) {
    DesignCross d = accumulate(rows, 0);
    // Shifted by the constant, columns that come before the constant's own may be dependent though as given they are not
    // (two dummies that add up to 1): then the rank is decided again with these columns as they are.
    const int complete = constant_complete(rows);
    const auto before = std::lower_bound(d.kept.begin(), d.kept.end(), complete) - d.kept.begin();
    return before < complete ? accumulate(rows, complete) : d;
}

void accumulate_response(const Rows& rows, const DesignCross& d, const double* y, const ResponseScale& scale,
                         double* values) {
    const int p = d.layout.p;
    std::fill(values, values + d.layout.n_coef() + 1, 0.0);
    double* with_x = values + d.layout.q;
    double& yy = values[d.layout.n_coef()];
    Chunk chunk(rows, d, p);
    std::vector<double> v(chunk_rows);
    for (Index first = 0; first < rows.n; first += chunk_rows) {
        chunk.load(first, d.kept.data());
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

ResponseCross accumulate_response(const Rows& rows, const DesignCross& d, const double* y) {
    ResponseCross response;
    const Moments m = moments(y, rows.n, !d.coordinates.constant.empty());
    response.scale = {m.mean, m.root_mean_square};
    response.values.resize(d.layout.n_coef() + 1);
    accumulate_response(rows, d, y, response.scale, response.values.data());
    return response;
}

void gram_multiply(const DesignCross& d, const double* coef, double* out) {
    const Layout& layout = d.layout;
    const int r = layout.leading_width(), p = layout.p;
    const Index q1 = layout.q_leading, q2 = layout.q_rest;
    const double* rest = coef + q1;
    const double* beta = rest + q2;
    double* out_rest = out + q1;
    double* out_x = out_rest + q2;
    std::fill(out_rest, out_rest + q2 + p, 0.0);
    for (Index j = 0; j < layout.factors[0].levels; ++j) {
        const double* b = coef + j * r;
        double* o = out + j * r;
        for (int a = 0; a < r; ++a) {
            double sum = 0.0;
            for (int c = 0; c < r; ++c) sum += d.g[(j * r + c) * r + a] * b[c];
            o[a] = sum;
        }
        for (Index e = d.a_ptr[j]; e < d.a_ptr[j + 1]; ++e) {
            const double* v = d.a_val.data() + e * r;
            const Index column = d.a_col[e];
            for (int a = 0; a < r; ++a) {
                o[a] += v[a] * rest[column];
                out_rest[column] += v[a] * b[a];
            }
        }
        for (int k = 0; k < p; ++k) {
            const double* v = d.a_x.data() + (j * p + k) * r;
            for (int a = 0; a < r; ++a) {
                o[a] += v[a] * beta[k];
                out_x[k] += v[a] * b[a];
            }
        }
    }
    for (Index c = 0; c < q2; ++c)
        for (Index e = d.w_pattern.col_ptr[c]; e < d.w_pattern.col_ptr[c + 1]; ++e) {
            const Index row = d.w_pattern.row_idx[e];
            const double v = d.w_val[e];
            out_rest[row] += v * rest[c];
            if (row != c) out_rest[c] += v * rest[row];
        }
    for (int k = 0; k < p; ++k) {
        const double* column = d.w_x.data() + k * q2;
        for (Index c = 0; c < q2; ++c) {
            out_rest[c] += column[c] * beta[k];
            out_x[k] += column[c] * rest[c];
        }
        for (int l = 0; l < p; ++l) out_x[l] += d.w_xx[Index{k} * p + l] * beta[k];
    }
}

}  // namespace ranef
