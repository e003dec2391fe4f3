#include "ranef/group_evaluator.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/blas_threads.hpp"
#include "ranef/group_kernel.hpp"
#include "ranef/linalg.hpp"

namespace ranef {
namespace {

// Below this a diagonal entry of Lambda counts as zero and g_D cannot be read off g_D Lambda.
constexpr double singular_diagonal = 1e-9;
constexpr double null_eigenvalue = 1e-12;  // of a singular D, relative to its largest
// A level is heavy when it meets at least this part of the remaining columns (and enough of them for BLAS to pay).
constexpr double heavy_part = 0.25;
constexpr Index heavy_least = 24;
constexpr Index block_target = 128;  // columns per rank update

template <int R>
inline double dot(int r, const double* x, const double* y) {
    const int n = R > 0 ? R : r;
    double sum = 0.0;
    for (int i = 0; i < n; ++i) sum += x[i] * y[i];
    return sum;
}

// The part of the symmetric G that Y = G L tells when L is singular: all of it but the block on the null space of L L',
// which is set to zero (flat to the optimiser) rather than to whatever a back substitution would leave there.
void gradient_on_range(int s, const double* l, const double* y, double* g) {
    std::vector<double> d(s * s), values(s), product(s * s), on_range(s * s), projector(s * s);
    for (int j = 0; j < s; ++j)
        for (int i = 0; i < s; ++i)
            for (int c = 0; c < s; ++c) {
                d[j * s + i] += l[c * s + i] * l[c * s + j];
                product[j * s + i] += y[c * s + i] * l[c * s + j];  // Y L' = G D
            }
    std::fill(g, g + s * s, 0.0);
    if (!linalg::symmetric_eigen(s, d.data(), s, values.data())) return;
    for (int k = 0; k < s; ++k) {
        if (!(values[k] > null_eigenvalue * values[s - 1])) continue;
        const double* v = d.data() + k * s;
        for (int i = 0; i < s; ++i) {
            double gv = 0.0;
            for (int c = 0; c < s; ++c) gv += product[c * s + i] * v[c];
            for (int j = 0; j < s; ++j) {
                on_range[j * s + i] += gv / values[k] * v[j];
                projector[j * s + i] += v[i] * v[j];
            }
        }
    }
    // G P + P G - P G P.
    for (int j = 0; j < s; ++j)
        for (int i = 0; i < s; ++i) {
            g[j * s + i] = on_range[j * s + i] + on_range[i * s + j];
            for (int c = 0; c < s; ++c) g[j * s + i] -= on_range[i * s + c] * projector[j * s + c];
        }
    for (int j = 0; j < s; ++j)
        for (int i = j + 1; i < s; ++i) g[i * s + j] = g[j * s + i] = 0.5 * (g[i * s + j] + g[j * s + i]);
}

}  // namespace

template <class Schur, int R>
GroupEvaluator<Schur, R>::GroupEvaluator(const Problem& problem)
    : Evaluator(problem),
      design_(*problem.design),
      schur_(problem),
      levels_(layout_.factors[0].levels),
      q2_(layout_.q_rest),
      rest_(layout_.rest()),
      r_(layout_.leading_width()),
      p_(layout_.p),
      k_(levels_ * r_ * r_),
      t_x_(q2_ * p_),
      t_xx_(Index{p_} * p_),
      v_(t_x_.size()),
      u_(t_x_.size()),
      c_xx_(t_xx_.size()),
      n_x_(t_x_.size()),
      n_xx_(t_xx_.size()),
      ty_(rest_),
      solution_(rest_),
      rest_coef_(rest_),
      e_(rest_),
      moment_(lambda_.size()),
      g_lambda_(lambda_.size()),
      projected_(gradient_.size() * rest_),
      weight_(gradient_.size() * q2_),
      scratch_((8 + gradient_.size()) * r_ * r_ + (p_ + 4) * Index{r_} + 8 * layout_.lambda_size) {
    find_heavy_levels();
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::find_heavy_levels() {
    heavy_index_.assign(levels_, -1);
    Index most = 0;
    for (Index j = 0; j < levels_; ++j) {
        const Index entries = design_.a_ptr[j + 1] - design_.a_ptr[j];
        most = std::max(most, entries);
        if (!Schur::takes_blocks || entries < heavy_least || static_cast<double>(entries) < heavy_part * static_cast<double>(q2_))
            continue;
        heavy_index_[j] = static_cast<Index>(heavy_.size());
        heavy_.push_back(j);
    }
    fold_.resize(most * r_);
    if (heavy_.empty()) return;
    block_capacity_ = std::min<Index>(static_cast<Index>(heavy_.size()), std::max<Index>(1, block_target / r_)) * r_;
    block_.resize(q2_ * block_capacity_);
    block_product_.resize(block_.size());
    heavy_rho_.resize(heavy_.size() * r_ * r_);
}

// T = W - sum_j A_j'K_j A_j, the same for the response, and the leading term's share of log|Omega|.
template <class Schur, int R>
Status GroupEvaluator<Schur, R>::eliminate_leading() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    schur_.reset();
    std::copy(design_.w_x.begin(), design_.w_x.end(), t_x_.begin());
    std::copy(design_.w_xx.begin(), design_.w_xx.end(), t_xx_.begin());
    const double* rest = response_ + layout_.q_leading;
    std::copy(rest, rest + rest_, ty_.begin());
    tyy_ = rest[rest_];
    log_det_ = 0.0;
    block_columns_ = 0;
    double* shrunk = scratch_.data();   // K a, r numbers
    double* shrunk_x = shrunk + r;      // K x_c, p x r
    double* work = shrunk_x + Index{p_} * r;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        double* k = k_.data() + j * rr;
        double log_m = 0.0;
        if (!kernel.shrinkage(design_.g.data() + j * rr, lambda_.data(), k, &log_m, work))
            return Status::not_positive_definite;
        log_det_ += log_m;
        const double* z = response_ + j * r;
        const double* a_x = design_.a_x.data() + j * p_ * r;
        kernel.apply(k, z, shrunk);
        tyy_ -= dot<R>(r, z, shrunk);
        const Index begin = design_.a_ptr[j], end = design_.a_ptr[j + 1];
        for (Index e = begin; e < end; ++e) ty_[design_.a_col[e]] -= dot<R>(r, design_.a_val.data() + e * r, shrunk);
        for (int c = 0; c < p_; ++c) {
            ty_[q2_ + c] -= dot<R>(r, a_x + c * r, shrunk);
            kernel.apply(k, a_x + c * r, shrunk_x + c * r);
        }
        for (int c = 0; c < p_; ++c)
            for (int d = c; d < p_; ++d) t_xx_[Index{c} * p_ + d] -= dot<R>(r, a_x + d * r, shrunk_x + c * r);
        const bool heavy = heavy_index_[j] >= 0;
        if (heavy) {  // K = Y'Y with Y (left in `work`): T - A'KA = T - (Y A)'(Y A)
            if (block_columns_ + r > block_capacity_) flush_block();
            double* h = block_.data() + block_columns_ * q2_;
            std::fill(h, h + q2_ * r, 0.0);
            for (Index e = begin; e < end; ++e) {
                kernel.apply(work, design_.a_val.data() + e * r, shrunk);
                for (int a = 0; a < r; ++a) h[a * q2_ + design_.a_col[e]] = shrunk[a];
            }
            block_columns_ += r;
        }
        for (Index e2 = begin; e2 < end; ++e2) {
            const double* a2 = design_.a_val.data() + e2 * r;
            const Index col = design_.a_col[e2];
            for (int c = 0; c < p_; ++c) t_x_[c * q2_ + col] -= dot<R>(r, a2, shrunk_x + c * r);
            if (heavy) continue;
            kernel.apply(k, a2, shrunk);
            for (Index e1 = e2; e1 < end; ++e1)
                schur_.entry(counter++, design_.a_col[e1], col) -= dot<R>(r, design_.a_val.data() + e1 * r, shrunk);
        }
    }
    flush_block();
    schur_.complete();
    linalg::symmetrise(p_, t_xx_.data(), p_);
    return Status::ok;
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::flush_block() {
    if constexpr (Schur::takes_blocks)
        if (block_columns_ > 0) schur_.subtract_outer(block_.data(), block_columns_);
    block_columns_ = 0;
}

// D_j N D_j' for the heavy levels, D_j the dense rows of A_j over Z_rest.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::heavy_quadratics() {
    if constexpr (Schur::takes_blocks) {
        const int r = R > 0 ? R : r_;
        const Index batch = block_capacity_ / std::max(r, 1);
        for (Index first = 0; first < static_cast<Index>(heavy_.size()); first += batch) {
            const Index count = std::min<Index>(batch, static_cast<Index>(heavy_.size()) - first);
            std::fill(block_.begin(), block_.begin() + static_cast<std::ptrdiff_t>(count * r * q2_), 0.0);
            for (Index i = 0; i < count; ++i) {
                const Index j = heavy_[first + i];
                double* d = block_.data() + i * r * q2_;
                for (Index e = design_.a_ptr[j]; e < design_.a_ptr[j + 1]; ++e)
                    for (int a = 0; a < r; ++a) d[a * q2_ + design_.a_col[e]] = design_.a_val[e * r + a];
            }
            schur_.inverse_multiply(block_.data(), count * r, block_product_.data());
            for (Index i = 0; i < count; ++i)
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a)
                        heavy_rho_[((first + i) * r + b) * r + a] = linalg::dot(
                            q2_, block_.data() + (i * r + a) * q2_, block_product_.data() + (i * r + b) * q2_);
        }
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::forward(double* rest) const {
    apply_rest_lambda(layout_, lambda_.data(), true, rest);
    if (q2_ > 0) schur_.solve_lower(rest, 1);
    for (int c = 0; c < p_; ++c) rest[q2_ + c] -= linalg::dot(q2_, v_.data() + c * q2_, rest);
    linalg::solve_lower(p_, c_xx_.data(), p_, rest + q2_, 1, p_);
}

template <class Schur, int R>
Status GroupEvaluator<Schur, R>::solve() {
    if (q2_ > 0) {
        if (!schur_.factor(lambda_.data())) return Status::not_positive_definite;
        log_det_ += schur_.log_det();
        std::copy(t_x_.begin(), t_x_.end(), v_.begin());
        for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_.data(), true, v_.data() + c * q2_);
        schur_.solve_lower(v_.data(), p_);
    }
    for (int c = 0; c < p_; ++c)
        for (int d = c; d < p_; ++d)
            c_xx_[Index{c} * p_ + d] = t_xx_[Index{c} * p_ + d] - linalg::dot(q2_, v_.data() + c * q2_, v_.data() + d * q2_);
    if (!linalg::cholesky(p_, c_xx_.data(), p_)) return Status::not_positive_definite;
    log_det_x_ = 0.0;
    for (int c = 0; c < p_; ++c) log_det_x_ += 2.0 * std::log(c_xx_[Index{c} * p_ + c]);

    std::copy(ty_.begin(), ty_.end(), solution_.begin());
    forward(solution_.data());
    rss_ = tyy_ - linalg::dot(rest_, solution_.data(), solution_.data());
    double* beta = solution_.data() + q2_;
    linalg::solve_upper(p_, c_xx_.data(), p_, beta, 1, p_);
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) solution_[i] -= v_[c * q2_ + i] * beta[c];
    if (q2_ > 0) schur_.solve_upper(solution_.data(), 1);
    std::copy(solution_.begin(), solution_.end(), rest_coef_.begin());
    apply_rest_lambda(layout_, lambda_.data(), false, rest_coef_.data());
    std::copy(beta, beta + p_, beta_.begin());
    return finish_value(response_[layout_.n_coef()]);
}

// N = S^-1 over [Z_rest X] (REML) or S_22^-1 without X (ML); Lambda is applied by the caller.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::invert(bool with_x) {
    if (q2_ > 0) {
        std::copy(v_.begin(), v_.end(), u_.begin());
        if (with_x) schur_.solve_upper(u_.data(), p_);
        schur_.invert();
    }
    std::fill(n_x_.begin(), n_x_.end(), 0.0);
    std::fill(n_xx_.begin(), n_xx_.end(), 0.0);
    if (!with_x) return;
    std::copy(c_xx_.begin(), c_xx_.end(), n_xx_.begin());
    linalg::invert_cholesky(p_, n_xx_.data(), p_);
    linalg::symmetrise(p_, n_xx_.data(), p_);
    if (q2_ == 0) return;
    linalg::multiply(false, false, q2_, p_, p_, -1.0, u_.data(), q2_, n_xx_.data(), p_, 0.0, n_x_.data(), q2_);
    // u <- U C^-T so that u u' = U (C C')^-1 U'.
    for (int c = 0; c < p_; ++c) {
        double* column = u_.data() + c * q2_;
        for (int d = 0; d < c; ++d)
            for (Index i = 0; i < q2_; ++i) column[i] -= c_xx_[Index{d} * p_ + c] * u_[d * q2_ + i];
        for (Index i = 0; i < q2_; ++i) column[i] /= c_xx_[Index{c} * p_ + c];
    }
    schur_.add_outer(u_.data(), p_);
}

// t_j = Z_1j'y - A_j (b_rest, beta).
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_residual(Index j, double* t) const {
    const int r = R > 0 ? R : r_;
    for (int a = 0; a < r; ++a) t[a] = response_[j * r + a];
    for (Index e = design_.a_ptr[j]; e < design_.a_ptr[j + 1]; ++e) {
        const double c = rest_coef_[design_.a_col[e]];
        for (int a = 0; a < r; ++a) t[a] -= design_.a_val[e * r + a] * c;
    }
    const double* a_x = design_.a_x.data() + j * p_ * r;
    for (int c = 0; c < p_; ++c)
        for (int a = 0; a < r; ++a) t[a] -= a_x[c * r + a] * rest_coef_[q2_ + c];
}

// rho_j = A_j N A_j' with N = Gamma S^-1 Gamma'.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::level_quadratic(Index j, Index counter, double* rho) {
    const int r = R > 0 ? R : r_;
    const double* a_x = design_.a_x.data() + j * p_ * r;
    const Index begin = design_.a_ptr[j], end = design_.a_ptr[j + 1];
    const double* a_val = design_.a_val.data() + begin * r;
    if (heavy_index_[j] >= 0) {
        const double* whole = heavy_rho_.data() + heavy_index_[j] * r * r;
        std::copy(whole, whole + r * r, rho);
        std::fill(fold_.begin(), fold_.begin() + static_cast<std::ptrdiff_t>((end - begin) * r), 0.0);
    } else {
        // fold = N A' by the lower triangle: every entry serves its row and its column.
        std::fill(rho, rho + r * r, 0.0);
        std::fill(fold_.begin(), fold_.begin() + static_cast<std::ptrdiff_t>((end - begin) * r), 0.0);
        for (Index y = 0; y < end - begin; ++y) {
            const Index col = design_.a_col[begin + y];
            const double* ay = a_val + y * r;
            double* fy = fold_.data() + y * r;
            const double diagonal = schur_.inverse_at(counter++, col, col);
            for (int a = 0; a < r; ++a) fy[a] += diagonal * ay[a];
            for (Index x = y + 1; x < end - begin; ++x) {
                const double n = schur_.inverse_at(counter++, design_.a_col[begin + x], col);
                const double* ax = a_val + x * r;
                double* fx = fold_.data() + x * r;
                for (int a = 0; a < r; ++a) {
                    fy[a] += n * ax[a];
                    fx[a] += n * ay[a];
                }
            }
        }
    }
    // The border counts twice: N_2X and its transpose.
    for (int c = 0; c < p_; ++c)
        for (Index y = 0; y < end - begin; ++y) {
            const double n = 2.0 * n_x_[c * q2_ + design_.a_col[begin + y]];
            for (int a = 0; a < r; ++a) fold_[y * r + a] += n * a_x[c * r + a];
        }
    for (Index y = 0; y < end - begin; ++y)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) rho[b * r + a] += 0.5 * (a_val[y * r + a] * fold_[y * r + b] + fold_[y * r + a] * a_val[y * r + b]);
    for (int c = 0; c < p_; ++c)
        for (int d = 0; d < p_; ++d) {
            const double n = n_xx_[Index{d} * p_ + c];
            for (int b = 0; b < r; ++b)
                for (int a = 0; a < r; ++a) rho[b * r + a] += n * a_x[c * r + a] * a_x[d * r + b];
        }
}

// e = Z'(y - X beta - Z b) for the factors behind the leading one, and sum e e' of those.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::residuals() {
    if (q2_ > 0) schur_.multiply(rest_coef_.data(), e_.data());
    for (Index i = 0; i < q2_; ++i) e_[i] = ty_[i] - e_[i];
    for (int c = 0; c < p_; ++c)
        for (Index i = 0; i < q2_; ++i) e_[i] -= t_x_[c * q2_ + i] * rest_coef_[q2_ + c];
    std::fill(moment_.begin(), moment_.end(), 0.0);
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* x = e_.data() + (layout_.offset[f] - layout_.q_leading);
        double* out = moment_.data() + layout_.lambda_offset[f];
        for (Index l = 0; l < layout_.factors[f].levels; ++l, x += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a) out[b * s + a] += x[a] * x[b];
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::assemble_gradient() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const double ratio = nu() / rss_;
    residuals();
    invert(problem_.reml);
    std::fill(g_lambda_.begin(), g_lambda_.end(), 0.0);
    std::fill(g_d_.begin(), g_d_.end(), 0.0);
    if (q2_ > 0) {
        schur_.trace_gradient(lambda_.data(), g_lambda_.data());
        // + T_2X N_X2 on the diagonal blocks.
        for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
            const int s = layout_.factors[f].width;
            double* out = g_lambda_.data() + layout_.lambda_offset[f];
            const Index base = layout_.offset[f] - layout_.q_leading;
            for (int c = 0; c < p_; ++c)
                for (Index l = 0; l < layout_.factors[f].levels; ++l) {
                    const double* t = t_x_.data() + c * q2_ + base + l * s;
                    const double* n = n_x_.data() + c * q2_ + base + l * s;
                    for (int b = 0; b < s; ++b)
                        for (int a = 0; a < s; ++a) out[b * s + a] += t[a] * n[b];
                }
            const GroupKernel<0> any(s);
            const double* lambda = lambda_.data() + layout_.lambda_offset[f];
            double* product = scratch_.data();
            any.product(moment_.data() + layout_.lambda_offset[f], lambda, product);
            for (int i = 0; i < s * s; ++i) out[i] -= ratio * product[i];
        }
        schur_.scale_inverse(lambda_.data());
        for (int c = 0; c < p_; ++c) apply_rest_lambda(layout_, lambda_.data(), false, n_x_.data() + c * q2_);
    }
    heavy_quadratics();
    double *f = scratch_.data(), *b = f + rr, *rho = b + rr, *inner = rho + rr, *work = inner + rr;
    double *t = work + rr, *e = t + r;
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j) {
        const double* g = design_.g.data() + j * rr;
        kernel.residual_maker(g, k_.data() + j * rr, f);
        kernel.product(g, f, b);
        level_quadratic(j, counter, rho);
        const Index entries = design_.a_ptr[j + 1] - design_.a_ptr[j];
        counter += packed_size(entries);
        kernel.congruence(f, rho, inner, work);
        level_residual(j, t);
        kernel.apply_transposed(f, t, e);
        for (int col = 0; col < r; ++col)
            for (int row = 0; row < r; ++row) {
                g_d_[col * r + row] += b[col * r + row] - inner[col * r + row];
                moment_[col * r + row] += e[row] * e[col];
            }
    }
    for (int i = 0; i < rr; ++i) g_d_[i] -= ratio * moment_[i];
    kernel.product(g_d_.data(), lambda_.data(), g_lambda_.data());
    finish_gradient(g_lambda_);
    other_covariance_gradients();
}

// g_D of the other factors from g_D Lambda, where Lambda allows it.
template <class Schur, int R>
void GroupEvaluator<Schur, R>::other_covariance_gradients() {
    for (std::size_t f = 1; f < layout_.factors.size(); ++f) {
        const int s = layout_.factors[f].width;
        const double* lambda = lambda_.data() + layout_.lambda_offset[f];
        const double* y = g_lambda_.data() + layout_.lambda_offset[f];
        double* g = g_d_.data() + layout_.lambda_offset[f];
        known_[f] = linalg::divide_right(s, y, lambda, singular_diagonal, g);
        if (!known_[f]) {
            gradient_on_range(s, lambda, y, g);
            continue;
        }
        for (int a = 0; a < s; ++a)
            for (int c = a + 1; c < s; ++c) g[a * s + c] = g[c * s + a] = 0.5 * (g[a * s + c] + g[c * s + a]);
    }
}

// H_ik ~ <g_D, d2D> + (nu / r^2) f_i'P f_k - (nu / r^4) c_i c_k. Uses the factor, so it runs before invert().
template <class Schur, int R>
void GroupEvaluator<Schur, R>::assemble_information() {
    const GroupKernel<R> kernel(r_);
    const int r = kernel.r(), rr = kernel.size();
    const Index k = layout_.n_theta();
    const double ratio = nu() / rss_;
    std::fill(hessian_.begin(), hessian_.end(), 0.0);
    std::fill(projected_.begin(), projected_.end(), 0.0);
    std::vector<double> directions(k * layout_.lambda_size);
    std::vector<Index> leading;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const int s = layout_.factors[slot.factor].width;
        double* e = directions.data() + i * layout_.lambda_size;
        covariance_direction(s, lambda_.data() + layout_.lambda_offset[slot.factor], slot.row, slot.column, e);
        if (slot.factor == 0) {
            leading.push_back(i);
            continue;
        }
        // w = E_i e on the factor's levels, h = T w.
        double* w = weight_.data() + i * q2_;
        double* h = projected_.data() + i * rest_;
        std::fill(w, w + q2_, 0.0);
        const GroupKernel<0> any(s);
        const Index base = layout_.offset[slot.factor] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[slot.factor].levels; ++l)
            any.apply(e, e_.data() + base + l * s, w + base + l * s);
        schur_.multiply(w, h);
        for (int c = 0; c < p_; ++c) h[q2_ + c] = linalg::dot(q2_, t_x_.data() + c * q2_, w);
    }
    // Leading directions: h_i = sum_j A_j'F_j E_i e_j, f_i'H_1^-1 f_k = sum_j e_j'E_i B_j E_k e_j.
    double *f = scratch_.data(), *b = f + rr, *t = b + rr, *e = t + r, *x = e + r, *y = x + r, *w = y + r;
    for (Index j = 0; j < levels_; ++j) {
        const double* g = design_.g.data() + j * rr;
        kernel.residual_maker(g, k_.data() + j * rr, f);
        kernel.product(g, f, b);
        level_residual(j, t);
        kernel.apply_transposed(f, t, e);
        for (int col = 0; col < r; ++col)
            for (int row = 0; row < r; ++row) moment_[col * r + row] += e[row] * e[col];
        const double* a_x = design_.a_x.data() + j * p_ * r;
        for (std::size_t n = 0; n < leading.size(); ++n)
            kernel.apply(directions.data() + leading[n] * layout_.lambda_size, e, w + n * r);
        for (std::size_t n = 0; n < leading.size(); ++n) {
            const Index i = leading[n];
            kernel.apply(b, w + n * r, y);
            for (std::size_t m = 0; m <= n; ++m) hessian_[leading[m] * k + i] += ratio * dot<R>(r, w + m * r, y);
            kernel.apply(f, w + n * r, x);
            double* h = projected_.data() + i * rest_;
            for (Index a = design_.a_ptr[j]; a < design_.a_ptr[j + 1]; ++a)
                h[design_.a_col[a]] += dot<R>(r, design_.a_val.data() + a * r, x);
            for (int c = 0; c < p_; ++c) h[q2_ + c] += dot<R>(r, a_x + c * r, x);
        }
    }
    for (std::size_t n = 0; n < leading.size(); ++n)
        for (std::size_t m = 0; m < n; ++m) hessian_[leading[n] * k + leading[m]] = hessian_[leading[m] * k + leading[n]];
    // The other factors against all: f_i'H_1^-1 f_k = h_i'w_k.
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l) {
            if (slots_[l].factor == 0) continue;
            const double value = ratio * linalg::dot(q2_, projected_.data() + i * rest_, weight_.data() + l * q2_);
            if (slots_[i].factor == 0) {
                hessian_[l * k + i] += value;
                hessian_[i * k + l] += value;
            } else {
                hessian_[l * k + i] += value;
            }
        }
    for (Index i = 0; i < k; ++i) forward(projected_.data() + i * rest_);
    std::vector<double> c(k);
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = slots_[i];
        const Index size = Index{layout_.factors[slot.factor].width} * layout_.factors[slot.factor].width;
        const double* direction = directions.data() + i * layout_.lambda_size;
        c[i] = linalg::dot(size, direction, moment_.data() + layout_.lambda_offset[slot.factor]);
    }
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l)
            hessian_[l * k + i] -= ratio * linalg::dot(rest_, projected_.data() + i * rest_, projected_.data() + l * rest_) +
                                   ratio / rss_ * c[i] * c[l];
}

template <class Schur, int R>
Status GroupEvaluator<Schur, R>::evaluate(const double* theta, Order order) {
    const BlasThreads threads(rest_);
    unpack(theta);
    Status status = eliminate_leading();
    if (status == Status::ok) status = solve();
    if (status != Status::ok || order == Order::value) return status;
    if (order == Order::hessian) {
        residuals();
        assemble_information();
    }
    assemble_gradient();
    if (order == Order::hessian) add_curvature_of_covariance();
    return Status::ok;
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::coefficients(double* coef) const {
    const GroupKernel<R> kernel(r_);
    std::vector<double> t(r_);
    for (Index j = 0; j < levels_; ++j) {
        level_residual(j, t.data());
        kernel.apply(k_.data() + j * kernel.size(), t.data(), coef + j * r_);
    }
    std::copy(rest_coef_.begin(), rest_coef_.end(), coef + layout_.q_leading);
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::conditional_variances(int factor, double* out) {
    // The inverse needs the factor: start again from T.
    if (q2_ > 0) schur_.factor(lambda_.data());
    invert(false);
    if (q2_ > 0) schur_.scale_inverse(lambda_.data());
    if (factor > 0) {
        const int s = layout_.factors[factor].width;
        Index base = layout_.offset[factor] - layout_.q_leading;
        for (Index l = 0; l < layout_.factors[factor].levels; ++l, base += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a)
                    *out++ = schur_.inverse_within(base + std::max(a, b), base + std::min(a, b));
        return;
    }
    const GroupKernel<R> kernel(r_);
    const int rr = kernel.size();
    heavy_quadratics();
    std::vector<double> rho(rr), work(rr);
    Index counter = 0;
    for (Index j = 0; j < levels_; ++j, out += rr) {
        const double* k = k_.data() + j * rr;
        level_quadratic(j, counter, rho.data());
        counter += packed_size(design_.a_ptr[j + 1] - design_.a_ptr[j]);
        kernel.congruence(k, rho.data(), out, work.data());
        for (int i = 0; i < rr; ++i) out[i] += k[i];
    }
}

template <class Schur, int R>
void GroupEvaluator<Schur, R>::fixed_covariance(double* out) const {
    std::copy(c_xx_.begin(), c_xx_.end(), out);
    linalg::invert_cholesky(p_, out, p_);
    linalg::symmetrise(p_, out, p_);
}

template class GroupEvaluator<DenseSchur, 0>;
template class GroupEvaluator<DenseSchur, 1>;
template class GroupEvaluator<DenseSchur, 2>;
template class GroupEvaluator<DenseSchur, 3>;
template class GroupEvaluator<SparseSchur, 0>;
template class GroupEvaluator<SparseSchur, 1>;
template class GroupEvaluator<SparseSchur, 2>;
template class GroupEvaluator<SparseSchur, 3>;

}  // namespace ranef
