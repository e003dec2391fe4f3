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
      system_(cells_, layout_, problem.pattern()),
      slots_(layout_.theta),
      scalar_(cells_.width == static_cast<int>(layout_.factors.size())),
      k_(layout_.n_theta()),
      p_(layout_.p),
      dispersed_(family_->dispersed()),
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
      dl_(dispersed_ ? cells_.n : 0),
      ds_(dl_.size()),
      dw_(dl_.size()),
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
    if (dispersed_) family_->set_dispersion(parameters[k_ + p_]);
    for (const Stretch& stretch : stretches_) {
        std::copy(cells_.offset.begin() + stretch.begin, cells_.offset.begin() + stretch.end, fixed_.begin() + stretch.begin);
        add_fixed_part(stretch, parameters + k_, fixed_.data());
    }
    if (scalar_) {
        const Index factors = cells_.width;
        for (Index f = 0; f < factors; ++f) {
            const double l = lambda_[layout_.lambda_offset[f]];
            for (Index i = f; i < cells_.n * factors; i += factors) whitened_[i] = l * cells_.z[i];
        }
        return;
    }
    for (Index i = 0; i < cells_.n; ++i) {
        const double* z = cells_.z.data() + i * cells_.width;
        double* out = whitened_.data() + i * cells_.width;
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
}

Status LaplaceCriterion::evaluate(const double* parameters) {
    for (std::size_t i = 0; i < parameters_.size(); ++i)
        if (!std::isfinite(parameters[i])) return Status::not_finite;
    if (base_known_ && factor_is_base_) {
        predict(parameters);
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
    const Status status = find_mode();
    if (status != Status::ok) return status;
    finish();
    add_prior();
    if (!std::isfinite(value_)) return Status::not_finite;
    valid_ = true;
    if (!best_known_ || value_ < best_value_) {
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
void LaplaceCriterion::leverages(const Stretch& stretch, const double* weights) {
    if (system_.scalar()) return system_.scalar_leverages(stretch, whitened_.data(), weights, h_.data(), g_lambda_.data());
    std::vector<double>& v = scratch_.image;
    v.resize(cells_.width);
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
                double* g = g_lambda_.data() + layout_.lambda_offset[f];
                for (int b = 0; b < r; ++b) {
                    const double wv = weights[i] * v[first + b];
                    for (int a = 0; a < r; ++a) g[b * r + a] += wv * z[first + a];
                }
            }
        }
    });
}

// g_D Lambda = sum_j [B_jj Lambda - e_j (Lambda'e_j)' + (rho_j (Lambda'e_j)' + e_j (Lambda'rho_j)') / 2]; e = Z's, rho = Z'r.
void LaplaceCriterion::theta_gradient() {
    std::vector<double> le, lr;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
        const int r = layout_.factors[f].width;
        const double* l = lambda_.data() + layout_.lambda_offset[f];
        double* g = g_lambda_.data() + layout_.lambda_offset[f];
        if (r == 1) {
            const double *e = e_.data() + layout_.offset[f], *rho = rho_.data() + layout_.offset[f];
            double sum = 0.0;
            for (Index j = 0; j < layout_.factors[f].levels; ++j) sum += (rho[j] - e[j]) * e[j];
            g[0] += l[0] * sum;
            continue;
        }
        le.assign(r, 0.0);
        lr.assign(r, 0.0);
        for (Index j = 0; j < layout_.factors[f].levels; ++j) {
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
    for (int i = 0; i < k_; ++i) {
        const ThetaSlot& slot = slots_[i];
        const int r = layout_.factors[slot.factor].width;
        gradient_[i] = 2.0 * g_lambda_[layout_.lambda_offset[slot.factor] + Index{slot.column} * r + slot.row];
    }
}

// What a stretch adds to the gradient once the adjoint is known: r_i = t_i - w_i z~_i'a, X'(r - 2 s), Z'r.
void LaplaceCriterion::add_gradient(const Stretch& stretch) {
    const Index begin = stretch.begin, n = stretch.size();
    multiply(stretch, whitened_, adjoint_.data(), along_.data());
    double *__restrict r = r_.data() + begin, *__restrict t = t_.data() + begin;
    const double *__restrict w = w_.data() + begin, *__restrict along = along_.data() + begin, *__restrict s = s_.data() + begin;
    for (Index i = 0; i < n; ++i) {
        r[i] = t[i] - w[i] * along[i];
        t[i] = r[i] - 2.0 * s[i];
    }
    add_raw_scores(stretch, r_.data(), rho_.data());
    for (int c = 0; c < p_; ++c) gradient_[k_ + c] += product_of(n, cells_.column(c) + begin, t);
    if (!dispersed_) return;
    double *dl = dl_.data() + begin, *ds = ds_.data() + begin, *dw = dw_.data() + begin, *h = h_.data() + begin;
    family_->dispersion(problem_.responses.view().part(begin, n), eta_.data() + begin, dl, ds, dw);
    double sum = 0.0;
    for (Index i = 0; i < n; ++i) sum += h[i] * dw[i] + along[i] * ds[i] - 2.0 * dl[i];
    gradient_[k_ + p_] += sum;
}

void LaplaceCriterion::finish() {
    const CellView view = problem_.responses.view();
    double log_det = system_.log_det();
    const double* weights = w_.data();
    if (problem_.expected) {
        work_.resize(cells_.n);
        family_->expected(view, eta_.data(), work_.data(), w1_.data());
        weights = work_.data();
        if (!system_.factor(stretches_, whitened_.data(), weights)) {
            value_ = std::nan("");
            return;
        }
        log_det = system_.log_det();
    }
    system_.invert();
    std::fill(g_lambda_.begin(), g_lambda_.end(), 0.0);
    std::fill(adjoint_.begin(), adjoint_.end(), 0.0);
    for (const Stretch& stretch : stretches_) {
        const Index begin = stretch.begin, n = stretch.size();
        double* w1 = w1_.data() + begin;
        if (!problem_.expected)
            family_->third_after(view.part(begin, n), eta_.data() + begin, s_.data() + begin, w_.data() + begin, w1);
        leverages(stretch, weights);
        for (Index i = 0; i < n; ++i) t_[begin + i] = h_[begin + i] * w1[i];
        add_raw_scores(stretch, t_.data(), adjoint_.data());
    }
    if (problem_.expected) system_.factor(stretches_, whitened_.data(), w_.data());  // the mode moves with the observed weights
    whiten(adjoint_.data());
    double moved = 0.0;  // of the determinant, in the last step, which is not taken
    for (Index i = 0; i < layout_.q; ++i) moved += adjoint_[i] * step_[i];
    value_ = q_ - decrement_ + log_det + moved;
    system_.solve(adjoint_.data());
    std::fill(rho_.begin(), rho_.end(), 0.0);
    std::fill(gradient_.begin(), gradient_.end(), 0.0);
    for (const Stretch& stretch : stretches_) add_gradient(stretch);
    theta_gradient();
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
