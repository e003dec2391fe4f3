#include "ranef/mmrm/visit_rows.hpp"

#include <algorithm>
#include <numeric>

namespace ranef::mmrm {
namespace {

bool in_order(const VisitRows& rows) {
    for (Index i = 1; i < rows.n; ++i)
        if (rows.subject[i] < rows.subject[i - 1] ||
            (rows.subject[i] == rows.subject[i - 1] && rows.visit[i] < rows.visit[i - 1]))
            return false;
    return true;
}

}  // namespace

RowOrder order_rows(const VisitRows& rows) {
    RowOrder out;
    out.start.assign(rows.subjects + 1, 0);
    out.row.resize(rows.n);
    for (Index i = 0; i < rows.n; ++i) ++out.start[rows.subject[i] + 1];
    std::partial_sum(out.start.begin(), out.start.end(), out.start.begin());
    if (in_order(rows)) {
        std::iota(out.row.begin(), out.row.end(), Index{0});
    } else {
        std::vector<Index> next(out.start.begin(), out.start.end() - 1);
        for (Index i = 0; i < rows.n; ++i) out.row[next[rows.subject[i]]++] = i;
        for (int j = 0; j < rows.subjects; ++j)
            std::stable_sort(out.row.begin() + out.start[j], out.row.begin() + out.start[j + 1],
                             [&](Index a, Index b) { return rows.visit[a] < rows.visit[b]; });
    }
    for (int j = 0; j < rows.subjects; ++j)
        for (Index k = out.start[j] + 1; k < out.start[j + 1]; ++k) {
            const Index a = out.row[k - 1], b = out.row[k];
            if (rows.visit[a] == rows.visit[b] && out.duplicate[0] < 0) {
                out.duplicate[0] = a;
                out.duplicate[1] = b;
            }
            if (rows.group && rows.group[a] != rows.group[b] && out.divided[0] < 0) {
                out.divided[0] = a;
                out.divided[1] = b;
            }
        }
    return out;
}

}  // namespace ranef::mmrm
