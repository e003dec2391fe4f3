#include "ranef/laplace/criterion.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"

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

// h_i = z~_i'Omega^-1 z~_i, and what the determinant adds to g_D Lambda: sum w_i z_i (Omega^-1 z~_i)' at the cell's own levels.
void LaplaceCriterion::leverages(const Stretch& stretch, const double* weights, Share& share) {
    if (system_.scalar()) return system_.scalar_leverages(stretch, whitened_.data(), weights, h_.data(), share.g_lambda.data());
    std::vector<double> v(cells_.width);
    for_levels(stretch, cells_.leading, [&](Index level, Index from, Index to) {
        for (Index i = from; i < to; ++i) {
            const double* z = cells_.z.data() + i * cells_.width;
            const double* zt = whitened_.data() + i * cells_.width;
            system_.inverse_times(i, level, zt, v.data());
            double h = 0.0;
            for (int a = 0; a < cells_.width; ++a) h += zt[a] * v[a];
            h_[i] = h;
            for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
                const int r = layout_.factors[f].width, first = place_[f];
                double* g = share.g_lambda.data() + layout_.lambda_offset[f];
                for (int b = 0; b < r; ++b) {
                    const double wv = weights[i] * v[first + b];
                    for (int a = 0; a < r; ++a) g[b * r + a] += wv * z[first + a];
                }
            }
        }
    });
}

// g_D Lambda = sum_j [B_jj Lambda - e_j (Lambda'e_j)' + (rho_j (Lambda'e_j)' + e_j (Lambda'rho_j)') / 2]; e = Z's, rho = Z'r.
void LaplaceCriterion::theta_gradient(const CellPart& part, Share& share) const {
    std::vector<double> le, lr;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda_.data() + layout_.lambda_offset[f];
        double* g = share.g_lambda.data() + layout_.lambda_offset[f];
        const Index first = levels_begin(part, f), last = levels_end(part, f);
        if (r == 1) {
            const double *e = e_.data() + layout_.offset[f], *rho = rho_.data() + layout_.offset[f];
            double sum = 0.0;
            for (Index j = first; j < last; ++j) sum += (rho[j] - e[j]) * e[j];
            g[0] += l[0] * sum;
            continue;
        }
        le.assign(r, 0.0);
        lr.assign(r, 0.0);
        for (Index j = first; j < last; ++j) {
            const double* e = e_.data() + layout_.offset[f] + j * r;
            const double* rho = rho_.data() + layout_.offset[f] + j * r;
            for (int b = 0; b < r; ++b) {
                le[b] = lr[b] = 0.0;
                for (int a = 0; a < r; ++a) {
                    le[b] += l[b * r + a] * e[a];
                    lr[b] += l[b * r + a] * rho[a];
                }
            }
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) g[b * r + a] += (0.5 * rho[a] - e[a]) * le[b] + 0.5 * e[a] * lr[b];
        }
    }
}

// What a stretch adds to the gradient once the adjoint is known: r_i = t_i - w_i z~_i'a, X'(r - 2 s), Z'r. The scores s of the
// cells, and the slopes of further parameters as in FurtherParameters::add_gradient.
void LaplaceCriterion::add_gradient(const Stretch& stretch, const double* score, const std::vector<double>* dl, Share& share) {
    const Index begin = stretch.begin, n = stretch.size();
    multiply(stretch, whitened_, adjoint_.data(), along_.data());
    double *__restrict r = r_.data() + begin, *__restrict t = t_.data() + begin;
    const double *__restrict w = w_.data() + begin, *__restrict along = along_.data() + begin, *__restrict s = score + begin;
    for (Index i = 0; i < n; ++i) {
        r[i] = t[i] - w[i] * along[i];
        t[i] = r[i] - 2.0 * s[i];
    }
    add_raw_scores(stretch, r_.data(), rho_.data());
    for (int c = 0; c < p_; ++c) share.beta_slope[c] += product_of(n, cells_.column(c) + begin, t);
    further_.differentiate(*family_, eta_.data(), begin, n);
    further_.add_gradient(h_.data(), along_.data(), dl, begin, n, share.further_slope.data());
}

void LaplaceCriterion::start_share(Share& share) const {
    share.g_lambda.assign(layout_.lambda_size, 0.0);
    share.beta_slope.assign(p_, 0.0);
    share.further_slope.assign(further_.count(), 0.0);
}

void LaplaceCriterion::finish(const CellPart& part, Share& share) {
    start_share(share);
    const auto factor = [&](const double* weights, double* log_det) {
        system_.clear();
        in_stretches(part, [&](const Stretch& stretch) { system_.add(stretch, whitened_.data(), weights); });
        return system_.factor(part, log_det);
    };
    const CellView view = further_.view();
    const double* weights = w_.data();
    if (problem_.expected) {
        const Index n = part.end - part.begin;
        family_->expected(view.part(part.begin, n), eta_.data() + part.begin, work_.data() + part.begin, w1_.data() + part.begin);
        weights = work_.data();
        if (!factor(weights, &share.log_det)) {
            share.value = std::nan("");
            return;
        }
    }
    system_.invert(part);
    std::fill(adjoint_.begin() + part.effect, adjoint_.begin() + part.effect_end, 0.0);
    std::fill(rho_.begin() + part.effect, rho_.begin() + part.effect_end, 0.0);
    in_stretches(part, [&](const Stretch& stretch) {
        const Index begin = stretch.begin, n = stretch.size();
        double *__restrict w1 = w1_.data() + begin, *__restrict t = t_.data() + begin;
        if (!problem_.expected)
            family_->third_after(view.part(begin, n), eta_.data() + begin, s_.data() + begin, w_.data() + begin, w1);
        leverages(stretch, weights, share);
        const double* __restrict h = h_.data() + begin;
        for (Index i = 0; i < n; ++i) t[i] = h[i] * w1[i];
        add_raw_scores(stretch, t_.data(), adjoint_.data());
    });
    double unused = 0.0;
    if (problem_.expected) factor(w_.data(), &unused);  // the mode moves with the observed weights
    whiten(part, lambda_, adjoint_.data());
    share.value = share.q - share.decrement + share.log_det;
    // What the last step, which is not taken, changes of the determinant.
    for (Index i = part.effect; i < part.effect_end; ++i) share.value += adjoint_[i] * step_[i];
    system_.solve(part, adjoint_.data());
    in_stretches(part, [&](const Stretch& stretch) { add_gradient(stretch, s_.data(), nullptr, share); });
    theta_gradient(part, share);
}

void LaplaceCriterion::add_shares() {
    value_ = 0.0;
    std::fill(g_lambda_.begin(), g_lambda_.end(), 0.0);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    for (const Share& share : shares_) {
        value_ += share.value;
        for (Index i = 0; i < layout_.lambda_size; ++i) g_lambda_[i] += share.g_lambda[i];
        for (int c = 0; c < p_; ++c) gradient_[k_ + c] += share.beta_slope[c];
        for (Index c = 0; c < further_.count(); ++c) gradient_[k_ + p_ + c] += share.further_slope[c];
    }
    for (int i = 0; i < k_; ++i) {
        const ThetaSlot& slot = slots_[i];
        const int r = layout_.factors[slot.factor].width;
        gradient_[i] = 2.0 * g_lambda_[layout_.lambda_offset[slot.factor] + Index{slot.column} * r + slot.row];
    }
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
