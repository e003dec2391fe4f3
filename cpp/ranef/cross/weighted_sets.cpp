#include "ranef/cross/weighted_sets.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

Index columns_of(const Basis& basis) {
    Index count = basis.layout.p + 1;
    for (const Factor& factor : basis.layout.factors) count += factor.width;
    return count;
}

// All rows in internal coordinates times the square roots of their weights, row after row: X, each factor's columns, y.
std::vector<double> standardised(const Rows& rows, const Basis& basis, const ResponseScale& scale, const double* y) {
    const Index width = columns_of(basis);
    std::vector<double> out(rows.n * width), buffer(rows.n);
    Index place = 0;
    const auto put = [&](const Column& column, double shift, double size) {
        const double* values = column.read(0, rows.n, buffer.data());
        const double inverse = 1.0 / size;
        for (Index i = 0; i < rows.n; ++i) out[i * width + place] = (values[i] - shift) * inverse;
        ++place;
    };
    const Coordinates& c = basis.coordinates;
    for (int k = 0; k < basis.layout.p; ++k) put(rows.x[basis.kept[k]], c.x_shift[k], c.x_scale[k]);
    for (std::size_t f = 0; f < basis.layout.factors.size(); ++f) {
        const FactorRows& factor = rows.factors[basis.factor_order[f]];
        for (int a = 0; a < factor.shape.width; ++a) put(factor.basis[a], c.z_shift[f][a], c.z_scale[f][a]);
    }
    put(Column(y), scale.shift, scale.scale);
    if (!rows.weights) return out;
    for (Index i = 0; i < rows.n; ++i) {
        const double root = std::sqrt(rows.weights[i]);
        for (Index k = 0; k < width; ++k) out[i * width + k] *= root;
    }
    return out;
}

// The same places for columns that are in internal coordinates already.
std::shared_ptr<const Pattern> in_own_coordinates(const Pattern& pattern) {
    auto plain = std::make_shared<Pattern>(pattern);
    Coordinates& c = plain->coordinates;
    std::fill(c.x_shift.begin(), c.x_shift.end(), 0.0);
    std::fill(c.x_scale.begin(), c.x_scale.end(), 1.0);
    for (std::vector<double>& shift : c.z_shift) std::fill(shift.begin(), shift.end(), 0.0);
    for (std::vector<double>& scale : c.z_scale) std::fill(scale.begin(), scale.end(), 1.0);
    for (std::size_t k = 0; k < plain->kept.size(); ++k) plain->kept[k] = static_cast<int>(k);
    return plain;
}

void add_scaled(double scale, const std::vector<double>& x, std::vector<double>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) y[i] += scale * x[i];
}

void require_members(const Rows& rows, const SetMembers& members) {
    for (std::size_t t = 0; t < members.row.size(); ++t) {
        const Index i = members.row[t], j = members.other[t];
        if (i < 0 || i >= rows.n || j >= rows.n) throw std::invalid_argument("members: there is no such row");
        if (j < 0) continue;
        for (const FactorRows& factor : rows.factors)
            if (factor.codes[i] != factor.codes[j]) throw std::invalid_argument("members: two rows of different levels");
    }
}

// out += [Z X]'W v, v'W v for weights of any sign.
void add_signed_products(const Rows& rows, const Basis& basis, const double* weights, const double* v, std::vector<double>& out,
                         Poll& poll) {
    std::vector<double> part(rows.n);
    for (const double sign : {1.0, -1.0}) {
        bool any = false;
        for (Index i = 0; i < rows.n; ++i) any = (part[i] = std::max(0.0, sign * weights[i])) > 0.0 || any;
        if (!any) continue;
        std::vector<double> sums(out.size());
        add_products(rows, basis, part.data(), v, sums.data(), poll);
        add_scaled(sign, sums, out);
    }
}

}  // namespace

WeightedSets::Members::Members(const std::vector<double>& standard, const Rows& rows, std::shared_ptr<const Pattern> plain,
                               const SetMembers& members, Index first, Index last)
    : plain_(std::move(plain)) {
    const Index width = columns_of(*plain_), count = last - first;
    numbers_.assign(width, std::vector<double>(count));
    std::vector<double*> to;
    for (std::vector<double>& column : numbers_) to.push_back(column.data());
    for (Index t = 0; t < count; ++t) {
        const double* from = standard.data() + members.row[first + t] * width;
        const Index j = members.other[first + t];
        const double* less = j < 0 ? nullptr : standard.data() + j * width;
        for (Index k = 0; k < width; ++k) to[k][t] = less ? from[k] - less[k] : from[k];
    }
    view_.n = count;
    Index place = 0;
    for (int k = 0; k < plain_->layout.p; ++k) view_.x.emplace_back(numbers_[place++].data());
    view_.factors.resize(rows.factors.size());
    for (std::size_t f = 0; f < plain_->layout.factors.size(); ++f) {
        const FactorRows& given = rows.factors[plain_->factor_order[f]];
        FactorRows& factor = view_.factors[plain_->factor_order[f]];
        factor.shape = given.shape;
        for (int a = 0; a < given.shape.width; ++a) factor.basis.emplace_back(numbers_[place++].data());
        codes_.emplace_back(count);
        for (Index t = 0; t < count; ++t) codes_.back()[t] = given.codes[members.row[first + t]];
        factor.codes = codes_.back().data();
    }
}

WeightedSets::WeightedSets(const Rows& rows, const DesignCross& design, const ResponseCross& response, const double* y,
                           const SetMembers& members, bool by_rows, Poll poll)
    : pattern_(design.pattern), scale_(response.scale), n_(design.n), by_rows_(by_rows) {
    require_members(rows, members);
    const std::vector<double> standard = standardised(rows, *pattern_, scale_, y);
    const auto plain = in_own_coordinates(*pattern_);
    if (by_rows) {
        all_ = std::make_unique<Members>(standard, rows, plain, members, 0, static_cast<Index>(members.row.size()));
        all_->locate_places();
        return;
    }
    for (std::size_t k = 0; k + 1 < members.first.size(); ++k) {
        Members own(standard, rows, plain, members, members.first[k], members.first[k + 1]);
        own.locate_places();
        DesignCross sums(pattern_);
        add_rows(own.rows(), *plain, own.places(), nullptr, 1.0, sums.values, poll);
        std::vector<double> with_y(pattern_->layout.n_coef() + 1);
        add_products(own.rows(), *plain, nullptr, own.y(), with_y.data(), poll);
        designs_.push_back(std::move(sums));
        responses_.push_back(std::move(with_y));
    }
}

CrossProducts WeightedSets::combine(const double* weights, double sum_log_weights) const {
    CrossProducts out{DesignCross(pattern_), {std::vector<double>(pattern_->layout.n_coef() + 1, 0.0), scale_}};
    out.design.n = n_;
    out.design.sum_log_weights = sum_log_weights;
    if (by_rows_) {
        Poll poll;
        add_rows(all_->rows(), all_->pattern(), all_->places(), weights, 1.0, out.design.values, poll);
        add_signed_products(all_->rows(), all_->pattern(), weights, all_->y(), out.response.values, poll);
        return out;
    }
    for (std::size_t k = 0; k < designs_.size(); ++k) {
        axpy(weights[k], designs_[k].values, out.design.values);
        add_scaled(weights[k], responses_[k], out.response.values);
    }
    return out;
}

void WeightedSets::slopes(const Values& adjoint, const double* coef, double weight, double* out) const {
    const Index length = pattern_->layout.n_coef();
    if (by_rows_) {
        weight_slopes(all_->rows(), all_->pattern(), all_->places(), adjoint, out);
        std::vector<double> fitted(all_->rows().n);
        linear_predictor(all_->rows(), all_->pattern(), coef, fitted.data());
        const double* y = all_->y();
        for (Index t = 0; t < all_->rows().n; ++t) out[t] += weight * y[t] * (y[t] - 2.0 * fitted[t]);
        return;
    }
    for (std::size_t k = 0; k < designs_.size(); ++k) {
        const std::vector<double>& c = responses_[k];
        out[k] = dot(adjoint, designs_[k].values) + weight * (c[length] - 2.0 * linalg::dot(length, coef, c.data()));
    }
}

void WeightedSets::squares(const double* coef, double* out) const {
    const Index length = pattern_->layout.n_coef();
    if (by_rows_) {
        linear_predictor(all_->rows(), all_->pattern(), coef, out);
        for (Index t = 0; t < all_->rows().n; ++t) out[t] = (all_->y()[t] - out[t]) * (all_->y()[t] - out[t]);
        return;
    }
    std::vector<double> product(length);
    for (std::size_t k = 0; k < designs_.size(); ++k) {
        gram_multiply(designs_[k], coef, product.data());
        const std::vector<double>& c = responses_[k];
        out[k] = c[length] - 2.0 * linalg::dot(length, coef, c.data()) + linalg::dot(length, coef, product.data());
    }
}

}  // namespace ranef
