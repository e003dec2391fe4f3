// Cells in stretches short enough that what one loop leaves is still in the fastest cache when the next one reads it.
#pragma once

#include <algorithm>
#include <vector>

#include "ranef/base/types.hpp"

namespace ranef {

// Cells [begin, end), and the levels [level, level_end) of the leading factor that they belong to: whole levels, or a part of one.
struct Stretch {
    Index begin, end, level, level_end;
    Index size() const { return end - begin; }
};

constexpr Index longest_stretch = 256;

// `leading`: first cell of each level of the leading factor, and the end. Every level is in a stretch, one without cells too.
inline std::vector<Stretch> cut_stretches(const std::vector<Index>& leading) {
    std::vector<Stretch> stretches;
    const Index levels = static_cast<Index>(leading.size()) - 1;
    for (Index j = 0; j < levels;) {
        const Index begin = leading[j], first = j;
        if (leading[j + 1] - begin > longest_stretch) {
            const Index size = leading[j + 1] - begin, pieces = (size + longest_stretch - 1) / longest_stretch;
            for (Index k = 0; k < pieces; ++k)
                stretches.push_back({begin + size * k / pieces, begin + size * (k + 1) / pieces, j, j + 1});
            ++j;
            continue;
        }
        while (j < levels && leading[j + 1] - begin <= longest_stretch) ++j;
        stretches.push_back({begin, leading[j], first, j});
    }
    return stretches;
}

// What an evaluation can do from beginning to end without looking at the rest: with one factor some of its levels, whose
// cells, prediction, mode and gradient stay in the cache; with several factors everything.
struct CellPart {
    Index first, last;          // stretches
    Index begin, end;           // cells
    Index level, level_end;     // of the leading factor
    Index effect, effect_end;   // random effects
};

constexpr Index part_cells = 1024;

inline std::vector<CellPart> cut_parts(const std::vector<Stretch>& stretches, const std::vector<Index>& leading, Index width,
                                   Index effects) {
    const Index levels = static_cast<Index>(leading.size()) - 1, count = static_cast<Index>(stretches.size());
    if (levels * width != effects) return {{0, count, 0, leading.back(), 0, levels, 0, effects}};
    std::vector<CellPart> parts;
    for (Index first = 0, last = 0; first < count; first = last) {
        const Index begin = stretches[first].begin;
        const auto whole = [&] { return last == count || stretches[last].begin == leading[stretches[last].level]; };
        while (last < count && (stretches[last].end - begin <= part_cells || last == first || !whole())) ++last;
        const Index level = stretches[first].level, level_end = stretches[last - 1].level_end;
        parts.push_back({first, last, begin, stretches[last - 1].end, level, level_end, level * width, level_end * width});
    }
    return parts;
}

// run(level, from, to): the cells of each level within the stretch.
template <class Run>
void for_levels(const Stretch& stretch, const std::vector<Index>& leading, Run&& run) {
    for (Index j = stretch.level; j < stretch.level_end; ++j)
        run(j, std::max(leading[j], stretch.begin), std::min(leading[j + 1], stretch.end));
}

}  // namespace ranef
