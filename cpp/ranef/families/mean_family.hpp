// A family given by its log-likelihood as a function of the mean, with any link: Faa di Bruno's rule does the rest.
//
// A kernel is a MeanKernel. It has, at one cell and one mean,
//   value(cell, mu)        l, what depends on the data alone left out
//   mean(cell, mu)         dl/dmu, ..., d4l/dmu4
//   variance(cell, mu), variance1(cell, mu)   of one row, for the expected weights, and its derivative
// where it is dispersed,
//   set(psi)               takes the log-dispersion
//   dispersion(cell, mu)   dl/dpsi, and its first two derivatives in mu
// and where it has a second linear predictor
//   along_zeta(cell, mu)   dl/dzeta, and its first two derivatives in mu
#pragma once

#include <cmath>
#include <limits>

#include "ranef/families/family.hpp"
#include "ranef/families/link.hpp"

namespace ranef {

struct Cell {
    double count, first, second, zeta;
};

struct MeanDerivatives {
    double d1, d2, d3, d4;
};

// Of the log-likelihood in a further parameter: psi, zeta.
struct FurtherDerivatives {
    double value, d1, d2;
};

// What a kernel is unless it says otherwise; see Family.
struct MeanKernel {
    static constexpr bool dispersed = true, sums = true;
    static constexpr int simpler = 0;
    static constexpr Zeta zeta = Zeta::none;
    static bool allowed(double mu) { return mu > 0.0; }  // whether it is a mean of the family
};

template <class Kernel, class Link>
class MeanFamily final : public Family {
public:
    double score(const CellView& cells, const double* eta, double* s, double* w) const override {
        double sum = 0.0;
        for (Index i = 0; i < cells.size; ++i) {
            const Mean m = Link::mean(eta[i]);
            if (!Kernel::allowed(m.mu)) return -std::numeric_limits<double>::infinity();
            const Cell cell = at(cells, i);
            const MeanDerivatives d = kernel_.mean(cell, m.mu);
            sum += kernel_.value(cell, m.mu);
            s[i] = d.d1 * m.mu1;
            w[i] = -(d.d2 * m.mu1 * m.mu1 + d.d1 * m.mu2);
        }
        return sum;
    }
    void third(const CellView& cells, const double* eta, const double*, const double*, double* w1) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const Mean m = Link::mean(eta[i]);
            const MeanDerivatives d = kernel_.mean(at(cells, i), m.mu);
            w1[i] = -(d.d3 * m.mu1 * m.mu1 * m.mu1 + 3.0 * d.d2 * m.mu1 * m.mu2 + d.d1 * m.mu3);
        }
    }
    void fourth(const CellView& cells, const double* eta, double* l4) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const Mean m = Link::mean(eta[i]);
            const MeanDerivatives d = kernel_.mean(at(cells, i), m.mu);
            const double square = m.mu1 * m.mu1;
            l4[i] = d.d4 * square * square + 6.0 * d.d3 * square * m.mu2 + d.d2 * (3.0 * m.mu2 * m.mu2 + 4.0 * m.mu1 * m.mu3) +
                    d.d1 * m.mu4;
        }
    }
    void expected(const CellView& cells, const double* eta, double* w, double* w1) const override {
        for (Index i = 0; i < cells.size; ++i) {
            const Mean m = Link::mean(eta[i]);
            const Cell cell = at(cells, i);
            const double v = kernel_.variance(cell, m.mu), v1 = kernel_.variance1(cell, m.mu);
            w[i] = cell.count * m.mu1 * m.mu1 / v;
            w1[i] = cell.count * (2.0 * m.mu1 * m.mu2 / v - m.mu1 * m.mu1 * m.mu1 * v1 / (v * v));
        }
    }
    void mean(Index n, const double* eta, double* mu, double* mu1) const override {
        for (Index i = 0; i < n; ++i) {
            const Mean m = Link::mean(eta[i]);
            mu[i] = m.mu;
            mu1[i] = m.mu1;
        }
    }
    bool dispersed() const override { return Kernel::dispersed; }
    void set_dispersion(double psi) override {
        if constexpr (Kernel::dispersed) kernel_.set(psi);
    }
    int simpler_towards() const override { return Kernel::simpler; }
    void dispersion(const CellView& cells, const double* eta, double* dl, double* ds, double* dw) const override {
        if constexpr (Kernel::dispersed)
            along_eta(cells, eta, dl, ds, dw, [this](const Cell& cell, double mu) { return kernel_.dispersion(cell, mu); });
    }
    Zeta zeta() const override { return Kernel::zeta; }
    void along_zeta(const CellView& cells, const double* eta, double* dl, double* ds, double* dw) const override {
        if constexpr (Kernel::zeta != Zeta::none)
            along_eta(cells, eta, dl, ds, dw, [this](const Cell& cell, double mu) { return kernel_.along_zeta(cell, mu); });
    }
    bool has_unit() const override { return Link::has_unit; }
    double unit(Index n, const double* eta) const override {
        if constexpr (!Link::has_unit) return 1.0;
        double sum = 0.0;
        for (Index i = 0; i < n; ++i) {
            const Mean m = Link::mean(eta[i]);
            sum += std::fabs(m.mu / m.mu1);
        }
        return sum > 0.0 && std::isfinite(sum) ? sum / static_cast<double>(n) : 1.0;
    }
    bool sums() const override { return Kernel::sums; }
    std::unique_ptr<Family> clone() const override { return std::make_unique<MeanFamily>(*this); }

private:
    static Cell at(const CellView& cells, Index i) {
        return {cells.count[i], cells.first[i], cells.second[i], Kernel::zeta != Zeta::none ? cells.zeta[i] : 0.0};
    }
    // Derivatives in a further parameter, from those of a kernel in mu to those in eta.
    template <class OfMean>
    static void along_eta(const CellView& cells, const double* eta, double* dl, double* ds, double* dw, OfMean&& of_mean) {
        for (Index i = 0; i < cells.size; ++i) {
            const Mean m = Link::mean(eta[i]);
            const FurtherDerivatives d = of_mean(at(cells, i), m.mu);
            dl[i] = d.value;
            ds[i] = d.d1 * m.mu1;
            dw[i] = -(d.d2 * m.mu1 * m.mu1 + d.d1 * m.mu2);
        }
    }

    Kernel kernel_;
};

}  // namespace ranef
