#include "ranef/laplace/cells.hpp"

#include <algorithm>
#include <cstring>

#include "ranef/base/grouped.hpp"

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

RowKeys read_keys(const Rows& rows, const DesignCross& design, const double* offset, const ZetaColumns& zeta, Poll& poll) {
    const Layout& layout = design.layout();
    const Coordinates& c = design.coordinates();
    RowKeys keys;
    int bases = 0;
    for (const Factor& factor : layout.factors) bases += factor.width;
    keys.width = layout.p + bases + (offset ? 1 : 0) + zeta.count;
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
    if (offset) fill(Column(offset), 0.0, 1.0);
    for (int k = 0; k < zeta.count; ++k) fill(Column(zeta.data + k * rows.n), 0.0, 1.0);
    return keys;
}

// Numbers the different rows of each group, group after group: number[i] is that of row i; returns a row of each number.
// ends[g] is the first number behind group g.
template <class Alike>
std::vector<Index> number_rows(const Grouped& groups, const std::vector<std::uint64_t>& hash, Alike&& alike,
                               std::vector<std::uint32_t>& number, std::vector<Index>& ends, Poll& poll) {
    std::vector<Index> representative, table;  // open addressing within a group
    representative.reserve(groups.member.size());
    number.resize(groups.member.size());
    for (std::size_t g = 0; g + 1 < groups.start.size(); ++g) {
        const Index size = groups.start[g + 1] - groups.start[g];
        Index capacity = 4;
        while (capacity < 2 * size) capacity *= 2;
        table.assign(capacity, -1);
        for (Index o = groups.start[g]; o < groups.start[g + 1]; ++o) {
            const Index i = groups.member[o];
            Index slot = static_cast<Index>(hash[i] & static_cast<std::uint64_t>(capacity - 1));
            while (table[slot] >= 0) {
                const Index other = representative[table[slot]];
                if (hash[other] == hash[i] && alike(other, i)) break;
                slot = (slot + 1) & (capacity - 1);
            }
            if (table[slot] < 0) {
                table[slot] = static_cast<Index>(representative.size());
                representative.push_back(i);
            }
            number[i] = static_cast<std::uint32_t>(table[slot]);
        }
        ends.push_back(static_cast<Index>(representative.size()));
        poll.tick(size);
    }
    return representative;
}

}  // namespace

Cells merge_rows(const Rows& rows, const DesignCross& design, const double* offset, const ZetaColumns& zeta, Poll poll) {
    const Layout& layout = design.layout();
    const int factors = static_cast<int>(layout.factors.size()), p = layout.p;
    RowKeys keys = read_keys(rows, design, offset, zeta, poll);
    std::vector<const std::int32_t*> codes;
    for (int f : design.factor_order()) codes.push_back(rows.factors[f].codes);
    for (Index i = 0; i < rows.n; ++i)
        for (int f = 0; f < factors; ++f) keys.hash[i] = mix(keys.hash[i], static_cast<std::uint64_t>(codes[f][i]));

    Cells cells;
    for (const Factor& factor : layout.factors) {
        cells.place.push_back(cells.width);
        cells.width += factor.width;
    }
    const auto alike = [&](Index i, Index j) {
        if (!keys.equal(i, j)) return false;
        for (int f = 1; f < factors; ++f)
            if (codes[f][i] != codes[f][j]) return false;
        return true;
    };
    // In the order of the leading factor, so that its levels' cells lie side by side.
    const Grouped levels = group_by(layout.factors[0].levels, rows.n, [&](Index i) { return codes[0][i]; });
    cells.leading.assign(1, 0);
    const std::vector<Index> representative = number_rows(levels, keys.hash, alike, cells.cell_of, cells.leading, poll);

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
    if (offset) gather(p + cells.width, cells.offset.data(), 1);
    cells.zeta_columns = zeta.count - (zeta.offset ? 1 : 0);
    cells.zeta.resize(cells.n * zeta.count);
    for (int k = 0; k < zeta.count; ++k) gather(keys.width - zeta.count + k, cells.zeta.data() + k * cells.n, 1);
    for (int f = 0; f < factors; ++f)
        for (Index c = 0; c < cells.n; ++c) cells.level[c * factors + f] = codes[f][representative[c]];
    return cells;
}

Cells split_cells(const Cells& cells, const DesignCross& design, const double* first, const double* second, Poll poll) {
    const Index rows = static_cast<Index>(cells.cell_of.size());
    const int factors = static_cast<int>(design.layout().factors.size()), p = design.layout().p;
    std::vector<std::uint64_t> hash(rows);
    for (Index i = 0; i < rows; ++i) hash[i] = mix(mix(0, bits(first[i])), bits(second[i]));
    const auto alike = [&](Index i, Index j) { return first[i] == first[j] && second[i] == second[j]; };
    const Grouped groups = group_by(cells.n, rows, [&](Index i) { return cells.cell_of[i]; });
    Cells out;
    out.width = cells.width;
    out.place = cells.place;
    std::vector<Index> ends{0};
    const std::vector<Index> representative = number_rows(groups, hash, alike, out.cell_of, ends, poll);
    out.n = static_cast<Index>(representative.size());
    for (Index first_cell : cells.leading) out.leading.push_back(ends[first_cell]);
    out.x.resize(out.n * p);
    out.z.resize(out.n * out.width);
    out.level.resize(out.n * factors);
    out.offset.resize(out.n);
    const Index zetas = cells.zeta_columns + (cells.zeta_offset() ? 1 : 0);
    out.zeta_columns = cells.zeta_columns;
    out.zeta.resize(out.n * zetas);
    for (Index c = 0; c < out.n; ++c) {
        const Index from = cells.cell_of[representative[c]];
        for (int k = 0; k < p; ++k) out.x[k * out.n + c] = cells.x[k * cells.n + from];
        std::copy_n(cells.z.data() + from * cells.width, cells.width, out.z.data() + c * cells.width);
        std::copy_n(cells.level.data() + from * factors, factors, out.level.data() + c * factors);
        out.offset[c] = cells.offset[from];
        for (Index k = 0; k < zetas; ++k) out.zeta[k * out.n + c] = cells.zeta_column(k)[from];
    }
    return out;
}

}  // namespace ranef
