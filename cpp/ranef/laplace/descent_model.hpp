// The quadratic model of a function about a point, in coordinates scaled by its curvature there, and the step to the model's
// minimum within a radius.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/optimum/newton.hpp"

namespace ranef {

// The model of the function about a point, in scaled coordinates.
class DescentModel {
public:
    DescentModel(Index n, const std::vector<double>& correction, const std::vector<double>& units)
        : n_(n), correction_(correction), units_(units), vectors_(n * n), values_(n), scale_(n), seen_(n), along_(n) {
        correction_.resize(n * n, 0.0);
    }

    void forget() { std::fill(correction_.begin(), correction_.end(), 0.0); }

    void take(const SmoothFunction& function) {
        gradient_ = function.gradient();
        hessian_ = function.hessian();
        double largest = 0.0;
        for (Index i = 0; i < n_; ++i) {
            largest = std::max(largest, hessian_[i * n_ + i]);
            seen_[i] = std::max(seen_[i], hessian_[i * n_ + i]);
        }
        for (Index i = 0; i < n_; ++i) {
            const double least = least_scale * (seen_[i] > 0.0 ? seen_[i] : largest);
            scale_[i] = std::min(1.0 / std::sqrt(std::max({hessian_[i * n_ + i], least, 1e-300})), largest_scale * units_[i]);
        }
    }

    // The radius within which no parameter moves far on the scale of the linear predictor, however much data there is.
    double first() const {
        double widest = 0.0;
        for (double scale : scale_) widest = std::max(widest, scale);
        return std::max(first_radius, first_move / widest);
    }

    // The corrected and scaled Hessian: its Cholesky factor where that gives a step within the radius, else its
    // eigenvectors; false when it is not finite. Half the squared decrement.
    bool decompose(double radius, double* fall) {
        for (Index j = 0; j < n_; ++j)
            for (Index i = 0; i < n_; ++i)
                vectors_[j * n_ + i] = (hessian_[j * n_ + i] + correction_[j * n_ + i]) * scale_[i] * scale_[j];
        direct_ = newton_step(radius, fall);
        if (direct_) return true;
        if (!linalg::symmetric_eigen(n_, vectors_.data(), n_, values_.data())) return false;
        double largest = 0.0;
        for (double& value : values_) largest = std::max(largest, value = std::fabs(value));
        *fall = 0.0;
        for (Index i = 0; i < n_; ++i) {
            values_[i] = std::max(values_[i], least_curvature * largest);
            along_[i] = 0.0;
            for (Index j = 0; j < n_; ++j) along_[i] += vectors_[i * n_ + j] * scale_[j] * gradient_[j];
            *fall += 0.5 * along_[i] * along_[i] / values_[i];
        }
        return std::isfinite(*fall);
    }

    // The step within the radius, in the parameters' own units; returns its scaled length.
    double step(double radius, std::vector<double>& out) const {
        if (direct_) {
            double sum = 0.0;
            for (Index i = 0; i < n_; ++i) {
                out[i] = along_[i] * scale_[i];
                sum += along_[i] * along_[i];
            }
            return std::sqrt(sum);
        }
        // Newton on 1 / length = 1 / radius, which it approaches from one side (More & Sorensen 1983).
        double shift = 0.0, size = length(0.0);
        for (int i = 0; i < most_shifts && size > radius * (1.0 + radius_error); ++i) {
            double slope = 0.0;
            for (Index j = 0; j < n_; ++j) slope += along_[j] * along_[j] / std::pow(values_[j] + shift, 3);
            shift += (size / radius - 1.0) * size * size / slope;
            size = length(shift);
        }
        std::fill(out.begin(), out.end(), 0.0);
        for (Index i = 0; i < n_; ++i)
            for (Index j = 0; j < n_; ++j) out[j] -= along_[i] / (values_[i] + shift) * vectors_[i * n_ + j] * scale_[j];
        return size;
    }

    // How fast the function falls along the step, at its beginning.
    double slope(const std::vector<double>& step) const { return -linalg::dot(n_, gradient_.data(), step.data()); }

    double predicted(const std::vector<double>& step) const {
        double fall = 0.0;
        for (Index i = 0; i < n_; ++i) {
            double product = 0.0;
            for (Index j = 0; j < n_; ++j) product += (hessian_[j * n_ + i] + correction_[j * n_ + i]) * step[j];
            fall -= step[i] * (gradient_[i] + 0.5 * product);
        }
        return fall;
    }

    // Half the squared decrement of another gradient by this Hessian; infinite where that was not positive definite.
    double fall_after(const std::vector<double>& gradient) {
        if (!direct_) return HUGE_VAL;
        std::vector<double>& part = other_;
        part.resize(n_);
        for (Index i = 0; i < n_; ++i) part[i] = gradient[i] * scale_[i];
        linalg::solve_lower(n_, root_.data(), n_, part.data(), 1, n_);
        return 0.5 * linalg::dot(n_, part.data(), part.data());
    }

    // What the gradient at the other end of the step says beyond the mean of both Hessians.
    void correct(const SmoothFunction& other, const std::vector<double>& step) {
        std::vector<double>& rest = other_;
        rest.resize(n_);
        double denominator = 0.0, size = 0.0, length = 0.0;
        for (Index i = 0; i < n_; ++i) {
            double product = 0.0;
            for (Index j = 0; j < n_; ++j)
                product += (0.5 * (other.hessian()[j * n_ + i] + hessian_[j * n_ + i]) + correction_[j * n_ + i]) * step[j];
            rest[i] = other.gradient()[i] - gradient_[i] - product;
            denominator += rest[i] * step[i];
            size += rest[i] * rest[i];
            length += step[i] * step[i];
        }
        if (!(std::fabs(denominator) > 1e-8 * std::sqrt(size * length))) return;
        for (Index j = 0; j < n_; ++j)
            for (Index i = 0; i < n_; ++i) correction_[j * n_ + i] += rest[i] * rest[j] / denominator;
    }

private:
    static constexpr double first_radius = 4.0;       // standard errors, or
    static constexpr double first_move = 0.25;        // of any parameter in its own unit, if that is more
    static constexpr double least_curvature = 1e-6;   // of the largest eigenvalue, in absolute value
    static constexpr double least_scale = 1e-8;       // of the largest diagonal entry that this parameter has had
    static constexpr double radius_error = 1e-3;      // relative, of a step's length
    static constexpr double largest_scale = 0.5;      // standard error of a parameter in its unit, for the lengths of steps
    static constexpr int most_shifts = 50;

    bool newton_step(double radius, double* fall) {
        root_ = vectors_;
        if (!linalg::cholesky(n_, root_.data(), n_)) return false;
        double least = root_[0], most = root_[0];
        for (Index i = 1; i < n_; ++i) {
            least = std::min(least, root_[i * n_ + i]);
            most = std::max(most, root_[i * n_ + i]);
        }
        if (!(least * least > 1e2 * least_curvature * most * most)) return false;
        for (Index i = 0; i < n_; ++i) along_[i] = -gradient_[i] * scale_[i];
        linalg::solve_lower(n_, root_.data(), n_, along_.data(), 1, n_);
        const double squared = linalg::dot(n_, along_.data(), along_.data());
        linalg::solve_upper(n_, root_.data(), n_, along_.data(), 1, n_);
        *fall = 0.5 * squared;
        return std::isfinite(squared) && linalg::dot(n_, along_.data(), along_.data()) <= radius * radius;
    }

    double length(double shift) const {
        double sum = 0.0;
        for (Index i = 0; i < n_; ++i) sum += along_[i] * along_[i] / ((values_[i] + shift) * (values_[i] + shift));
        return std::sqrt(sum);
    }

    Index n_;
    bool direct_ = false;
    std::vector<double> gradient_, hessian_, correction_, units_, vectors_, values_, scale_, seen_, along_, root_, other_;
};

}  // namespace ranef
