#include "ranef/plan/classes.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

namespace ranef {
namespace {

// Forty significant bits of a Gram entry (not negative): equal up to accumulation order.
std::int64_t rounded(double value) {
    value += 0.0;  // -0.0 is 0.0
    std::int64_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    return (bits + (std::int64_t{1} << 12)) >> 13;
}

// The same relative to the diagonal: an off-diagonal that is zero but for rounding is zero.
std::int64_t rounded_relative(double value, double scale) {
    const double scaled = scale > 0.0 ? value / scale * 0x1p40 : 0.0;
    return static_cast<std::int64_t>(scaled + std::copysign(0.5, scaled));
}

// Distinct keys of a fixed number of digits, numbered in the order they come: open addressing, one block of memory.
class KeyTable {
public:
    KeyTable(Index digits, Index most) : digits_(digits) {
        std::size_t slots = 16;
        while (slots < 2 * static_cast<std::size_t>(most)) slots *= 2;
        slot_.assign(slots, -1);
    }

    Index number(const std::int64_t* key) {
        std::uint64_t h = 1469598103934665603ull;
        for (Index i = 0; i < digits_; ++i) {
            h = (h ^ static_cast<std::uint64_t>(key[i])) * 0x9e3779b97f4a7c15ull;
            h ^= h >> 32;
        }
        for (std::size_t at = h & (slot_.size() - 1);; at = (at + 1) & (slot_.size() - 1)) {
            if (slot_[at] < 0) {
                slot_[at] = static_cast<std::int32_t>(count());
                keys_.insert(keys_.end(), key, key + digits_);
                return count() - 1;
            }
            if (std::equal(key, key + digits_, keys_.data() + slot_[at] * digits_)) return slot_[at];
        }
    }
    Index count() const { return static_cast<Index>(keys_.size()) / digits_; }

private:
    Index digits_;
    std::vector<std::int32_t> slot_;
    std::vector<std::int64_t> keys_;
};

// Every class has the Gram block of its first level.
void take_grams(const DesignCross& design, ClassSums& classes) {
    const int rr = design.layout().leading_width() * design.layout().leading_width();
    classes.g.reserve(classes.count() * rr);
    for (Index j = 0; j < design.layout().factors[0].levels; ++j) {
        const double* g = design.level(j).g;
        if (Index{classes.class_of[j]} * rr == static_cast<Index>(classes.g.size())) classes.g.insert(classes.g.end(), g, g + rr);
    }
}

// Accumulates sums(c, ab); the columns of A_j are gathered once per level (sparse part, then X).
void sum_classes(const DesignCross& design, ClassSums& classes, Poll& poll) {
    const int r = design.layout().leading_width();
    const Index m = design.layout().rest(), packed = packed_size(m), pairs = packed_size(r);
    classes.sums.assign(classes.count() * pairs * packed, 0.0);
    std::vector<Index> column;
    std::vector<const double*> value;
    for (Index j = 0; j < design.layout().factors[0].levels; ++j) {
        column.clear();
        value.clear();
        design.level(j).each_column([&](Index c, const double* v) {
            column.push_back(c);
            value.push_back(v);
        });
        poll.tick(packed_size(static_cast<Index>(column.size())));
        double* sums = classes.sums.data() + Index{classes.class_of[j]} * pairs * packed;
        for (std::size_t y = 0; y < column.size(); ++y)
            for (std::size_t x = y; x < column.size(); ++x) {
                double* entry = sums + packed_place(m, column[x], column[y]);
                for (int a = 0; a < r; ++a)
                    for (int b = a; b < r; ++b, entry += packed)
                        *entry += a == b ? value[x][a] * value[y][a] : value[x][a] * value[y][b] + value[x][b] * value[y][a];
            }
    }
}

}  // namespace

ClassSums find_classes(const DesignCross& design, bool merge) {
    const int r = design.layout().leading_width();
    const Index levels = design.layout().factors[0].levels;
    ClassSums classes;
    classes.class_of.resize(levels);
    if (!merge) {
        std::iota(classes.class_of.begin(), classes.class_of.end(), 0);
        classes.size.assign(levels, 1);
        return classes;
    }
    std::vector<std::int64_t> key(packed_size(r));
    KeyTable table(packed_size(r), levels);
    for (Index j = 0; j < levels; ++j) {
        const double* g = design.level(j).g;
        int pair = 0;
        for (int a = 0; a < r; ++a) {
            key[pair++] = rounded(g[a * r + a]);
            for (int b = a + 1; b < r; ++b)
                key[pair++] = rounded_relative(g[a * r + b], std::sqrt(g[a * r + a] * g[b * r + b]));
        }
        const Index c = table.number(key.data());
        if (c == classes.count()) classes.size.push_back(0);
        ++classes.size[c];
        classes.class_of[j] = static_cast<std::int32_t>(c);
    }
    return classes;
}

void fill_classes(const DesignCross& design, ClassSums& classes, Poll poll) {
    take_grams(design, classes);
    sum_classes(design, classes, poll);
}

}  // namespace ranef
