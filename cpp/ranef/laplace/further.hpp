// Parameters beside theta and beta: the coefficients of the second linear predictor zeta, where there is one, then the
// log-dispersion psi of a family that has one number for all cells. Each moves zeta, or psi, of every cell along a column
// (of ones, for psi): all that the criterion asks of them are sums of the family's derivatives along these columns.
#pragma once

#include <vector>

#include "ranef/laplace/problem.hpp"

namespace ranef {

class FurtherParameters {
public:
    // Derivatives in psi or zeta of every cell.
    struct Slopes {
        std::vector<double> dl, ds, dw;
        explicit Slopes(Index n = 0) : dl(n), ds(n), dw(n) {}
    };

    explicit FurtherParameters(const GlmmProblem& problem);

    Index count() const { return static_cast<Index>(of_.size()); }
    // Brings them into the family and the cells.
    void place(Family& family, const double* values);
    // The responses of the cells with their zeta.
    CellView view() const;

    // The slopes at eta, of n cells from `begin` on. Cells are independent of each other, here and below.
    void differentiate(const Family& family, const double* eta, Index begin, Index n);
    // The same of some cells only, of the family's `kind`th predictor.
    int kinds() const { return static_cast<int>(slopes_.size()); }
    void differentiate(const Family& family, int kind, const CellView& cells, const double* eta, double* dl, double* ds,
                       double* dw) const;

    // ds of n cells along the column of a parameter.
    void scores(Index parameter, Index begin, Index n, double* out) const;
    // out <- out + ds of n cells, all parameters moved by `step`; `out` is of all cells, as are h and along below.
    void add_scores(const double* step, Index begin, Index n, double* out) const;
    // out <- out + sum_i h_i dw_i + along_i ds_i - 2 dl_i of each parameter; `dl`: of each kind, in place of its own, or null.
    void add_gradient(const double* h, const double* along, const std::vector<double>* dl, Index begin, Index n, double* out) const;
    // -d2l of all pairs, count x count, by central differences of the exact first derivatives.
    void curvature(Family& family, const double* eta, std::vector<double>& out);

private:
    struct Parameter {
        int kind;
        const double* column;  // of the cells; null: ones
    };

    bool of_zeta(int kind) const { return two_predictors_ && kind == 0; }

    const GlmmProblem& problem_;
    bool two_predictors_;
    std::vector<Parameter> of_;
    std::vector<Slopes> slopes_;  // of zeta, of psi
    std::vector<double> zeta_;
    double psi_ = 0.0;
};

}  // namespace ranef
