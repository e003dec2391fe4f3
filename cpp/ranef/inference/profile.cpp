#include "ranef/inference/profile_chart.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// Every entry of each block, for a Lambda without structure.
std::vector<ThetaSlot> every_entry(const Layout& layout) {
    std::vector<ThetaSlot> slots;
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (const Block& block : layout.factors[f].blocks)
            for (int c = 0; c < block.width; ++c)
                for (int i = 0; i < block.width; ++i) slots.push_back({static_cast<int>(f), block.first + i, block.first + c});
    return slots;
}

}  // namespace

class Profiler::HeldDeviance final : public SmoothFunction {
public:
    HeldDeviance(Evaluator& evaluator, const Chart& chart, const double* response)
        : evaluator_(evaluator), chart_(chart), m_(evaluator.n_theta()), d_(chart.size()), entries_(m_), gradient_(d_),
          hessian_(d_ * d_) {
        evaluator_.load(response);
    }

    double value() const override { return evaluator_.value(); }
    const std::vector<double>& gradient() const override { return gradient_; }
    const std::vector<double>& hessian() const override { return hessian_; }
    bool exact_hessian() const override { return evaluator_.exact_hessian(); }
    double variance() const { return variance_; }
    const std::vector<double>& entries() const { return entries_; }

    Status evaluate(const double* x) override {
        const bool tied = chart_.sigma == Chart::Sigma::tied;
        const Index free = static_cast<Index>(chart_.columns.size());
        entries_ = chart_.base;
        for (Index k = 0; k < free; ++k)
            for (Index i = 0; i < m_; ++i) entries_[i] += x[k] * chart_.columns[k][i];
        const double shrink = tied ? std::exp(-x[free]) : 0.0;
        if (tied)
            for (Index i = 0; i < m_; ++i) entries_[i] += shrink * chart_.tied[i];
        Dispersion& dispersion = evaluator_.dispersion();
        if (chart_.sigma == Chart::Sigma::profiled) dispersion.profile();
        else dispersion.hold(tied ? 1.0 / (shrink * shrink) : chart_.variance);
        const Status status = evaluator_.evaluate(entries_.data(), Order::hessian);
        if (status != Status::ok) return status;
        variance_ = dispersion.variance(evaluator_.penalised_rss());
        pull_back();
        if (tied) add_tau(free, shrink);
        return Status::ok;
    }

private:
    void pull_back() {
        const Index free = static_cast<Index>(chart_.columns.size());
        half_.resize(m_ * free);
        std::fill(hessian_.begin(), hessian_.end(), 0.0);
        for (Index k = 0; k < free; ++k) {
            const double* b = chart_.columns[k].data();
            gradient_[k] = linalg::dot(m_, evaluator_.gradient().data(), b);
            linalg::symmetric_multiply(m_, evaluator_.hessian().data(), m_, b, half_.data() + k * m_);
            for (Index l = 0; l <= k; ++l)
                hessian_[k * d_ + l] = hessian_[l * d_ + k] = linalg::dot(m_, half_.data() + k * m_, chart_.columns[l].data());
        }
    }

    // tau = log sigma, on which Lambda and the weight of r^2 depend.
    void add_tau(Index free, double shrink) {
        const double weight = 1.0 / variance_, scaled = evaluator_.penalised_rss() * weight;
        const std::vector<double>& fall = evaluator_.rss_fall();
        std::vector<double> d(m_), hd(m_);
        for (Index i = 0; i < m_; ++i) d[i] = -shrink * chart_.tied[i];
        linalg::symmetric_multiply(m_, evaluator_.hessian().data(), m_, d.data(), hd.data());
        for (Index k = 0; k < free; ++k) {
            const double* b = chart_.columns[k].data();
            hessian_[free * d_ + k] = hessian_[k * d_ + free] =
                linalg::dot(m_, hd.data(), b) + 2.0 * weight * linalg::dot(m_, fall.data(), b);
        }
        const double slope = linalg::dot(m_, evaluator_.gradient().data(), d.data());
        gradient_[free] = slope - 2.0 * scaled + 2.0 * evaluator_.dispersion().degrees();
        hessian_[free * d_ + free] = linalg::dot(m_, hd.data(), d.data()) + 4.0 * weight * linalg::dot(m_, fall.data(), d.data()) +
                                     4.0 * scaled - slope;
    }

    Evaluator& evaluator_;
    const Chart& chart_;
    Index m_, d_;
    std::vector<double> entries_, gradient_, hessian_, half_;
    double variance_ = 0.0;
};

Profiler::Profiler(const Problem& problem)
    : problem_{problem.design, problem.plan, false}, layout_(problem.design->layout()),
      evaluator_(std::make_unique<Evaluator>(problem_, every_entry(layout_))) {}

ProfilePoint Profiler::minimise(const Chart& chart, const double* response, const double* theta, double sigma,
                                const NewtonSettings& settings, double* sign) {
    std::vector<double> x = start(chart, theta, sigma);
    HeldDeviance criterion(*evaluator_, chart, response);
    Newton newton(static_cast<Index>(x.size()));
    ProfilePoint point;
    NewtonResult result;
    if (x.empty()) {
        result.status = criterion.evaluate(x.data());
        result.evaluations = 1;
    } else {
        result = newton.minimise(criterion, x.data(), settings);
    }
    point.status = result.status;
    point.evaluations = result.evaluations;
    point.value = criterion.value();
    point.sigma = std::sqrt(criterion.variance());
    point.beta = evaluator_->beta();
    point.converged = (result.status == Status::ok || result.status == Status::stalled) && result.decrement <= 1e-4;
    point.theta.resize(layout_.n_theta());
    Index first = 0;
    for (const Factor& factor : layout_.factors)
        for (const Block& block : factor.blocks) {
            const int w = block.width;
            std::vector<double> part(criterion.entries().begin() + first, criterion.entries().begin() + first + Index{w} * w);
            lower_echelon(w, part.data(), 1e-14);
            double* next = point.theta.data() + block.theta_first;
            for (int c = 0; c < w; ++c)
                for (int i = c; i < w; ++i) *next++ = part[Index{c} * w + i];
            first += Index{w} * w;
        }
    *sign = 1.0;
    if (chart.signed_a >= 0) *sign *= x[chart.signed_a];
    if (chart.signed_b >= 0) *sign *= x[chart.signed_b];
    return point;
}

ProfilePoint Profiler::at(const Held& held, const double* response, const ResponseScale& scale, double value,
                          const double* theta, double sigma, const NewtonSettings& settings) {
    double sign = 1.0;
    const Chart free = chart(held, value, scale, 0);
    ProfilePoint best = minimise(free, response, theta, sigma, settings, &sign);
    if (sign >= 0.0 || best.status == Status::interrupted) return best;
    // Negative lengths describe the opposite sign of what is held: the minimum is where one of them is zero.
    const int evaluations = best.evaluations;
    best = minimise(chart(held, value, scale, 1), response, theta, sigma, settings, &sign);
    best.evaluations += evaluations;
    if (held.kind != Held::Kind::correlation) return best;
    ProfilePoint other = minimise(chart(held, value, scale, 2), response, theta, sigma, settings, &sign);
    other.evaluations += best.evaluations;
    if (other.status == Status::ok && !(best.value <= other.value)) return other;
    best.evaluations = other.evaluations;
    return best;
}

}  // namespace ranef
