// Some of the rows, in any order, copied together.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "ranef/rows/rows.hpp"

namespace ranef {

class PickedRows {
public:
    PickedRows(const Rows& rows, const Index* picks, Index count) : picks_(picks) {
        view_.n = count;
        for (const Column& column : rows.x) view_.x.push_back(copy(column));
        view_.weights = rows.weights ? numbers(rows.weights) : nullptr;
        view_.constant = rows.constant;
        for (const FactorRows& factor : rows.factors) {
            FactorRows picked{nullptr, {}, factor.shape};
            for (const Column& column : factor.basis) picked.basis.push_back(copy(column));
            codes_.emplace_back(count);
            for (Index i = 0; i < count; ++i) codes_.back()[i] = factor.codes[picks[i]];
            picked.codes = codes_.back().data();
            view_.factors.push_back(std::move(picked));
        }
    }
    PickedRows(const PickedRows&) = delete;
    PickedRows& operator=(const PickedRows&) = delete;

    const Rows& rows() const { return view_; }

private:
    Column copy(const Column& from) { return from.ones() ? Column() : Column(numbers(from)); }
    const double* numbers(const Column& from) {
        numbers_.emplace_back(view_.n);
        for (Index i = 0; i < view_.n; ++i) numbers_.back()[i] = from[picks_[i]];
        return numbers_.back().data();
    }

    const Index* picks_;
    Rows view_;
    std::vector<std::vector<double>> numbers_;
    std::vector<std::vector<std::int32_t>> codes_;
};

// The rows with each factor's levels numbered anew, in their order, those without a row left out. Columns are not copied.
class LocalRows {
public:
    explicit LocalRows(const Rows& rows) : view_(rows) {
        std::vector<std::int32_t> number;
        for (FactorRows& factor : view_.factors) {
            std::vector<Index> used;
            if (rows.n < factor.shape.levels / 8) {
                used.assign(factor.codes, factor.codes + rows.n);
                std::sort(used.begin(), used.end());
                used.erase(std::unique(used.begin(), used.end()), used.end());
            } else {
                number.assign(factor.shape.levels, 0);
                for (Index i = 0; i < rows.n; ++i) number[factor.codes[i]] = 1;
                for (Index l = 0; l < factor.shape.levels; ++l)
                    if (number[l]) {
                        number[l] = static_cast<std::int32_t>(used.size());
                        used.push_back(l);
                    }
            }
            codes_.emplace_back(rows.n);
            const bool looked_up = rows.n >= factor.shape.levels / 8;
            for (Index i = 0; i < rows.n; ++i)
                codes_.back()[i] = looked_up ? number[factor.codes[i]]
                                             : static_cast<std::int32_t>(
                                                   std::lower_bound(used.begin(), used.end(), factor.codes[i]) - used.begin());
            factor.codes = codes_.back().data();
            factor.shape.levels = static_cast<Index>(used.size());
            levels.push_back(std::move(used));
        }
    }
    LocalRows(const LocalRows&) = delete;
    LocalRows& operator=(const LocalRows&) = delete;

    const Rows& rows() const { return view_; }
    std::vector<std::vector<Index>> levels;  // per factor of Rows: level here -> level there, ascending

private:
    Rows view_;
    std::vector<std::vector<std::int32_t>> codes_;
};

}  // namespace ranef
