// Levels of a factor from text: every distinct text once, in the order of its bytes (that of the characters, in UTF-8).
// Hash tables of tens of thousands of levels leave the first caches, and then a look-up waits for memory: here they are
// asked a block of rows at a time, all the memory they will touch requested first.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// A column of text as Arrow keeps it: row i has the bytes from offset[i] to offset[i + 1].
template <class Offset>
struct TextColumn {
    const char* bytes;
    const Offset* offset;       // n + 1
    const std::uint8_t* valid;  // one bit per row, from bit `first_bit` on; null: no row is missing
    Index first_bit;
    Index n;

    bool missing(Index i) const {
        const Index bit = first_bit + i;
        return valid && !(valid[bit / 8] >> (bit % 8) & 1);
    }
    const char* text(Index i) const { return bytes + offset[i]; }
    Index length(Index i) const { return static_cast<Index>(offset[i + 1] - offset[i]); }
};

// Writes the number of each row's level (-1: missing) and returns a row of every level, level after level.
template <class Offset>
std::vector<Index> code_text(const TextColumn<Offset>& column, std::int32_t* codes);

extern template std::vector<Index> code_text(const TextColumn<std::int32_t>&, std::int32_t*);
extern template std::vector<Index> code_text(const TextColumn<std::int64_t>&, std::int32_t*);

}  // namespace ranef
