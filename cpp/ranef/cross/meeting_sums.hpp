// Where two factors' levels meet: a growing set of pairs, and sums for each.
#pragma once

#include <cstdint>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Pairs are found by a table over all of them where a good part occurs, as where every level meets every other, and by
// hashing where few do. Either way they are kept in shares, each of which one thread may write at a time.
class MeetingSums {
public:
    static constexpr Index shares = 16;

    // `size` numbers for each pair; the first of them is a sum of weights, so that it is positive for pairs that occur.
    explicit MeetingSums(Index size) : size_(size), hashed_(shares) {}

    // Before rows of factors with so many levels: between calls of it the way pairs are found does not change.
    void prepare(Index first_levels, Index second_levels);

    // Which share a pair is in. Neighbours on a line of memory are in the same one.
    Index share(std::int32_t first, std::int32_t second) const {
        if (dense_) return ((rows_ > columns_ ? first : second) >> 3) % shares;
        return static_cast<Index>((key(first, second) * 0xD6E8FEB86659FD93u) >> 60);
    }

    // The sums of each of n pairs; the pointers hold until the next call for any of their shares.
    void find(const std::int32_t* first, const std::int32_t* second, Index n, double** out);

    // All pairs and their numbers, in an order that depends on the rows alone.
    void list(std::vector<Index>& first, std::vector<Index>& second, std::vector<double>& values) const;

private:
    struct Hashed {
        std::uint64_t home(std::uint64_t key) const { return (key * 0x9E3779B97F4A7C15u) >> shift; }
        std::uint64_t slot(std::uint64_t key) const {
            std::uint64_t at = home(key);
            while (slots[at] != none && keys[slots[at]] != key) at = (at + 1) & (slots.size() - 1);
            return at;
        }
        std::uint32_t place(std::uint64_t key, Index size);
        void grow();

        static constexpr std::uint32_t none = ~std::uint32_t{0};
        std::vector<std::uint32_t> slots = std::vector<std::uint32_t>(64, none);
        int shift = 58;
        std::vector<std::uint64_t> keys;  // level of the first factor, then of the second: 32 bits each
        std::vector<double> values;       // in the order met
    };

    static std::uint64_t key(std::int32_t first, std::int32_t second) {
        return std::uint64_t(std::uint32_t(first)) << 32 | std::uint32_t(second);
    }
    Index met() const;
    void to_dense(Index first_levels, Index second_levels);
    void to_hashed();

    Index size_;
    bool dense_ = false;
    Index rows_ = 0, columns_ = 0;  // of the table: levels of the first, of the second factor
    std::vector<double> table_;
    std::vector<Hashed> hashed_;
};

}  // namespace ranef
