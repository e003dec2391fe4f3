// No chain rule, and loops of plain arithmetic, which become vector instructions.
#include "ranef/families/canonical.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "ranef/families/vector_math.hpp"

namespace ranef {
namespace {

constexpr Index block = 256;               // cells whose log-likelihoods are kept to be summed
constexpr double largest_eta = 300.0;      // of a Poisson mean's logarithm

// sum m log(1 + e), e in [0, 1]; of single trials the logarithm of the product, which stays below 2^block.
double weighted_log1p(Index n, const double* __restrict m, double* __restrict e) {
    std::int64_t several = 0;  // as wide as what is compared: a vector loop
    for (Index i = 0; i < n; ++i) several |= m[i] == 1.0 ? std::int64_t{0} : std::int64_t{1};
    if (several != 0) {
        for (Index i = 0; i < n; ++i) e[i] = m[i] * fast_log1p(e[i]);
        return sum_of(n, e);
    }
    double part[4] = {1.0, 1.0, 1.0, 1.0};
    Index i = 0;
    for (; i + 4 <= n; i += 4)
        for (int k = 0; k < 4; ++k) part[k] *= 1.0 + e[i + k];
    for (; i < n; ++i) part[0] *= 1.0 + e[i];
    return std::log((part[0] * part[1]) * (part[2] * part[3]));
}

class BinomialLogit final : public Family {
public:
    // log(1 + e^eta) = max(eta, 0) + log(1 + e^-|eta|); what is expected of the less likely outcome keeps all its digits.
    double score(const CellView& cells, const double* eta, double* s, double* w) const override {
        double sum = 0.0, part[block], one_more[block];
        for (Index begin = 0; begin < cells.size; begin += block) {
            const Index n = std::min(cells.size - begin, block);
            const double *__restrict m = cells.count + begin, *__restrict y = cells.first + begin, *__restrict x = eta + begin;
            double *__restrict score = s + begin, *__restrict weight = w + begin;
            for (Index i = 0; i < n; ++i) {
                const double size = std::fabs(x[i]), e = fast_exp(-size), share = 1.0 / (1.0 + e);
                const double unlikely = m[i] * e * share, likely = x[i] > 0.0 ? 1.0 : 0.0;  // no branch: a vector loop
                score[i] = (y[i] - likely * m[i]) + (2.0 * likely - 1.0) * unlikely;
                weight[i] = unlikely * share;
                part[i] = y[i] * x[i] - 0.5 * m[i] * (x[i] + size);
                one_more[i] = e;
            }
            sum += sum_of(n, part) - weighted_log1p(n, m, one_more);
        }
        return sum;
    }

    // w (1 - 2p), with m p = y - s; a cell without trials has no weight.
    void third(const CellView& cells, const double*, const double* s, const double* w, double* w1) const override {
        const double *__restrict m = cells.count, *__restrict y = cells.first;
        for (Index i = 0; i < cells.size; ++i) w1[i] = w[i] * (1.0 - 2.0 * (y[i] - s[i]) / std::max(m[i], 1e-300));
    }

    void fourth(const CellView& cells, const double* eta, double* l4) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const double e = fast_exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e), v = share * share * e;
            l4[i] = -cells.count[i] * v * (1.0 - 6.0 * v);
        }
    }

    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override {
        const double *__restrict m = cells.count, *__restrict x = eta;
        double *__restrict weight = w, *__restrict slope = w1;
        for (Index i = 0; i < cells.size; ++i) {
            const double e = fast_exp(-std::fabs(x[i])), share = 1.0 / (1.0 + e), sign = x[i] > 0.0 ? -1.0 : 1.0;
            weight[i] = m[i] * share * share * e;
            slope[i] = sign * weight[i] * (1.0 - e) * share;  // |1 - 2p| = (1 - e) share
        }
    }

    void mean(Index n, const double* eta, double* mu, double* mu1) const override {
        for (Index i = 0; i < n; ++i) {
            const double e = std::exp(-std::fabs(eta[i])), share = 1.0 / (1.0 + e);
            mu[i] = eta[i] > 0.0 ? share : e * share;
            mu1[i] = share * share * e;
        }
    }

    bool canonical() const override { return true; }
    std::unique_ptr<Family> clone() const override { return std::make_unique<BinomialLogit>(*this); }
};

class PoissonLog final : public Family {
public:
    double score(const CellView& cells, const double* eta, double* s, double* w) const override {
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

    void third(const CellView& cells, const double*, const double*, const double* w, double* w1) const override {
        std::copy_n(w, cells.size, w1);
    }

    void fourth(const CellView& cells, const double* eta, double* l4) const override {
        for (Index i = 0; i < cells.size; ++i) l4[i] = -cells.count[i] * std::exp(std::min(eta[i], largest_eta));
    }

    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override {
        for (Index i = 0; i < cells.size; ++i) w[i] = w1[i] = cells.count[i] * fast_exp(std::min(eta[i], largest_eta));
    }

    void mean(Index n, const double* eta, double* mu, double* mu1) const override {
        for (Index i = 0; i < n; ++i) mu[i] = mu1[i] = std::exp(std::min(eta[i], largest_eta));
    }

    bool canonical() const override { return true; }
    std::unique_ptr<Family> clone() const override { return std::make_unique<PoissonLog>(*this); }
};

}  // namespace

std::unique_ptr<Family> binomial_logit() { return std::make_unique<BinomialLogit>(); }
std::unique_ptr<Family> poisson_log() { return std::make_unique<PoissonLog>(); }

}  // namespace ranef
