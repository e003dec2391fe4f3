#include "ranef/laplace/descent.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ranef/laplace/descent_model.hpp"

namespace ranef {
namespace {

constexpr double shrink_ratio = 0.25, grow_ratio = 0.75, shrink = 0.4, most_shrink = 0.05, grow = 2.0, most_grow = 10.0;
constexpr double fair_error = 0.1;         // of a predicted fall, at which the radius grows by `grow`
constexpr double smallest_radius = 1e-10;
constexpr double rounding = 1e-11;         // of the criterion: what the inner steps leave
constexpr double end_game = 1e-7;          // predicted fall below which gradients decide
constexpr double largest_unseen = 1e-6;    // fall of a step that needs no evaluation
constexpr double unseen_share = 0.1;       // of the tolerance, what may be left behind it
constexpr double first_rate = 0.05;        // of falls, before two of them are known
constexpr double nearer = 1e-2;            // part of the distance expected, below which an evaluation was too rough

// One descent: the point, the model about it, and the radius within which the model is believed.
class ScaledDescent {
public:
    ScaledDescent(SmoothFunction& function, std::vector<double>& x, const DescentSettings& settings)
        : function_(function),
          x_(x),
          settings_(settings),
          newton_(settings.newton),
          model_(static_cast<Index>(x.size()), settings.correction, settings.units),
          step_(x.size()),
          trial_(x.size()) {}

    Descent run() {
        search();
        descent_.value = value_;
        return descent_;
    }

private:
    void search() {
        expect(static_cast<double>(x_.size()));
        if (!begin()) return;
        radius_ = widest_ = model_.first();
        while (true) {
            if (!look_ahead()) return end(Status::not_finite);
            if (too_rough()) {
                expect(0.0);
                if (!evaluate_here()) return;
                continue;
            }
            if (fall_ <= tolerance_) return;
            if (descent_.result.evaluations >= newton_.max_evaluations) return end(Status::max_evaluations);
            plan_step();
            if (last_ && length_ < radius_) return end_unseen();
            last_fall_ = fall_;
            expect(fall_ * rate_);
            const Status status = evaluate(trial_);
            if (status == Status::interrupted) return end(status);
            if (status == Status::ok && ends_at_trial()) return;
            const Trial trial = status == Status::ok ? judge() : Trial{};
            stands_ = trial.better;
            if (trial.better && !move()) return;
            adapt_radius(trial);
            if (radius_ < smallest_radius) return end(Status::stalled);
        }
    }

    // What an evaluation at the end of a step says of the model; as it stands where there is no value.
    struct Trial {
        double rise = std::numeric_limits<double>::infinity();
        double slope = 0.0;   // along the step, at its beginning
        double ratio = -1.0;  // of the fall to the one predicted
        bool better = false;
    };

    void expect(double distance) {
        expected_ = distance;
        if (settings_.expect) settings_.expect(distance);
    }

    Status evaluate(const std::vector<double>& point) {
        if (newton_.interrupted && (*newton_.interrupted)()) return Status::interrupted;
        ++descent_.result.evaluations;
        return function_.evaluate(point.data());
    }

    bool evaluate_here() {
        descent_.result.status = evaluate(x_);
        if (descent_.result.status != Status::ok) return false;
        arrive();
        return true;
    }

    // Where the function stands already no evaluation finds anything new.
    bool begin() {
        if (!function_.stands_at(x_.data())) return evaluate_here();
        descent_.result.status = Status::ok;
        arrive();
        return true;
    }

    void arrive() {
        function_.differentiate();
        take();
        stands_ = true;
    }

    void take() {
        value_ = function_.value();
        model_.take(function_);
    }

    // The fall to the model's minimum, and whether the step there is the last; false where the model is not finite.
    bool look_ahead() {
        if (!model_.decompose(radius_, &fall_)) return false;
        descent_.result.decrement = std::sqrt(2.0 * fall_);
        tolerance_ = std::max(newton_.tolerance, newton_.relative_tolerance * std::fabs(value_));
        last_ = settings_.brief && stands_ && fall_ <= largest_unseen && last_fall_ > 0.0 &&
                fall_ * std::min(fall_ / last_fall_, 1.0) <= unseen_share * tolerance_;
        return true;
    }

    // Whether the point is so much nearer to the minimum than expected that its evaluation may not have been exact enough to
    // say where that is.
    bool too_rough() const { return settings_.expect && fall_ < nearer * expected_ && expected_ > tolerance_; }

    void plan_step() {
        if (last_fall_ > 0.0) rate_ = std::min(fall_ / last_fall_, 1.0);
        length_ = model_.step(radius_, step_);
        for (std::size_t i = 0; i < x_.size(); ++i) trial_[i] = x_[i] + step_[i];
    }

    // The gradient at the end of the step, by the Hessian at its beginning, leaves nothing to gain there.
    bool ends_at_trial() {
        if (!(settings_.brief && stands_ && function_.value() < value_)) return false;
        const double left = model_.fall_after(function_.gradient());
        if (!(left <= unseen_share * tolerance_ && fall_ <= largest_unseen)) return false;
        x_ = trial_;
        descent_.result.decrement = std::sqrt(2.0 * left);
        descent_.brief = true;
        return true;
    }

    Trial judge() {
        const double value = function_.value(), predicted = model_.predicted(step_);
        Trial trial;
        trial.rise = value - value_;
        trial.slope = model_.slope(step_);
        trial.ratio = predicted > 0.0 ? (value_ - value) / predicted : -1.0;
        trial.better = value < value_ || (fall_ < end_game && value <= value_ + rounding * std::fabs(value_));
        // Below the rounding of values a step that the gradients call for is as good as its prediction.
        if (trial.better && fall_ < end_game) trial.ratio = std::max(trial.ratio, grow_ratio);
        function_.differentiate();
        model_.correct(function_, step_);
        return trial;
    }

    bool move() {
        x_ = trial_;
        if (function_.change_coordinates(x_.data())) {
            model_.forget();
            return evaluate_here();
        }
        take();
        return true;
    }

    void adapt_radius(const Trial& trial) {
        if (trial.ratio < shrink_ratio) {
            // Where the parabola through value and slope here and the value there has its minimum.
            const double least = trial.rise + trial.slope > 0.0 ? 0.5 * trial.slope / (trial.rise + trial.slope) : shrink;
            radius_ = std::clamp(std::isfinite(trial.rise) ? least : shrink, most_shrink, shrink) * std::min(radius_, length_);
        } else if (trial.ratio > grow_ratio) {
            // The error of the prediction, relative to it, grows with the length of the step.
            const double fast = std::min(grow * fair_error / (std::fabs(trial.ratio - 1.0) + 1e-3), most_grow);
            radius_ = std::max({radius_, grow * length_, std::min(fast * length_, widest_)});
        }
    }

    void end(Status status) { descent_.result.status = status; }

    void end_unseen() {
        x_ = trial_;
        descent_.result.decrement *= std::sqrt(rate_);
        descent_.unseen = fall_;
        descent_.brief = true;
    }

    SmoothFunction& function_;
    std::vector<double>& x_;
    const DescentSettings& settings_;
    const NewtonSettings& newton_;
    DescentModel model_;
    std::vector<double> step_, trial_;
    Descent descent_;
    double value_ = 0.0, expected_ = 0.0;
    double radius_ = 0.0, widest_ = 0.0;       // within which steps stay; beyond which only long steps take it
    double fall_ = 0.0, tolerance_ = 0.0, length_ = 0.0;
    double last_fall_ = 0.0, rate_ = first_rate;
    bool stands_ = true;  // whether the function's last evaluation is the one at x
    bool last_ = false;   // whether what the step leaves is expected to be within the tolerance
};

}  // namespace

Descent descend_scaled(SmoothFunction& function, std::vector<double>& x, const DescentSettings& settings) {
    return ScaledDescent(function, x, settings).run();
}

}  // namespace ranef
