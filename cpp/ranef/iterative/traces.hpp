// The traces that the score needs of S^-1 - P^-1: by a mean over random signs z (Hutchinson 1990), the same z at every Lambda, and of
// the small factors, where that is wanted, by a solve for each of their columns, which leaves nothing to chance.
#pragma once

#include <cstdint>

#include "ranef/iterative/directions.hpp"
#include "ranef/iterative/point.hpp"

namespace ranef::iterative {

// Random signs, a side of vectors of them at a time, and what S^-1 made of them last.
class Probes {
public:
    Probes(Index order, std::uint64_t seed, int lanes = many_lanes) : order_(order), rows_(order), seed_(seed), lanes_(lanes) {}
    void grow(Index vectors);  // to at least as many, whole sides
    // The traces of the columns behind the first rows are by solves. Signs stay in all rows: what small factors and the others have in
    // common cancels in the trace of the leading one.
    void keep_rows(Index rows);
    Index rows() const { return rows_; }
    Index sides() const { return static_cast<Index>(solved_.size()); }
    int lanes() const { return lanes_; }
    Index count() const { return sides() * lanes_; }
    // Number c of row i at i * lanes + c.
    void signs(Index side, double* z) const;
    Vector& solved(Index side) { return solved_[side]; }

private:
    Index order_, rows_;
    std::uint64_t seed_;
    int lanes_;  // few_lanes or many_lanes
    std::vector<Vector> solved_;
};

using Lifted = std::vector<std::vector<bool>>;

// By each lane of a side, one after the other, packed as Lambda: - sum_l z_l (S^-1 - P^-1)z_l' of the factors behind the leading
// one, - sum_j (B_j z)(B_j (S^-1 - P^-1)z)' of the leading one, B_j = H_j A_j Lambda. Probes are zero in lifted columns.
Vector probed_traces(Point& point, Probes& probes, Index side, const Lifted& lifted, double tolerance, Solved& solved);

// What probes.keep_rows() left out.
Vector solved_traces(Point& point, const Probes& probes, double tolerance, Solved& solved);

}  // namespace ranef::iterative
