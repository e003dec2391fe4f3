#include "ranef/factor/factorisation.hpp"

#include <algorithm>
#include <limits>

#include "ranef/factor/residual_form.hpp"

namespace ranef {
namespace {

constexpr double rounded = 1e-11;  // relative error of r^2 above which it is formed again

}  // namespace

Factorisation::Factorisation(const Problem& problem, const std::vector<ThetaSlot>& slots)
    : design_(problem.design.get()), layout_(design_->layout()), sizes_(column_sizes(*design_)) {
    pieces_.beta.resize(layout_.p);
    pieces_.g_d.resize(layout_.lambda_size);
    pieces_.g_lambda.resize(layout_.lambda_size);
    pieces_.known.assign(layout_.factors.size(), 1);
    pieces_.curvature.resize(slots.size() * slots.size());
    pieces_.rss_fall.resize(slots.size());
}

void Factorisation::reload(const DesignCross& design) {
    design_ = &design;
    sizes_ = column_sizes(design);
}

double Factorisation::condition(std::size_t factor) const {
    const int r = layout_.factors[factor].width;
    const double* lambda = lambda_ + layout_.lambda_offset[factor];
    const double* size = sizes_.data();
    for (std::size_t f = 0; f < factor; ++f) size += layout_.factors[f].width;
    double sum = 0.0;
    for (int a = 0; a < r; ++a)
        for (int c = 0; c < r; ++c) sum += size[a] * lambda[c * r + a] * lambda[c * r + a];
    return sum;
}

// Relative error of r^2 = y'y - (what the model explains): the condition of Omega, times what cancels.
double Factorisation::rounding() const {
    double largest = 1.0;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f) largest = std::max(largest, condition(f));
    const double eps = std::numeric_limits<double>::epsilon();
    return eps * largest * response_[layout_.n_coef()] / std::max(pieces_.rss, 0.0);
}

Status Factorisation::factor(const double* lambda) {
    lambda_ = lambda;
    const Status status = factor();
    if (status == Status::ok && rounding() > rounded)
        pieces_.rss = residual_form(*design_, lambda_, response_, solution());
    return status;
}

}  // namespace ranef
