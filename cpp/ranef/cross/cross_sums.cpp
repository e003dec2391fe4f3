#include "ranef/cross/cross_sums.hpp"

#include <numeric>
#include <utility>

#include "ranef/cross/level_lists.hpp"
#include "ranef/cross/rank.hpp"
#include "ranef/cross/scaling.hpp"
#include "ranef/cross/sums.hpp"

namespace ranef {
namespace {

void add_to(std::vector<double>& sums, const std::vector<double>& more) {
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += more[i];
}

}  // namespace

struct CrossSums::State {
    DesignCross design;  // of all columns of X
    std::vector<FactorSums> sums;
    std::vector<ListStack> lists;
    ResponseScale scale;
    std::vector<double> response;  // all columns of X too

    // X'X with both triangles.
    std::vector<double> gram() const {
        std::vector<double> full = design.w_xx;
        const int p = design.layout.p;
        for (int k = 0; k < p; ++k)
            for (int l = k + 1; l < p; ++l) full[Index{l} * p + k] = full[Index{k} * p + l];
        return full;
    }
};

CrossSums::CrossSums(const Rows& shape, const RowMoments& given, int first_shifted) : state_(std::make_unique<State>()) {
    State& s = *state_;
    std::vector<int> order = order_factors(shape);
    Coordinates coordinates = coordinates_of(shape, order, first_shifted, given);
    s.design = empty_design(shape, std::move(order), std::move(coordinates));
    s.design.kept.resize(shape.x.size());
    std::iota(s.design.kept.begin(), s.design.kept.end(), 0);
    s.sums = zero_sums(s.design);
    for (const Factor& factor : s.design.layout.factors) s.lists.emplace_back(factor.width);
    const Moments y = moments(given.y, !shape.constant.empty());
    s.scale = {y.mean, y.root_mean_square};
    s.response.assign(s.design.layout.n_coef() + 1, 0.0);
}

CrossSums::~CrossSums() = default;
CrossSums::CrossSums(CrossSums&&) noexcept = default;
CrossSums& CrossSums::operator=(CrossSums&&) noexcept = default;

void CrossSums::add(const Rows& rows, const double* y, Poll poll) {
    State& s = *state_;
    add_blocks(rows, s.design, s.sums, poll);
    add_response(rows, s.design, y, s.scale, s.response.data(), poll);
    // The last factor has none behind it.
    for (std::size_t f = 0; f + 1 < s.lists.size(); ++f) s.lists[f].add(cross_lists(rows, s.design, f, poll));
    s.design.n += rows.n;
    s.design.sum_log_weights += sum_of_logs(rows);
}

void CrossSums::add(const CrossSums& other) {
    State& s = *state_;
    const State& o = *other.state_;
    for (std::size_t f = 0; f < s.sums.size(); ++f) {
        add_to(s.sums[f].gram, o.sums[f].gram);
        add_to(s.sums[f].with_x, o.sums[f].with_x);
        s.lists[f].add(o.lists[f]);
    }
    add_to(s.design.w_xx, o.design.w_xx);
    add_to(s.response, o.response);
    s.design.n += o.design.n;
    s.design.sum_log_weights += o.design.sum_log_weights;
}

Index CrossSums::n() const { return state_->design.n; }

int CrossSums::must_keep_origin() const {
    const State& s = *state_;
    return unshifted_columns(independent_columns(s.gram(), s.design.layout.p), s.design.coordinates.constant);
}

CrossSums::Finished CrossSums::finish() && {
    State& s = *state_;
    DesignCross d = std::move(s.design);
    const int p = d.layout.p;
    symmetrise(d, s.sums);
    d.kept = independent_columns(d.w_xx, p);
    restate_constant(d.w_xx, p, d.kept, d.coordinates);
    ResponseCross response{{}, s.scale};
    const double* products = s.response.data();
    response.values.assign(products, products + d.layout.q);
    for (int k : d.kept) response.values.push_back(products[d.layout.q + k]);
    response.values.push_back(s.response.back());
    std::vector<LevelLists> lists;
    for (std::size_t f = 0; f < s.lists.size(); ++f) lists.push_back(s.lists[f].take(d.layout.factors[f].levels));
    keep_columns(std::move(s.sums), std::move(lists), d);
    state_.reset();
    return {std::move(d), std::move(response)};
}

}  // namespace ranef
