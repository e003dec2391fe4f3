#include "ranef/cross/serialise.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "ranef/base/packed.hpp"

namespace ranef {
namespace {

constexpr Index most = Index{1} << 31;  // levels, columns: more have no codes

void require(bool holds, const char* name, const char* rule) {
    if (!holds) throw FieldError(std::string(name) + ": " + rule);
}

template <class T>
const std::vector<T>& find(const Fields& fields, const char* name) {
    const auto found = fields.find(name);
    require(found != fields.end(), name, "is missing");
    const auto* values = std::get_if<std::vector<T>>(&found->second);
    require(values != nullptr, name, "has numbers of another type");
    return *values;
}

template <class T>
T one(const Fields& fields, const char* name) {
    const std::vector<T>& values = find<T>(fields, name);
    require(values.size() == 1, name, "must be one number");
    return values[0];
}

std::vector<double> finite(const Fields& fields, const char* name, Index size) {
    const std::vector<double>& values = find<double>(fields, name);
    require(static_cast<Index>(values.size()) == size, name, "has another length than the layout");
    require(std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); }), name, "must be finite");
    return values;
}

std::vector<double> scales(const Fields& fields, const char* name, Index size) {
    std::vector<double> values = finite(fields, name, size);
    require(std::all_of(values.begin(), values.end(), [](double v) { return v > 0.0; }), name, "must be positive");
    return values;
}

std::vector<int> whole(const Fields& fields, const char* name, Index size, Index limit) {
    const std::vector<Index>& values = find<Index>(fields, name);
    require(static_cast<Index>(values.size()) == size, name, "has another length than the layout");
    require(std::all_of(values.begin(), values.end(), [&](Index v) { return v >= 0 && v < limit; }), name, "is out of range");
    return {values.begin(), values.end()};
}

void check_format(const Fields& fields) { require(one<Index>(fields, "format") == cross_format, "format", "is another version's"); }

// ---- the layout: factors as three arrays, blocks as four numbers each

constexpr Index block_numbers = 4;

void write_layout(const Layout& layout, Fields& fields) {
    std::vector<Index> levels, widths, counts, blocks;
    for (const Factor& factor : layout.factors) {
        levels.push_back(factor.levels);
        widths.push_back(factor.width);
        counts.push_back(static_cast<Index>(factor.blocks.size()));
        for (const Block& b : factor.blocks) blocks.insert(blocks.end(), {b.first, b.width, b.intercept, b.theta_first});
    }
    fields["levels"] = std::move(levels);
    fields["widths"] = std::move(widths);
    fields["block_counts"] = std::move(counts);
    fields["blocks"] = std::move(blocks);
    fields["p"] = std::vector<Index>{layout.p};
}

// Blocks lie side by side in their factor's columns.
std::vector<Block> read_blocks(const Index* numbers, Index count, Index width) {
    std::vector<Block> blocks;
    Index next = 0;
    for (Index b = 0; b < count; ++b, numbers += block_numbers) {
        require(numbers[0] == next && numbers[1] > 0 && numbers[1] <= width - next, "blocks", "do not fill their factor");
        require(numbers[2] >= -1 && numbers[2] < numbers[1], "blocks", "have an intercept elsewhere");
        require(numbers[3] >= 0 && numbers[3] < most, "blocks", "have no such theta");
        next += numbers[1];
        blocks.push_back({static_cast<int>(numbers[0]), static_cast<int>(numbers[1]), static_cast<int>(numbers[2]),
                          static_cast<int>(numbers[3])});
    }
    require(next == width, "blocks", "do not fill their factor");
    return blocks;
}

// Every theta belongs to one block.
void check_thetas(const std::vector<Factor>& factors) {
    std::vector<std::pair<Index, Index>> ranges;
    for (const Factor& factor : factors)
        for (const Block& b : factor.blocks) ranges.emplace_back(b.theta_first, packed_size(b.width));
    std::sort(ranges.begin(), ranges.end());
    Index next = 0;
    for (const auto& [first, count] : ranges) {
        require(first == next, "blocks", "share thetas or leave some out");
        next += count;
    }
}

Layout read_layout(const Fields& fields) {
    constexpr Index widest = Index{1} << 15;  // its square, and a factor's thetas, are still an int
    const std::vector<Index>& levels = find<Index>(fields, "levels");
    const auto count = static_cast<Index>(levels.size());
    require(count > 0 && count < widest, "levels", "one number per grouping factor");
    const std::vector<int> widths = whole(fields, "widths", count, widest), counts = whole(fields, "block_counts", count, widest);
    const std::vector<Index>& blocks = find<Index>(fields, "blocks");
    const Index p = one<Index>(fields, "p");
    require(p >= 0 && p < Index{1} << 20, "p", "is out of range");
    const auto values = static_cast<Index>(find<double>(fields, "values").size());
    Index q = 0, at = 0;
    std::vector<Factor> factors;
    for (Index f = 0; f < count; ++f) {
        require(levels[f] > 0 && levels[f] < most, "levels", "is out of range");
        require(widths[f] > 0 && Index{widths[f]} * widths[f] <= 2 * values, "widths", "is out of range");  // thetas take memory
        require((at + counts[f]) * block_numbers <= static_cast<Index>(blocks.size()), "blocks", "has another length than block_counts");
        factors.push_back({levels[f], widths[f], read_blocks(blocks.data() + at * block_numbers, counts[f], widths[f])});
        at += counts[f];
        q += levels[f] * widths[f];
    }
    require(at * block_numbers == static_cast<Index>(blocks.size()), "blocks", "has another length than block_counts");
    require(q < most, "levels", "is out of range");
    check_thetas(factors);
    return Layout(std::move(factors), static_cast<int>(p));
}

// ---- the coordinates: one array over the columns of all factors

std::vector<double> joined(const std::vector<std::vector<double>>& lists) {
    std::vector<double> all;
    for (const std::vector<double>& list : lists) all.insert(all.end(), list.begin(), list.end());
    return all;
}

std::vector<std::vector<double>> parted(const Layout& layout, const std::vector<double>& all) {
    std::vector<std::vector<double>> lists;
    auto next = all.begin();
    for (const Factor& factor : layout.factors) {
        lists.emplace_back(next, next + factor.width);
        next += factor.width;
    }
    return lists;
}

Coordinates read_coordinates(const Fields& fields, const Layout& layout) {
    Index columns = 0;
    for (const Factor& factor : layout.factors) columns += factor.width;
    const bool constant = whole(fields, "has_constant", 1, 2)[0] != 0;
    return {finite(fields, "x_shift", layout.p), scales(fields, "x_scale", layout.p),
            finite(fields, "constant", constant ? layout.p : 0), parted(layout, finite(fields, "z_shift", columns)),
            parted(layout, scales(fields, "z_scale", columns))};
}

// ---- the pattern: a level meets another factor's level with all of its columns or with none

// Whether rows first ... last - 1 are whole levels of the factors behind the leading one, ascending.
template <class T>
bool whole_levels(const Layout& layout, const T* first, const T* last) {
    std::size_t f = 0;
    Index begin = 0, end = 0, least = 0;  // columns of factor f; the least that may come next
    while (first != last) {
        const Index column = *first;
        if (column < least || column >= layout.q_rest) return false;
        while (column >= end) {
            ++f;
            begin = end;
            end += layout.factors[f].levels * layout.factors[f].width;
        }
        const Index width = layout.factors[f].width;
        if ((column - begin) % width != 0 || last - first < width) return false;
        for (Index a = 0; a < width; ++a)
            if (Index{first[a]} != column + a) return false;
        first += width;
        least = column + width;
    }
    return true;
}

void check_pointers(const std::vector<Index>& ptr, Index count, std::size_t entries, const char* name) {
    require(static_cast<Index>(ptr.size()) == count + 1, name, "has another length than the layout");
    require(ptr.front() == 0 && ptr.back() == static_cast<Index>(entries), name, "does not span its entries");
    require(std::is_sorted(ptr.begin(), ptr.end()), name, "must not decrease");
}

void check_leading(const Layout& layout, const std::vector<Index>& ptr, const std::vector<std::int32_t>& col) {
    check_pointers(ptr, layout.factors[0].levels, col.size(), "a_ptr");
    for (Index j = 0; j < layout.factors[0].levels; ++j)
        require(whole_levels(layout, col.data() + ptr[j], col.data() + ptr[j + 1]), "a_col", "are no whole levels in order");
}

// The columns of a level have the rows of its first one, each without those above its diagonal.
void check_rest(const Layout& layout, const SparsePattern& w) {
    check_pointers(w.col_ptr, layout.q_rest, w.row_idx.size(), "w_col_ptr");
    Index first = 0;
    for (std::size_t f = 1; f < layout.factors.size(); ++f)
        for (Index l = 0; l < layout.factors[f].levels; ++l, first += layout.factors[f].width) {
            const Index* rows = w.row_idx.data() + w.col_ptr[first];
            const Index* end = w.row_idx.data() + w.col_ptr[first + 1];
            require(rows != end && *rows == first && whole_levels(layout, rows, end), "w_row_idx", "are no whole levels in order");
            for (Index a = 1; a < layout.factors[f].width; ++a)
                require(std::equal(rows + a, end, w.row_idx.data() + w.col_ptr[first + a], w.row_idx.data() + w.col_ptr[first + a + 1]),
                        "w_row_idx", "differ within a level");
        }
}

}  // namespace

Fields write_design(const DesignCross& design) {
    const Pattern& pattern = *design.pattern;
    const Coordinates& c = pattern.coordinates;
    Fields fields;
    write_layout(pattern.layout, fields);
    fields["format"] = std::vector<Index>{cross_format};
    fields["n"] = std::vector<Index>{design.n};
    fields["sum_log_weights"] = std::vector<double>{design.sum_log_weights};
    fields["x_shift"] = c.x_shift;
    fields["x_scale"] = c.x_scale;
    fields["constant"] = c.constant;
    fields["has_constant"] = std::vector<Index>{!c.constant.empty()};
    fields["z_shift"] = joined(c.z_shift);
    fields["z_scale"] = joined(c.z_scale);
    fields["factor_order"] = std::vector<Index>(pattern.factor_order.begin(), pattern.factor_order.end());
    fields["kept"] = std::vector<Index>(pattern.kept.begin(), pattern.kept.end());
    fields["a_ptr"] = pattern.a_ptr;
    fields["a_col"] = pattern.a_col;
    fields["w_col_ptr"] = pattern.w.col_ptr;
    fields["w_row_idx"] = pattern.w.row_idx;
    fields["values"] = design.values.numbers;
    return fields;
}

DesignCross read_design(const Fields& fields) {
    check_format(fields);
    Layout layout = read_layout(fields);
    const auto factors = static_cast<Index>(layout.factors.size());
    Coordinates coordinates = read_coordinates(fields, layout);
    std::vector<int> order = whole(fields, "factor_order", factors, factors), kept = whole(fields, "kept", layout.p, most);
    std::vector<int> sorted = order;
    std::sort(sorted.begin(), sorted.end());
    require(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end(), "factor_order", "names a factor twice");
    require(std::adjacent_find(kept.begin(), kept.end(), [](int a, int b) { return a >= b; }) == kept.end(), "kept", "must increase");
    std::vector<Index> ptr = find<Index>(fields, "a_ptr");
    std::vector<std::int32_t> col = find<std::int32_t>(fields, "a_col");
    SparsePattern w{layout.q_rest, find<Index>(fields, "w_col_ptr"), find<Index>(fields, "w_row_idx")};
    check_leading(layout, ptr, col);
    check_rest(layout, w);
    Basis basis{std::move(layout), std::move(coordinates), std::move(order), std::move(kept)};
    auto pattern = std::make_shared<const Pattern>(std::move(basis), std::move(ptr), std::move(col), std::move(w));
    std::vector<double> values = finite(fields, "values", pattern->spans.size);
    DesignCross design(pattern);
    design.values.numbers = std::move(values);
    design.n = one<Index>(fields, "n");
    require(design.n > 0, "n", "is out of range");
    design.sum_log_weights = finite(fields, "sum_log_weights", 1)[0];
    return design;
}

Fields write_response(const ResponseCross& response) {
    return {{"format", std::vector<Index>{cross_format}},
            {"length", std::vector<Index>{static_cast<Index>(response.values.size())}},
            {"values", response.values},
            {"shift", std::vector<double>{response.scale.shift}},
            {"scale", std::vector<double>{response.scale.scale}}};
}

ResponseCross read_response(const Fields& fields) {
    check_format(fields);
    return {finite(fields, "values", one<Index>(fields, "length")),
            {finite(fields, "shift", 1)[0], scales(fields, "scale", 1)[0]}};
}

}  // namespace ranef
