#include "ranef/cross/downdate.hpp"

#include <algorithm>
#include <cmath>

namespace ranef {
namespace {

// One row in internal coordinates, times the square root of its weight.
struct InternalRow {
    std::vector<double> x, leading;
    std::vector<Index> column;  // of Z_rest, ascending
    std::vector<double> value;
    Index level = 0;            // of the leading factor
    double y = 0.0;

    void load(const Rows& rows, const DesignCross& d, const ResponseScale& scale, const double* response, Index i) {
        const Layout& layout = d.layout;
        const Coordinates& c = d.coordinates;
        const double root = rows.weights ? std::sqrt(rows.weights[i]) : 1.0;
        x.resize(static_cast<std::size_t>(layout.p));
        for (int k = 0; k < layout.p; ++k) {
            const Column& source = rows.x[d.kept[k]];
            x[k] = root * (source[i] - c.x_shift[k]) / c.x_scale[k];
        }
        column.clear();
        value.clear();
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const FactorRows& factor = rows.factors[d.factor_order[f]];
            const int r = factor.shape.width;
            if (f == 0) {
                level = factor.codes[i];
                leading.resize(static_cast<std::size_t>(r));
            }
            const Index base = layout.offset[f] - layout.q_leading + Index{factor.codes[i]} * r;
            for (int a = 0; a < r; ++a) {
                const double z = root * (factor.basis[a][i] - c.z_shift[f][a]) / c.z_scale[f][a];
                if (f == 0) {
                    leading[a] = z;
                } else {
                    column.push_back(base + a);
                    value.push_back(z);
                }
            }
        }
        y = root * (response[i] - scale.shift) / scale.scale;
    }
};

// Where a row index stands in the column of a pattern; -1 when it is not stored.
Index find(const SparsePattern& pattern, Index row, Index column) {
    const auto first = pattern.row_idx.begin() + pattern.col_ptr[column];
    const auto last = pattern.row_idx.begin() + pattern.col_ptr[column + 1];
    const auto found = std::lower_bound(first, last, row);
    return found != last && static_cast<Index>(*found) == row ? found - pattern.row_idx.begin() : -1;
}

void take_away(const InternalRow& row, DesignCross& d) {
    const Index r = d.layout.leading_width(), p = d.layout.p, q2 = d.layout.q_rest, j = row.level;
    for (Index b = 0; b < r; ++b)
        for (Index a = 0; a < r; ++a) d.g[(j * r + b) * r + a] -= row.leading[a] * row.leading[b];
    for (Index c = 0; c < p; ++c) {
        for (Index a = 0; a < r; ++a) d.a_x[(j * p + c) * r + a] -= row.leading[a] * row.x[c];
        for (Index k = 0; k < p; ++k) d.w_xx[c * p + k] -= row.x[c] * row.x[k];
    }
    const auto first = d.a_col.begin() + d.a_ptr[j], last = d.a_col.begin() + d.a_ptr[j + 1];
    for (std::size_t e = 0; e < row.column.size(); ++e) {
        const auto found = std::lower_bound(first, last, static_cast<std::int32_t>(row.column[e]));
        if (found != last && *found == row.column[e]) {
            const Index at = found - d.a_col.begin();
            for (Index a = 0; a < r; ++a) d.a_val[at * r + a] -= row.leading[a] * row.value[e];
        }
        for (Index c = 0; c < p; ++c) d.w_x[c * q2 + row.column[e]] -= row.value[e] * row.x[c];
        for (std::size_t f = e; f < row.column.size(); ++f) {
            const Index at = find(d.w_pattern, row.column[f], row.column[e]);
            if (at >= 0) d.w_val[at] -= row.value[e] * row.value[f];
        }
    }
}

void take_away(const InternalRow& row, const Layout& layout, std::vector<double>& values) {
    const Index r = layout.leading_width();
    for (Index a = 0; a < r; ++a) values[row.level * r + a] -= row.leading[a] * row.y;
    for (std::size_t e = 0; e < row.column.size(); ++e) values[layout.q_leading + row.column[e]] -= row.value[e] * row.y;
    for (Index c = 0; c < layout.p; ++c) values[layout.q + c] -= row.x[c] * row.y;
    values[layout.n_coef()] -= row.y * row.y;
}

// What rounding leaves in levels of the leading factor that have lost all their rows.
void clear_empty_levels(const Rows& rows, const std::vector<Index>& removed, Downdated& out) {
    DesignCross& d = out.design;
    const Index r = d.layout.leading_width(), p = d.layout.p;
    const std::int32_t* codes = rows.factors[d.factor_order[0]].codes;
    std::vector<Index> left(d.layout.factors[0].levels, 0);
    for (Index i = 0; i < rows.n; ++i) ++left[codes[i]];
    for (Index i : removed) --left[codes[i]];
    for (Index i : removed) {
        const Index j = codes[i];
        if (left[j] != 0) continue;
        std::fill_n(d.g.begin() + j * r * r, r * r, 0.0);
        std::fill_n(d.a_x.begin() + j * p * r, p * r, 0.0);
        std::fill_n(d.a_val.begin() + d.a_ptr[j] * r, (d.a_ptr[j + 1] - d.a_ptr[j]) * r, 0.0);
        std::fill_n(out.response.values.begin() + j * r, r, 0.0);
    }
}

// Drops one of `count` runs of `size` numbers, again and again.
void drop_run(std::vector<double>& values, Index count, Index size, Index run) {
    std::vector<double> left;
    for (Index first = 0; first < static_cast<Index>(values.size()); first += count * size)
        for (Index k = 0; k < count; ++k)
            if (k != run) left.insert(left.end(), values.begin() + first + k * size, values.begin() + first + (k + 1) * size);
    values = std::move(left);
}

}  // namespace

Downdated without_column(const DesignCross& design, const ResponseCross& response, int column) {
    Downdated out{design, response};
    DesignCross& d = out.design;
    const Index p = d.layout.p, r = d.layout.leading_width();
    drop_run(d.a_x, p, r, column);
    drop_run(d.w_xx, p, 1, column);
    drop_run(d.w_xx, p, p - 1, column);
    drop_run(d.w_x, p, d.layout.q_rest, column);
    d.kept.erase(d.kept.begin() + column);
    d.coordinates.x_shift.erase(d.coordinates.x_shift.begin() + column);
    d.coordinates.x_scale.erase(d.coordinates.x_scale.begin() + column);
    if (!d.coordinates.constant.empty()) d.coordinates.constant.erase(d.coordinates.constant.begin() + column);
    out.response.values.erase(out.response.values.begin() + d.layout.q + column);
    d.layout = Layout(d.layout.factors, d.layout.p - 1);
    return out;
}

Downdated without_rows(const Rows& rows, const DesignCross& design, const ResponseCross& response, const double* y,
                       const std::vector<Index>& removed) {
    Downdated out{design, response};
    InternalRow row;
    for (Index i : removed) {
        row.load(rows, design, response.scale, y, i);
        take_away(row, out.design);
        take_away(row, design.layout, out.response.values);
        if (rows.weights) out.design.sum_log_weights -= std::log(rows.weights[i]);
    }
    out.design.n -= static_cast<Index>(removed.size());
    clear_empty_levels(rows, removed, out);
    return out;
}

}  // namespace ranef
