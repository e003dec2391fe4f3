#include "ranef/iterative/optimum.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/model/lambda_blocks.hpp"
#include "ranef/optimum/start.hpp"

namespace ranef::iterative {
namespace {

constexpr double longest_step = 2.0;   // of a log variance
constexpr double longest_turn = 0.3;   // of the largest entry of a block, by which a column turns
constexpr double near = 1e-3;          // decrement from which one more step ends the search: what it leaves is far below the Monte Carlo error
constexpr double false_boundary = 3.0; // standard errors of a multiplier below zero from which a variance of zero is not believed
constexpr int most_revivals = 3;       // of variances that were taken for zero and would grow
constexpr double hopeless = 2.0;       // times the most probes: if more are needed none are tried
constexpr Index few_columns = 64;      // of small factors, from the start with a solve for each rather than probes
constexpr double no_signal = 2e-4;     // information on a log variance below which, falling, the variance is taken for zero

// x <- H^-1 x for a positive semidefinite H, scaled to a unit diagonal. False when it is not positive definite.
bool solve_scaled(Index k, const Vector& h, Index columns, double* x) {
    Vector scale(k), l(h.size());
    for (Index i = 0; i < k; ++i) scale[i] = h[i * k + i] > 0.0 ? 1.0 / std::sqrt(h[i * k + i]) : 1.0;
    for (Index j = 0; j < k; ++j)
        for (Index i = 0; i < k; ++i) l[j * k + i] = h[j * k + i] * scale[i] * scale[j] + (i == j ? 1e-12 : 0.0);
    if (!linalg::cholesky(k, l.data(), k)) return false;
    for (Index c = 0; c < columns; ++c)
        for (Index i = 0; i < k; ++i) x[c * k + i] *= scale[i];
    linalg::solve_lower(k, l.data(), k, x, columns, k);
    linalg::solve_upper(k, l.data(), k, x, columns, k);
    for (Index c = 0; c < columns; ++c)
        for (Index i = 0; i < k; ++i) x[c * k + i] *= scale[i];
    return true;
}

class Search {
public:
    Search(const Problem& problem, const double* response, const Settings& settings, Poll& poll)
        : layout_(problem.design->layout()),
          settings_(settings),
          point_(problem, response, {settings.tolerance, settings.most_iterations, settings.progress}, poll),
          probes_(layout_.q_rest, settings.seed) {
        probes_.grow(settings.probes);
        if (small_columns() <= few_columns) probes_.keep_rows(point_.preconditioner().small_first());
    }

    Zero run(const double* start) {
        zero_.lambda.resize(layout_.lambda_size);
        layout_.unpack(start, zero_.lambda.data());
        do {
            search();
            finish();
        } while (revive());
        return std::move(zero_);
    }

private:
    void search() {
        while (steps_left() && zero_.status == Status::ok) {
            if (!look()) break;
            const bool small = errors_are_small(), last = decrement_ < near && !nulled_;
            // Steps shorter than what the probes leave open say nothing more: then more probes are what is wanted.
            const bool drowned = decrement_ < zero_.worst_error && !small;
            move();
            if (last && small && !nulled_) {
                zero_.converged = true;
                break;
            }
            if ((last || drowned) && !more_probes()) break;
        }
    }

    bool steps_left() const { return static_cast<int>(zero_.steps.size()) < settings_.most_steps; }

    // Variances that are zero, by the start or by the search, and would grow: they get what a step from zero would give them, and the
    // search goes on. False where there are none.
    bool revive() {
        if (zero_.status != Status::ok || !zero_.solved || !steps_left() || revivals_ == most_revivals) return false;
        bool grown = false;
        for_blocks(layout_, zero_.lambda, [&](int f, int b, int w, double* l) {
            for (const Multiplier& m : zero_.boundary) {
                if (m.at.factor != f || m.at.block != b || !is_false(m)) continue;
                add_direction(w, l, m.at.direction.data(), std::sqrt(m.reach));
                flip_columns(w, l);
                grown = true;
            }
        });
        if (!grown) return false;
        ++revivals_;
        zero_.converged = false;
        zero_.covariance_slopes.clear();
        return true;
    }

    static bool is_false(const Multiplier& m) { return m.at.value < -false_boundary * m.error; }

    // Point, score and the step to where the score is zero; false when there is none.
    bool look() {
        if (settings_.progress) {
            ++settings_.progress->evaluations;
            settings_.progress->probes = static_cast<int>(probes_.count());
        }
        score_ = score_at(point_, zero_.lambda, lifted(layout_, zero_.lambda), probes_, settings_.probe_tolerance, Wanted::information);
        zero_.status = score_.status;
        if (zero_.status != Status::ok) return false;
        note(score_.solved);
        const auto k = static_cast<Index>(score_.directions.size());
        step_ = score_.gradient;
        if (k > 0 && !solve_scaled(k, score_.information, 1, step_.data())) {
            zero_.status = Status::not_positive_definite;
            return false;
        }
        const double squared = linalg::dot(k, step_.data(), score_.gradient.data());
        decrement_ = std::sqrt(std::max(squared, 0.0));
        Step step;
        step.theta.resize(layout_.n_theta());
        layout_.pack(zero_.lambda.data(), step.theta.data());
        step.decrement = decrement_;
        step.iterations = point_.solved().iterations;
        step.probe_iterations = score_.solved.iterations;
        step.probes = static_cast<int>(probes_.count());
        zero_.steps.push_back(std::move(step));
        return std::isfinite(decrement_);
    }

    void note(const Solved& solved) {
        zero_.solved = zero_.solved && solved.reached;
        if (!solved.reached) zero_.residual = std::max(zero_.residual, solved.residual);
    }

    // Covariance of H^-1 g over the probes, and the largest error over a standard error sqrt(2 / H^-1).
    bool errors_are_small() {
        const auto k = static_cast<Index>(score_.directions.size());
        const auto count = static_cast<double>(score_.spread.size());
        Vector inverse(k * k, 0.0);
        for (Index i = 0; i < k; ++i) inverse[i * k + i] = 1.0;
        solve_scaled(k, score_.information, k, inverse.data());
        zero_.monte_carlo.assign(k * k, 0.0);
        for (const Vector& own : score_.spread) {
            Vector moved = own;
            solve_scaled(k, score_.information, 1, moved.data());
            for (Index i = 0; i < k; ++i)
                for (Index l = 0; l < k; ++l) zero_.monte_carlo[l * k + i] += moved[i] * moved[l] / (count * (count - 1.0));
        }
        zero_.worst_error = 0.0;
        for (Index i = 0; i < k; ++i)
            zero_.worst_error = std::max(zero_.worst_error, std::sqrt(zero_.monte_carlo[i * k + i] / (2.0 * inverse[i * k + i])));
        return zero_.worst_error <= settings_.error;
    }

    Index small_columns() const { return layout_.q_rest - point_.preconditioner().small_first(); }

    // False where there may not be as many as the error asks for: it falls with their root. Solves for the columns of the
    // small factors come first where they are fewer.
    bool more_probes() {
        const double ratio = zero_.worst_error / settings_.error, needed = ratio * ratio * static_cast<double>(probes_.count());
        if (probes_.rows() == layout_.q_rest && small_columns() > 0 && needed > static_cast<double>(small_columns())) {
            probes_.keep_rows(point_.preconditioner().small_first());
            return true;
        }
        const Index wanted = 2 * probes_.count();
        if (wanted > settings_.most_probes || needed > hopeless * settings_.most_probes) return false;
        probes_.grow(wanted);
        return true;
    }

    // Lambda <- a root of Lambda exp(-step) Lambda', block by block; a direction without signal that still falls becomes zero.
    void move() {
        double size = 0.0;
        for (std::size_t i = 0; i < step_.size(); ++i)
            size = std::max(size, std::fabs(step_[i]) * (score_.directions[i].turns ? longest_step / longest_turn : 1.0));
        const double times = size > longest_step ? longest_step / size : 1.0;
        Vector steps = step_;
        for (double& v : steps) v *= -times;
        nulled_ = false;
        iterative::move(zero_.lambda, lifted(layout_, zero_.lambda), layout_, score_.directions, steps.data(), [&](int f, int first, int w, const double* v, double value) {
            const bool gone = value < -0.5 && is_lost(f, first, w, v);
            nulled_ = nulled_ || gone;
            return gone ? 0.0 : std::exp(0.5 * value);
        });
        for_blocks(layout_, zero_.lambda, [&](int, int, int w, double* l) {
            lower_echelon(w, l, 1e-13);
            flip_columns(w, l);
        });
    }

    // Whether the variance along v says so little that it is zero but for the search: its score is positive all the same.
    bool is_lost(int factor, int first, int w, const double* v) const {
        const auto k = static_cast<Index>(score_.directions.size());
        Vector direction(k, 0.0);
        for (Index i = 0; i < k; ++i) {
            const Direction& d = score_.directions[i];
            if (d.factor == factor && d.a >= first && d.a < first + w && !d.turns) direction[i] = v[d.a - first] * v[d.b - first];
        }
        double slope = 0.0, bend = 0.0;
        for (Index i = 0; i < k; ++i) {
            slope += score_.gradient[i] * direction[i];
            for (Index l = 0; l < k; ++l) bend += score_.whole_information[l * k + i] * direction[i] * direction[l];
        }
        return slope > 0.0 && bend < no_signal;
    }

    void finish() {
        const Vector raised = lifted(layout_, zero_.lambda);
        if (zero_.status == Status::ok && raised != zero_.lambda) {
            zero_.status = point_.set(raised.data());
            note(point_.solved());
            zero_.covariance_slopes = covariance_slopes(point_, score_.directions);
        }
        if (zero_.status == Status::ok) {
            zero_.status = point_.set(zero_.lambda.data());
            note(point_.solved());
            if (zero_.covariance_slopes.empty()) zero_.covariance_slopes = covariance_slopes(point_, score_.directions);
            if (zero_.status == Status::ok) {
                zero_.estimates = point_.estimates();
                Solved solved;
                zero_.boundary = multipliers(point_, settings_.seed, solved);
                note(solved);
            }
        }
        zero_.converged = zero_.converged && zero_.solved && zero_.status == Status::ok;
        for (const Multiplier& m : zero_.boundary) zero_.converged = zero_.converged && !is_false(m);
        zero_.directions = score_.directions;
        zero_.gradient = score_.gradient;
        zero_.information = score_.information;
        zero_.whole_information = score_.whole_information;
        zero_.log_variance_slope = score_.rss_fall;
        for (double& v : zero_.log_variance_slope) v *= point_.weight();
        errors_are_small();
        zero_.jacobian = theta_slopes();
        zero_.probes = static_cast<int>(probes_.count());
        zero_.small_are_exact = probes_.rows() < layout_.q_rest;
        zero_.theta.resize(layout_.n_theta());
        layout_.pack(zero_.lambda.data(), zero_.theta.data());
    }

    // d theta / dE: dLambda = Lambda times the lower triangle of E, half its diagonal.
    Vector theta_slopes() const {
        Vector out, whole(layout_.lambda_size), packed(layout_.n_theta());
        const Vector raised = lifted(layout_, zero_.lambda);
        for (const Direction& d : score_.directions) {
            std::fill(whole.begin(), whole.end(), 0.0);
            const int r = layout_.factors[d.factor].width;
            const Index base = layout_.lambda_offset[d.factor];
            for (int i = 0; i < r; ++i) {
                if (d.turns) whole[base + d.a * r + i] = d.scale * raised[base + d.b * r + i];
                else whole[base + d.b * r + i] = zero_.lambda[base + d.a * r + i] * (d.a == d.b ? 0.5 : 1.0);
            }
            layout_.pack(whole.data(), packed.data());
            out.insert(out.end(), packed.begin(), packed.end());
        }
        return out;
    }

    const Layout& layout_;
    const Settings& settings_;
    Point point_;
    Probes probes_;
    Score score_;
    Vector step_;
    Zero zero_;
    double decrement_ = 0.0;
    int revivals_ = 0;
    bool nulled_ = false;
};

}  // namespace

Zero find_zero(const Problem& problem, const double* response, const double* start, const Settings& settings, Poll poll) {
    Vector from(problem.design->layout().n_theta());
    if (start) std::copy_n(start, from.size(), from.begin());
    else moment_start(*problem.design, response, from.data());
    return Search(problem, response, settings, poll).run(from.data());
}

}  // namespace ranef::iterative
