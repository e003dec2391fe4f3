#include <algorithm>
#include <atomic>
#include <type_traits>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/class_factor.hpp"
#include "ranef/factor/group_kernel.hpp"
#include "ranef/factor/kinds.hpp"

namespace ranef {
namespace {

// <packed symmetric, full symmetric> over all m x m entries.
inline double contract(Index m, const double* packed, const double* full) {
    double diagonal = 0.0, below = 0.0;
    for (Index c = 0; c < m; ++c) {
        const double* column = full + c * m;
        diagonal += packed[0] * column[c];
        for (Index i = c + 1; i < m; ++i) below += packed[i - c] * column[i];
        packed += m - c;
    }
    return diagonal + 2.0 * below;
}

template <int R>
class ClassPasses final : public ClassFactor {
public:
    using ClassFactor::ClassFactor;

    void load(const double* response) override;
    void coefficients(double* coef) const override;
    void solve_random(const double* rhs, double* out) override;
    void adjoint(bool with_x, double weight, Values& out) override;

private:
    bool eliminate_classes() override;
    bool eliminate_levels() override;
    void class_moments() override;
    void class_directions() override;
    void leading_variances(double* out) const override;
    template <class Run>
    void for_order(const Run& run) const;
    template <int M>
    bool eliminate(Index begin, Index end, double* total, double* scratch);
    template <int M>
    void add_moments(Index begin, Index end, double* moment, double* scratch);
    template <int M>
    void add_directions(Index begin, Index end, double* total, double* scratch) const;

    double pass_work() const { return static_cast<double>(pairs_) * static_cast<double>(packed_ + m_) + 4.0 * r_ * r_ * r_; }
};

// run(M) with M = m, the order of what is left behind the leading term, where that is small: loops over few entries then
// unroll. With M = 0 otherwise.
template <int R>
template <class Run>
void ClassPasses<R>::for_order(const Run& run) const {
    if constexpr (R == 1 || R == 2) {
        if (m_ == 1) return run(std::integral_constant<int, 1>());
        if (m_ == 2) return run(std::integral_constant<int, 2>());
        if (m_ == 3) return run(std::integral_constant<int, 3>());
        if (m_ == 4) return run(std::integral_constant<int, 4>());
    }
    run(std::integral_constant<int, 0>());
}

template <int R>
void ClassPasses<R>::load(const double* response) {
    response_ = response;
    std::fill(cy_.begin(), cy_.end(), 0.0);
    std::fill(cyy_.begin(), cyy_.end(), 0.0);
    const int r = R > 0 ? R : r_;
    for (Index j = 0; j < levels_; ++j) {
        const Index c = classes_->class_of[j];
        const double* z = response + j * r;
        double* cy = cy_.data() + c * pairs_ * m_;
        double* cyy = cyy_.data() + c * pairs_;
        design().level<R>(j).each_column([&](Index column, const double* v) {
            int pair = 0;
            for (int a = 0; a < r; ++a) {
                cy[pair++ * m_ + column] += v[a] * z[a];
                for (int b = a + 1; b < r; ++b) cy[pair++ * m_ + column] += v[a] * z[b] + v[b] * z[a];
            }
        });
        int pair = 0;
        for (int a = 0; a < r; ++a) {
            cyy[pair++] += z[a] * z[a];
            for (int b = a + 1; b < r; ++b) cyy[pair++] += 2.0 * z[a] * z[b];
        }
    }
}

template <int R>
bool ClassPasses<R>::eliminate_classes() {
    std::atomic<bool> definite{true};
    sum_classes(pass_work(), eliminated_, [&](Index begin, Index end, double* total, double* scratch) {
        for_order([&](auto order) {
            if (!eliminate<order()>(begin, end, total, scratch)) definite = false;
        });
    });
    return definite;
}

template <int R>
template <int M>
bool ClassPasses<R>::eliminate(Index begin, Index end, double* total, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    double *ty = total + packed, *tyy = ty + m, *log_det = tyy + 1;
    for (Index c = begin; c < end; ++c) {
        double* k = k_.data() + c * rr;
        double log_m = 0.0;
        if (!kernel.shrinkage(classes_->g.data() + c * rr, lambda_, k, scratch, &log_m, scratch + rr)) return false;
        *log_det += static_cast<double>(classes_->size[c]) * log_m;
        const double* sums = classes_->sums.data() + c * pairs_ * packed;
        const double* cy = cy_.data() + c * pairs_ * m;
        const double* cyy = cyy_.data() + c * pairs_;
        for (int a = 0; a < r; ++a)
            for (int b = a; b < r; ++b) {
                const double kab = k[b * r + a];
                for (Index i = 0; i < packed; ++i) total[i] -= kab * sums[i];
                for (Index i = 0; i < m; ++i) ty[i] -= kab * cy[i];
                *tyy -= kab * *cyy;
                sums += packed;
                cy += m;
                ++cyy;
            }
    }
    return true;
}

template <int R>
bool ClassPasses<R>::eliminate_levels() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    double *y = eliminated_.data() + packed_, *log_det = y + m_ + 1;
    std::vector<double> room(3 * rr + (m_ + 1) * r);
    double *k = room.data(), *root = k + rr, *scratch = root + rr, *a = scratch + rr, *z = a + m_ * r;
    for (Index j = 0; j < levels_; ++j) {
        const Level<R> level = design().level<R>(j);
        double log_m = 0.0;
        if (!kernel.shrinkage(level.g, lambda_, k, root, &log_m, scratch)) return false;
        *log_det += log_m;
        std::fill(a, a + m_ * r, 0.0);
        level.each_column([&](Index column, const double* v) { kernel.apply(root, v, a + column * r); });
        kernel.apply(root, response_ + j * r, z);
        double* total = eliminated_.data();
        for (Index c = 0; c < m_; ++c) {
            for (Index i = c; i < m_; ++i) *total++ -= dot<R>(r, a + i * r, a + c * r);
            y[c] -= dot<R>(r, a + c * r, z);
        }
        y[m_] -= dot<R>(r, z, z);
    }
    return true;
}

template <int R>
void ClassPasses<R>::class_moments() {
    const double work = static_cast<double>(pairs_) * static_cast<double>(packed_ + m_ * m_) + 6.0 * r_ * r_ * r_;
    sum_classes(work, leading_moment_, [&](Index begin, Index end, double* moment, double* scratch) {
        for_order([&](auto order) { add_moments<order()>(begin, end, moment, scratch); });
    });
}

template <int R>
template <int M>
void ClassPasses<R>::add_moments(Index begin, Index end, double* moment, double* scratch) {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    for (Index c = begin; c < end; ++c) {
        const double* g = classes_->g.data() + c * rr;
        const double* k = k_.data() + c * rr;
        double* f = f_.data() + c * rr;
        kernel.residual_maker(g, k, f);
        kernel.product(g, f, b_.data() + c * rr);
        double* tau = tau_.data() + c * rr;
        double* rho = rho_.data() + c * rr;
        const double* sums = classes_->sums.data() + c * pairs_ * packed;
        const double* cy = cy_.data() + c * pairs_ * m;
        double* d = d_.data() + c * pairs_ * m;
        const double* cyy = cyy_.data() + c * pairs_;
        for (int a = 0; a < r; ++a)
            for (int b = a; b < r; ++b, sums += packed, cy += m, d += m, ++cyy) {
                const double half = a == b ? 1.0 : 0.5;
                rho[b * r + a] = rho[a * r + b] = half * contract(m, sums, n_.data());
                for (Index i = 0; i < m; ++i) d[i] = cy[i];
                const double* column = sums;
                for (Index i = 0; i < m; ++i) {  // d -= (symmetric packed) c
                    double sum = column[0] * c_[i];
                    for (Index l = i + 1; l < m; ++l) {
                        sum += column[l - i] * c_[l];
                        d[l] -= column[l - i] * c_[i];
                    }
                    d[i] -= sum;
                    column += m - i;
                }
                double sum = *cyy;
                for (Index i = 0; i < m; ++i) sum -= (cy[i] + d[i]) * c_[i];
                tau[b * r + a] = tau[a * r + b] = half * sum;
            }
        // From here on tau holds F' tau F = sum e e', rho holds F' rho F.
        kernel.congruence(f, tau, scratch, scratch + rr);
        std::copy(scratch, scratch + rr, tau);
        kernel.congruence(f, rho, scratch, scratch + rr);
        std::copy(scratch, scratch + rr, rho);
        for (int i = 0; i < rr; ++i) moment[i] += tau[i];
    }
}

template <int R>
void ClassPasses<R>::class_directions() {
    const double work = static_cast<double>(leading_theta_.size()) * pass_work();
    sum_classes(work, directed_, [&](Index begin, Index end, double* total, double* scratch) {
        for_order([&](auto order) { add_directions<order()>(begin, end, total, scratch); });
    });
}

template <int R>
template <int M>
void ClassPasses<R>::add_directions(Index begin, Index end, double* total, double* scratch) const {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index m = M > 0 ? M : m_, packed = packed_size(m);
    const double ratio = rss_weight_;
    const Index count = static_cast<Index>(leading_theta_.size());
    double *transposed = scratch, *weights = transposed + rr, *x = weights + 2 * rr;
    double *left = x + rr, *right = left + count * rr;
    for (Index c = begin; c < end; ++c) {
        const double* f = f_.data() + c * rr;
        const double* b = b_.data() + c * rr;
        const double size = static_cast<double>(classes_->size[c]);
        for (int a = 0; a < rr; ++a) x[a] = size * b[a] - 2.0 * rho_[c * rr + a] - 2.0 * ratio * tau_[c * rr + a];
        for (int j = 0; j < r; ++j)
            for (int i = 0; i < r; ++i) transposed[j * r + i] = f[i * r + j];
        for (Index n = 0; n < count; ++n) {
            const double* e = direction_.data() + leading_theta_[n] * layout_.lambda_size;
            kernel.product(e, b, left + n * rr);
            kernel.product(e, x, right + n * rr);
            double *row = total + n * (count + m + packed), *h = row + count, *q = h + m;
            for (Index l = 0; l <= n; ++l) row[l] -= linalg::trace_of_product(r, left + n * rr, right + l * rr);
            kernel.congruence(transposed, e, weights, weights + rr);
            // Of a small order the class's own share is summed in registers.
            double own[M > 0 ? M * (M + 3) / 2 : 1] = {};
            double *to_h = M > 0 ? own : h, *to_q = M > 0 ? own + M : q;
            const double* sums = classes_->sums.data() + c * pairs_ * packed;
            const double* d = d_.data() + c * pairs_ * m;
            for (int a = 0; a < r; ++a)
                for (int bb = a; bb < r; ++bb, sums += packed, d += m) {
                    const double weight = weights[bb * r + a];
                    for (Index z = 0; z < m; ++z) to_h[z] += weight * d[z];
                    for (Index z = 0; z < packed; ++z) to_q[z] += weight * sums[z];
                }
            if constexpr (M > 0)
                for (Index z = 0; z < m + packed; ++z) h[z] += own[z];
        }
    }
}

template <int R>
void ClassPasses<R>::coefficients(double* coef) const {
    leading_modes<R>(design(), [this](Index j) { return class_k(j); }, response_, c_.data(), coef);
    std::copy(c_.begin(), c_.end(), coef + layout_.q_leading);
}

template <int R>
void ClassPasses<R>::leading_variances(double* out) const {
    ranef::leading_variances<R>(design(), [this](Index j) { return class_k(j); }, inverse(), out);
}

template <int R>
void ClassPasses<R>::solve_random(const double* rhs, double* out) {
    ranef::solve_random<R>(design(), [this](Index j) { return class_k(j); }, [this](double* v) { solve_rest(v); }, rhs, out);
}

template <int R>
void ClassPasses<R>::adjoint(bool with_x, double weight, Values& out) {
    invert(with_x);
    std::vector<double> coef(layout_.n_coef());
    coefficients(coef.data());
    fill_adjoint<R>(design(), [this](Index j) { return class_k(j); }, inverse(), coef.data(), weight, out);
}

}  // namespace

std::unique_ptr<Factorisation> make_class_factor(const Problem& problem, const std::vector<ThetaSlot>& slots) {
    return by_width<ClassPasses>(problem, slots);
}

}  // namespace ranef
