// One pass over the rows, after which nothing grows with n. All in the internal coordinates (coordinates.hpp).
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/poll.hpp"
#include "ranef/cross/level.hpp"
#include "ranef/cross/pattern.hpp"
#include "ranef/cross/values.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef {

struct DesignCross {
    std::shared_ptr<const Pattern> pattern;
    Values values;
    Index n = 0;
    double sum_log_weights = 0.0;

    DesignCross() = default;
    explicit DesignCross(std::shared_ptr<const Pattern> where)  // zeros
        : pattern(std::move(where)), values(pattern->spans) {}

    const Layout& layout() const { return pattern->layout; }
    const Coordinates& coordinates() const { return pattern->coordinates; }
    const std::vector<int>& factor_order() const { return pattern->factor_order; }
    const std::vector<int>& kept() const { return pattern->kept; }
    Index levels() const { return pattern->layout.factors[0].levels; }

    template <int R = 0>
    Level<R> level(Index j) const {
        return Level<R>(*pattern, values, j);
    }
    Level<0, double> level_to_write(Index j) { return {*pattern, values, j}; }
    // The r numbers of an entry of A, by its number among all levels'; how many numbers all of them have.
    const double* entry(Index e) const { return values.a_val() + e * pattern->layout.leading_width(); }
    Index entry_numbers() const { return values.spans().a_x - values.spans().a_val; }
    // use(row, column, entry) for the lower triangle of Z_rest'Z_rest.
    template <class Use>
    void each_rest(const Use& use) const {
        for (Index c = 0; c < pattern->w.n; ++c)
            for (Index e = pattern->w.col_ptr[c]; e < pattern->w.col_ptr[c + 1]; ++e)
                use(pattern->w.row_idx[e], c, values.w_val()[e]);
    }
};

// A response's cross-products in the layout of the coefficients, then y'y: q + p + 1 numbers.
struct ResponseCross {
    std::vector<double> values;
    ResponseScale scale;
};

struct CrossProducts {
    DesignCross design;
    ResponseCross response;
};

DesignCross accumulate_design(const Rows& rows, Poll poll = {});

ResponseCross accumulate_response(const Rows& rows, const DesignCross& design, const double* y, Poll poll = {});

// The same with a given scale of the response, into memory of the caller (q + p + 1): for replicates drawn as rows.
void accumulate_response(const Rows& rows, const DesignCross& design, const double* y, const ResponseScale& scale,
                         double* values, Poll poll = {});

// out <- C'C coef over all q + p coefficients.
void gram_multiply(const DesignCross& design, const double* coef, double* out);

// W = C'C over C = [Z_rest X], lower triangle of a q_rest + p matrix whose upper one becomes zero.
void fill_rest(const DesignCross& design, double* w);

}  // namespace ranef
