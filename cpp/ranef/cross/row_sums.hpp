// Sums of products of columns, of rows that come in batches with levels that are numbered as they are met: one pass, no
// pattern, nothing known beforehand but which columns there are. What the rows of a level, and of two levels that meet, add
// up to; from it any design whose columns are combinations of these can be made.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

// Where two factors' levels meet: a growing set of pairs, and the sums of each.
class MeetingSums {
public:
    explicit MeetingSums(Index size) : size_(size), slots_(1024, none), shift_(54) {}

    // For a run of rows: the sums of each row's pair, as offsets into `values`.
    void find(const std::int32_t* first, const std::int32_t* second, Index n, Index* out);

    std::vector<std::uint64_t> keys;  // level of the first factor, then of the second: 32 bits each
    std::vector<double> values;       // `size` numbers per pair, in the order met

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    std::uint64_t home(std::uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift_; }
    void grow();

    Index size_;
    std::vector<std::uint32_t> slots_;
    int shift_;
};

class RowSums {
public:
    // The first of the columns is that of ones. z: per factor which columns are its own; origins: what is subtracted.
    RowSums(std::vector<double> origins, std::vector<std::vector<int>> z);

    // rows.x are the columns, of each factor only codes and the number of levels count: it may grow from call to call.
    // Interrupted, the sums are of no use.
    void add(const Rows& rows, Poll poll = {});

    int columns() const { return static_cast<int>(origins_.size()); }
    const std::vector<std::vector<int>>& z() const { return z_; }
    const std::vector<double>& fixed() const { return fixed_; }                         // m x m, both triangles
    const std::vector<double>& cross(std::size_t f) const { return cross_[f]; }         // levels x r x m
    const MeetingSums& pair(std::size_t f, std::size_t g) const { return pairs_[at(f, g)]; }  // blocks r_f x r_g; f < g

private:
    std::size_t at(std::size_t f, std::size_t g) const { return f * (2 * z_.size() - f - 1) / 2 + g - f - 1; }
    void load(const Rows& rows, Index first, Index count);
    void add_fixed(Index count);
    void add_level(std::size_t f, const std::int32_t* codes, Index count);
    void add_pair(std::size_t f, std::size_t g, const std::int32_t* one, const std::int32_t* other, Index count);

    std::vector<double> origins_;
    std::vector<std::vector<int>> z_;
    std::vector<double> fixed_;
    std::vector<std::vector<double>> cross_;
    std::vector<MeetingSums> pairs_;
    std::vector<double> chunk_, buffer_, weight_, part_;  // a few rows, one behind the other
    std::vector<Index> places_;
};

}  // namespace ranef
