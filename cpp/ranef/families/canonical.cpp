// The two families that people fit most, with their canonical links: no chain rule, one logarithm for many rows.
#include "ranef/families/canonical.hpp"

#include <algorithm>
#include <cmath>

namespace ranef {
namespace {

constexpr Index rows_per_logarithm = 512;  // products of numbers in (1, 2]: below the largest double
constexpr double largest_eta = 300.0;      // of a Poisson mean's logarithm

}  // namespace

// log(1 + e^eta) = max(eta, 0) + log(1 + e^-|eta|): of single trials the second parts are multiplied first.
double BinomialLogit::score(const CellView& cells, const double* eta, double* s, double* w) const {
    double sum = 0.0;
    for (Index begin = 0; begin < cells.size; begin += rows_per_logarithm) {
        const Index end = std::min(cells.size, begin + rows_per_logarithm);
        double product = 1.0, part = 0.0;
        for (Index i = begin; i < end; ++i) {
            const double m = cells.count[i], y = cells.first[i], e = std::exp(-std::fabs(eta[i]));
            const double share = 1.0 / (1.0 + e), v = m * share * share * e;
            const double unlikely = m * e * share;  // what is expected of the less likely outcome, to all its digits
            s[i] = eta[i] > 0.0 ? (y - m) + unlikely : y - unlikely;
            w[i] = v;
            part += y * eta[i] - m * std::max(eta[i], 0.0);
            if (m == 1.0) product *= 1.0 + e;
            else part -= m * std::log1p(e);
        }
        sum += part - std::log(product);
    }
    return sum;
}

void BinomialLogit::third(const CellView& cells, const double* eta, double* w1) const {
    for (Index i = 0; i < cells.size; ++i) {
        const double e = std::exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e), v = cells.count[i] * share * share * e;
        const double lead = (1.0 - e) * share;  // |1 - 2p|
        w1[i] = eta[i] > 0.0 ? -v * lead : v * lead;
    }
}

void BinomialLogit::fourth(const CellView& cells, const double* eta, double* l4) const {
    for (Index i = 0; i < cells.size; ++i) {
        const double e = std::exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e), v = share * share * e;
        l4[i] = -cells.count[i] * v * (1.0 - 6.0 * v);
    }
}

void BinomialLogit::expected(const CellView& cells, const double* eta, double* w, double* w1) const {
    for (Index i = 0; i < cells.size; ++i) {
        const double e = std::exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e);
        w[i] = cells.count[i] * share * share * e;
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
    double sum = 0.0;
    for (Index i = 0; i < cells.size; ++i) {
        const double mu = cells.count[i] * std::exp(std::min(eta[i], largest_eta));
        sum += cells.first[i] * eta[i] - mu;
        s[i] = cells.first[i] - mu;
        w[i] = mu;
    }
    return sum;
}

void PoissonLog::third(const CellView& cells, const double* eta, double* w1) const {
    for (Index i = 0; i < cells.size; ++i) w1[i] = cells.count[i] * std::exp(std::min(eta[i], largest_eta));
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
