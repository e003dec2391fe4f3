#include "ranef/refits/interpolation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ranef {
namespace {

constexpr double faces = 4.0;
constexpr int fine = 2000;  // intervals of the mesh that the next Leja node is looked for on

// Leja's sequence on [-1, 1] from 0: each node where the product of the distances to the earlier ones is largest. The
// first such point of the mesh counts, so the sequence is the same everywhere.
std::vector<double> leja(int count, std::vector<double>& reach) {
    std::vector<double> nodes, product(fine + 1, 1.0);
    reach.clear();
    for (int n = 0; n < count; ++n) {
        int best = fine / 2;
        double largest = 0.0;
        for (int i = 0; i <= fine; ++i) largest = std::max(largest, std::fabs(product[i]));
        reach.push_back(largest);
        if (n > 0) {
            best = 0;
            while (std::fabs(product[best]) < (1.0 - 1e-9) * largest) ++best;
        }
        nodes.push_back(2.0 * best / fine - 1.0);
        for (int i = 0; i <= fine; ++i) product[i] *= 2.0 * i / fine - 1.0 - nodes.back();
    }
    return nodes;
}

// All indices of the set, first those of small total degree.
template <class Take>
void for_indices(const std::vector<double>& decay, double level, const Take& take) {
    std::vector<int> index(decay.size(), 0);
    double sum = 0.0;
    while (true) {
        if (!take(index)) return;
        std::size_t k = 0;
        while (k < decay.size()) {  // an odometer that carries when the level is passed
            ++index[k];
            sum += decay[k];
            if (sum <= level) break;
            sum -= index[k] * decay[k];
            index[k] = 0;
            ++k;
        }
        if (k == decay.size()) return;
    }
}

}  // namespace

// b_d(t) = prod_{i < d} (t - x_i) for every variable and degree, with first and second derivatives.
struct Interpolation::Powers {
    Powers(const Interpolation& self, const double* t)
        : count(static_cast<Index>(self.sequence_.size())), values(3 * count * self.dimension()) {
        for (Index k = 0; k < self.dimension(); ++k) {
            double* b = values.data() + 3 * count * k;
            b[0] = 1.0;
            for (Index d = 1; d < count; ++d) {
                const double* before = b + 3 * (d - 1);
                const double x = t[k] - self.sequence_[d - 1];
                b[3 * d] = before[0] * x;
                b[3 * d + 1] = before[1] * x + before[0];
                b[3 * d + 2] = before[2] * x + 2.0 * before[1];
            }
        }
    }

    const double* of(Index variable, int degree) const { return values.data() + 3 * (count * variable + degree); }

    Index count;
    std::vector<double> values;
};

Index Interpolation::count(const std::vector<double>& decay, double level, Index limit) {
    Index n = 0;
    for_indices(decay, level, [&](const std::vector<int>&) { return ++n <= limit; });
    return n;
}

Interpolation::Interpolation(std::vector<double> decay, double level, double half_width)
    : decay_(std::move(decay)), level_(level), half_width_(half_width) {
    std::vector<std::vector<int>> all;
    int highest = 0;
    for_indices(decay_, level, [&](const std::vector<int>& index) {
        all.push_back(index);
        highest = std::max(highest, *std::max_element(index.begin(), index.end()));
        return true;
    });
    const auto degree = [](const std::vector<int>& index) {
        int sum = 0;
        for (int a : index) sum += a;
        return sum;
    };
    std::stable_sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return degree(a) < degree(b); });
    std::vector<double> reach;
    sequence_ = leja(highest + 1, reach);
    for (double& x : sequence_) x *= half_width;
    const Index K = dimension(), N = static_cast<Index>(all.size());
    for (const std::vector<int>& index : all) {
        double largest = 1.0;
        for (int a : index) {
            indices_.push_back(a);
            nodes_.push_back(sequence_[a]);
            largest *= reach[a] * std::pow(half_width, a);
        }
        reach_.push_back(largest);
    }
    triangle_.assign(N * N, 0.0);
    for (Index n = 0; n < N; ++n) {
        const Powers powers(*this, node(n));
        for (Index a = 0; a <= n; ++a) {
            double product = 1.0;
            for (Index k = 0; k < K; ++k) product *= powers.of(k, indices_[a * K + k])[0];
            triangle_[n * N + a] = product;
        }
    }
}

void Interpolation::solve(double* values) const {
    const Index N = size();
    for (Index n = 0; n < N; ++n) {
        const double* row = triangle_.data() + n * N;
        double sum = values[n];
        for (Index a = 0; a < n; ++a) sum -= row[a] * values[a];
        values[n] = sum / row[n];
    }
}

double Interpolation::evaluate(const double* coefficients, const double* t, double* gradient, double* hessian) const {
    const Index K = dimension(), N = size();
    const Powers powers(*this, t);
    double value = 0.0;
    std::fill(gradient, gradient + K, 0.0);
    std::fill(hessian, hessian + K * K, 0.0);
    for (Index a = 0; a < N; ++a) {
        const int* index = indices_.data() + a * K;
        const double c = coefficients[a];
        for (Index k = 0; k < K; ++k)
            for (Index l = 0; l <= k; ++l) {
                double second = c;
                for (Index m = 0; m < K; ++m) second *= powers.of(m, index[m])[(m == k) + (m == l)];
                hessian[l * K + k] += second;
            }
        double product = c;
        for (Index m = 0; m < K; ++m) product *= powers.of(m, index[m])[0];
        value += product;
        for (Index k = 0; k < K; ++k) {
            double first = c;
            for (Index m = 0; m < K; ++m) first *= powers.of(m, index[m])[m == k];
            gradient[k] += first;
        }
    }
    for (Index k = 0; k < K; ++k)
        for (Index l = 0; l < k; ++l) hessian[k * K + l] = hessian[l * K + k];
    return value;
}

void Interpolation::weights(const double* t, double* w) const {
    const Index K = dimension(), N = size();
    const Powers powers(*this, t);
    for (Index a = 0; a < N; ++a) {
        w[a] = 1.0;
        for (Index k = 0; k < K; ++k) w[a] *= powers.of(k, indices_[a * K + k])[0];
    }
    for (Index n = N - 1; n >= 0; --n) {
        const double* row = triangle_.data() + n * N;
        w[n] /= row[n];
        for (Index a = 0; a < n; ++a) w[a] -= row[a] * w[n];
    }
}

// The coefficients that a set smaller by one degree of the slowest variable would have left out are its error; this
// one's is less by what that degree was expected to bring, but for the faces of the box, where Leja's nodes do less well.
double Interpolation::error(const double* coefficients) const {
    const Index K = dimension(), N = size();
    const double slowest = *std::min_element(decay_.begin(), decay_.end());
    double sum = 0.0;
    for (Index a = 0; a < N; ++a) {
        double at = 0.0;
        for (Index k = 0; k < K; ++k) at += indices_[a * K + k] * decay_[k];
        if (at > level_ - slowest) sum += std::fabs(coefficients[a]) * reach_[a];
    }
    return sum * std::min(1.0, faces * std::exp(-slowest));
}

}  // namespace ranef
