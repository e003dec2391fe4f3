#include "ranef/cross/cross_sums.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/combine.hpp"
#include "ranef/cross/rank.hpp"
#include "ranef/cross/scaling.hpp"

namespace ranef {
namespace {

// Both parts as one, over the levels that either has.
Part merge(const Part& one, const Part& other) {
    Part out;
    std::vector<PlacedPart> placed{{&one, {}}, {&other, {}}};
    std::vector<Factor> shapes = one.cross.layout().factors;
    for (std::size_t f = 0; f < shapes.size(); ++f) {
        std::vector<Index> all;
        std::set_union(one.levels[f].begin(), one.levels[f].end(), other.levels[f].begin(), other.levels[f].end(),
                       std::back_inserter(all));
        for (PlacedPart& p : placed) {
            std::vector<Index>& map = p.levels.emplace_back();
            for (Index level : p.part->levels[f]) map.push_back(std::lower_bound(all.begin(), all.end(), level) - all.begin());
        }
        shapes[f].levels = static_cast<Index>(all.size());
        out.levels.push_back(std::move(all));
    }
    Basis basis = *one.cross.pattern;
    basis.layout = Layout(std::move(shapes), basis.layout.p);
    out.response.assign(basis.layout.n_coef() + 1, 0.0);
    out.cross = combine(std::move(basis), placed, out.response);
    return out;
}

}  // namespace

// Parts of falling size, so that each number is merged a logarithmic number of times however many batches there are.
struct CrossSums::State {
    Basis basis;  // of all columns of X
    ResponseScale scale;
    std::vector<Part> parts;

    void add(Part part) {
        while (!parts.empty() && parts.back().cross.values.numbers.size() <= 2 * part.cross.values.numbers.size()) {
            part = merge(parts.back(), part);
            parts.pop_back();
        }
        parts.push_back(std::move(part));
    }

    // X'X with both triangles.
    std::vector<double> gram() const {
        const Index p = basis.layout.p;
        std::vector<double> sum(p * p, 0.0);
        for (const Part& part : parts)
            for (Index i = 0; i < p * p; ++i) sum[i] += part.cross.values.w_xx()[i];
        return sum;
    }
};

CrossSums::CrossSums(const Rows& shape, const RowMoments& given, int first_shifted) : state_(std::make_unique<State>()) {
    std::vector<int> order = order_factors(shape);
    Coordinates coordinates = coordinates_of(shape, order, first_shifted, given);
    state_->basis = basis_of(shape, std::move(order), std::move(coordinates));
    const Moments y = moments(given.y, !shape.constant.empty());
    state_->scale = {y.mean, y.root_mean_square};
}

CrossSums::~CrossSums() = default;
CrossSums::CrossSums(CrossSums&&) noexcept = default;
CrossSums& CrossSums::operator=(CrossSums&&) noexcept = default;

void CrossSums::add(const Rows& rows, const double* y, Poll poll) {
    state_->add(make_part(rows, state_->basis, state_->scale.internal(y, rows.n).data(), poll));  // interrupted, it has added nothing
}

void CrossSums::add(const CrossSums& other) {
    for (const Part& part : std::vector<Part>(other.state_->parts)) state_->add(part);
}

Index CrossSums::n() const {
    Index sum = 0;
    for (const Part& part : state_->parts) sum += part.cross.n;
    return sum;
}

int CrossSums::must_keep_origin() const {
    const Basis& basis = state_->basis;
    return unshifted_columns(independent_columns(state_->gram(), basis.layout.p), basis.coordinates.constant);
}

CrossProducts CrossSums::finish() && {
    const std::unique_ptr<State> state = std::move(state_);
    std::vector<PlacedPart> placed;
    for (const Part& part : state->parts) placed.push_back({&part, part.levels});
    const Index q = state->basis.layout.q;
    std::vector<double> products(state->basis.layout.n_coef() + 1, 0.0);
    CrossProducts out;
    Poll poll;
    out.design = keep_independent(combine(std::move(state->basis), placed, products), poll);
    out.response = {std::vector<double>(products.begin(), products.begin() + q), state->scale};
    for (int k : out.design.kept()) out.response.values.push_back(products[q + k]);
    out.response.values.push_back(products.back());
    return out;
}

}  // namespace ranef
