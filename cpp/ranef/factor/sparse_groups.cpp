#include <vector>

#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/group_passes.hpp"
#include "ranef/factor/kinds.hpp"

namespace ranef {
namespace {

// N on the pattern of S_22, and its dense border.
struct SparseInverse {
    const SparseSchur& schur;
    const double *n_x, *n_xx;
    Index q2, p;

    double pair(Index counter, Index, Index) const { return schur.inverse_pair(counter); }
    double entry(Index e, Index, Index) const { return schur.inverse_on_w(e); }
    double border(Index row, Index x) const { return n_x[x * q2 + row]; }
    double fixed(Index x, Index y) const { return n_xx[y * p + x]; }
};

// The kind with a sparse Schur complement.
template <int R>
class SparseGroups final : public GroupPasses<R> {
public:
    SparseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void adjoint(bool with_x, double weight, Values& out) override;

private:
    using GroupFactor::design, GroupFactor::levels_, GroupFactor::r_, GroupFactor::f_, GroupFactor::level_k;

    void subtract_levels() override;
    void gather_columns(const double* s, Index vectors, double* out, Index ld) const override;
    void subtract_quadratics(Index begin, Index end, double* sum) override;
    double quadratic_work() const override { return 100.0 * static_cast<double>(levels_); }
    void leading_variances(double* out) const override;
    SparseInverse inverse() const {
        return {complement_, this->n_x_.data(), this->n_xx_.data(), this->q2_, this->p_};
    }

    SparseSchur complement_;
    std::vector<Index> first_pair_;  // products before each piece of levels
};

template <int R>
SparseGroups<R>::SparseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : GroupPasses<R>(problem, slots, complement_), complement_(problem), first_pair_(piece_count(levels_, GroupFactor::level_piece)) {
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        if (j % GroupFactor::level_piece == 0) first_pair_[j / GroupFactor::level_piece] = counter;
        counter += packed_size(design().level(j).entries);
    }
}

template <int R>
void SparseGroups<R>::adjoint(bool with_x, double weight, Values& out) {
    this->adjoint_through([this] { return inverse(); }, with_x, weight, out);
}

template <int R>
void SparseGroups<R>::leading_variances(double* out) const {
    ranef::leading_variances<R>(design(), [this](Index j) { return level_k(j); }, inverse(), out);
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
                complement_.pair(counter++) -= dot<R>(r, level.value(e1), shrunk);
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
    Index counter = first_pair_[begin / GroupFactor::level_piece];
    for (Index j = begin; j < end; ++j) {
        const Level<R> level = design().template level<R>(j);
        level_quadratic(level, inverse(), counter, fold, rho);
        counter += packed_size(level.entries);
        kernel.congruence(f_.data() + j * rr, rho, inner, scratch);
        for (int i = 0; i < rr; ++i) sum[i] -= inner[i];
    }
}

}  // namespace

std::unique_ptr<Factorisation> make_sparse_groups(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    return by_width<SparseGroups>(problem, slots);
}

}  // namespace ranef
