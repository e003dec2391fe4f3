#include "ranef/mmrm/visit_rows.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/grouped.hpp"

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
    Grouped by_subject = group_by(rows.subjects, rows.n, [&](Index i) { return rows.subject[i]; });
    out.start = std::move(by_subject.start);
    out.row = std::move(by_subject.member);
    if (!in_order(rows))
        for (int j = 0; j < rows.subjects; ++j)
            std::stable_sort(out.row.begin() + out.start[j], out.row.begin() + out.start[j + 1],
                             [&](Index a, Index b) { return rows.visit[a] < rows.visit[b]; });
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
