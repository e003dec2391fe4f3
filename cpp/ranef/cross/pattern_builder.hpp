// Finds a pattern from what meets what. Factors come in turn; of each its levels in turn; of each of those the later
// factors in turn, and of each of them the levels met, in any order and any number of times:
//
//   for f, for level j: open(f), for g > f: { meet(g, level) ..., close(g) }, shut()
//
// A meeting's number is turned into its place, the entry of the first of the met level's columns, once `close` has seen all.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "ranef/cross/pattern.hpp"

namespace ranef {

using Place = std::uint32_t;

class PatternBuilder {
public:
    explicit PatternBuilder(Basis basis);

    void open(std::size_t factor);
    Place meet(std::size_t other, Index level) {
        Place& number = number_[other][level];
        if (number == none) {
            number = static_cast<Place>(met_.size());
            met_.push_back(level);
        }
        return number;
    }
    void close(std::size_t other);
    // Of what was met between the last two calls of `close`.
    Place place(Place number) const { return place_[number]; }
    void shut();

    std::shared_ptr<const Pattern> finish() &&;

private:
    static constexpr Place none = ~Place{0};

    Basis basis_;
    std::size_t factor_ = 0;
    Index level_ = 0;                         // of the factor, its first column behind the leading factor
    std::vector<std::vector<Place>> number_;  // per factor and level: its meeting, or none
    std::vector<Index> met_, sorted_;
    std::vector<Place> place_;
    std::vector<Index> a_ptr_;
    std::vector<std::int32_t> a_col_;
    SparsePattern w_;
};

}  // namespace ranef
