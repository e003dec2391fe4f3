// Sums of products of columns, of rows that come in batches with levels that are numbered as they are met: one pass, no
// pattern, nothing known beforehand but which columns there are. What the rows of a level, and of two levels that meet, add
// up to; from it any design whose columns are combinations of these can be made.
#pragma once

#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/cross/meeting_sums.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

class RowSums {
public:
    // The first of the columns is that of ones. z: per factor which columns are its own, the first of them that of ones;
    // origins: what is subtracted.
    RowSums(std::vector<double> origins, std::vector<std::vector<int>> z);

    // rows.x are the columns, of each factor only codes and the number of levels count: it may grow from call to call.
    // Over as many threads as the process may use, each of which adds to levels of its own: every sum is taken in the order
    // of the rows, whatever their number. Interrupted, the sums are of no use.
    void add(const Rows& rows, Poll poll = {});

    int columns() const { return static_cast<int>(origins_.size()); }
    const std::vector<std::vector<int>>& z() const { return z_; }
    const std::vector<double>& fixed() const { return fixed_; }                         // m x m, both triangles
    const std::vector<double>& cross(std::size_t f) const { return cross_[f]; }         // levels x r x m
    const MeetingSums& pair(std::size_t f, std::size_t g) const { return pairs_[at(f, g)]; }  // blocks r_f x r_g; f < g

private:
    class Lane;

    std::size_t at(std::size_t f, std::size_t g) const { return f * (2 * z_.size() - f - 1) / 2 + g - f - 1; }
    void add_run(const Rows& rows, Index first, Index end);

    std::vector<double> origins_;
    std::vector<std::vector<int>> z_;
    std::vector<double> fixed_;
    std::vector<std::vector<double>> cross_;
    std::vector<MeetingSums> pairs_;
};

}  // namespace ranef
