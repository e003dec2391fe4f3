#include "ranef/factor/sparse_groups.hpp"

#include <algorithm>

#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/group_kinds.hpp"

namespace ranef {

template <int R>
SparseGroups<R>::SparseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : Base(problem, slots, complement_), complement_(problem), first_pair_(piece_count(levels_, Base::level_piece)) {
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        if (j % Base::level_piece == 0) first_pair_[j / Base::level_piece] = counter;
        counter += packed_size(design().level(j).entries);
    }
}

template <int R>
void SparseGroups<R>::adjoint(bool with_x, double weight, Values& out) {
    this->adjoint_of(complement_, with_x, weight, out);
}

template <int R>
void SparseGroups<R>::leading_variances(double* out) {
    this->variances_of_levels(complement_, out);
}

template <int R>
void SparseGroups<R>::subtract_levels() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r();
    std::vector<double> room(2 * r);
    double *shrunk = room.data(), *scratch = shrunk + r;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        const Level<R> level = design().template level<R>(j);
        for (Index e2 = 0; e2 < level.entries; ++e2) {
            kernel.shrink(f_.data() + j * kernel.size(), level.value(e2), shrunk, scratch);
            for (Index e1 = e2; e1 < level.entries; ++e1)
                complement_.entry(counter++, 0, 0) -= dot<R>(r, level.value(e1), shrunk);
        }
    }
}

template <int R>
void SparseGroups<R>::gather_columns(const double* s, Index vectors, double* out, Index ld) const {
    const int r = R > 0 ? R : r_;
    for (Index j = 0; j < levels_; ++j)
        design().template level<R>(j).each([&](Index column, const double* a) {
            for (Index v = 0; v < vectors; ++v) out[v * ld + column] += dot<R>(r, a, s + (j * vectors + v) * r);
        });
}

template <int R>
void SparseGroups<R>::subtract_quadratics(Index begin, Index end, double* sum) {
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    std::vector<double> room(3 * rr), fold;
    double *rho = room.data(), *inner = rho + rr, *scratch = inner + rr;
    Index counter = first_pair_[begin / Base::level_piece];
    for (Index j = begin; j < end; ++j) {
        const Level<R> level = design().template level<R>(j);
        level_quadratic(level, this->inverse_blocks(complement_), counter, fold, rho);
        counter += packed_size(level.entries);
        kernel.congruence(f_.data() + j * rr, rho, inner, scratch);
        for (int i = 0; i < rr; ++i) sum[i] -= inner[i];
    }
}

template class SparseGroups<0>;
template class SparseGroups<1>;
template class SparseGroups<2>;
template class SparseGroups<3>;
template class SparseGroups<4>;

}  // namespace ranef
