#include "ranef/laplace/further.hpp"

#include <algorithm>

namespace ranef {
namespace {

constexpr double further_step = 1e-4;  // of psi and zeta

}  // namespace

FurtherParameters::FurtherParameters(const GlmmProblem& problem)
    : problem_(problem), two_predictors_(problem.family->zeta() != Zeta::none) {
    const Cells& cells = problem.cells();
    if (two_predictors_) {
        for (int c = 0; c < cells.zeta_columns; ++c) of_.push_back({0, cells.zeta_column(c)});
        slopes_.emplace_back(cells.n);
        zeta_.resize(cells.n);
    }
    if (problem.family->dispersed()) {
        of_.push_back({static_cast<int>(slopes_.size()), nullptr});
        slopes_.emplace_back(cells.n);
    }
}

void FurtherParameters::place(Family& family, const double* values) {
    if (problem_.family->dispersed()) family.set_dispersion(psi_ = values[count() - 1]);
    if (!two_predictors_) return;
    if (const double* offset = problem_.cells().zeta_offset()) std::copy_n(offset, zeta_.size(), zeta_.begin());
    else std::fill(zeta_.begin(), zeta_.end(), 0.0);
    for (Index p = 0; p < count(); ++p)
        if (const double* column = of_[p].column)
            for (std::size_t i = 0; i < zeta_.size(); ++i) zeta_[i] += values[p] * column[i];
}

CellView FurtherParameters::view() const {
    CellView view = problem_.responses.view();
    if (two_predictors_) view.zeta = zeta_.data();
    return view;
}

void FurtherParameters::differentiate(const Family& family, int kind, const CellView& cells, const double* eta, double* dl,
                                      double* ds, double* dw) const {
    if (of_zeta(kind)) family.along_zeta(cells, eta, dl, ds, dw);
    else family.dispersion(cells, eta, dl, ds, dw);
}

void FurtherParameters::differentiate(const Family& family, const double* eta, Index begin, Index n) {
    for (int kind = 0; kind < kinds(); ++kind) {
        Slopes& s = slopes_[kind];
        differentiate(family, kind, view().part(begin, n), eta + begin, s.dl.data() + begin, s.ds.data() + begin,
                      s.dw.data() + begin);
    }
}

void FurtherParameters::scores(Index parameter, Index begin, Index n, double* out) const {
    const Parameter& one = of_[parameter];
    const double* ds = slopes_[one.kind].ds.data() + begin;
    for (Index i = 0; i < n; ++i) out[i] = one.column ? ds[i] * one.column[begin + i] : ds[i];
}

void FurtherParameters::add_scores(const double* step, Index begin, Index n, double* out) const {
    for (Index p = 0; p < count(); ++p) {
        if (step[p] == 0.0) continue;
        const double *ds = slopes_[of_[p].kind].ds.data(), *column = of_[p].column;
        for (Index i = begin; i < begin + n; ++i) out[i] += ds[i] * (column ? column[i] * step[p] : step[p]);
    }
}

void FurtherParameters::add_gradient(const double* h, const double* along, const std::vector<double>* dl, Index begin, Index n,
                                     double* out) const {
    for (Index p = 0; p < count(); ++p) {
        const Slopes& s = slopes_[of_[p].kind];
        const double *own = (dl ? dl[of_[p].kind] : s.dl).data(), *column = of_[p].column;
        double sum = 0.0;
        for (Index i = begin; i < begin + n; ++i) {
            const double whole = h[i] * s.dw[i] + along[i] * s.ds[i] - 2.0 * own[i];
            sum += column ? whole * column[i] : whole;
        }
        out[p] += sum;
    }
}

void FurtherParameters::curvature(Family& family, const double* eta, std::vector<double>& out) {
    const Index m = count();
    out.assign(m * m, 0.0);
    const auto along = [](const Parameter& one, const Parameter& other, Index i) {
        return (one.column ? one.column[i] : 1.0) * (other.column ? other.column[i] : 1.0);
    };
    Slopes at(slopes_.empty() ? 0 : static_cast<Index>(slopes_[0].dl.size()));
    for (int moved = 0; moved < kinds(); ++moved)
        for (const double step : {further_step, -further_step}) {
            if (of_zeta(moved)) for (double& zeta : zeta_) zeta += step;
            else family.set_dispersion(psi_ + step);
            for (int kind = moved; kind < kinds(); ++kind) {
                differentiate(family, kind, view(), eta, at.dl.data(), at.ds.data(), at.dw.data());
                for (Index c = 0; c < m; ++c)
                    for (Index d = c; d < m; ++d)
                        if (of_[c].kind == moved && of_[d].kind == kind)
                            for (std::size_t i = 0; i < at.dl.size(); ++i)
                                out[c * m + d] -= at.dl[i] * along(of_[c], of_[d], i) / (2.0 * step);
            }
            if (of_zeta(moved)) for (double& zeta : zeta_) zeta -= step;
            else family.set_dispersion(psi_);
        }
    for (Index c = 0; c < m; ++c)
        for (Index d = 0; d < c; ++d) out[c * m + d] = out[d * m + c];
}

}  // namespace ranef
