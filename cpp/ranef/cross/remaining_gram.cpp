#include "ranef/cross/remaining_gram.hpp"

#include <vector>

#include "ranef/base/linalg.hpp"
#include "ranef/base/packed.hpp"

namespace ranef {

void remaining_gram(const DesignCross& d, const double* h, double* out, Poll poll) {
    const int r = d.layout().leading_width();
    const Index m = d.layout().rest();
    fill_rest(d, out);
    std::vector<Index> column;
    std::vector<double> value;
    for (Index j = 0; j < d.levels(); ++j) {
        column.clear();
        value.clear();
        const double* hj = h + j * r * r;
        d.level(j).each_column([&](Index c, const double* a) {
            column.push_back(c);
            for (int b = 0; b < r; ++b) {
                double sum = 0.0;
                for (int i = 0; i < r; ++i) sum += hj[i * r + b] * a[i];
                value.push_back(sum);
            }
        });
        const auto count = static_cast<Index>(column.size());
        poll.tick(packed_size(count) * r);
        for (Index y = 0; y < count; ++y)
            for (Index x = y; x < count; ++x) {
                double sum = 0.0;
                for (int b = 0; b < r; ++b) sum += value[x * r + b] * value[y * r + b];
                out[column[y] * m + column[x]] -= sum;
            }
    }
    linalg::symmetrise(m, out, m);
}

}  // namespace ranef
