#include "ranef/iterative/kernels.hpp"

#include <algorithm>
#include <vector>

#include "ranef/base/prefetch.hpp"

namespace ranef::iterative {
namespace {

constexpr Index ahead = 8;  // entries whose rows are asked for before it is their turn

template <int Lanes>
inline void fetch_row(const double* row) {
    for (int c = 0; c < Lanes; c += 8) prefetch(row + c);
}

// s (r x lanes) <- A_j v.
template <int R, int Lanes>
inline void take(const Level<R>& level, const double* v, double* s) {
    const int r = level.r();
    if constexpr (R == 1) {
        double sum[Lanes] = {};
        for (Index e = 0; e < level.entries; ++e) {
            fetch_row<Lanes>(v + Index{level.columns[std::min(e + ahead, level.entries - 1)]} * Lanes);
            const double a = level.values[e], *row = v + Index{level.columns[e]} * Lanes;
            for (int c = 0; c < Lanes; ++c) sum[c] += a * row[c];
        }
        std::copy_n(sum, Lanes, s);
        return;
    }
    std::fill_n(s, r * Lanes, 0.0);
    level.each([&](Index column, const double* a) {
        const double* row = v + column * Lanes;
        for (int i = 0; i < r; ++i)
            for (int c = 0; c < Lanes; ++c) s[i * Lanes + c] += a[i] * row[c];
    });
}

// out += A_j's.
template <int R, int Lanes>
inline void give(const Level<R>& level, const double* s, double* out) {
    const int r = level.r();
    if constexpr (R == 1) {
        double own[Lanes];
        std::copy_n(s, Lanes, own);
        for (Index e = 0; e < level.entries; ++e) {
            fetch_row<Lanes>(out + Index{level.columns[std::min(e + ahead, level.entries - 1)]} * Lanes);
            const double a = level.values[e];
            double* row = out + Index{level.columns[e]} * Lanes;
            for (int c = 0; c < Lanes; ++c) row[c] += a * own[c];
        }
        return;
    }
    level.each([&](Index column, const double* a) {
        double* row = out + column * Lanes;
        for (int i = 0; i < r; ++i)
            for (int c = 0; c < Lanes; ++c) row[c] += a[i] * s[i * Lanes + c];
    });
}

template <int R, int Lanes>
void subtract_shrunk(const DesignCross& design, const double* k, const double* v, double* out, Index begin, Index end) {
    const int r = design.layout().leading_width();
    std::vector<double> s(r * Lanes), shrunk(r * Lanes);
    for (Index j = begin; j < end; ++j) {
        const Level<R> level = design.level<R>(j);
        take<R, Lanes>(level, v, s.data());
        std::fill(shrunk.begin(), shrunk.end(), 0.0);
        add_product<Lanes>(r, Lanes, k + j * r * r, -1.0, s.data(), shrunk.data());
        give<R, Lanes>(level, shrunk.data(), out);
    }
}

template <int R, int Lanes>
void meet(const DesignCross& design, const double* v, double* s, Index begin, Index end) {
    const int r = design.layout().leading_width();
    for (Index j = begin; j < end; ++j) take<R, Lanes>(design.level<R>(j), v, s + j * r * Lanes);
}

template <int R, int Lanes>
void spread(const DesignCross& design, const double* s, double* out, Index begin, Index end) {
    const int r = design.layout().leading_width();
    for (Index j = begin; j < end; ++j) give<R, Lanes>(design.level<R>(j), s + j * r * Lanes, out);
}

template <int Lanes>
void add_rest(const DesignCross& design, const double* v, double* out, Index begin, Index end) {
    const SparsePattern& w = design.pattern->w;
    const double* value = design.values.w_val();
    for (Index column = begin; column < end; ++column)
        for (Index e = w.col_ptr[column]; e < w.col_ptr[column + 1]; ++e) {
            const Index row = w.row_idx[e];
            const double a = value[e];
            for (int c = 0; c < Lanes; ++c) out[row * Lanes + c] += a * v[column * Lanes + c];
            if (row == column) continue;
            for (int c = 0; c < Lanes; ++c) out[column * Lanes + c] += a * v[row * Lanes + c];
        }
}

template <int R>
Kernels of_width(int lanes) {
    if (lanes == few_lanes) return {subtract_shrunk<R, few_lanes>, meet<R, few_lanes>, spread<R, few_lanes>, add_rest<few_lanes>};
    return {subtract_shrunk<R, many_lanes>, meet<R, many_lanes>, spread<R, many_lanes>, add_rest<many_lanes>};
}

}  // namespace

Kernels kernels_for(int width, int lanes) {
    if (width == 1) return of_width<1>(lanes);
    if (width == 2) return of_width<2>(lanes);
    return of_width<0>(lanes);
}

}  // namespace ranef::iterative
