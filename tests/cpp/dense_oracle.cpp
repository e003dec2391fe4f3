#include "dense_oracle.hpp"

namespace ranef::testing {

OracleState DenseOracle::solve(const std::vector<double>& theta, bool everything) const {
    const Index p = layout_.p;
    std::vector<double> packed(layout_.lambda_size);
    layout_.unpack(theta.data(), packed.data());
    Matrix h(n_, n_);
    for (Index i = 0; i < n_; ++i) h(i, i) = inverse_weights_[i];
    for (std::size_t f = 0; f < z_.size(); ++f) {
        const Matrix zl = transposed(times(z_[f], lambda(packed, f)));
        for (const auto& rows : rows_of(f))
            for (Index i : rows)
                for (Index j : rows) h(i, j) += inner(zl.rows, zl.column(i), zl.column(j));
    }
    const Matrix factor = cholesky_factor(h);
    Matrix q(n_, p + 1);  // [X y], whitened, then orthonormal
    std::copy(x_.entries.begin(), x_.entries.end(), q.entries.begin());
    std::copy(y_.entries.begin(), y_.entries.end(), q.column(p));
    forward_solve(factor, q);
    const Matrix r = orthonormalise(q);

    OracleState s;
    for (Index i = 0; i < n_; ++i) s.log_det += 2.0L * std::log(factor(i, i));
    for (Index c = 0; c < p; ++c) s.log_det_x += 2.0L * std::log(r(c, c));
    s.rss = r(p, p) * r(p, p);
    const Real nu = static_cast<Real>(reml_ ? n_ - p : n_);
    const Real two_pi = 2.0L * std::acos(-1.0L);
    s.criterion = s.log_det + (reml_ ? s.log_det_x : 0.0L) + nu * (1.0L + std::log(two_pi * s.rss / nu));
    if (!everything) return s;

    Matrix inverse(p, p);  // of R, upper triangular
    for (Index c = 0; c < p; ++c)
        for (Index i = c; i >= 0; --i) {
            Real sum = i == c ? 1.0L : 0.0L;
            for (Index k = i + 1; k <= c; ++k) sum -= r(i, k) * inverse(k, c);
            inverse(i, c) = sum / r(i, i);
        }
    s.fixed_covariance = times(inverse, transposed(inverse));
    for (Index i = 0; i < p; ++i) {
        s.beta.push_back(0.0L);
        for (Index k = i; k < p; ++k) s.beta[i] += inverse(i, k) * r(k, p);
    }
    complete(packed, factor, q, s);
    return s;
}

void DenseOracle::complete(const std::vector<double>& packed, const Matrix& factor, Matrix q,
                           OracleState& s) const {
    const Index p = layout_.p;
    const Real nu = static_cast<Real>(reml_ ? n_ - p : n_), ratio = nu / s.rss;
    Matrix root(n_, n_);  // L^-1
    for (Index i = 0; i < n_; ++i) root(i, i) = 1.0L;
    forward_solve(factor, root);
    const Matrix h_inverse = times(transposed(root), root);
    // P y from the orthogonalised response itself: a product with P would lose the digits of a large mean.
    Matrix residual(n_, 1);
    for (Index i = 0; i < n_; ++i) residual(i, 0) = q(i, p) * std::sqrt(s.rss);
    const Matrix py = times(transposed(root), residual);
    q.columns = p;
    q.entries.resize(n_ * p);
    const Matrix back = times(transposed(root), q);
    Matrix projector = times(back, transposed(back));
    for (std::size_t e = 0; e < projector.entries.size(); ++e)
        projector.entries[e] = h_inverse.entries[e] - projector.entries[e];
    const Matrix& trace_matrix = reml_ ? projector : h_inverse;

    s.modes.assign(layout_.q, 0.0L);
    s.covariance_gradient.assign(layout_.lambda_size, 0.0L);
    s.score_moment = s.covariance_gradient;
    for (std::size_t f = 0; f < z_.size(); ++f) {
        const Index w = layout_.factors[f].width;
        const Matrix l = lambda(packed, f), d = times(l, transposed(l));
        const auto rows = rows_of(f);
        s.variances.emplace_back();
        for (Index level = 0; level < layout_.factors[f].levels; ++level) {
            Matrix zhz(w, w), gradient(w, w), score(w, 1);
            for (Index i : rows[level]) {
                for (Index a = 0; a < w; ++a) score(a, 0) += z_[f](i, a) * py(i, 0);
                for (Index j : rows[level])
                    for (Index a = 0; a < w; ++a)
                        for (Index b = 0; b < w; ++b) {
                            const Real zz = z_[f](i, a) * z_[f](j, b);
                            zhz(a, b) += zz * h_inverse(i, j);
                            gradient(a, b) += zz * (trace_matrix(i, j) - ratio * py(i, 0) * py(j, 0));
                        }
            }
            for (std::size_t e = 0; e < gradient.entries.size(); ++e)
                s.covariance_gradient[layout_.lambda_offset[f] + e] += gradient.entries[e];
            for (Index a = 0; a < w; ++a)
                for (Index c = 0; c < w; ++c)
                    s.score_moment[layout_.lambda_offset[f] + c * w + a] += ratio * score(a, 0) * score(c, 0);
            const Matrix b = times(d, score);
            for (Index a = 0; a < w; ++a) s.modes[layout_.offset[f] + level * w + a] = b(a, 0);
            Matrix variance = times(d, times(zhz, d));
            for (std::size_t e = 0; e < variance.entries.size(); ++e)
                variance.entries[e] = d.entries[e] - variance.entries[e];
            s.variances.back().push_back(variance);
        }
    }

    // dH_i P y for every theta, and the derivatives that follow.
    const Index k = layout_.n_theta();
    Matrix f_i(n_, k);
    s.information = Matrix(k, k);
    for (Index t = 0; t < k; ++t) {
        const ThetaSlot& slot = layout_.theta[t];
        const Matrix l = lambda(packed, slot.factor);
        const Index w = l.rows;
        const Matrix& z = z_[slot.factor];
        Real slope = 0.0L;
        for (Index a = 0; a < w; ++a)
            slope += 2.0L * s.covariance_gradient[layout_.lambda_offset[slot.factor] + a * w + slot.row] *
                     l(a, slot.column);
        s.gradient.push_back(slope);
        Matrix zl(n_, 1);
        for (Index i = 0; i < n_; ++i)
            for (Index a = 0; a < w; ++a) zl(i, 0) += z(i, a) * l(a, slot.column);
        for (const auto& rows : rows_of(slot.factor))
            for (Index i : rows)
                for (Index j : rows)
                    f_i(i, t) += (z(i, slot.row) * zl(j, 0) + zl(i, 0) * z(j, slot.row)) * py(j, 0);
    }
    const Matrix pf = times(projector, f_i);
    for (Index i = 0; i < k; ++i)
        for (Index j = 0; j < k; ++j) {
            const Real ci = inner(n_, f_i.column(i), py.column(0)),
                       cj = inner(n_, f_i.column(j), py.column(0));
            s.information(i, j) = ratio * inner(n_, f_i.column(i), pf.column(j)) - ratio / s.rss * ci * cj;
        }
}

}  // namespace ranef::testing
