// The loop over replicates: draw, refit, record, one by one or in batches that share work. It knows the core by the addresses
// of its functions (c_api.h), so that it can be tested with others in their place. A call owns its workspace, its scratch and
// its rows of the table, and shares the rest read-only.
#pragma once

#include <cstdint>

#include "ranef/base/types.hpp"
#include "ranef/refits/c_api.h"
#include "ranef/refits/draws.hpp"

namespace ranef {

// What all replicates have in common, and the table they are recorded in: a row is what is kept of the record, the
// statistic's values, the status bits.
struct Replicates {
    const RanefProblem* problem;
    RanefWorkspace* workspace;
    const std::uint64_t* key;  // of the seed, two words
    Index origin;              // number of the replicate in row 0
    const double* start;       // theta, internal
    Index batch;               // refitted together
    Index record_size;
    const std::int64_t* kept;  // positions in the record
    Index n_kept;
    int (*statistic)(const double* record, double* values);  // the user's; null for none
    double* table;
    Index columns;

    std::uint64_t number(Index row) const { return static_cast<std::uint64_t>(origin + row); }
    RandomStream stream(Index row) const { return RandomStream(key, number(row)); }
    double* row(Index i) const { return table + i * columns; }
};

using RefitMany = decltype(&ranef_refit_many);
using FitRows = decltype(&ranef_fit_rows);

// Rows first to stop - 1 of the table.
void refit_gram_draws(const Replicates& all, RefitMany refit, const DrawingCall& multiply, const GramDraw& draw, Index first,
                      Index stop);
void refit_row_draws(const Replicates& all, RefitMany refit, const DrawingCall& cross, const RowDraw& draw, Index response_size,
                     Index first, Index stop);
void refit_given(const Replicates& all, RefitMany refit, const double* draws, Index response_size, Index first, Index stop);
void fit_given_rows(const Replicates& all, FitRows fit, const double* responses, Index n, Index first, Index stop);

// The draws that are refitted above, themselves.
void sample_gram_draws(const Replicates& all, const DrawingCall& multiply, const GramDraw& draw, Index first, Index stop);
void sample_row_draws(const Replicates& all, const RowDraw& draw, Index first, Index stop);

}  // namespace ranef
