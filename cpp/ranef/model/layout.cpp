#include "ranef/model/layout.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/packed.hpp"

namespace ranef {

Layout::Layout(std::vector<Factor> given, int fixed) : factors(std::move(given)), p(fixed) {
    Index n_theta = 0;
    for (const Factor& factor : factors)
        for (const Block& block : factor.blocks) n_theta += packed_size(block.width);
    theta.resize(n_theta);
    for (std::size_t f = 0; f < factors.size(); ++f) {
        offset.push_back(q);
        lambda_offset.push_back(lambda_size);
        q += factors[f].levels * factors[f].width;
        lambda_size += Index{factors[f].width} * factors[f].width;
        for (const Block& block : factors[f].blocks) {
            int index = block.theta_first;
            for (int column = 0; column < block.width; ++column)
                for (int row = column; row < block.width; ++row)
                    theta[index++] = {static_cast<int>(f), block.first + row, block.first + column};
        }
    }
    q_leading = factors[0].levels * factors[0].width;
    q_rest = q - q_leading;
}

void Layout::unpack(const std::vector<ThetaSlot>& slots, const double* values, double* lambda) const {
    std::fill(lambda, lambda + lambda_size, 0.0);
    for (std::size_t k = 0; k < slots.size(); ++k) lambda[entry(slots[k])] = values[k];
}

void Layout::pack(const std::vector<ThetaSlot>& slots, const double* lambda, double* values) const {
    for (std::size_t k = 0; k < slots.size(); ++k) values[k] = lambda[entry(slots[k])];
}

}  // namespace ranef
