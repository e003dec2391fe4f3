#include "ranef/cross/meeting_sums.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/prefetch.hpp"

namespace ranef {
namespace {

// The table takes `size` numbers for each pair there could be, hashing two more for each there is.
constexpr Index small_table = 1 << 14;
constexpr Index cells_for_a_pair = 3;
constexpr Index pairs_at_a_time = 512;  // pairs looked up at a time

}  // namespace

void MeetingSums::Hashed::grow() {
    slots.assign(slots.size() * 2, none);
    --shift;
    for (std::uint32_t k = 0; k < keys.size(); ++k) {
        std::uint64_t at = home(keys[k]);
        while (slots[at] != none) at = (at + 1) & (slots.size() - 1);
        slots[at] = k;
    }
}

std::uint32_t MeetingSums::Hashed::place(std::uint64_t key, Index size) {
    std::uint64_t at = slot(key);
    if (slots[at] != none) return slots[at];
    if ((keys.size() + 1) * 2 > slots.size()) {
        grow();
        at = slot(key);
    }
    slots[at] = static_cast<std::uint32_t>(keys.size());
    keys.push_back(key);
    values.resize(values.size() + size, 0.0);
    return slots[at];
}

void MeetingSums::find(const std::int32_t* first, const std::int32_t* second, Index n, double** out) {
    if (dense_) {
        for (Index i = 0; i < n; ++i) out[i] = table_.data() + (first[i] * columns_ + second[i]) * size_;
        return;
    }
    for (Index i = 0; i < n; ++i) {
        const Hashed& own = hashed_[share(first[i], second[i])];
        prefetch(own.slots.data() + own.home(key(first[i], second[i])));
    }
    std::uint32_t place[pairs_at_a_time];
    for (Index done = 0; done < n; done += pairs_at_a_time) {
        const Index end = std::min(n, done + pairs_at_a_time);
        for (Index i = done; i < end; ++i)
            place[i - done] = hashed_[share(first[i], second[i])].place(key(first[i], second[i]), size_);
        for (Index i = done; i < end; ++i)
            out[i] = hashed_[share(first[i], second[i])].values.data() + Index{place[i - done]} * size_;
    }
}

Index MeetingSums::met() const {
    Index count = 0;
    for (Index k = 0; k < rows_ * columns_; ++k) count += table_[k * size_] != 0.0;
    for (const Hashed& own : hashed_) count += static_cast<Index>(own.keys.size());
    return count;
}

void MeetingSums::to_dense(Index first_levels, Index second_levels) {
    std::vector<double> wider(first_levels * second_levels * size_, 0.0);
    for (Index a = 0; a < rows_; ++a)
        std::copy_n(table_.data() + a * columns_ * size_, columns_ * size_, wider.data() + a * second_levels * size_);
    for (Hashed& own : hashed_) {
        for (std::size_t k = 0; k < own.keys.size(); ++k) {
            const Index cell = static_cast<Index>(own.keys[k] >> 32) * second_levels + static_cast<Index>(own.keys[k] & 0xFFFFFFFFu);
            std::copy_n(own.values.data() + k * size_, size_, wider.data() + cell * size_);
        }
        own = Hashed();
    }
    table_ = std::move(wider);
    rows_ = first_levels;
    columns_ = second_levels;
    dense_ = true;
}

void MeetingSums::to_hashed() {
    dense_ = false;
    for (Index a = 0; a < rows_; ++a)
        for (Index b = 0; b < columns_; ++b) {
            const double* from = table_.data() + (a * columns_ + b) * size_;
            if (*from == 0.0) continue;
            const auto first = static_cast<std::int32_t>(a), second = static_cast<std::int32_t>(b);
            double* to = nullptr;
            find(&first, &second, 1, &to);
            std::copy_n(from, size_, to);
        }
    table_ = {};
    rows_ = columns_ = 0;
}

void MeetingSums::prepare(Index first_levels, Index second_levels) {
    if (dense_ && first_levels <= rows_ && second_levels <= columns_) return;
    const double cells = static_cast<double>(first_levels) * static_cast<double>(second_levels);
    if (cells <= small_table || cells <= static_cast<double>(cells_for_a_pair * met())) to_dense(first_levels, second_levels);
    else if (dense_) to_hashed();
}

void MeetingSums::list(std::vector<Index>& first, std::vector<Index>& second, std::vector<double>& values) const {
    const Index count = met();
    first.reserve(count);
    second.reserve(count);
    values.reserve(count * size_);
    for (Index cell = 0; cell < rows_ * columns_; ++cell) {
        const double* own = table_.data() + cell * size_;
        if (*own == 0.0) continue;
        first.push_back(cell / columns_);
        second.push_back(cell % columns_);
        values.insert(values.end(), own, own + size_);
    }
    for (const Hashed& own : hashed_) {
        for (const std::uint64_t pair : own.keys) {
            first.push_back(static_cast<Index>(pair >> 32));
            second.push_back(static_cast<Index>(pair & 0xFFFFFFFFu));
        }
        values.insert(values.end(), own.values.begin(), own.values.end());
    }
}

}  // namespace ranef
