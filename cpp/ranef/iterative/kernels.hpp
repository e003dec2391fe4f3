// Products with A_j, the rows of one level of the leading factor beside the columns behind it, for several vectors side by
// side. A level is swept twice while its entries are in the cache, so that T is never formed.
#pragma once

#include "ranef/cross/cross_products.hpp"
#include "ranef/iterative/lanes.hpp"

namespace ranef::iterative {

// Over the levels of [begin, end), s having r numbers a level and vector.
struct Kernels {
    // out -= A_j'K_j A_j v
    void (*subtract_shrunk)(const DesignCross& design, const double* k, const double* v, double* out, Index begin, Index end);
    // s_j = A_j v
    void (*meet)(const DesignCross& design, const double* v, double* s, Index begin, Index end);
    // out += A_j's_j
    void (*spread)(const DesignCross& design, const double* s, double* out, Index begin, Index end);
    // out += W v over a range of the columns of W's lower triangle
    void (*add_rest)(const DesignCross& design, const double* v, double* out, Index begin, Index end);
};

Kernels kernels_for(int width, int lanes);

}  // namespace ranef::iterative
