#include "ranef/optimum/newton.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

constexpr double accept_ratio = 1e-4, shrink_ratio = 0.25, grow_ratio = 0.75;
constexpr double flat = 1e-10;            // eigenvalues below this part of the largest one are flat directions
constexpr double rounding = 4e-14;        // relative noise of the criterion's value
constexpr double smallest_radius = 1e-12;

}  // namespace

Newton::Newton(Index dimension)
    : n_(dimension),
      gradient_(n_),
      hessian_(n_ * n_),
      correction_(n_ * n_),
      work_(n_ * n_),
      values_(n_),
      step_(n_),
      trial_(n_),
      coefficients_(n_),
      difference_(n_) {}

double Newton::norm(const double* v) const { return std::sqrt(linalg::dot(n_, v, v)); }

void Newton::take_model(const SmoothFunction& function) {
    gradient_ = function.gradient();
    hessian_ = function.hessian();
    if (!function.exact_hessian())
        for (Index i = 0; i < n_ * n_; ++i) hessian_[i] += correction_[i];
}

// step_ = -H^-1 g and the squared decrement g'H^-1 g. False when H is not (numerically) positive definite.
bool Newton::newton_step(double* decrement) {
    work_ = hessian_;
    double largest = 0.0;
    for (Index i = 0; i < n_; ++i) largest = std::max(largest, std::fabs(hessian_[i * n_ + i]));
    if (!linalg::cholesky(n_, work_.data(), n_)) return false;
    for (Index i = 0; i < n_; ++i)
        if (work_[i * n_ + i] * work_[i * n_ + i] < flat * largest) return false;
    for (Index i = 0; i < n_; ++i) step_[i] = -gradient_[i];
    linalg::solve_lower(n_, work_.data(), n_, step_.data(), 1, n_);
    *decrement = linalg::dot(n_, step_.data(), step_.data());
    linalg::solve_upper(n_, work_.data(), n_, step_.data(), 1, n_);
    return true;
}

// The minimiser of the quadratic model within the radius, from the eigendecomposition left in work_ and values_.
void Newton::trust_step(double radius) {
    for (Index i = 0; i < n_; ++i)
        coefficients_[i] = linalg::dot(n_, work_.data() + i * n_, gradient_.data());
    const double largest = std::max(std::fabs(values_[0]), std::fabs(values_[n_ - 1]));
    const double floor = std::max(flat * largest, 1e-300);
    const auto length = [&](double shift) {
        double sum = 0.0;
        for (Index i = 0; i < n_; ++i) {
            const double s = coefficients_[i] / std::max(values_[i] + shift, floor);
            sum += s * s;
        }
        return std::sqrt(sum);
    };
    double shift = std::max(0.0, -values_[0] + floor);
    const bool interior = values_[0] > -floor && length(0.0) <= radius;
    double along = 0.0;  // extra step along the most negative curvature (the hard case)
    if (interior) {
        shift = 0.0;
    } else if (length(shift) < radius) {
        const double rest = length(shift);
        along = std::sqrt(std::max(0.0, radius * radius - rest * rest));
    } else {
        double low = shift, high = std::max(2.0 * shift, largest + floor);
        while (length(high) > radius) high *= 4.0;
        for (int i = 0; i < 60 && high - low > 1e-3 * high; ++i) {
            const double middle = 0.5 * (low + high);
            (length(middle) > radius ? low : high) = middle;
        }
        shift = high;
    }
    std::fill(step_.begin(), step_.end(), 0.0);
    for (Index i = 0; i < n_; ++i) {
        double s = -coefficients_[i] / std::max(values_[i] + shift, floor);
        if (i == 0 && along > 0.0) s += coefficients_[0] > 0.0 ? -along : along;
        for (Index j = 0; j < n_; ++j) step_[j] += s * work_[i * n_ + j];
    }
}

// Structured SR1: the part of the curvature that the approximate Hessian misses, from the change of the gradient.
// gradient_ holds the old gradient and step_ the accepted step.
void Newton::correct_model(const SmoothFunction& function) {
    for (Index i = 0; i < n_; ++i) {
        double product = 0.0;
        for (Index j = 0; j < n_; ++j) product += (function.hessian()[j * n_ + i] + correction_[j * n_ + i]) * step_[j];
        difference_[i] = function.gradient()[i] - gradient_[i] - product;
    }
    const double denominator = linalg::dot(n_, difference_.data(), step_.data());
    if (std::fabs(denominator) < 1e-8 * norm(difference_.data()) * norm(step_.data()) || denominator == 0.0) return;
    for (Index j = 0; j < n_; ++j)
        for (Index i = 0; i < n_; ++i) correction_[j * n_ + i] += difference_[i] * difference_[j] / denominator;
}

Status Newton::evaluate(const double* point) {
    if (settings_->interrupted && (*settings_->interrupted)()) return Status::interrupted;
    ++result_.evaluations;
    return function_->evaluate(point);
}

bool Newton::decompose() {
    work_ = hessian_;
    if (linalg::symmetric_eigen(n_, work_.data(), n_, values_.data())) return true;
    result_.status = Status::not_finite;
    return false;
}

// The squared decrement of an indefinite model. Flat directions (an over-parameterised model) do not count against
// convergence.
double Newton::flat_decrement() const {
    const double largest = std::max(std::fabs(values_[0]), std::fabs(values_[n_ - 1]));
    double squared = 0.0;
    for (Index i = 0; i < n_; ++i) {
        const double c = linalg::dot(n_, work_.data() + i * n_, gradient_.data());
        if (c != 0.0) squared += c * c / std::max(std::fabs(values_[i]), 1e-6 * largest);
    }
    return squared;
}

// Whether the model is at its minimum, or the search at its end; otherwise step_ is the next step, within the radius.
bool Newton::plan_step() {
    double squared = 0.0;
    const bool definite = newton_step(&squared);
    if (!definite) {
        if (!decompose()) return false;
        squared = flat_decrement();
    }
    const bool curved = definite || values_[0] >= -1e-7 * std::fabs(values_[n_ - 1]);
    result_.decrement = std::sqrt(squared);
    const double enough = std::max(settings_->tolerance, settings_->relative_tolerance * std::fabs(value_));
    if (curved && 0.5 * squared <= enough) return false;
    if (result_.evaluations >= settings_->max_evaluations) {
        result_.status = Status::max_evaluations;
        return false;
    }
    if (definite && norm(step_.data()) <= radius_) return true;
    if (definite && !decompose()) return false;
    trust_step(radius_);
    return true;
}

// trial_ = x + step_, and by how much the model falls on the way.
double Newton::predict(const double* x) {
    double predicted = 0.0;
    for (Index i = 0; i < n_; ++i) {
        double product = 0.0;
        for (Index j = 0; j < n_; ++j) product += hessian_[j * n_ + i] * step_[j];
        predicted -= step_[i] * (gradient_[i] + 0.5 * product);
        trial_[i] = x[i] + step_[i];
    }
    return predicted;
}

// How much of the predicted fall the function shows at trial_; negative where it cannot be evaluated. An approximate
// Hessian learns from every step.
double Newton::compare(double predicted) {
    // Differences of values drown in rounding before gradients do: then the gradients decide.
    const bool drowned = std::fabs(predicted) < 1e3 * rounding * std::fabs(value_);
    differentiated_ = drowned || !function_->exact_hessian();
    if (differentiated_) function_->differentiate();
    double actual = value_ - function_->value();
    if (drowned) {
        actual = 0.0;
        for (Index i = 0; i < n_; ++i) actual -= 0.5 * step_[i] * (gradient_[i] + function_->gradient()[i]);
    }
    const double ratio = predicted > 0.0 ? actual / predicted : -1.0;
    if (!function_->exact_hessian() && std::isfinite(ratio)) correct_model(*function_);
    return ratio;
}

// Moves x to trial_; false when the function cannot be evaluated in the coordinates it then prefers.
bool Newton::accept(double* x, double ratio) {
    std::copy(trial_.begin(), trial_.end(), x);
    if (function_->change_coordinates(x)) {
        result_.status = evaluate(x);
        if (result_.status != Status::ok) return false;
        std::fill(correction_.begin(), correction_.end(), 0.0);
        differentiated_ = false;
    }
    if (!differentiated_) function_->differentiate();
    value_ = function_->value();
    take_model(*function_);
    const double length = norm(step_.data());
    if (ratio > grow_ratio) radius_ = std::max(radius_, 2.0 * length);
    else if (ratio < shrink_ratio) radius_ = 0.25 * length;
    return true;
}

NewtonResult Newton::minimise(SmoothFunction& function, double* x, const NewtonSettings& settings) {
    function_ = &function;
    settings_ = &settings;
    result_ = {};
    std::fill(correction_.begin(), correction_.end(), 0.0);
    result_.status = evaluate(x);
    if (result_.status != Status::ok) return result_;
    value_ = function.value();
    radius_ = settings.initial_radius * std::max(0.5, norm(x));
    function.differentiate();
    take_model(function);
    bool at_x = true;  // the function's state belongs to x
    while (plan_step()) {
        const double predicted = predict(x);
        const Status status = evaluate(trial_.data());
        // An exact fit ahead: the criterion falls without bound, there is no minimum to look for.
        if (status == Status::interrupted || status == Status::exact_fit) {
            result_.status = status;
            return result_;
        }
        at_x = false;
        const double ratio = status == Status::ok ? compare(predicted) : -1.0;
        if (ratio > accept_ratio) {
            if (!accept(x, ratio)) return result_;
            at_x = true;
            continue;
        }
        radius_ = 0.25 * norm(step_.data());
        if (radius_ < smallest_radius * std::max(1.0, norm(x))) {
            result_.status = Status::stalled;
            break;
        }
    }
    if (at_x || result_.status == Status::not_finite) return result_;
    const Status status = function.evaluate(x);
    ++result_.evaluations;
    if (status != Status::ok) result_.status = status;
    else function.differentiate();
    return result_;
}

}  // namespace ranef
