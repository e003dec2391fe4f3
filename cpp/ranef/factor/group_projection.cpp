// Many responses at one theta: everything but their own right-hand sides is at hand. Side by side, the products with A_j run
// along the responses and the triangular solve is matrix times matrix.
#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_factor.hpp"

namespace ranef {
namespace {

// y <- y - a x over the lanes.
void subtract(Index lanes, double a, const double* x, double* y) {
    for (Index l = 0; l < lanes; ++l) y[l] -= a * x[l];
}

// v <- Lambda'v for every lane.
void apply_rest_lambda_lanes(const Layout& layout, const double* lambda, Index lanes, double* v, std::vector<double>& work) {
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const Index r = layout.factors[f].width;
        const double* block = lambda + layout.lambda_offset[f];
        double* x = v + layout.rest_column(f) * lanes;
        work.resize(r * lanes);
        for (Index level = 0; level < layout.factors[f].levels; ++level, x += r * lanes) {
            std::fill(work.begin(), work.end(), 0.0);
            for (Index i = 0; i < r; ++i)
                for (Index j = 0; j < r; ++j) subtract(lanes, -block[i * r + j], x + j * lanes, work.data() + i * lanes);
            std::copy(work.begin(), work.end(), x);
        }
    }
}

}  // namespace

void GroupFactor::project_over(const DenseSchur& complement, const double* responses, Index lanes, double* rss, double* beta) {
    const int r = r_;
    const double* rest = responses + layout_.q_leading * lanes;
    lanes_.assign(rest, rest + rest_ * lanes);
    std::copy_n(rest + rest_ * lanes, lanes, rss);
    std::vector<double> shrunk(r * lanes), work;
    double* x = lanes_.data() + q2_ * lanes;
    for (Index j = 0; j < levels_; ++j) {
        const double* z = responses + j * r * lanes;
        const double* k = level_k(j);
        std::fill(shrunk.begin(), shrunk.end(), 0.0);
        for (int a = 0; a < r; ++a) {
            double* s = shrunk.data() + a * lanes;
            for (int b = 0; b < r; ++b) subtract(lanes, -k[b * r + a], z + b * lanes, s);
            for (Index l = 0; l < lanes; ++l) rss[l] -= z[a * lanes + l] * s[l];
            design().level(j).each_column(
                [&](Index column, const double* v) { subtract(lanes, v[a], s, lanes_.data() + column * lanes); });
        }
    }
    apply_rest_lambda_lanes(layout_, lambda_, lanes, lanes_.data(), work);
    complement.solve_lower_lanes(lanes_.data(), lanes);
    if (q2_ > 0)
        linalg::multiply(false, false, lanes, p_, q2_, -1.0, lanes_.data(), lanes, v_.data(), q2_, 1.0, x, lanes);
    linalg::solve_lower_rows(p_, c_xx_.data(), p_, x, lanes);
    for (Index i = 0; i < rest_; ++i)
        for (Index l = 0; l < lanes; ++l) rss[l] -= lanes_[i * lanes + l] * lanes_[i * lanes + l];
    // beta = C^-T x, from the last coefficient up.
    for (int c = p_ - 1; c >= 0; --c) {
        double* b = beta + c * lanes;
        std::copy_n(x + c * lanes, lanes, b);
        for (int d = c + 1; d < p_; ++d) subtract(lanes, c_xx_[Index{c} * p_ + d], beta + d * lanes, b);
        for (Index l = 0; l < lanes; ++l) b[l] /= c_xx_[Index{c} * p_ + c];
    }
}

}  // namespace ranef
