#include "ranef/profile.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/linalg.hpp"

namespace ranef {
namespace {

constexpr double two_pi = 6.283185307179586476925286766559;
constexpr double away_from_zero = 1e-3;  // where a zero pivot starts: at zero the gradient vanishes, minimum or not

// Rows of `first` (each of length w) completed to a basis by unit vectors: T (w x w, column-major).
std::vector<double> completed(int w, std::vector<std::vector<double>> first) {
    std::vector<std::vector<double>> reduced = first;
    std::vector<char> used(w, 0);
    for (std::size_t k = 0; k < reduced.size(); ++k) {
        int pivot = -1;
        for (int i = 0; i < w; ++i)
            if (!used[i] && (pivot < 0 || std::fabs(reduced[k][i]) > std::fabs(reduced[k][pivot]))) pivot = i;
        used[pivot] = 1;
        for (std::size_t l = k + 1; l < reduced.size(); ++l) {
            const double f = reduced[l][pivot] / reduced[k][pivot];
            for (int i = 0; i < w; ++i) reduced[l][i] -= f * reduced[k][i];
        }
    }
    for (int i = 0; i < w; ++i)
        if (!used[i]) {
            first.emplace_back(w, 0.0);
            first.back()[i] = 1.0;
        }
    std::vector<double> t(Index{w} * w);
    for (int row = 0; row < w; ++row)
        for (int c = 0; c < w; ++c) t[Index{c} * w + row] = first[row][c];
    return t;
}

// Rows of the map from a block's internal random effects to the user's: row i is the user's effect i.
std::vector<double> user_row(const Coordinates& coordinates, const Layout& layout, int factor, const Block& block, int i) {
    const int r = layout.factors[factor].width;
    std::vector<double> row(block.width), b(r);
    for (int c = 0; c < block.width; ++c) {
        std::fill(b.begin(), b.end(), 0.0);
        b[block.first + c] = 1.0;
        coordinates.modes_to_user(layout, factor, {0.0, 1.0}, b.data());
        row[c] = b[block.first + i];
    }
    return row;
}

std::vector<double> identity(int w) {
    std::vector<double> t(Index{w} * w, 0.0);
    for (int i = 0; i < w; ++i) t[Index{i} * w + i] = 1.0;
    return t;
}

Problem with_every_entry(const Problem& problem) {
    auto design = std::make_shared<DesignCross>(*problem.design);
    Layout& layout = design->layout;
    layout.theta.clear();
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (const Block& block : layout.factors[f].blocks)
            for (int c = 0; c < block.width; ++c)
                for (int i = 0; i < block.width; ++i)
                    layout.theta.push_back({static_cast<int>(f), block.first + i, block.first + c});
    return Problem{design, problem.plan, false};
}

}  // namespace

// Coordinates x of what is free: entries of Lambda = base + columns x (+ exp(-tau) tied, tau = log sigma the last x).
struct Profiler::Chart {
    struct Entry {
        int block, row, column;  // of Lambda', block counted over the model
    };
    enum class Sigma { profiled, held, tied };

    Sigma sigma = Sigma::profiled;
    double variance = 0.0;                    // held
    std::vector<std::vector<double>> t, inverse;  // per block
    std::vector<double> base, tied;           // over all entries
    std::vector<std::vector<double>> columns; // one per free coordinate
    std::vector<std::vector<Entry>> parts;    // entries of Lambda' a coordinate stands for
    std::vector<std::vector<double>> weights; // and with which weights
    int signed_a = -1, signed_b = -1;         // coordinates whose product must not be negative; -1: the constant 1
    Index size() const { return static_cast<Index>(columns.size()) + (sigma == Sigma::tied ? 1 : 0); }
};

class Profiler::Criterion final : public SmoothFunction {
public:
    Criterion(Evaluator& evaluator, const Chart& chart, const Problem& problem, const double* response)
        : evaluator_(evaluator), chart_(chart), n_(static_cast<double>(problem.design->n)),
          log_weights_(problem.design->sum_log_weights), m_(static_cast<Index>(problem.design->layout.theta.size())),
          norm_(problem.design->layout.n_coef()), d_(chart.size()),
          values_(response, response + problem.design->layout.n_coef() + 1), entries_(m_), gradient_(d_), hessian_(d_ * d_) {
        evaluator_.load(values_.data());
    }

    double value() const override { return value_; }
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
        Status status = evaluator_.evaluate(entries_.data(), Order::hessian);
        if (status != Status::ok) return status;
        const double rss = evaluator_.penalised_rss();
        g_ = evaluator_.gradient();
        h_ = evaluator_.hessian();
        if (chart_.sigma == Chart::Sigma::profiled) {
            variance_ = rss / n_;
            value_ = evaluator_.value();
            pull_back();
            return Status::ok;
        }
        variance_ = tied ? 1.0 / (shrink * shrink) : chart_.variance;
        value_ = evaluator_.log_det() + rss / variance_ + n_ * std::log(two_pi * variance_) - log_weights_;
        if (!std::isfinite(value_)) return Status::not_finite;
        status = at_variance(rss);
        if (status != Status::ok) return status;
        pull_back();
        if (tied) add_tau(free, shrink, rss);
        return Status::ok;
    }

private:
    // g_ and h_ from the profiled criterion's to those of log|Omega| + r^2 / sigma^2, and dr_ = d r^2 / d Lambda.
    // A second evaluation with y'y larger by 3 r^2 separates log|Omega| from r^2: only the weight of r^2 changes.
    Status at_variance(double rss) {
        const bool exact = evaluator_.exact_hessian();
        const double own = values_[norm_];
        values_[norm_] = own + 3.0 * rss;
        const Status status = evaluator_.evaluate(entries_.data(), exact ? Order::hessian : Order::gradient);
        values_[norm_] = own;
        if (status != Status::ok) return status;
        const double before = n_ / rss, less = 0.75 * before, target = 1.0 / variance_;
        dr_.resize(m_);
        for (Index i = 0; i < m_; ++i) {
            dr_[i] = (g_[i] - evaluator_.gradient()[i]) / less;
            g_[i] += (target - before) * dr_[i];
        }
        const double outer = before / rss;  // of -dr dr' in the profiled Hessian
        for (Index k = 0; k < m_; ++k)
            for (Index i = 0; i < m_; ++i) {
                const double square = outer * dr_[i] * dr_[k];
                double& h = h_[k * m_ + i];
                if (exact) {
                    const double bend = (h - evaluator_.hessian()[k * m_ + i] + square * 15.0 / 16.0) / less;
                    h += square + (target - before) * bend;
                } else {
                    h = (h + square) * target / before;  // the average information grows with the weight of r^2
                }
            }
        return Status::ok;
    }

    void pull_back() {
        const Index free = static_cast<Index>(chart_.columns.size());
        half_.resize(m_ * free);
        std::fill(hessian_.begin(), hessian_.end(), 0.0);
        for (Index k = 0; k < free; ++k) {
            const double* b = chart_.columns[k].data();
            gradient_[k] = linalg::dot(m_, g_.data(), b);
            linalg::symmetric_multiply(m_, h_.data(), m_, b, half_.data() + k * m_);
            for (Index l = 0; l <= k; ++l)
                hessian_[k * d_ + l] = hessian_[l * d_ + k] = linalg::dot(m_, half_.data() + k * m_, chart_.columns[l].data());
        }
    }

    void add_tau(Index free, double shrink, double rss) {
        const double weight = 1.0 / variance_;
        std::vector<double> d(m_), hd(m_);
        for (Index i = 0; i < m_; ++i) d[i] = -shrink * chart_.tied[i];
        linalg::symmetric_multiply(m_, h_.data(), m_, d.data(), hd.data());
        for (Index k = 0; k < free; ++k) {
            const double* b = chart_.columns[k].data();
            hessian_[free * d_ + k] = hessian_[k * d_ + free] =
                linalg::dot(m_, hd.data(), b) - 2.0 * weight * linalg::dot(m_, dr_.data(), b);
        }
        const double slope = linalg::dot(m_, g_.data(), d.data());
        gradient_[free] = slope - 2.0 * rss * weight + 2.0 * n_;
        hessian_[free * d_ + free] = linalg::dot(m_, hd.data(), d.data()) -
                                     4.0 * weight * linalg::dot(m_, dr_.data(), d.data()) + 4.0 * rss * weight - slope;
    }

    Evaluator& evaluator_;
    const Chart& chart_;
    double n_, log_weights_;
    Index m_, norm_, d_;
    std::vector<double> values_, entries_, gradient_, hessian_, g_, h_, dr_, half_;
    double value_ = 0.0, variance_ = 0.0;
};

Profiler::Profiler(const Problem& problem)
    : layout_(problem.design->layout), problem_(with_every_entry(problem)), evaluator_(make_evaluator(problem_)) {}

// boundary: 0 none; 1 and 2: the first or the second of the quantities whose signs matter is zero.
Profiler::Chart Profiler::chart(const Held& held, double value, const ResponseScale& scale, int boundary) const {
    using Kind = Held::Kind;
    const Coordinates& coordinates = problem_.design->coordinates;
    Chart out;
    if (held.kind == Kind::sigma) {
        out.sigma = Chart::Sigma::held;
        out.variance = value * value / (scale.scale * scale.scale);
    }
    if (held.kind == Kind::sd) out.sigma = Chart::Sigma::tied;
    const Index m = static_cast<Index>(problem_.design->layout.theta.size());
    out.base.assign(m, 0.0);
    out.tied.assign(m, 0.0);
    Index first = 0;
    int number = 0;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        for (std::size_t b = 0; b < layout_.factors[f].blocks.size(); ++b, ++number) {
            const Block& block = layout_.factors[f].blocks[b];
            const int w = block.width;
            const bool target = held.kind != Kind::nothing && held.kind != Kind::sigma &&
                                static_cast<int>(f) == held.factor && static_cast<int>(b) == held.block;
            std::vector<double> t = identity(w);
            if (target) {
                std::vector<std::vector<double>> rows;
                const auto row = [&](int i) { rows.push_back(user_row(coordinates, layout_, static_cast<int>(f), block, i)); };
                if (held.kind == Kind::theta)
                    for (int i = 0; i < w; ++i) row(i);
                else row(held.row);
                if (held.kind == Kind::correlation) row(held.column);
                t = completed(w, rows);
            }
            std::vector<double> inverse(t.size());
            linalg::divide_right(w, identity(w).data(), t.data(), 0.0, inverse.data());
            // Where entry (row, column) of Lambda' goes in Lambda.
            const auto spread = [&](int row, int column, double weight, std::vector<double>& into) {
                for (int i = 0; i < w; ++i) into[first + Index{column} * w + i] += weight * inverse[Index{row} * w + i];
            };
            const auto add = [&](std::vector<Chart::Entry> entries, std::vector<double> weights) {
                std::vector<double> column(m, 0.0);
                for (std::size_t e = 0; e < entries.size(); ++e) spread(entries[e].row, entries[e].column, weights[e], column);
                out.columns.push_back(column);
                out.parts.push_back(std::move(entries));
                out.weights.push_back(std::move(weights));
                return static_cast<int>(out.columns.size()) - 1;
            };
            std::vector<char> taken(Index{w} * w, 0);  // entries with a meaning of their own, or superfluous
            const auto empty_column = [&](int c) { for (int i = c; i < w; ++i) taken[c * w + i] = 1; };
            if (target && held.kind == Kind::sd) {
                if (value == 0.0) empty_column(0);
                taken[0] = 1;
                spread(0, 0, value / scale.scale, out.tied);
            } else if (target && held.kind == Kind::correlation) {
                const double rest = std::sqrt(std::max(0.0, 1.0 - value * value));
                taken[0] = taken[1] = taken[w + 1] = 1;
                if (boundary == 1) {  // the first has no variance: the correlation is whatever one likes
                    empty_column(0);
                    add({{number, 1, 1}}, {1.0});
                } else {
                    out.signed_a = add({{number, 0, 0}}, {1.0});
                    if (rest == 0.0 || boundary == 2) empty_column(1);
                    if (boundary == 0) out.signed_b = add({{number, 1, 0}, {number, 1, 1}}, {value, rest});
                    else out.signed_a = -1;
                }
            } else if (target) {
                taken[held.column * w + held.row] = 1;
                spread(held.row, held.column, value, out.base);
                if (held.row != held.column) {
                    taken[held.column * w + held.column] = 1;
                    if (boundary == 0) out.signed_a = add({{number, held.column, held.column}}, {1.0});
                }
            }
            for (int c = 0; c < w; ++c)
                for (int i = c; i < w; ++i)
                    if (!taken[c * w + i]) add({{number, i, c}}, {1.0});
            out.t.push_back(std::move(t));
            out.inverse.push_back(std::move(inverse));
            first += Index{w} * w;
        }
    return out;
}

// x of a theta (internal, lower triangular) and a sigma: Lambda' = T Lambda made lower triangular.
std::vector<double> Profiler::start(const Chart& chart, const double* theta, double sigma) const {
    std::vector<std::vector<double>> primes;
    Index number = 0;
    for (const Factor& factor : layout_.factors)
        for (const Block& block : factor.blocks) {
            const int w = block.width;
            std::vector<double> lower(Index{w} * w, 0.0), prime(lower.size());
            const double* next = theta + block.theta_first;
            for (int c = 0; c < w; ++c)
                for (int i = c; i < w; ++i) lower[Index{c} * w + i] = *next++;
            linalg::small_multiply(w, chart.t[number].data(), lower.data(), prime.data());
            lower_echelon(w, prime.data(), 1e-14);
            for (int i = 0; i < w; ++i)
                if (prime[Index{i} * w + i] < away_from_zero) prime[Index{i} * w + i] = away_from_zero;
            primes.push_back(std::move(prime));
            ++number;
        }
    std::vector<double> x(chart.size());
    for (std::size_t k = 0; k < chart.columns.size(); ++k) {
        double length = 0.0;
        for (const Chart::Entry& e : chart.parts[k]) {
            const int w = static_cast<int>(std::lround(std::sqrt(static_cast<double>(primes[e.block].size()))));
            const double entry = primes[e.block][Index{e.column} * w + e.row];
            length = chart.parts[k].size() == 1 ? entry : std::hypot(length, entry);
        }
        x[k] = length;
    }
    if (chart.sigma == Chart::Sigma::tied) x.back() = std::log(sigma);
    return x;
}

ProfilePoint Profiler::minimise(const Chart& chart, const double* response, const double* theta, double sigma,
                                const NewtonSettings& settings, double* sign) {
    std::vector<double> x = start(chart, theta, sigma);
    Criterion criterion(*evaluator_, chart, problem_, response);
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
