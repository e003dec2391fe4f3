#include "ranef/criterion/criterion.hpp"

#include <utility>

namespace ranef {

Criterion::Criterion(const Layout& layout, std::vector<ThetaSlot> slots, Index further)
    : layout_(layout),
      slots_(std::move(slots)),
      gradient_(slots_.size() + further),
      hessian_(gradient_.size() * gradient_.size()),
      lambda_(layout.lambda_size),
      g_d_(lambda_.size()),
      known_(layout.factors.size(), 1) {}

bool Criterion::is_permuted() const {
    for (std::size_t k = 0; k < slots_.size(); ++k)
        if (slots_[k].row != layout_.theta[k].row) return true;
    return false;
}

Status Criterion::evaluate(const double* theta, Order order) {
    const Status status = evaluate(theta);
    if (status == Status::ok && order != Order::value) differentiate(order);
    return status;
}

void Criterion::take_slopes(const std::vector<double>& g_lambda) {
    for (std::size_t k = 0; k < slots_.size(); ++k) gradient_[k] = 2.0 * g_lambda[layout_.entry(slots_[k])];
}

void Criterion::add_curvature_of_covariance() {
    const std::size_t n = gradient_.size();
    for (std::size_t i = 0; i < slots_.size(); ++i)
        for (std::size_t j = 0; j < slots_.size(); ++j) {
            const ThetaSlot &a = slots_[i], &b = slots_[j];
            if (a.factor == b.factor && a.column == b.column) hessian_[j * n + i] += 2.0 * g_d_[layout_.entry({a.factor, a.row, b.row})];
        }
}

}  // namespace ranef
