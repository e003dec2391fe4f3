// The two kinds of Schur complement that group-wise elimination leaves behind. Both hold T_22 (what the rows leave after
// the leading term), factor S_22 = Lambda'T_22 Lambda + I, and give back the entries of its inverse that the gradient
// needs. The border (X) is dense in either case and lives with the factorisation.
//
// Contract, for both kinds:
//   reset(design)                 T <- W_22
//   complete()                    called once T is whole
//   factor(lambda)                false when S_22 is not positive definite
//   multiply(x, y)                y <- T x
//   invert()                      N <- S_22^-1 (dense: all entries; sparse: those on the pattern)
//   add_outer(u, p)               N <- N + u u', u q_rest x p
//   trace_gradient(lambda, out)   adds [T Lambda N] summed over the diagonal blocks of each factor, packed as Lambda
//   scale_inverse(lambda)         N <- Lambda N Lambda'
#pragma once

#include <vector>

#include "ranef/model/level_blocks.hpp"
#include "ranef/plan/plan.hpp"
#include "ranef/sparse/sparse_cholesky.hpp"

namespace ranef {

// What the elimination of the leading term needs of either kind.
class Schur {
public:
    virtual ~Schur() = default;
    virtual void reset(const DesignCross& design) = 0;
    virtual void complete() {}
    virtual bool factor(const double* lambda) = 0;
    virtual double log_det() const = 0;
    virtual void solve_lower(double* b, Index nrhs, Index ldb) = 0;
    virtual void solve_upper(double* b, Index nrhs) = 0;
    virtual void multiply(const double* x, double* y) const = 0;
    virtual void invert() = 0;
    virtual void add_outer(const double* u, Index p) = 0;
    virtual void trace_gradient(const double* lambda, double* out) const = 0;
    virtual void scale_inverse(const double* lambda) = 0;
    // Entry (row, col) of N, row >= col, both in one level of one factor.
    virtual double inverse_within(Index row, Index col) const = 0;
};

class DenseSchur final : public Schur {
public:
    explicit DenseSchur(const Problem& problem);

    void reset(const DesignCross& design) override;
    double* column(Index c) { return t_.data() + c * n_; }                   // of T, from the diagonal down
    void complete() override;
    void subtract_outer(const double* h, Index columns);                     // T <- T - H H'
    void inverse_multiply(const double* d, Index columns, double* w) const;  // W <- N D
    bool factor(const double* lambda) override;
    double log_det() const override;
    void solve_lower(double* b, Index nrhs, Index ldb) override;
    void solve_upper(double* b, Index nrhs) override;
    void solve_lower_lanes(double* b, Index lanes) const;                    // rows side by side: b' is n x lanes
    void multiply(const double* x, double* y) const override;
    void invert() override;
    void add_outer(const double* u, Index p) override;
    void trace_gradient(const double* lambda, double* out) const override;
    void scale_inverse(const double* lambda) override;
    double inverse_within(Index row, Index col) const override { return s_[col * n_ + row]; }
    // T and N whole, both triangles.
    const double* complement() const { return t_.data(); }
    const double* inverse() const { return s_.data(); }

private:
    template <class Run>
    void for_columns(const Run& run) const;

    const Layout& layout_;
    Index n_;
    std::vector<double> t_, s_;  // n x n; s_ is S, then its factor, then N
    mutable std::vector<double> column_;
};

class SparseSchur final : public Schur {
public:
    explicit SparseSchur(const Problem& problem);

    void reset(const DesignCross& design) override;
    // The entry of T, and of N, that the pair of a level's entries is in; `counter` numbers the pairs of all levels in order.
    double& pair(Index counter) { return t_[plan_.pair_position[counter]]; }
    double inverse_pair(Index counter) const { return n_values_[plan_.pair_position[counter]]; }
    // Of N, where the pattern of W has its entry e.
    double inverse_on_w(Index e) const { return n_values_[plan_.w_position[e]]; }
    bool factor(const double* lambda) override;
    double log_det() const override { return factor_.log_det(); }
    void solve_lower(double* b, Index nrhs, Index ldb) override;
    void solve_upper(double* b, Index nrhs) override;
    void multiply(const double* x, double* y) const override;
    void invert() override { factor_.selected_inverse(n_values_.data()); }
    void add_outer(const double* u, Index p) override;
    void trace_gradient(const double* lambda, double* out) const override;
    void scale_inverse(const double* lambda) override;
    double inverse_within(Index row, Index col) const override { return n_values_[find(row, col)]; }

private:
    Index find(Index row, Index col) const;
    // Both-sided block product Lambda_row' . Lambda_col (congruence with Lambda or its transpose) on pattern values.
    void congruence(const double* lambda, bool transpose, const double* from, double* to) const;

    const Layout& layout_;
    const SparsePlan& plan_;
    Index n_;
    SparseFactor factor_;
    std::vector<double> t_, s_, n_values_;
    std::vector<Index> level_first_;    // column of Z_rest -> first column of its level
    std::vector<int> factor_of_;        // column -> factor
    mutable std::vector<double> column_;
};

}  // namespace ranef
