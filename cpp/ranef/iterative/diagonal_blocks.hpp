// The diagonal blocks D of the Schur complement, one for every level behind the leading term.
#pragma once

#include "ranef/iterative/schur_operator.hpp"

namespace ranef::iterative {

class DiagonalBlocks {
public:
    explicit DiagonalBlocks(const SchurOperator& schur);

    // At the Lambda of the operator. False where one of them is not positive definite.
    bool build();

    // use(factor, level, first column, width, first number of its block) of every level.
    template <class Use>
    void each(const Use& use) const {
        for (std::size_t f = 1; f < layout_.factors.size(); ++f)
            for (Index l = 0; l < layout_.factors[f].levels; ++l)
                use(f, l, layout_.rest_column(f, l), layout_.factors[f].width, place(f, l));
    }
    // use(width, its numbers among `blocks`, entries of A_j) of every level that level j of the leading term meets.
    template <class Use>
    void each_met(Index j, const Use& use) const {
        const Level<> level = schur_.design().level(j);
        std::size_t f = 1;
        for (Index e = 0; e < level.entries;) {
            const Index column = layout_.q_leading + level.columns[e];
            while (f + 1 < layout_.factors.size() && column >= layout_.offset[f + 1]) ++f;
            const int s = layout_.factors[f].width;
            use(s, place(f, (column - layout_.offset[f]) / s), level.value(e));
            e += s;
        }
    }
    Index place(std::size_t factor, Index level) const {
        return first_[factor] + level * layout_.factors[factor].width * layout_.factors[factor].width;
    }
    Index size() const { return static_cast<Index>(factor_.size()); }  // numbers of all of them
    const double* factor(Index place) const { return factor_.data() + place; }
    const Vector& inverses() const { return inverse_; }

    void apply_inverses(int lanes, const double* v, double* out) const;  // out = D^-1 v

private:
    void find();

    const SchurOperator& schur_;
    const Layout& layout_;
    std::vector<Index> first_;  // per factor
    Vector factor_, inverse_;
};

}  // namespace ranef::iterative
