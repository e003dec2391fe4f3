#include "ranef/cross/pattern.hpp"

#include <utility>

namespace ranef {
namespace {

template <class T>
std::vector<T> take(const std::vector<T>& from, const std::vector<int>& places) {
    std::vector<T> out;
    for (int k : places) out.push_back(from[k]);
    return out;
}

}  // namespace

Pattern::Pattern(Basis basis, std::vector<Index> ptr, std::vector<std::int32_t> col, SparsePattern rest)
    : Basis(std::move(basis)), a_ptr(std::move(ptr)), a_col(std::move(col)), w(std::move(rest)) {
    const Index r = layout.leading_width(), levels = layout.factors[0].levels, p = layout.p;
    spans.a_val = levels * r * r;
    spans.a_x = spans.a_val + static_cast<Index>(a_col.size()) * r;
    spans.w_val = spans.a_x + levels * p * r;
    spans.w_x = spans.w_val + static_cast<Index>(w.row_idx.size());
    spans.w_xx = spans.w_x + layout.q_rest * p;
    spans.size = spans.w_xx + p * p;
}

std::shared_ptr<const Pattern> Pattern::with_columns(const std::vector<int>& columns, std::vector<double> constant) const {
    Basis basis;
    basis.layout = Layout(layout.factors, static_cast<int>(columns.size()));
    basis.coordinates = coordinates;
    basis.coordinates.x_shift = take(coordinates.x_shift, columns);
    basis.coordinates.x_scale = take(coordinates.x_scale, columns);
    basis.coordinates.constant = std::move(constant);
    basis.factor_order = factor_order;
    basis.kept = take(kept, columns);
    return std::make_shared<const Pattern>(std::move(basis), a_ptr, a_col, w);
}

}  // namespace ranef
