#include "ranef/laplace/criterion.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"

namespace ranef {

LaplaceCriterion::LaplaceCriterion(const GlmmProblem& problem)
    : problem_(problem),
      cells_(problem.cells()),
      layout_(problem.layout()),
      family_(problem.family->clone()),
      stretches_(cut_stretches(cells_.leading)),
      parts_(cut_parts(stretches_, cells_.leading, layout_.factors[0].width, layout_.q)),
      shares_(parts_.size()),
      system_(cells_, layout_, problem.pattern()),
      slots_(layout_.theta),
      scalar_(cells_.width == static_cast<int>(layout_.factors.size())),
      k_(layout_.n_theta()),
      p_(layout_.p),
      further_(problem),
      parameters_(problem.parameters()),
      lambda_(layout_.lambda_size),
      whitened_(cells_.n * cells_.width),
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
      gradient_(parameters_.size()),
      hessian_(parameters_.size() * parameters_.size()),
      fixed_information_(p_ * p_) {
    int place = 0;
    for (const Factor& factor : layout_.factors) {
        place_.push_back(place);
        place += factor.width;
    }
    const Index factors = static_cast<Index>(layout_.factors.size());
    if (scalar_) {
        effect_.resize(cells_.n * factors);
        for (Index i = 0; i < cells_.n; ++i)
            for (Index f = 0; f < factors; ++f)
                effect_[i * factors + f] = static_cast<std::int32_t>(layout_.offset[f] + cells_.level[i * factors + f]);
    }
}

double LaplaceCriterion::work() const {
    const double rest = static_cast<double>(problem_.pattern().rest);
    return cell_work_ * static_cast<double>(cells_.n) + rest * rest * rest;
}

bool LaplaceCriterion::stands_at(const std::vector<double>& parameters, const std::vector<ThetaSlot>& slots) const {
    if (!valid_ || parameters != parameters_ || slots.size() != slots_.size()) return false;
    for (std::size_t i = 0; i < slots.size(); ++i)
        if (slots[i].factor != slots_[i].factor || slots[i].row != slots_[i].row || slots[i].column != slots_[i].column) return false;
    return true;
}

void LaplaceCriterion::add_fixed_part(const Stretch& stretch, const double* beta, double* out) const {
    const Index n = stretch.size();
    double* __restrict target = out + stretch.begin;
    for (int c = 0; c < p_; ++c) {
        const double* __restrict x = cells_.column(c) + stretch.begin;
        const double b = beta[c];
        for (Index i = 0; i < n; ++i) target[i] += b * x[i];
    }
}

// Other coordinates of the same Lambda Lambda': the mode b stays, u = Lambda'Z's turns with the columns.
void LaplaceCriterion::set_slots(const std::vector<ThetaSlot>& slots) {
    slots_ = slots;
    base_known_ = best_known_ = valid_ = false;
}

void LaplaceCriterion::return_to_base() { factor_is_base_ = base_known_; }

void LaplaceCriterion::linear_predictor(const double* u, double* eta) const {
    cell_inner(u, eta);
    for (Index i = 0; i < cells_.n; ++i) eta[i] += fixed_[i];
}

void LaplaceCriterion::forget_mode() {
    base_known_ = best_known_ = false;
    scratch_.known.clear();
    std::fill(u_.begin(), u_.end(), 0.0);
    std::fill(e_.begin(), e_.end(), 0.0);
}

void LaplaceCriterion::read(const double* parameters) {
    std::copy_n(parameters, parameters_.size(), parameters_.begin());
    std::fill(lambda_.begin(), lambda_.end(), 0.0);
    layout_.unpack(slots_, parameters, lambda_.data());
    further_.place(*family_, parameters + k_ + p_);
}

void LaplaceCriterion::place(const double* parameters) {
    valid_ = valid_ && std::equal(parameters_.begin(), parameters_.end(), parameters);
    read(parameters);
    for (const CellPart& part : parts_) place_cells(part);
}

// The fixed part of the predictor and the whitened bases at the parameters.
void LaplaceCriterion::place_cells(const CellPart& part) {
    const Index width = cells_.width;
    in_stretches(part, [&](const Stretch& stretch) {
        std::copy(cells_.offset.begin() + stretch.begin, cells_.offset.begin() + stretch.end, fixed_.begin() + stretch.begin);
        add_fixed_part(stretch, parameters_.data() + k_, fixed_.data());
        if (scalar_) {
            for (Index f = 0; f < width; ++f) {
                const double l = lambda_[layout_.lambda_offset[f]];
                for (Index i = stretch.begin * width + f; i < stretch.end * width; i += width) whitened_[i] = l * cells_.z[i];
            }
            return;
        }
        for (Index i = stretch.begin; i < stretch.end; ++i) {
            const double* z = cells_.z.data() + i * width;
            double* out = whitened_.data() + i * width;
            for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
                const int r = layout_.factors[f].width;
                const double* l = lambda_.data() + layout_.lambda_offset[f];
                for (int b = 0; b < r; ++b) {
                    double sum = 0.0;
                    for (int a = 0; a < r; ++a) sum += l[b * r + a] * z[a];
                    out[b] = sum;
                }
                z += r;
                out += r;
            }
        }
    });
}

Status LaplaceCriterion::evaluate(const double* parameters) {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        if (!std::isfinite(parameters[i])) return Status::not_finite;
    const bool predicted = base_known_ && factor_is_base_;
    if (predicted) {
        prepare_prediction(parameters);
    } else if (best_known_) {
        trial_u_ = best_u_;
    } else {
        // u = Lambda'Z's, from the scores of the last point: right at a mode in other coordinates, zero at first.
        std::vector<double> lambda(layout_.lambda_size, 0.0);
        layout_.unpack(slots_, parameters, lambda.data());
        for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
            const int r = layout_.factors[f].width;
            const double* l = lambda.data() + layout_.lambda_offset[f];
            for (Index j = 0; j < layout_.factors[f].levels; ++j)
                for (int b = 0; b < r; ++b) {
                    double sum = 0.0;
                    for (int a = 0; a < r; ++a) sum += l[b * r + a] * e_[layout_.offset[f] + j * r + a];
                    trial_u_[layout_.offset[f] + j * r + b] = sum;
                }
        }
    }
    factor_is_base_ = valid_ = differentiated_ = false;
    read(parameters);
    in_parts(cell_work_, [&](const CellPart& part, Share& share) {
        if (predicted) predict(part);
        place_cells(part);
        share.status = find_mode(part, share);
        if (share.status == Status::ok) finish(part, share);
    });
    q_ = 0.0;
    Index most = 0;
    for (const Share& share : shares_) {
        q_ += share.q;
        most = std::max(most, share.inner_steps);
    }
    inner_steps_ += most;
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
        const double* l = lambda_.data() + layout_.lambda_offset[f];
        for (Index j = 0; j < layout_.factors[f].levels; ++j) {
            const Index first = layout_.offset[f] + j * r;
            for (int a = 0; a < r; ++a) {
                b[first + a] = 0.0;
                for (int c = 0; c < r; ++c) b[first + a] += l[c * r + a] * u_[first + c];
            }
        }
    }
}

}  // namespace ranef
