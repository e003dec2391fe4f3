// A factorisation by class sums: (5 + leading thetas) r (r + 1) / 2 passes over classes x m (m + 1) / 2 numbers and a few products of m x m
// matrices, m = q_rest + p, whatever J and n are; second order is exact. For small Schur complements.
#pragma once

#include <type_traits>

#include "ranef/factor/factorisation.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {

template <int R>
class ClassFactor final : public Factorisation {
public:
    ClassFactor(const Problem& problem, const std::vector<ThetaSlot>& slots);

    void reload(const DesignCross& design) override;
    void load(const double* response) override;
    void differentiate(const Wanted& wanted) override;
    bool exact_curvature() const override { return true; }
    void coefficients(double* coef) const override;
    void conditional_variances(int factor, double* out) override;
    void fixed_covariance(double* out) const override;
    void solve_random(const double* rhs, double* out) override;
    void adjoint(bool with_x, double weight, Values& out) override;

private:
    Status factor() override;
    const double* solution() const override { return v_.data(); }
    void take_classes();
    template <class Run>
    void for_order(const Run& run) const;
    template <class Add>
    void sum_classes(double work, std::vector<double>& total, const Add& add);
    void begin_elimination();
    void end_elimination();
    Status eliminate_leading();
    bool cancels() const;
    Status eliminate_levels();
    template <int M>
    bool eliminate_classes(Index begin, Index end, double* total, double* scratch);
    Status solve();
    void invert(bool with_x);
    void moments();
    template <int M>
    void class_moments(Index begin, Index end, double* moment, double* scratch);
    void assemble_gradient();
    void assemble_hessian();
    void leading_directions();
    template <int M>
    void class_directions(Index begin, Index end, double* total, double* scratch);
    void rest_direction(Index direction, int factor, const double* e);
    double trace_on_levels(int factor, const double* e, const double* a) const;

    const ClassSums* classes_;
    ClassSums own_;                                  // of reloaded values
    Index m_, packed_, pairs_, square_, n_theta_;
    int r_;
    const std::vector<ThetaSlot>* slots_ = nullptr;  // of the derivatives being taken
    double rss_weight_ = 0.0;                        // d loss / d r^2
    // Per class: K, F, B (r x r), what the response adds (pairs x m, pairs), its moments.
    std::vector<double> k_, f_, b_, cy_, cyy_, d_, tau_, rho_;
    std::vector<double> eliminated_;                 // T packed, its column of the response, y'y, log|Omega| so far
    std::vector<double> leading_moment_;             // r x r
    std::vector<double> directed_;                   // per leading theta: its share of the Hessian, h, Q packed
    std::vector<double> sums_;                       // of the pieces of the classes
    std::vector<double> w_packed_, t_, s_, n_, psi_, y_;  // m x m
    std::vector<double> ty_, v_, c_, e_;                                      // m
    double tyy_ = 0.0;
    std::vector<double> moment_;                     // sum of e e' per factor, packed as Lambda
    std::vector<Index> leading_theta_;
    std::vector<double> direction_, projected_, solved_, weight_, q_, nq_;  // per theta
    std::vector<double> scratch_;
};

// run(M) with M = m, the order of what is left behind the leading term, where that is small: loops over few entries then
// unroll. With M = 0 otherwise.
template <int R>
template <class Run>
void ClassFactor<R>::for_order(const Run& run) const {
    if constexpr (R == 1 || R == 2) {
        if (m_ == 1) return run(std::integral_constant<int, 1>());
        if (m_ == 2) return run(std::integral_constant<int, 2>());
        if (m_ == 3) return run(std::integral_constant<int, 3>());
        if (m_ == 4) return run(std::integral_constant<int, 4>());
    }
    run(std::integral_constant<int, 0>());
}

// A pass over the classes whose sums begin with what stands in `total`; add(begin, end, sums, scratch) adds a range of classes.
// Few classes are one range. More are cut into pieces, side by side, whose sums are added in their order: the same for
// any number of threads. `work` is that of one class.
template <int R>
template <class Add>
void ClassFactor<R>::sum_classes(double work, std::vector<double>& total, const Add& add) {
    constexpr Index piece_size = 512;
    const Index count = classes_->count();
    if (count <= piece_size) {
        add(Index{0}, count, total.data(), scratch_.data());
        return;
    }
    const Index size = static_cast<Index>(total.size());
    sums_.assign(piece_count(count, piece_size) * size, 0.0);
    for_ranges(count, piece_size, work * static_cast<double>(count), [&](Index piece, Index begin, Index end) {
        std::vector<double> scratch(scratch_.size());
        add(begin, end, sums_.data() + piece * size, scratch.data());
    });
    for (std::size_t first = 0; first < sums_.size(); first += total.size())
        for (Index i = 0; i < size; ++i) total[i] += sums_[first + i];
}

extern template class ClassFactor<0>;
extern template class ClassFactor<1>;
extern template class ClassFactor<2>;
extern template class ClassFactor<3>;
extern template class ClassFactor<4>;

}  // namespace ranef
