// Sparse Cholesky factor of a symmetric positive definite matrix whose pattern was analysed once:
// refactor, solve, log determinant, and the entries of the inverse on the pattern.
#pragma once

#include <memory>
#include <vector>

#include "ranef/plan/sparse_symbolic.hpp"
#include "ranef/base/status.hpp"

namespace ranef {

struct SparseFactorResult {
    Status status = Status::ok;  // ok or not_positive_definite
    Index column = -1;  // the caller's index of the column whose pivot was not positive

    bool ok() const { return status == Status::ok; }
};

// All the mutable memory of one factorisation (L, its inverse's panels, scratch): no member allocates more after
// construction, none throws. Everything but factor(), factored() and log_det() needs a successful
// factor() first. Results do not depend on what the object did before.
class SparseFactor {
public:
    explicit SparseFactor(std::shared_ptr<const SparseSymbolic> symbolic);

    // values: the lower triangle of A, aligned with the entries of the analysed pattern. After a
    // failure the next call starts afresh. A pivot that is NaN or infinite counts as not positive.
    SparseFactorResult factor(const double* values);
    bool factored() const { return factored_; }

    double log_det() const;  // of A; NaN when not factored

    // B has size() rows and nrhs columns, column-major, leading dimension ld, overwritten.
    void solve_lower(double* b, Index nrhs, Index ld);  // B <- L^-1 P B
    void solve_upper(double* b, Index nrhs, Index ld);  // B <- P' L^-T B
    void solve(double* b, Index nrhs, Index ld);        // B <- A^-1 B

    // Entries of A^-1 where the pattern has an entry, in the pattern's order. The factor remains.
    void selected_inverse(double* values_out);

    Index size() const { return symbolic_->size(); }
    const SparseSymbolic& symbolic() const { return *symbolic_; }

private:
    SparseFactorResult factor_panel(Index s);
    void apply_descendants(Index target);
    void apply_update(Index source, Index target, Index begin, Index end);
    void queue(Index s);
    template <int width>
    void subtract_narrow(const Index* rows, Index m, Index n, const double* a, Index lda, double* c, Index ldc) const;
    bool is_large_root(Index s) const;

    void invert_root(Index s);
    template <int width>
    void invert_narrow(Index s);
    void invert_panel(Index s);
    void locate_below(Index s, Index begin, Index target);
    void gather_inverse(Index s, double* dense);

    enum class Pass { lower, upper, both };
    void solve_blocks(double* b, Index nrhs, Index ld, Pass pass);
    template <int width>
    void solve_block(double* b, Index columns, Index ld, Pass pass);
    template <int width>
    void forward(double* x) const;
    template <int width>
    void backward(double* x) const;

    std::shared_ptr<const SparseSymbolic> symbolic_;
    bool factored_ = false;
    std::vector<double> values_, inverse_;  // panels of L, and of A^-1
    std::vector<double> scratch_, right_sides_;
    std::vector<Index> position_;          // row -> row of the target panel
    std::vector<Index> relative_;          // rows of one panel inside another
    std::vector<Index> head_, next_, cursor_;  // panels waiting to update a panel
};

}  // namespace ranef
