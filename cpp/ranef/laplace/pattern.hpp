// Where the weighted cross-products of the cells fall: found once, as the levels do not change with the weights.
//
// In whitened coordinates Z~ = Z Lambda the penalised system is Omega = Z~'W Z~ + I. The leading factor's part is block
// diagonal (M_j, r x r); an entry is a pair of a leading level and a level of another factor that share a cell (A_j); what
// is left after elimination is the Schur complement S of the other factors, dense or sparse.
#pragma once

#include <memory>
#include <vector>

#include "ranef/laplace/cells.hpp"
#include "ranef/plan/sparse_symbolic.hpp"

namespace ranef {

struct LaplacePattern {
    Index levels = 0;                   // of the leading factor
    int r = 0;                          // its columns
    Index rest = 0;                     // order of S
    std::vector<Index> entry_ptr;       // levels + 1
    std::vector<std::int32_t> column;   // first column in S of each entry, ascending within a level
    std::vector<std::int32_t> width;    // columns of each entry
    std::vector<Index> value;           // entries + 1: where its r x width block starts
    std::vector<std::int32_t> cell_entry;  // n x (factors - 1): entry within the level

    // Sparse S: for pairs e1 > e2 of a level's entries, rows between the diagonal block of e2 and the block of e1.
    bool dense = true;
    std::vector<Index> pair_ptr;        // levels + 1
    std::vector<std::int32_t> below;
    SparsePattern sparse;
    std::vector<std::int32_t> block_width;  // of the level that each column of S belongs to
    std::vector<std::int32_t> in_block;     // its place there
    std::shared_ptr<const SparseSymbolic> symbolic;

    Index entries(Index level) const { return entry_ptr[level + 1] - entry_ptr[level]; }
    static Index pair(Index e1, Index e2) { return e1 * (e1 - 1) / 2 + e2; }  // e1 > e2
};

LaplacePattern make_laplace_pattern(const Cells& cells, const Layout& layout, Poll poll = {});

}  // namespace ranef
