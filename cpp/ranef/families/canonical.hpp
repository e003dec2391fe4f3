// Binomial with the logit link and Poisson with the log link.
#pragma once

#include "ranef/families/family.hpp"

namespace ranef {

class BinomialLogit final : public Family {
public:
    double score(const CellView& cells, const double* eta, double* s, double* w) const override;
    void third(const CellView& cells, const double* eta, double* w1) const override;
    void fourth(const CellView& cells, const double* eta, double* l4) const override;
    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override;
    void mean(Index n, const double* eta, double* mu, double* mu1) const override;
    void third_after(const CellView&, const double*, const double* s, const double* w, double* w1) const override;
    bool canonical() const override { return true; }
    std::unique_ptr<Family> clone() const override { return std::make_unique<BinomialLogit>(*this); }
};

class PoissonLog final : public Family {
public:
    double score(const CellView& cells, const double* eta, double* s, double* w) const override;
    void third(const CellView& cells, const double* eta, double* w1) const override;
    void fourth(const CellView& cells, const double* eta, double* l4) const override;
    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override;
    void mean(Index n, const double* eta, double* mu, double* mu1) const override;
    void third_after(const CellView&, const double*, const double* s, const double* w, double* w1) const override;
    bool canonical() const override { return true; }
    std::unique_ptr<Family> clone() const override { return std::make_unique<PoissonLog>(*this); }
};

}  // namespace ranef
