#include "ranef/laplace/cells.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace ranef {
namespace {

// Mixes one 64-bit word into a running hash (the finaliser of splitmix64).
std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
    return hash ^ (hash >> 27);
}

std::uint64_t bits(double value) {
    value += 0.0;  // minus zero equals zero
    std::uint64_t word;
    std::memcpy(&word, &value, sizeof word);
    return word;
}

// All numbers of a row that its cell shares, column by column.
struct RowKeys {
    Index rows = 0, width = 0;
    std::vector<double> values;
    std::vector<std::uint64_t> hash;

    double at(Index i, Index k) const { return values[k * rows + i]; }
    bool equal(Index i, Index j) const {
        for (Index k = 0; k < width; ++k)
            if (bits(at(i, k)) != bits(at(j, k))) return false;
        return true;
    }
};

RowKeys read_keys(const Rows& rows, const DesignCross& design, const RowResponses& responses, bool sums, Poll& poll) {
    const Layout& layout = design.layout();
    const Coordinates& c = design.coordinates();
    RowKeys keys;
    int bases = 0;
    for (const Factor& factor : layout.factors) bases += factor.width;
    keys.width = layout.p + bases + 1 + (sums ? 0 : 2);
    keys.rows = rows.n;
    keys.values.resize(rows.n * keys.width);
    keys.hash.assign(rows.n, 0);
    double* target = keys.values.data();
    const auto fill = [&](const Column& column, double shift, double scale) {
        const double inverse = 1.0 / scale;
        if (column.ones()) {
            std::fill_n(target, rows.n, (1.0 - shift) * inverse + 0.0);
        } else {
            for (Index i = 0; i < rows.n; ++i) {
                target[i] = (column[i] - shift) * inverse + 0.0;
                keys.hash[i] = mix(keys.hash[i], bits(target[i]));
            }
        }
        target += rows.n;
        poll.tick(rows.n);
    };
    for (int k = 0; k < layout.p; ++k) fill(rows.x[design.kept()[k]], c.x_shift[k], c.x_scale[k]);
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (int a = 0; a < layout.factors[f].width; ++a)
            fill(rows.factors[design.factor_order()[f]].basis[a], c.z_shift[f][a], c.z_scale[f][a]);
    const Column none_first(responses.first), none_second(responses.second);
    if (responses.offset) fill(Column(responses.offset), 0.0, 1.0);
    else target += rows.n;
    if (!sums) {
        fill(none_first, 0.0, 1.0);
        fill(none_second, 0.0, 1.0);
    }
    return keys;
}

}  // namespace

Cells merge_rows(const Rows& rows, const DesignCross& design, const RowResponses& responses, bool sums, Poll poll) {
    const Layout& layout = design.layout();
    const int factors = static_cast<int>(layout.factors.size()), p = layout.p;
    RowKeys keys = read_keys(rows, design, responses, sums, poll);
    std::vector<const std::int32_t*> codes;
    for (int f : design.factor_order()) codes.push_back(rows.factors[f].codes);
    for (Index i = 0; i < rows.n; ++i)
        for (int f = 0; f < factors; ++f) keys.hash[i] = mix(keys.hash[i], static_cast<std::uint64_t>(codes[f][i]));

    // Rows in the order of the leading factor, so that its levels' cells lie side by side.
    const Index levels = layout.factors[0].levels;
    std::vector<Index> start(levels + 1, 0), order(rows.n);
    for (Index i = 0; i < rows.n; ++i) ++start[codes[0][i] + 1];
    std::partial_sum(start.begin(), start.end(), start.begin());
    {
        std::vector<Index> next(start.begin(), start.end() - 1);
        for (Index i = 0; i < rows.n; ++i) order[next[codes[0][i]]++] = i;
    }

    Cells cells;
    cells.cell_of.resize(rows.n);
    cells.leading.assign(levels + 1, 0);
    cells.width = 0;
    for (const Factor& factor : layout.factors) cells.width += factor.width;
    std::vector<Index> representative;  // a row of each cell
    representative.reserve(rows.n);
    // Open addressing within a level, in a table that grows with the largest level.
    std::vector<Index> table;
    const auto alike = [&](Index i, Index j) {
        if (keys.hash[i] != keys.hash[j] || !keys.equal(i, j)) return false;
        for (int f = 1; f < factors; ++f)
            if (codes[f][i] != codes[f][j]) return false;
        return true;
    };
    for (Index l = 0; l < levels; ++l) {
        const Index size = start[l + 1] - start[l];
        Index capacity = 4;
        while (capacity < 2 * size) capacity *= 2;
        table.assign(capacity, -1);
        for (Index o = start[l]; o < start[l + 1]; ++o) {
            const Index i = order[o];
            Index slot = static_cast<Index>(keys.hash[i] & static_cast<std::uint64_t>(capacity - 1));
            while (table[slot] >= 0 && !alike(representative[table[slot]], i)) slot = (slot + 1) & (capacity - 1);
            if (table[slot] < 0) {
                table[slot] = static_cast<Index>(representative.size());
                representative.push_back(i);
            }
            cells.cell_of[i] = table[slot];
        }
        cells.leading[l + 1] = static_cast<Index>(representative.size());
        poll.tick(size);
    }

    cells.n = static_cast<Index>(representative.size());
    cells.x.resize(cells.n * p);
    cells.z.resize(cells.n * cells.width);
    cells.level.resize(cells.n * factors);
    cells.offset.resize(cells.n);
    // One column after the other: reads from all over a column overlap, and it stays in the cache.
    const auto gather = [&](Index key, double* out, Index stride) {
        const double* values = keys.values.data() + key * keys.rows;
        for (Index c = 0; c < cells.n; ++c) out[c * stride] = values[representative[c]];
    };
    for (int k = 0; k < p; ++k) gather(k, cells.x.data() + k * cells.n, 1);
    for (int k = 0; k < cells.width; ++k) gather(p + k, cells.z.data() + k, cells.width);
    if (responses.offset) gather(p + cells.width, cells.offset.data(), 1);
    for (int f = 0; f < factors; ++f)
        for (Index c = 0; c < cells.n; ++c) cells.level[c * factors + f] = codes[f][representative[c]];
    cells.count.resize(cells.n);
    cells.first.resize(cells.n);
    cells.second.resize(cells.n);
    if (sums) {
        sum_responses(responses, cells);
    } else {
        for (Index c = 0; c < cells.n; ++c) {
            cells.first[c] = responses.first[representative[c]];
            cells.second[c] = responses.second ? responses.second[representative[c]] : 0.0;
        }
        for (Index i = 0; i < rows.n; ++i) cells.count[cells.cell_of[i]] += responses.count[i];
    }
    return cells;
}

void sum_responses(const RowResponses& responses, Cells& cells) {
    std::fill(cells.count.begin(), cells.count.end(), 0.0);
    std::fill(cells.first.begin(), cells.first.end(), 0.0);
    std::fill(cells.second.begin(), cells.second.end(), 0.0);
    for (std::size_t i = 0; i < cells.cell_of.size(); ++i) {
        const Index c = cells.cell_of[i];
        cells.count[c] += responses.count[i];
        cells.first[c] += responses.first[i];
        if (responses.second) cells.second[c] += responses.second[i];
    }
}

}  // namespace ranef
