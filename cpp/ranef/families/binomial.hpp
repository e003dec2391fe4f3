// Successes in independent trials.
#pragma once

#include "ranef/families/binomial_links.hpp"
#include "ranef/families/family.hpp"

namespace ranef {

template <class Link>
class Binomial final : public Family {
public:
    double score(const CellView& cells, const double* eta, double* s, double* w) const override {
        double sum = 0.0;
        for (Index i = 0; i < cells.size; ++i) {
            const double y = cells.first[i], n = cells.count[i] - y;
            const LogProbability p = Link::success(eta[i]), q = Link::failure(eta[i]);
            sum += (y > 0.0 ? y * p.value : 0.0) + (n > 0.0 ? n * q.value : 0.0);
            s[i] = y * p.d1 + n * q.d1;
            w[i] = -(y * p.d2 + n * q.d2);
        }
        return sum;
    }
    void third(const CellView& cells, const double* eta, const double*, const double*, double* w1) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const double y = cells.first[i], n = cells.count[i] - y;
            w1[i] = -(y * Link::success(eta[i]).d3 + n * Link::failure(eta[i]).d3);
        }
    }
    void fourth(const CellView& cells, const double* eta, double* l4) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const double y = cells.first[i], n = cells.count[i] - y;
            l4[i] = y * Link::success(eta[i]).d4 + n * Link::failure(eta[i]).d4;
        }
    }
    // m p'^2 / (p q) = -m P1 Q1 with P = log p, Q = log q: p' = p P1 = -q Q1.
    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const LogProbability p = Link::success(eta[i]), q = Link::failure(eta[i]);
            w[i] = -cells.count[i] * p.d1 * q.d1;
            w1[i] = -cells.count[i] * (p.d2 * q.d1 + p.d1 * q.d2);
        }
    }
    void mean(Index n, const double* eta, double* mu, double* mu1) const override {
        for (Index i = 0; i < n; ++i) {
            const LogProbability p = Link::success(eta[i]);
            mu[i] = std::exp(p.value);
            mu1[i] = mu[i] * p.d1;
        }
    }
    std::unique_ptr<Family> clone() const override { return std::make_unique<Binomial>(*this); }
};

}  // namespace ranef
