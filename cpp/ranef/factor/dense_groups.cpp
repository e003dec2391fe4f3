#include <algorithm>
#include <memory>
#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/dense_curvature.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/group_passes.hpp"
#include "ranef/factor/heavy_levels.hpp"
#include "ranef/factor/kinds.hpp"
#include "ranef/plan/column_lists.hpp"

namespace ranef {
namespace {

// sum_i n[rows[i]] a_i over `count` entries of r values each.
template <int R>
inline void gather_dot(int r, const double* n, const std::int32_t* rows, const double* a, Index count, double* out) {
    if constexpr (R == 1) {
        double sum[4] = {};
        Index i = 0;
        for (; i + 4 <= count; i += 4)
            for (int l = 0; l < 4; ++l) sum[l] += n[rows[i + l]] * a[i + l];
        for (; i < count; ++i) sum[0] += n[rows[i]] * a[i];
        out[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    } else {
        const int width = R > 0 ? R : r;
        for (int b = 0; b < width; ++b) out[b] = 0.0;
        for (Index i = 0; i < count; ++i)
            for (int b = 0; b < width; ++b) out[b] += n[rows[i]] * a[i * width + b];
    }
}

// The kind with a dense Schur complement. Heavy levels go through BLAS; the others column by column of S. It has the traces of factors of few levels behind the leading one, and where that is cheap
// (plan.exact_hessian) of all.
template <int R>
class DenseGroups final : public GroupPasses<R> {
public:
    DenseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void reload(const DesignCross& design) override;
    bool project(const double* responses, Index lanes, double* rss, double* beta) override;
    void adjoint(bool with_x, double weight, Values& out) override;

private:
    using Base = GroupFactor;
    using Base::design, Base::layout_, Base::lambda_, Base::pieces_, Base::column_piece, Base::levels_, Base::entry_numbers,
        Base::q2_, Base::r_, Base::p_, Base::exact_, Base::slots_, Base::rss_weight_, Base::level_k, Base::t_x_, Base::n_x_,
        Base::n_xx_, Base::moment_, Base::directions_, Base::information_, Base::shrunk_, Base::f_, Base::sums_;

    void subtract_levels() override;
    void gather_columns(const double* s, Index vectors, double* out, Index ld) const override;
    void begin_quadratics() override;
    void subtract_quadratics(Index begin, Index end, double* sum) override;
    void end_quadratics() override;
    void add_traces() override;
    void leading_variances(double* out) const override;
    void subtract_column(Index c);
    void form_quadratics();
    DenseInverse inverse() const { return {complement_.inverse(), n_x_.data(), n_xx_.data(), q2_, q2_, p_}; }

    DenseSchur complement_;
    std::shared_ptr<const ColumnLists> lists_;  // null when nothing is behind the leading term but X
    std::unique_ptr<DenseCurvature> curvature_;
    std::unique_ptr<HeavyLevels<R>> heavy_;     // null, as the lists
    std::vector<double> traces_;                // tr(Q dH_i Q dH_k)
};

template <int R>
DenseGroups<R>::DenseGroups(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : GroupPasses<R>(problem, slots, complement_), complement_(problem), traces_(information_.size()) {
    if (q2_ == 0) return;
    lists_ = problem.plan->lists;
    curvature_ = std::make_unique<DenseCurvature>(problem);
    heavy_ = std::make_unique<HeavyLevels<R>>(lists_, layout_);
}

template <int R>
void DenseGroups<R>::reload(const DesignCross& design) {
    Factorisation::reload(design);
    if (curvature_) curvature_->reload(design);
}

template <int R>
bool DenseGroups<R>::project(const double* responses, Index lanes, double* rss, double* beta) {
    this->project_over(complement_, responses, lanes, rss, beta);
    return true;
}

template <int R>
void DenseGroups<R>::adjoint(bool with_x, double weight, Values& out) {
    this->adjoint_through([this] { return inverse(); }, with_x, weight, out);
}

template <int R>
void DenseGroups<R>::leading_variances(double* out) const {
    ranef::leading_variances<R>(design(), [this](Index j) { return level_k(j); }, inverse(), out);
}

template <int R>
void DenseGroups<R>::subtract_levels() {
    if (q2_ == 0) return;
    heavy_->subtract(design(), f_.data(), complement_);
    for_ranges(q2_, column_piece, lists_->pairs * r_, [&](Index, Index begin, Index end) {
        for (Index c = begin; c < end; ++c) subtract_column(c);
    });
}

// One column of T, from the light levels that meet it.
template <int R>
void DenseGroups<R>::subtract_column(Index c) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    double fixed[8];
    std::vector<double> any(R > 0 ? 0 : 2 * r);
    double *shrunk = R > 0 ? fixed : any.data(), *scratch = shrunk + r;
    double* column = complement_.column(c);
    for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
        const Index j = lists_->level[i];
        if (lists_->heavy_index[j] >= 0) continue;
        const Level<R> level = design().template level<R>(j).from(lists_->entry[i]);
        kernel.shrink(f_.data() + j * rr, level.values, shrunk, scratch);
        level.each([&](Index row, const double* v) { column[row] -= dot<R>(r, v, shrunk); });
    }
}

template <int R>
void DenseGroups<R>::gather_columns(const double* s, Index vectors, double* out, Index ld) const {
    const int r = R > 0 ? R : r_;
    if (q2_ == 0) return;
    const double work = entry_numbers() * static_cast<double>(vectors);
    for_ranges(q2_, column_piece, work, [&](Index, Index begin, Index end) {
        std::vector<double> sums(vectors);
        for (Index c = begin; c < end; ++c) {
            std::fill(sums.begin(), sums.end(), 0.0);
            for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
                const double* a = design().entry(lists_->entry[i]);
                const double* from = s + lists_->level[i] * vectors * r;
                for (Index v = 0; v < vectors; ++v) sums[v] += dot<R>(r, a, from + v * r);
            }
            for (Index v = 0; v < vectors; ++v) out[v * ld + c] += sums[v];
        }
    });
}

template <int R>
void DenseGroups<R>::begin_quadratics() {
    if (q2_ == 0) return;
    if (exact_) form_quadratics();
    else heavy_->form_quadratics(design(), complement_);
}

// The levels' share of X and the heavy levels; all else comes column by column.
template <int R>
void DenseGroups<R>::subtract_quadratics(Index begin, Index end, double* sum) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    std::vector<double> room(2 * rr + p_ * r);
    double *inner = room.data(), *scratch = inner + rr, *n_a = scratch + rr;
    for (Index j = begin; j < end; ++j) {
        if (exact_) {
            curvature_->quadratic(j, inner);
            for (int i = 0; i < rr; ++i) sum[i] -= inner[i];
            continue;
        }
        const double* f = f_.data() + j * rr;
        double* a_x = shrunk_.data() + j * p_ * r;  // F_j'Z_1j'X
        const Level<R> level = design().template level<R>(j);
        level.each_fixed([&](Index c, const double* x) { kernel.apply_transposed(f, x, a_x + c * r); });
        std::fill(n_a, n_a + p_ * r, 0.0);
        for (int d = 0; d < p_; ++d)
            for (int c = 0; c < p_; ++c)
                for (int a = 0; a < r; ++a) n_a[c * r + a] += n_xx_[Index{d} * p_ + c] * a_x[d * r + a];
        for (int c = 0; c < p_; ++c)
            for (int y = 0; y < r; ++y)
                for (int x = 0; x < r; ++x) sum[y * r + x] -= a_x[c * r + x] * n_a[c * r + y];
        if (q2_ == 0 || lists_->heavy_index[j] < 0) continue;
        kernel.congruence(f, heavy_->quadratic(lists_->heavy_index[j]), inner, scratch);
        for (int i = 0; i < rr; ++i) sum[i] -= inner[i];
    }
}

// F_j'A_j N A_j'F_j of all pairs of levels, when the Hessian takes their products.
template <int R>
void DenseGroups<R>::form_quadratics() {
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    std::vector<double> b(rr);
    for (Index j = 0; j < levels_; ++j) {
        const double* f = f_.data() + j * rr;
        kernel.product(design().level(j).g, f, b.data());
        curvature_->set_level(j, f, b.data());
    }
    curvature_->form_quadratics({complement_.inverse(), n_x_.data(), n_xx_.data(), nullptr, nullptr});
}

// F_j'A_j N A_j'F_j over Z_rest for the light levels and its border with X for all, by columns of N: with a = F_j'A_j,
//   sum_c a_c (N_cc a_c / 2 + sum_{i > c} N_ic a_i + N_cX a_X)'   and its transpose.
template <int R>
void DenseGroups<R>::end_quadratics() {
    if (q2_ == 0 || exact_) return;
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    sums_.assign(piece_count(q2_, column_piece) * rr, 0.0);
    const double work = lists_->pairs * r + entry_numbers() * p_;
    for_ranges(q2_, column_piece, work, [&](Index piece, Index begin, Index end) {
        std::vector<double> room(3 * r);
        double *left = room.data(), *right = left + r, *raw = right + r;
        double* sum = sums_.data() + piece * rr;
        for (Index c = begin; c < end; ++c) {
            const double* column = complement_.inverse() + c * q2_;
            for (Index i = lists_->first(c); i < lists_->last(c); ++i) {
                const Index j = lists_->level[i];
                const Level<R> level = design().template level<R>(j).from(lists_->entry[i]);
                const double* f = f_.data() + j * rr;
                kernel.apply_transposed(f, level.values, left);
                std::fill(right, right + r, 0.0);
                if (lists_->heavy_index[j] < 0) {
                    gather_dot<R>(r, column, level.columns + 1, level.value(1), level.entries - 1, raw);
                    kernel.apply_transposed(f, raw, right);
                    for (int a = 0; a < r; ++a) right[a] += 0.5 * column[c] * left[a];
                }
                const double* a_x = shrunk_.data() + j * p_ * r;
                for (int x = 0; x < p_; ++x)
                    for (int a = 0; a < r; ++a) right[a] += n_x_[x * q2_ + c] * a_x[x * r + a];
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a) sum[b * r + a] += left[a] * right[b];
            }
        }
    });
    for (std::size_t first = 0; first < sums_.size(); first += static_cast<std::size_t>(rr))
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) pieces_.g_d[b * r + a] -= sums_[first + b * r + a] + sums_[first + a * r + b];
}

// What the average information estimates, w f_i'P f_k - tr(Q dH_i Q dH_k), for the pairs of factors whose traces
// are known; and g_D itself, where the Hessian is exact and Lambda singular.
template <int R>
void DenseGroups<R>::add_traces() {
    if (!curvature_) return;
    curvature_->form_traces(lambda_,
                            {complement_.inverse(), n_x_.data(), n_xx_.data(), complement_.complement(), t_x_.data()}, *slots_,
                            directions_.data(), traces_.data());
    const std::size_t k = slots_->size();
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t l = 0; l < k; ++l)
            if (curvature_->known((*slots_)[i].factor, (*slots_)[l].factor))
                pieces_.curvature[l * k + i] += information_[l * k + i] - traces_[l * k + i];
    if (!curvature_->exact()) return;
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        if (pieces_.known[f]) continue;
        const Index size = Index{layout_.factors[f].width} * layout_.factors[f].width;
        double* g = pieces_.g_d.data() + layout_.lambda_offset[f];
        curvature_->diagonal_sum(static_cast<int>(f), g);
        for (Index i = 0; i < size; ++i) g[i] -= rss_weight_ * moment_[layout_.lambda_offset[f] + i];
        pieces_.known[f] = 1;
    }
}

}  // namespace

std::unique_ptr<Factorisation> make_dense_groups(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    return by_width<DenseGroups>(problem, slots);
}

}  // namespace ranef
