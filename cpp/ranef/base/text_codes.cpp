#include "ranef/base/text_codes.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "ranef/base/parallel.hpp"
#include "ranef/base/prefetch.hpp"
#include "ranef/base/threads.hpp"

namespace ranef {
namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15ull;
constexpr Index block = 64;             // rows looked up together
constexpr Index least_rows = 1 << 17;   // per thread: each learns all levels, which are merged afterwards
constexpr double row_work = 20.0;       // multiplications a row is worth
constexpr Index remap_rows = 1 << 16;

template <class Word>
std::uint64_t load(const char* at) {
    Word word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

// Up to eight bytes as a number: for each length another number for another text.
std::uint64_t short_word(const char* text, Index length) {
    if (length >= 4) return load<std::uint32_t>(text) | load<std::uint32_t>(text + length - 4) << 32;
    if (length == 0) return 0;
    return load<std::uint8_t>(text) | load<std::uint8_t>(text + length / 2) << 8 | load<std::uint8_t>(text + length - 1) << 16;
}

// Each step is one-to-one, so that texts of one length up to eight bytes have the same hash only if they are equal.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
    hash = (hash ^ word) * odd;
    return hash ^ hash >> 32;
}

std::uint64_t hash_of(const char* text, Index length) {
    std::uint64_t hash = static_cast<std::uint64_t>(length);
    if (length <= 8) return mixed(hash, short_word(text, length));
    for (Index at = 0; at + 8 < length; at += 8) hash = mixed(hash, load<std::uint64_t>(text + at));
    return mixed(hash, load<std::uint64_t>(text + length - 8));
}

// Distinct texts, numbered in the order they come: open addressing.
template <class Offset>
class TextTable {
public:
    explicit TextTable(const TextColumn<Offset>& column) : column_(column), slot_(1024), shift_(64 - 10) {}

    // numbers[i] is the number of the text in row row_of(i), 0 <= i < count.
    template <class RowOf>
    void number(Index count, const RowOf& row_of, std::int32_t* numbers) {
        std::uint64_t hash[block];
        for (Index first = 0; first < count; first += block) {
            const Index size = std::min(block, count - first);
            while (2 * (levels() + size) > static_cast<Index>(slot_.size())) grow();
            for (Index i = 0; i < size; ++i) {
                const Index row = row_of(first + i);
                if (column_.missing(row)) continue;
                hash[i] = hash_of(column_.text(row), column_.length(row));
                prefetch(&slot_[home(hash[i])]);
            }
            for (Index i = 0; i < size; ++i) {
                if (column_.length(row_of(first + i)) <= 8 || column_.missing(row_of(first + i))) continue;
                const Slot& slot = slot_[home(hash[i])];
                if (slot.level >= 0) prefetch(text_[slot.level]);
            }
            for (Index i = 0; i < size; ++i) {
                const Index row = row_of(first + i);
                numbers[first + i] = column_.missing(row) ? -1 : find(hash[i], row);
            }
        }
    }

    Index levels() const { return static_cast<Index>(row_.size()); }
    const std::vector<Index>& rows() const { return row_; }

private:
    struct Slot {
        std::uint64_t hash = 0;
        std::int32_t level = -1;
        std::uint32_t length = 0;
    };

    // The upper bits of a product depend on all bits of the hash, its lower bits do not.
    Index home(std::uint64_t hash) const { return static_cast<Index>((hash * odd) >> shift_); }
    Index after(Index at) const { return (at + 1) & (static_cast<Index>(slot_.size()) - 1); }

    std::int32_t find(std::uint64_t hash, Index row) {
        const char* text = column_.text(row);
        const Index length = column_.length(row);
        for (Index at = home(hash);; at = after(at)) {
            Slot& slot = slot_[at];
            if (slot.level < 0) {
                if (levels() == std::numeric_limits<std::int32_t>::max()) throw std::length_error("a factor has 2^31 levels or more");
                slot = {hash, static_cast<std::int32_t>(row_.size()), static_cast<std::uint32_t>(length)};
                row_.push_back(row);
                text_.push_back(text);
                return slot.level;
            }
            if (slot.hash != hash || slot.length != length) continue;
            if (length <= 8 || std::memcmp(text_[slot.level], text, length) == 0) return slot.level;
        }
    }

    void grow() {
        std::vector<Slot> old(4 * slot_.size());
        old.swap(slot_);
        shift_ -= 2;
        for (const Slot& slot : old) {
            if (slot.level < 0) continue;
            Index at = home(slot.hash);
            while (slot_[at].level >= 0) at = after(at);
            slot_[at] = slot;
        }
    }

    const TextColumn<Offset>& column_;
    std::vector<Slot> slot_;
    int shift_;               // 64 - log2 of the number of slots
    std::vector<Index> row_;  // of each level one
    std::vector<const char*> text_;
};

// Where the bytes of all these rows begin to differ.
template <class Offset>
Index common_prefix(const TextColumn<Offset>& column, const std::vector<Index>& rows) {
    Index shared = rows.empty() ? 0 : column.length(rows[0]);
    for (const Index row : rows) {
        shared = std::min(shared, column.length(row));
        const char *a = column.text(rows[0]), *b = column.text(row);
        if (std::memcmp(a, b, shared) != 0) shared = std::mismatch(a, a + shared, b).first - a;
    }
    return shared;
}

// Levels in the order of their texts: by the first eight bytes that tell them apart, where these are equal by the rest.
template <class Offset>
std::vector<std::int32_t> sorted_levels(const TextColumn<Offset>& column, const std::vector<Index>& rows) {
    struct Key {
        std::uint64_t start;
        std::int32_t level;
    };
    const Index shared = common_prefix(column, rows);
    std::vector<Key> keys(rows.size());
    for (std::size_t l = 0; l < rows.size(); ++l) {
        const auto* text = reinterpret_cast<const unsigned char*>(column.text(rows[l]));
        const Index length = std::min(column.length(rows[l]), shared + 8);
        std::uint64_t start = 0;
        for (Index at = shared; at < shared + 8; ++at) start = start << 8 | (at < length ? text[at] : 0);
        keys[l] = {start, static_cast<std::int32_t>(l)};
    }
    std::sort(keys.begin(), keys.end(), [&](const Key& a, const Key& b) {
        if (a.start != b.start) return a.start < b.start;
        const Index x = rows[a.level], y = rows[b.level];
        const int order = std::memcmp(column.text(x), column.text(y), std::min(column.length(x), column.length(y)));
        return order != 0 ? order < 0 : column.length(x) < column.length(y);
    });
    std::vector<std::int32_t> order(rows.size());
    std::transform(keys.begin(), keys.end(), order.begin(), [](const Key& key) { return key.level; });
    return order;
}

}  // namespace

template <class Offset>
std::vector<Index> code_text(const TextColumn<Offset>& column, std::int32_t* codes) {
    const Index n = column.n, pieces = std::clamp<Index>(n / least_rows, 1, thread_limit());
    const Index size = std::max<Index>(1, piece_count(n, pieces));
    std::vector<TextTable<Offset>> tables(pieces, TextTable<Offset>(column));
    for_ranges(n, size, row_work * static_cast<double>(n), [&](Index piece, Index begin, Index end) {
        tables[piece].number(end - begin, [&](Index i) { return begin + i; }, codes + begin);
    });
    // What each piece calls level l is level number[piece][l + 1] of all.
    std::vector<std::vector<std::int32_t>> number(pieces);
    for (Index piece = 0; piece < pieces; ++piece) {
        const std::vector<Index>& own = tables[piece].rows();
        number[piece].resize(own.size() + 1);
        std::iota(number[piece].begin(), number[piece].end(), -1);
        if (piece == 0) continue;
        tables[0].number(tables[piece].levels(), [&](Index l) { return own[l]; }, number[piece].data() + 1);
    }
    const std::vector<Index>& rows = tables[0].rows();
    const std::vector<std::int32_t> order = sorted_levels(column, rows);
    std::vector<std::int32_t> rank(rows.size());
    std::vector<Index> row_of_level(rows.size());
    for (std::size_t place = 0; place < order.size(); ++place) {
        rank[order[place]] = static_cast<std::int32_t>(place);
        row_of_level[place] = rows[order[place]];
    }
    for (std::vector<std::int32_t>& table : number)
        for (std::size_t l = 1; l < table.size(); ++l) table[l] = rank[table[l]];
    for_ranges(n, remap_rows, 2.0 * static_cast<double>(n), [&](Index, Index begin, Index end) {
        for (Index i = begin; i < end; ++i) codes[i] = number[i / size][codes[i] + 1];
    });
    return row_of_level;
}

template std::vector<Index> code_text(const TextColumn<std::int32_t>&, std::int32_t*);
template std::vector<Index> code_text(const TextColumn<std::int64_t>&, std::int32_t*);

}  // namespace ranef
