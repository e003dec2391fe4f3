#include "ranef/cross/pattern_builder.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace ranef {

PatternBuilder::PatternBuilder(Basis basis) : basis_(std::move(basis)), a_ptr_(1, 0) {
    for (const Factor& factor : basis_.layout.factors) number_.emplace_back(factor.levels, none);
    number_[0].clear();  // nothing comes before the leading factor
    w_.n = basis_.layout.q_rest;
    w_.col_ptr.assign(1, 0);
}

void PatternBuilder::open(std::size_t factor) {
    if (factor != factor_) level_ = basis_.layout.rest_column(factor);
    factor_ = factor;
    if (factor > 0)
        for (int b = 0; b < basis_.layout.factors[factor].width; ++b) w_.row_idx.push_back(level_ + b);
}

void PatternBuilder::close(std::size_t other) {
    const Index s = basis_.layout.factors[other].width, base = basis_.layout.rest_column(other);
    const Index start = static_cast<Index>(factor_ == 0 ? a_col_.size() : w_.row_idx.size());
    if (start + static_cast<Index>(met_.size()) * s >= Index{none}) throw std::bad_alloc();  // beyond what a place can name
    sorted_ = met_;
    std::sort(sorted_.begin(), sorted_.end());
    place_.resize(met_.size());
    Index entry = start;
    for (Index level : sorted_) {
        Place& number = number_[other][level];
        place_[number] = static_cast<Place>(entry);
        number = none;
        for (Index b = 0; b < s; ++b, ++entry) {
            if (factor_ == 0) a_col_.push_back(static_cast<std::int32_t>(base + level * s + b));
            else w_.row_idx.push_back(base + level * s + b);
        }
    }
    met_.clear();
}

// The level's other columns have the rows of its first.
void PatternBuilder::shut() {
    if (factor_ == 0) {
        a_ptr_.push_back(static_cast<Index>(a_col_.size()));
        return;
    }
    const Index r = basis_.layout.factors[factor_].width, first = w_.col_ptr.back();
    const Index end = static_cast<Index>(w_.row_idx.size());
    w_.col_ptr.push_back(end);
    for (Index a = 1; a < r; ++a) {
        for (Index e = first + a; e < end; ++e) w_.row_idx.push_back(Index{w_.row_idx[e]});
        w_.col_ptr.push_back(static_cast<Index>(w_.row_idx.size()));
    }
    level_ += r;
}

std::shared_ptr<const Pattern> PatternBuilder::finish() && {
    return std::make_shared<const Pattern>(std::move(basis_), std::move(a_ptr_), std::move(a_col_), std::move(w_));
}

}  // namespace ranef
