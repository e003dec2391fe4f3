// The two families that people fit most, with their canonical links: no chain rule, and loops of plain arithmetic.
#include "ranef/families/canonical.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/families/vector_math.hpp"

namespace ranef {
namespace {

constexpr Index block = 256;               // cells whose log-likelihoods are kept to be summed
constexpr double largest_eta = 300.0;      // of a Poisson mean's logarithm

}  // namespace

// log(1 + e^eta) = max(eta, 0) + log(1 + e^-|eta|); what is expected of the less likely outcome keeps all its digits.
double BinomialLogit::score(const CellView& cells, const double* eta, double* s, double* w) const {
    double sum = 0.0, part[block];
    for (Index begin = 0; begin < cells.size; begin += block) {
        const Index n = std::min(cells.size - begin, block);
        const double *__restrict m = cells.count + begin, *__restrict y = cells.first + begin, *__restrict x = eta + begin;
        double *__restrict score = s + begin, *__restrict weight = w + begin;
        for (Index i = 0; i < n; ++i) {
            const double size = std::fabs(x[i]), e = fast_exp(-size), share = 1.0 / (1.0 + e);
            const double unlikely = m[i] * e * share, likely = x[i] > 0.0 ? 1.0 : 0.0;  // no branch: a vector loop
            score[i] = (y[i] - likely * m[i]) + (2.0 * likely - 1.0) * unlikely;
            weight[i] = unlikely * share;
            part[i] = y[i] * x[i] - m[i] * (0.5 * (x[i] + size) + fast_log1p(e));
        }
        sum += sum_of(n, part);
    }
    return sum;
}

void BinomialLogit::third(const CellView& cells, const double* eta, double* w1) const {
    const double *__restrict m = cells.count, *__restrict x = eta;
    double* __restrict out = w1;
    for (Index i = 0; i < cells.size; ++i) {
        const double e = fast_exp(-std::fabs(x[i])), share = 1.0 / (1.0 + e), v = m[i] * share * share * e;
        const double sign = x[i] > 0.0 ? -1.0 : 1.0;
        out[i] = sign * v * (1.0 - e) * share;  // |1 - 2p| = (1 - e) share
    }
}

void BinomialLogit::fourth(const CellView& cells, const double* eta, double* l4) const {
    for (Index i = 0; i < cells.size; ++i) {
        const double e = fast_exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e), v = share * share * e;
        l4[i] = -cells.count[i] * v * (1.0 - 6.0 * v);
    }
}

void BinomialLogit::expected(const CellView& cells, const double* eta, double* w, double* w1) const {
    const double *__restrict m = cells.count, *__restrict x = eta;
    double* __restrict out = w;
    for (Index i = 0; i < cells.size; ++i) {
        const double e = fast_exp(-std::fabs(x[i])), share = 1.0 / (1.0 + e);
        out[i] = m[i] * share * share * e;
    }
    third(cells, eta, w1);
}

void BinomialLogit::mean(Index n, const double* eta, double* mu, double* mu1) const {
    for (Index i = 0; i < n; ++i) {
        const double e = std::exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e);
        mu[i] = eta[i] > 0.0 ? share : e * share;
        mu1[i] = share * share * e;
    }
}

double PoissonLog::score(const CellView& cells, const double* eta, double* s, double* w) const {
    double sum = 0.0, part[block];
    for (Index begin = 0; begin < cells.size; begin += block) {
        const Index n = std::min(cells.size - begin, block);
        const double *__restrict m = cells.count + begin, *__restrict y = cells.first + begin, *__restrict x = eta + begin;
        double *__restrict score = s + begin, *__restrict weight = w + begin;
        for (Index i = 0; i < n; ++i) {
            const double mu = m[i] * fast_exp(x[i] > largest_eta ? largest_eta : x[i]);
            part[i] = y[i] * x[i] - mu;
            score[i] = y[i] - mu;
            weight[i] = mu;
        }
        sum += sum_of(n, part);
    }
    return sum;
}

void PoissonLog::third(const CellView& cells, const double* eta, double* w1) const {
    for (Index i = 0; i < cells.size; ++i) w1[i] = cells.count[i] * fast_exp(eta[i] > largest_eta ? largest_eta : eta[i]);
}

void PoissonLog::fourth(const CellView& cells, const double* eta, double* l4) const {
    for (Index i = 0; i < cells.size; ++i) l4[i] = -cells.count[i] * std::exp(std::min(eta[i], largest_eta));
}

void PoissonLog::expected(const CellView& cells, const double* eta, double* w, double* w1) const {
    third(cells, eta, w);
    third(cells, eta, w1);
}

void PoissonLog::mean(Index n, const double* eta, double* mu, double* mu1) const {
    for (Index i = 0; i < n; ++i) mu[i] = mu1[i] = std::exp(std::min(eta[i], largest_eta));
}

}  // namespace ranef
