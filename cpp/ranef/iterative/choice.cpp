#include "ranef/iterative/choice.hpp"

#include <algorithm>
#include <vector>

namespace ranef::iterative {
namespace {

constexpr Index sampled_columns = 48;
constexpr Index enough = Index{1} << 24;  // entries looked at for one column: what they have shown is taken for all

}  // namespace

double sampled_density(const DesignCross& design, Poll poll) {
    const Index order = design.layout().q_rest, count = std::min(order, sampled_columns);
    if (count == 0) return 0.0;
    std::vector<std::int32_t> sample_of(order, -1);
    for (Index s = 0; s < count; ++s) sample_of[s * order / count] = static_cast<std::int32_t>(s);
    std::vector<std::vector<Index>> levels(count);
    for (Index j = 0; j < design.levels(); ++j) {
        const Level<> level = design.level(j);
        poll.tick(level.entries);
        level.each([&](Index column, const double*) {
            if (sample_of[column] >= 0) levels[sample_of[column]].push_back(j);
        });
    }
    std::vector<std::int32_t> met(order, -1);
    double sum = 0.0;
    for (Index s = 0; s < count; ++s) {
        Index found = 0, looked = 0;
        for (Index j : levels[s]) {
            const Level<> level = design.level(j);
            poll.tick(level.entries);
            level.each([&](Index column, const double*) {
                found += met[column] != s;
                met[column] = static_cast<std::int32_t>(s);
            });
            if ((looked += level.entries) > enough) break;
        }
        sum += static_cast<double>(found) / static_cast<double>(order);
    }
    return sum / static_cast<double>(count);
}

}  // namespace ranef::iterative
