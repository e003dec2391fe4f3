// The parts of a design that no row connects: with nested grouping factors every level of the outermost one is a part
// of its own, with crossed ones there is a single part. Sums over the data are sums over the parts.
#pragma once

#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

struct Components {
    std::vector<Index> column_ptr, columns;  // columns of Z_rest by component, ascending within one
    std::vector<Index> level_ptr, levels;    // levels of the leading factor by component, ascending within one

    Index count() const { return static_cast<Index>(level_ptr.size()) - 1; }
    Index order(Index c) const { return column_ptr[c + 1] - column_ptr[c]; }
    Index largest() const;  // most columns of Z_rest in one component
};

// With one grouping factor: one component that holds every level and no columns.
Components find_components(const DesignCross& design, Poll poll = {});

}  // namespace ranef
