// Cross-products of rows that come in batches and are never together in memory.
//
// The coordinates come from moments of all rows, learned before; then any number of sums of any batches, in any order,
// may be added up. What is derived from all rows, the rank of X above all, waits for `finish`.
#pragma once

#include <memory>
#include <vector>

#include "ranef/cross/cross_products.hpp"

namespace ranef {

// Of one column over all rows; the variance has the divisor n.
struct ColumnMoments {
    double mean = 0.0, variance = 0.0, lowest = 0.0, highest = 0.0;
};

struct RowMoments {
    std::vector<ColumnMoments> x;               // per column of X
    std::vector<std::vector<ColumnMoments>> z;  // per factor in the user's order, per column
    ColumnMoments y;                            // offset subtracted
};

class CrossSums {
public:
    // `shape`: rows of any number, of which only columns and factors count. The first `first_shifted` columns of X keep
    // their origin.
    CrossSums(const Rows& shape, const RowMoments& moments, int first_shifted = 0);
    ~CrossSums();
    CrossSums(CrossSums&&) noexcept;
    CrossSums& operator=(CrossSums&&) noexcept;

    // Rows with the columns and factors of `shape`, and their n responses (offset subtracted).
    void add(const Rows& rows, const double* y, Poll poll = {});

    // Other sums with the same shape and moments.
    void add(const CrossSums& other);

    Index n() const;

    // Number of first columns of X that must keep their origin for the rank of X to be decided; 0 when `finish` is right.
    int must_keep_origin() const;

    // Cross-products of all rows added; the sums are used up.
    CrossProducts finish() &&;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ranef
