#include "ranef/refits/replicates.hpp"

#include <algorithm>
#include <limits>

namespace ranef {
namespace {

constexpr double missing = std::numeric_limits<double>::quiet_NaN();

void mark_failed(double* record, Index size) {
    std::fill(record, record + size - 2, missing);
    record[size - 2] = 0.0;  // evaluations
    record[size - 1] = RANEF_FAILED;
}

void keep(const Replicates& all, const double* record, double* row) {
    int bits = static_cast<int>(record[all.record_size - 1]);
    for (Index i = 0; i < all.n_kept; ++i) row[i] = record[all.kept[i]];
    double *values = row + all.n_kept, *end = row + all.columns - 1;
    if (values < end) {
        const int outcome = bits & RANEF_FAILED ? 0 : all.statistic(record, values);
        if (bits & RANEF_FAILED || outcome != 0) std::fill(values, end, missing);
        bits |= outcome;
    }
    *end = bits;
}

// Refits the rows batch by batch. `response_of(row, out)` writes a response and returns 0; where it returns anything else, the
// replicate has failed.
template <class ResponseOf>
void refit_all(const Replicates& all, RefitMany refit, Index response_size, Index first, Index stop,
               const ResponseOf& response_of) {
    std::vector<double> responses(all.batch * response_size), records(all.batch * all.record_size);
    std::vector<int> status(all.batch);
    for (Index begin = first; begin < stop; begin += all.batch) {
        const Index count = std::min(all.batch, stop - begin);
        for (Index i = 0; i < count; ++i) {
            double* response = responses.data() + i * response_size;
            status[i] = response_of(begin + i, response);
            if (status[i] != 0) std::fill(response, response + response_size, 0.0);
        }
        const std::int64_t range[2] = {all.origin + begin, all.origin + begin + count};
        refit(all.problem, all.workspace, responses.data(), range, all.start, records.data());
        for (Index i = 0; i < count; ++i) {
            double* record = records.data() + i * all.record_size;
            if (status[i] != 0) mark_failed(record, all.record_size);
            keep(all, record, all.row(begin + i));
        }
    }
}

}  // namespace

void refit_gram_draws(const Replicates& all, RefitMany refit, const DrawingCall& multiply, const GramDraw& draw, Index first,
                      Index stop) {
    std::vector<double> scratch;
    refit_all(all, refit, draw.coefficients + 1, first, stop,
              [&](Index row, double* response) { return draw.draw(multiply, all.stream(row), scratch, response); });
}

void refit_row_draws(const Replicates& all, RefitMany refit, const DrawingCall& cross, const RowDraw& draw, Index response_size,
                     Index first, Index stop) {
    std::vector<double> scratch, y(draw.n);
    refit_all(all, refit, response_size, first, stop, [&](Index row, double* response) {
        draw.rows(all.stream(row), scratch, y.data());
        return cross.function(cross.problem, y.data(), response);
    });
}

void refit_given(const Replicates& all, RefitMany refit, const double* draws, Index response_size, Index first, Index stop) {
    refit_all(all, refit, response_size, first, stop, [&](Index row, double* response) {
        std::copy_n(draws + row * response_size, response_size, response);
        return 0;
    });
}

void fit_given_rows(const Replicates& all, FitRows fit, const double* responses, Index n, Index first, Index stop) {
    std::vector<double> record(all.record_size);
    for (Index row = first; row < stop; ++row) {
        fit(all.problem, all.workspace, responses + row * n, record.data());
        keep(all, record.data(), all.row(row));
    }
}

void sample_gram_draws(const Replicates& all, const DrawingCall& multiply, const GramDraw& draw, Index first, Index stop) {
    std::vector<double> scratch;
    for (Index row = first; row < stop; ++row) draw.draw(multiply, all.stream(row), scratch, all.row(row));
}

void sample_row_draws(const Replicates& all, const RowDraw& draw, Index first, Index stop) {
    std::vector<double> scratch;
    for (Index row = first; row < stop; ++row) draw.rows(all.stream(row), scratch, all.row(row));
}

}  // namespace ranef
