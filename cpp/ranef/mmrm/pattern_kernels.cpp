#include "ranef/mmrm/pattern_kernels.hpp"

#include "ranef/base/linalg.hpp"
#include "ranef/base/packed.hpp"

namespace ranef::mmrm {

void PatternKernel::take(const Pattern& pattern, int visits, const std::vector<double>& w) {
    m_ = static_cast<Index>(pattern.visits.size());
    w_ = w.data();
    visits_ = pattern.visits.data();
    first_.clear();
    second_.clear();
    place_.clear();
    for (Index t = 0; t < m_; ++t)
        for (Index s = t; s < m_; ++s) {
            first_.push_back(s);
            second_.push_back(t);
            place_.push_back(packed_place(visits, visits_[s], visits_[t]));
        }
}

const std::vector<double>& PatternKernel::weight_slopes() {
    const Index count = pairs();
    slopes_.resize(count * count);
    for (Index e = 0; e < count; ++e) {
        const double* wu = w_ + first_[e] * m_;
        const double* wv = w_ + second_[e] * m_;
        const double share = first_[e] == second_[e] ? 0.5 : 1.0;
        for (Index b = 0; b < count; ++b) {
            const Index s = first_[b], t = second_[b];
            slopes_[e * count + b] = -share * (wu[s] * wv[t] + wv[s] * wu[t]);
        }
    }
    return slopes_;
}

std::vector<double> PatternKernel::sandwiched(const std::vector<double>& m) const {
    std::vector<double> half(m_ * m_), full(m_ * m_), out;
    linalg::multiply(false, false, m_, m_, m_, 1.0, w_, m_, m.data(), m_, 0.0, half.data(), m_);
    linalg::multiply(false, false, m_, m_, m_, 1.0, half.data(), m_, w_, m_, 0.0, full.data(), m_);
    for (Index t = 0; t < m_; ++t)
        for (Index s = t; s < m_; ++s) out.push_back(full[t * m_ + s]);
    return out;
}

// With Y the symmetric matrix of <W, Y> = sum over pairs of W y, and G = W Y W: second derivatives of n log|Sigma| are
// -n tr(W E_e W E_f), of <W, Y> they are 2 tr(E_e W E_f G); together tr(E_e W E_f (2 G - n W)), E_e = dSigma / d element.
void PatternKernel::add_derivatives(const std::vector<double>& y, double n, Index elements, double* gradient,
                                    double* hessian) const {
    const Index count = pairs();
    std::vector<double> matrix(m_ * m_);
    for (Index b = 0; b < count; ++b) {
        const double value = first_[b] == second_[b] ? y[b] : 0.5 * y[b];
        matrix[first_[b] * m_ + second_[b]] = matrix[second_[b] * m_ + first_[b]] = value;
    }
    const std::vector<double> g = sandwiched(matrix);
    std::vector<double> r(m_ * m_);
    for (Index b = 0; b < count; ++b) {
        const double value = 2.0 * g[b] - n * weight(first_[b], second_[b]);
        r[first_[b] * m_ + second_[b]] = r[second_[b] * m_ + first_[b]] = value;
    }
    for (Index f = 0; f < count; ++f) {
        const Index x = first_[f], z = second_[f];
        const double* wx = w_ + x * m_;
        const double* wz = w_ + z * m_;
        const double* rx = r.data() + x * m_;
        const double* rz = r.data() + z * m_;
        const double share = x == z ? 0.5 : 1.0;
        gradient[place_[f]] += n * 2.0 * share * wx[z];
        double* column = hessian + place_[f] * elements;
        for (Index e = 0; e < count; ++e) {
            const Index u = first_[e], v = second_[e];
            double sum = wx[u] * rz[v] + wx[v] * rz[u] + wz[u] * rx[v] + wz[v] * rx[u];
            if (u == v) sum *= 0.5;
            column[place_[e]] += share * sum;
        }
    }
}

}  // namespace ranef::mmrm
