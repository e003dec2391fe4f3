#include "ranef/inference/directions.hpp"

#include <utility>

namespace ranef {

std::vector<Direction> directions_of(const Layout& layout) {
    std::vector<Direction> out;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        for (Index k = 0; k < layout.n_theta(); ++k) {
            const ThetaSlot& slot = layout.theta[k];
            if (slot.factor != static_cast<int>(f)) continue;
            Direction direction{k, slot.factor, std::vector<double>(Index{r} * r, 0.0)};
            direction.e[Index{slot.column} * r + slot.row] = direction.e[Index{slot.row} * r + slot.column] = 1.0;
            out.push_back(std::move(direction));
        }
    }
    return out;
}

std::vector<double> map_to_internal(const DesignCross& design, const std::vector<Direction>& directions) {
    const Layout& layout = design.layout();
    const Index K = layout.n_theta();
    std::vector<double> out(K * K, 0.0);
    for (const Direction& user : directions) {
        std::vector<double> e = user.e;
        design.coordinates().covariance_to_internal(layout, user.factor, e.data());
        for (Index k = 0; k < K; ++k) {
            const ThetaSlot& slot = layout.theta[k];
            if (slot.factor == user.factor)
                out[k * K + user.parameter] = e[Index{slot.column} * layout.factors[slot.factor].width + slot.row];
        }
    }
    return out;
}

}  // namespace ranef
