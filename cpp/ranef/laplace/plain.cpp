#include "ranef/laplace/plain.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"

namespace ranef {
namespace {

constexpr int most_beta_steps = 60;
constexpr double tight_beta = 1e-16;  // decrement of Q in beta

}  // namespace

std::vector<double> PenalisedCriterion::fixed_scores() const {
    std::vector<double> out(p_);
    for (int c = 0; c < p_; ++c) out[c] = product_of(cells_.n, cells_.column(c), s_.data());
    return out;
}

// Newton in beta on the minimum of Q over u, whose second derivative is 2 X'V^-1X.
Status PenalisedCriterion::evaluate(const double* parameters) {
    std::vector<double> at(parameters, parameters + parameters_.size());
    if (beta_.empty()) beta_.assign(parameters + k_, parameters + k_ + p_);
    double lowest = 0.0;
    for (int step = 0; step < most_beta_steps; ++step) {
        std::copy(beta_.begin(), beta_.end(), at.begin() + k_);
        const Status status = LaplaceCriterion::evaluate(at.data());
        if (status != Status::ok) return status;
        LaplaceCriterion::differentiate(Order::hessian);
        std::vector<double> move = fixed_scores(), root = fixed_information_;
        const std::vector<double> score = move;
        if (p_ > 0 && !linalg::cholesky(p_, root.data(), p_)) return Status::not_positive_definite;
        linalg::solve_lower(p_, root.data(), p_, move.data(), 1, p_);
        linalg::solve_upper(p_, root.data(), p_, move.data(), 1, p_);
        const double decrement = p_ > 0 ? linalg::dot(p_, move.data(), score.data()) : 0.0;
        if (step > 0 && q_ > lowest + 1e-9 * std::fabs(lowest)) return Status::stalled;
        lowest = q_;
        if (decrement < tight_beta || decrement < 1e-15 * std::fabs(q_)) {
            profile_gradient();
            return Status::ok;
        }
        for (int c = 0; c < p_; ++c) beta_[c] += move[c];
    }
    return Status::stalled;
}

// d beta^ / dtheta = -A_bb^-1 A_bt: what moves with beta^ in the determinant is X'r; Q does not change to first order.
void PenalisedCriterion::profile_gradient() {
    const Index n = size();
    root_ = fixed_information_;
    cross_.assign(p_ * n, 0.0);
    if (p_ == 0) return;
    linalg::cholesky(p_, root_.data(), p_);
    std::vector<double> change(p_);
    for (int c = 0; c < p_; ++c) change[c] = product_of(cells_.n, cells_.column(c), r_.data());
    for (Index t = 0; t < n; ++t)
        for (int c = 0; c < p_; ++c) cross_[t * p_ + c] = 0.5 * hessian_[t * n + k_ + c];  // A_bt
    linalg::solve_lower(p_, root_.data(), p_, change.data(), 1, p_);
    linalg::solve_lower(p_, root_.data(), p_, cross_.data(), n, p_);
    for (Index t = 0; t < n; ++t)
        gradient_[t] = inside(t) ? 0.0 : gradient_[t] - linalg::dot(p_, change.data(), cross_.data() + t * p_);
}

// A_tt - A_tb A_bb^-1 A_bt and the curvature of D; evaluate() has left the Hessian of all parameters.
void PenalisedCriterion::differentiate(Order order) {
    if (order != Order::hessian) return;
    const Index n = size();
    for (Index t = 0; t < n; ++t)
        for (Index v = 0; v < n; ++v) {
            if (!inside(t) && !inside(v))
                hessian_[t * n + v] -= 2.0 * linalg::dot(p_, cross_.data() + t * p_, cross_.data() + v * p_);
            else if (t != v) hessian_[t * n + v] = 0.0;
        }
}

}  // namespace ranef
