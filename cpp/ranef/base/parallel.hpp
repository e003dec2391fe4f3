// Loops of our own over as many threads as the process may use (threads.hpp).
// Results never depend on that number: work is cut into pieces of fixed size, each piece writes what is its own, and sums
// over pieces are taken in their order.
#pragma once

#include <algorithm>
#include <functional>

#include "ranef/base/types.hpp"

namespace ranef {

// For the length of the scope this thread starts no others: many of its kind already run side by side.
class SerialScope {
public:
    SerialScope();
    ~SerialScope();
    SerialScope(const SerialScope&) = delete;
    SerialScope& operator=(const SerialScope&) = delete;

private:
    bool before_;
};

// run(piece) for 0 <= piece < pieces. `work` is the number of multiplications in all: little of it stays on this thread.
void for_pieces(Index pieces, double work, const std::function<void(Index)>& run);

inline Index piece_count(Index count, Index size) { return (count + size - 1) / size; }

// run(piece, begin, end) over [0, count) in pieces of `size`.
template <class Run>
void for_ranges(Index count, Index size, double work, const Run& run) {
    for_pieces(piece_count(count, size), work,
               [&](Index piece) { run(piece, piece * size, std::min(count, (piece + 1) * size)); });
}

}  // namespace ranef
