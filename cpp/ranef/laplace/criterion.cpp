#include "ranef/laplace/criterion.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {

LaplaceCriterion::LaplaceCriterion(const GlmmProblem& problem)
    : Criterion(problem.layout(), problem.layout().theta, problem.layout().p + problem.further()),
      problem_(problem),
      cells_(problem.cells()),
      family_(problem.family->clone()),
      stretches_(cut_stretches(cells_.leading)),
      parts_(cut_parts(stretches_, cells_.leading, layout_.factors[0].width, layout_.q)),
      shares_(parts_.size()),
      design_(cells_, layout_),
      system_(cells_, layout_, problem.pattern()),
      k_(layout_.n_theta()),
      p_(layout_.p),
      further_(problem),
      parameters_(size()),
      fixed_(cells_.n),
      u_(layout_.q),
      step_(layout_.q),
      trial_u_(layout_.q),
      trial_(layout_.q),
      eta_(cells_.n),
      s_(cells_.n),
      w_(cells_.n),
      w1_(cells_.n),
      h_(cells_.n),
      t_(cells_.n),
      r_(cells_.n),
      along_(cells_.n),
      work_(cells_.n),
      g_lambda_(layout_.lambda_size),
      e_(layout_.q),
      rho_(layout_.q),
      adjoint_(layout_.q),
      fixed_information_(p_ * p_) {}

double LaplaceCriterion::work() const {
    const double rest = static_cast<double>(problem_.pattern().rest);
    return cell_work_ * static_cast<double>(cells_.n) + rest * rest * rest;
}

void LaplaceCriterion::set_slots(const std::vector<ThetaSlot>& slots) {
    Criterion::set_slots(slots);
    base_known_ = best_known_ = valid_ = false;
}

void LaplaceCriterion::forget_mode() {
    base_known_ = best_known_ = false;
    std::fill(g_d_.begin(), g_d_.end(), 0.0);
    std::fill(u_.begin(), u_.end(), 0.0);
    std::fill(e_.begin(), e_.end(), 0.0);
}

void LaplaceCriterion::read(const double* parameters) {
    std::copy_n(parameters, parameters_.size(), parameters_.begin());
    unpack(parameters);
    further_.place(*family_, parameters + k_ + p_);
}

void LaplaceCriterion::place(const double* parameters) {
    valid_ = valid_ && std::equal(parameters_.begin(), parameters_.end(), parameters);
    read(parameters);
    for (const CellPart& part : parts_) place_cells(part);
}

// The fixed part of the predictor and the whitened bases at the parameters.
void LaplaceCriterion::place_cells(const CellPart& part) {
    in_stretches(part, [&](const Stretch& stretch) {
        std::copy(cells_.offset.begin() + stretch.begin, cells_.offset.begin() + stretch.end, fixed_.begin() + stretch.begin);
        add_fixed_part(cells_, p_, stretch, parameters_.data() + k_, fixed_.data());
        design_.whiten_bases(stretch, lambda_);
    });
}

Status LaplaceCriterion::evaluate(const double* parameters) {
    for (Index i = 0; i < size(); ++i)
        if (!std::isfinite(parameters[i])) return Status::not_finite;
    const bool predicted = base_known_ && factor_is_base_;
    if (predicted) prepare_prediction(parameters);
    else if (best_known_) trial_u_ = best_u_;
    factor_is_base_ = valid_ = differentiated_ = false;
    read(parameters);
    if (!predicted && !best_known_) {
        // u = Lambda'Z's, from the scores of the last point: right at a mode in other coordinates, zero at first.
        trial_u_ = e_;
        for (const CellPart& part : parts_) design_.whiten(part, lambda_, trial_u_.data());
    }
    in_parts(cell_work_, [&](const CellPart& part, Share& share) {
        if (predicted) predict(part);
        place_cells(part);
        share.status = find_mode(part, share);
        if (share.status == Status::ok) finish(part, share);
    });
    for (const Share& share : shares_)
        if (share.status != Status::ok) return share.status;
    add_shares();
    add_prior();
    if (!std::isfinite(value_)) return Status::not_finite;
    valid_ = true;
    if (!best_known_ || following_ || value_ < best_value_) {
        best_known_ = true;
        best_value_ = value_;
        best_u_ = u_;
    }
    return Status::ok;
}

void LaplaceCriterion::add_prior() {
    const std::vector<double>& prior = problem_.prior;
    penalty_ = 0.0;
    if (prior.empty()) return;
    const double* beta = parameters_.data() + k_;
    for (int c = 0; c < p_; ++c) {
        const double slope = linalg::dot(p_, prior.data() + c * p_, beta);
        penalty_ += beta[c] * slope;
        gradient_[k_ + c] += 2.0 * slope;
    }
    value_ += penalty_;
}

void LaplaceCriterion::coefficients(double* b) const {
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        for (Index j = 0; j < layout_.factors[f].levels; ++j) {
            const Index first = layout_.offset[f] + j * r;
            lambda_times(r, lambda_.data() + layout_.lambda_offset[f], u_.data() + first, b + first);
        }
    }
}

void LaplaceCriterion::conditional_variances(int factor, double* out) {
    const int r = layout_.factors[factor].width;
    const double* l = lambda_.data() + layout_.lambda_offset[factor];
    std::vector<double> column(r);
    for (Index j = 0; j < layout_.factors[factor].levels; ++j, out += r * r) {
        system_.inverse_block(factor, j, out);
        linalg::sandwich(r, out, [&](double* x) {
            lambda_times(r, l, x, column.data());
            std::copy(column.begin(), column.end(), x);
        });
    }
}

}  // namespace ranef
