#include "ranef/cross/groups.hpp"

#include <algorithm>
#include <numeric>

#include "ranef/cross/rank.hpp"

namespace ranef {
namespace {

// The rows of one group, copied together, with its levels numbered from 0.
class GatheredRows {
public:
    GatheredRows(const Rows& rows, const DesignCross& design, const Index* first, Index count) : first_(first) {
        view_.n = count;
        for (int k : design.kept) view_.x.push_back(gather(rows.x[k], count));
        view_.weights = rows.weights ? copy(rows.weights, count) : nullptr;
        for (const FactorRows& factor : rows.factors) {
            FactorRows local{nullptr, {}, factor.shape};
            for (const Column& column : factor.basis) local.basis.push_back(gather(column, count));
            view_.factors.push_back(std::move(local));
        }
        for (std::size_t f = 0; f < design.factor_order.size(); ++f) recode(rows, design.factor_order[f], count);
    }
    GatheredRows(const GatheredRows&) = delete;
    GatheredRows& operator=(const GatheredRows&) = delete;

    const Rows& rows() const { return view_; }
    std::vector<std::vector<Index>> take_levels() { return std::move(levels_); }  // per core factor

private:
    Column gather(const Column& from, Index count) { return from.ones() ? Column() : Column(copy(from, count)); }

    const double* copy(const Column& from, Index count) {
        numbers_.emplace_back(count);
        for (Index i = 0; i < count; ++i) numbers_.back()[i] = from[first_[i]];
        return numbers_.back().data();
    }

    void recode(const Rows& rows, int factor, Index count) {
        std::vector<Index> used;
        for (Index i = 0; i < count; ++i) used.push_back(rows.factors[factor].codes[first_[i]]);
        std::vector<Index> levels = used;
        std::sort(levels.begin(), levels.end());
        levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
        codes_.emplace_back(count);
        for (Index i = 0; i < count; ++i)
            codes_.back()[i] =
                static_cast<std::int32_t>(std::lower_bound(levels.begin(), levels.end(), used[i]) - levels.begin());
        view_.factors[factor].codes = codes_.back().data();
        view_.factors[factor].shape.levels = static_cast<Index>(levels.size());
        levels_.push_back(std::move(levels));
    }

    const Index* first_;
    Rows view_;
    std::vector<std::vector<double>> numbers_;
    std::vector<std::vector<std::int32_t>> codes_;
    std::vector<std::vector<Index>> levels_;
};

// Values of a sparse matrix by columns ("major"), as they come; equal places are added up in that order.
class Assembly {
public:
    Assembly(Index columns, Index width) : columns_(columns), width_(width) {}

    void add(Index column, Index row, const double* values) { entries_.push_back({column, row, values}); }

    template <class RowIndex>
    void store(std::vector<Index>& ptr, std::vector<RowIndex>& rows, std::vector<double>& values) const {
        std::vector<Index> start(columns_ + 1, 0);
        for (const Entry& e : entries_) ++start[e.column + 1];
        std::partial_sum(start.begin(), start.end(), start.begin());
        std::vector<const Entry*> sorted(entries_.size());
        std::vector<Index> next(start.begin(), start.end() - 1);
        for (const Entry& e : entries_) sorted[next[e.column]++] = &e;
        const auto by_row = [](const Entry* a, const Entry* b) { return a->row < b->row; };
        ptr.assign(1, 0);
        rows.clear();
        values.clear();
        for (Index c = 0; c < columns_; ++c) {
            const auto first = sorted.begin() + start[c], last = sorted.begin() + start[c + 1];
            if (!std::is_sorted(first, last, by_row)) std::stable_sort(first, last, by_row);
            for (auto it = first; it != last; ++it) {
                const Entry& e = **it;
                if (static_cast<Index>(rows.size()) > ptr.back() && static_cast<Index>(rows.back()) == e.row) {
                    double* sum = values.data() + values.size() - width_;
                    for (Index a = 0; a < width_; ++a) sum[a] += e.values[a];
                } else {
                    rows.push_back(static_cast<RowIndex>(e.row));
                    values.insert(values.end(), e.values, e.values + width_);
                }
            }
            ptr.push_back(static_cast<Index>(rows.size()));
        }
    }

private:
    struct Entry {
        Index column, row;
        const double* values;
    };
    Index columns_, width_;
    std::vector<Entry> entries_;
};

// Where a pick's levels and coefficients are in the sum.
class Places {
public:
    Places(const GroupProducts& groups, const Layout& layout) : groups_(groups), layout_(layout), next_(groups.own.size(), 0) {}

    void start(const GroupPart& part) {
        part_ = &part;
        first_ = next_;
        for (std::size_t f = 0; f < next_.size(); ++f) next_[f] += static_cast<Index>(part.levels[f].size());
        rest_.clear();
        for (std::size_t f = 1; f < next_.size(); ++f) {
            const Index r = layout_.factors[f].width, base = layout_.offset[f] - layout_.q_leading;
            for (Index l = 0; l < static_cast<Index>(part.levels[f].size()); ++l)
                for (Index a = 0; a < r; ++a) rest_.push_back(base + level(f, l) * r + a);
        }
    }
    Index level(std::size_t f, Index local) const { return groups_.own[f] ? first_[f] + local : part_->levels[f][local]; }
    Index rest(Index local) const { return rest_[local]; }

private:
    const GroupProducts& groups_;
    const Layout& layout_;
    const GroupPart* part_ = nullptr;
    std::vector<Index> next_, first_;
    std::vector<Index> rest_;
};

Layout layout_of(const GroupProducts& groups, const std::vector<Index>& picks) {
    std::vector<Factor> shapes = groups.whole.layout.factors;
    for (std::size_t f = 0; f < shapes.size(); ++f) {
        if (!groups.own[f]) continue;
        shapes[f].levels = 0;
        for (Index g : picks) shapes[f].levels += static_cast<Index>(groups.parts[g].levels[f].size());
    }
    return Layout(std::move(shapes), groups.whole.layout.p);
}

void add(const std::vector<double>& from, std::vector<double>& to) {
    for (std::size_t i = 0; i < from.size(); ++i) to[i] += from[i];
}

void add(const double* from, Index count, double* to) {
    for (Index i = 0; i < count; ++i) to[i] += from[i];
}

void add_leading(const GroupPart& part, const Places& places, DesignCross& d, Assembly& leading) {
    const Index r = d.layout.leading_width(), p = d.layout.p;
    for (Index l = 0; l < static_cast<Index>(part.levels[0].size()); ++l) {
        const Index j = places.level(0, l);
        add(part.cross.g.data() + l * r * r, r * r, d.g.data() + j * r * r);
        add(part.cross.a_x.data() + l * p * r, p * r, d.a_x.data() + j * p * r);
        for (Index e = part.cross.a_ptr[l]; e < part.cross.a_ptr[l + 1]; ++e)
            leading.add(j, places.rest(part.cross.a_col[e]), part.cross.a_val.data() + e * r);
    }
}

void add_rest(const GroupPart& part, const Places& places, DesignCross& d, Assembly& rest) {
    const SparsePattern& pattern = part.cross.w_pattern;
    const Index local = part.cross.layout.q_rest, whole = d.layout.q_rest;
    for (Index c = 0; c < local; ++c) {
        for (Index e = pattern.col_ptr[c]; e < pattern.col_ptr[c + 1]; ++e)
            rest.add(places.rest(c), places.rest(pattern.row_idx[e]), part.cross.w_val.data() + e);
        for (Index k = 0; k < d.layout.p; ++k) d.w_x[k * whole + places.rest(c)] += part.cross.w_x[k * local + c];
    }
}

void add_response(const GroupPart& part, const Places& places, const Layout& layout, std::vector<double>& values) {
    const Layout& local = part.cross.layout;
    const Index r = layout.leading_width();
    for (Index l = 0; l < static_cast<Index>(part.levels[0].size()); ++l)
        add(part.response.data() + l * r, r, values.data() + places.level(0, l) * r);
    for (Index c = 0; c < local.q_rest; ++c) values[layout.q_leading + places.rest(c)] += part.response[local.q_leading + c];
    add(part.response.data() + local.q, layout.p + 1, values.data() + layout.q);
}

// Levels that are not copied keep their diagonal blocks, also where no row is left.
void add_empty_blocks(const GroupProducts& groups, const Layout& layout, Assembly& rest) {
    static const double zero = 0.0;
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        if (groups.own[f]) continue;
        const Index r = layout.factors[f].width, base = layout.offset[f] - layout.q_leading;
        for (Index l = 0; l < layout.factors[f].levels; ++l)
            for (Index a = 0; a < r; ++a)
                for (Index b = a; b < r; ++b) rest.add(base + l * r + a, base + l * r + b, &zero);
    }
}

}  // namespace

GroupProducts group_products(const Rows& rows, const DesignCross& design, const ResponseScale& scale, const double* y,
                             const GroupRows& groups, const std::vector<char>& own) {
    GroupProducts out{design, scale, own, {}};
    out.parts.reserve(groups.count());
    std::vector<double> response;
    for (Index g = 0; g < groups.count(); ++g) {
        const Index* first = groups.row.data() + groups.start[g];
        const Index count = groups.start[g + 1] - groups.start[g];
        GatheredRows gathered(rows, design, first, count);
        response.resize(count);
        for (Index i = 0; i < count; ++i) response[i] = y[first[i]];
        GroupPart part{accumulate_alike(gathered.rows(), design), {}, gathered.take_levels()};
        part.response.resize(part.cross.layout.n_coef() + 1);
        accumulate_response(gathered.rows(), part.cross, response.data(), scale, part.response.data());
        out.parts.push_back(std::move(part));
    }
    return out;
}

GroupSum sum_groups(const GroupProducts& groups, const std::vector<Index>& picks) {
    GroupSum out;
    DesignCross& d = out.design;
    d.layout = layout_of(groups, picks);
    d.coordinates = groups.whole.coordinates;
    d.factor_order = groups.whole.factor_order;
    d.kept = groups.whole.kept;
    const Layout& layout = d.layout;
    const Index r = layout.leading_width(), p = layout.p, levels = layout.factors[0].levels;
    d.g.assign(levels * r * r, 0.0);
    d.a_x.assign(levels * p * r, 0.0);
    d.w_x.assign(layout.q_rest * p, 0.0);
    d.w_xx.assign(p * p, 0.0);
    out.response.scale = groups.scale;
    out.response.values.assign(layout.n_coef() + 1, 0.0);
    Assembly leading(levels, r), rest(layout.q_rest, 1);
    add_empty_blocks(groups, layout, rest);
    Places places(groups, layout);
    for (Index g : picks) {
        const GroupPart& part = groups.parts[g];
        places.start(part);
        d.n += part.cross.n;
        d.sum_log_weights += part.cross.sum_log_weights;
        add(part.cross.w_xx, d.w_xx);
        add_leading(part, places, d, leading);
        add_rest(part, places, d, rest);
        add_response(part, places, layout, out.response.values);
    }
    leading.store(d.a_ptr, d.a_col, d.a_val);
    d.w_pattern.n = layout.q_rest;
    rest.store(d.w_pattern.col_ptr, d.w_pattern.row_idx, d.w_val);
    out.full_rank = d.n > p && static_cast<Index>(independent_columns(d.w_xx, layout.p).size()) == p;
    return out;
}

}  // namespace ranef
