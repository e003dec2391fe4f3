#include "ranef/mmrm/block_products.hpp"

#include <cstring>
#include <vector>

#include "ranef/base/linalg.hpp"

namespace ranef::mmrm {
namespace {

// What does not change between visits (a baseline value, a treatment), and dummies of the visits themselves, give equal
// columns: each is multiplied once.
struct DistinctColumns {
    std::vector<int> of;       // column of the block -> distinct column
    std::vector<double> data;  // count x distinct
    Index distinct = 0;

    DistinctColumns(const double* block, Index count, int columns) : of(columns) {
        data.reserve(count * columns);
        for (int c = 0; c < columns; ++c) {
            const double* column = block + c * count;
            Index found = 0;
            while (found < distinct && !equal(data.data() + found * count, column, count)) ++found;
            of[c] = static_cast<int>(found);
            if (found < distinct) continue;
            data.insert(data.end(), column, column + count);
            ++distinct;
        }
    }

    static bool equal(const double* a, const double* b, Index n) {
        return a[n - 1] == b[n - 1] && a[n / 2] == b[n / 2] && std::memcmp(a, b, n * sizeof(double)) == 0;
    }
};

}  // namespace

void add_block(const double* block, Index count, int visits, int order, double* out) {
    const DistinctColumns columns(block, count, visits * order);
    const Index d = columns.distinct;
    std::vector<double> gram(d * d, 0.0);
    linalg::add_inner(d, count, columns.data.data(), count, gram.data(), d);
    linalg::symmetrise(d, gram.data(), d);
    for (int t = 0; t < visits; ++t)
        for (int s = t; s < visits; ++s) {
            const int* at_s = columns.of.data() + s * order;
            const int* at_t = columns.of.data() + t * order;
            for (int b = 0; b < order; ++b)
                for (int a = b; a < order; ++a, ++out) {
                    *out += gram[at_t[b] * d + at_s[a]];
                    if (s != t) *out += gram[at_s[b] * d + at_t[a]];
                }
        }
}

}  // namespace ranef::mmrm
