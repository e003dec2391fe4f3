// Sorted lists by level that are added up batch after batch.
#pragma once

#include <utility>
#include <vector>

#include "ranef/cross/sums.hpp"

namespace ranef {

// Entries of either list; of both where both have one.
inline LevelLists merge(const LevelLists& one, const LevelLists& other, int r) {
    LevelLists out;
    const Index levels = static_cast<Index>(one.ptr.size()) - 1;
    out.ptr.reserve(one.ptr.size());
    out.ptr.push_back(0);
    out.column.reserve(one.column.size() + other.column.size());
    out.values.reserve(one.values.size() + other.values.size());
    const auto append = [&](const LevelLists& from, Index e) {
        out.column.push_back(from.column[e]);
        out.values.insert(out.values.end(), from.values.begin() + e * r, from.values.begin() + (e + 1) * r);
    };
    for (Index j = 0; j < levels; ++j) {
        Index a = one.ptr[j], b = other.ptr[j];
        const Index a_end = one.ptr[j + 1], b_end = other.ptr[j + 1];
        while (a < a_end || b < b_end) {
            if (b == b_end || (a < a_end && one.column[a] < other.column[b])) {
                append(one, a++);
            } else if (a == a_end || other.column[b] < one.column[a]) {
                append(other, b++);
            } else {
                append(one, a++);
                for (int i = 0; i < r; ++i) out.values[out.values.size() - r + i] += other.values[b * r + i];
                ++b;
            }
        }
        out.ptr.push_back(static_cast<Index>(out.column.size()));
    }
    return out;
}

// Lists of falling length, so that each entry is merged a logarithmic number of times however many batches there are.
class ListStack {
public:
    explicit ListStack(int r) : r_(r) {}

    void add(LevelLists list) {
        while (!stack_.empty() && stack_.back().column.size() <= 2 * list.column.size()) {
            list = merge(stack_.back(), list, r_);
            stack_.pop_back();
        }
        stack_.push_back(std::move(list));
    }
    void add(const ListStack& other) {
        for (const LevelLists& list : other.stack_) add(list);
    }

    // All lists as one, of `levels` levels.
    LevelLists take(Index levels) {
        LevelLists all;
        all.ptr.assign(levels + 1, 0);
        while (!stack_.empty()) {
            all = all.column.empty() ? std::move(stack_.back()) : merge(stack_.back(), all, r_);
            stack_.pop_back();
        }
        return all;
    }

private:
    int r_;
    std::vector<LevelLists> stack_;
};

}  // namespace ranef
