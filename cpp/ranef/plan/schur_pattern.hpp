// The pattern of S_22, the Schur complement of the leading term.
#pragma once

#include <vector>

#include "ranef/plan/plan.hpp"

namespace ranef {

// Products of columns that the levels add to S_22, counted with repetition.
double count_pairs(const DesignCross& design);

// The union of the pattern of W_22 and of all levels' column pairs, column by column.
class SchurColumns {
public:
    SchurColumns(const DesignCross& design, Poll poll);

    // Column pointers: nothing of the pattern's size is allocated. Stops, and returns fewer, beyond `most` entries.
    std::vector<Index> count(double most);
    SparsePattern pattern(std::vector<Index> column_pointers);

private:
    template <class Use>
    void visit(Index c, const Use& use);

    const Pattern& design_;
    Index n_;
    std::shared_ptr<const ColumnLists> lists_;
    std::vector<Index> stamp_;
    Poll poll_;
};

// Where the products of W and of every level land in the pattern; both triangles by columns.
void locate_products(const DesignCross& design, SparsePlan& plan, Poll poll);

}  // namespace ranef
