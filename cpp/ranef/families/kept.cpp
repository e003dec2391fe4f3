#include "ranef/families/kept.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/parallel.hpp"
#include "ranef/families/row_kernels.hpp"

namespace ranef {
namespace {

constexpr int lanes = 4;
constexpr Index piece_rows = 500'000;  // that a thread adds up into sums of its own,
constexpr Index rows_a_cell = 16;      // as long as these are few beside the rows

// Calls f(row, lane) for every row, from `lanes` places at once: neighbours often share a cell, and each would wait for
// the sum of the one before.
template <class Function>
void in_lanes(Index n, Function&& f) {
    const Index part = n / lanes;
    for (Index i = 0; i < part; ++i)
        for (int lane = 0; lane < lanes; ++lane) f(lane * part + i, lane);
    for (Index i = lanes * part; i < n; ++i) f(i, 0);
}

// The sums of some rows. Each of these adds up one kind of family, and is false where a response is none of the family's.
class RowSum {
public:
    RowSum(const RowResponses& rows, const std::uint32_t* cell_of, Index cells, KeptSums& kept, double* constant)
        : rows_(rows), cell_of_(cell_of), cells_(cells), kept_(kept), constant_(constant) {
        kept_.first.assign(cells, 0.0);
        kept_.second.assign(cells, 0.0);
    }

    bool add(const std::string& family) {
        if (family == "gaussian") return add_squares();
        if (!rows_.weights) {
            if (family == "poisson" && add_small_counts()) return true;
            if (family == "gamma") return add_gamma();
            if (family == "inverse_gaussian") return add_inverse_gaussian();
            if (family == "beta") return add_beta();
        }
        return with_row_kernel(family, rows_.trials != nullptr, [&](auto kernel) { return add_rows(kernel); });
    }

private:
    template <class Kernel>
    bool add_rows(const Kernel& kernel) {
        double *first = kept_.first.data(), *second = kept_.second.data(), sums[lanes] = {};
        bool good[lanes] = {true, true, true, true};
        const auto pass = [&](auto weight, auto trials) {
            in_lanes(rows_.n, [&](Index i, int lane) {
                Row row;
                const bool fits = kernel(rows_.y[i], trials(i), weight(i), row);
                good[lane] &= fits;
                const std::uint32_t cell = cell_of_[i];
                first[cell] += row.first;
                if constexpr (Kernel::keeps_second) second[cell] += row.second;
                sums[lane] += row.constant;
            });
        };
        const auto one = [](Index) { return 1.0; };
        const auto weight = [&](Index i) { return rows_.weights[i]; };
        const auto trials = [&](Index i) { return rows_.trials[i]; };
        if (rows_.trials) pass(one, trials);
        else if (rows_.weights) pass(weight, one);
        else pass(one, one);
        *constant_ = (sums[0] + sums[1]) + (sums[2] + sums[3]);
        return good[0] && good[1] && good[2] && good[3];
    }

    // Counts below the table's size, without a branch. False, and nothing added, where there is another value.
    bool add_small_counts() {
        constexpr std::int32_t size = LogFactorials::size;
        const LogFactorials log_factorial;
        double *first = kept_.first.data(), logs[lanes] = {};
        bool small = true;
        in_lanes(rows_.n, [&](Index i, int lane) {
            const double y = rows_.y[i];
            const auto k = static_cast<std::int32_t>(y >= 0.0 && y < size ? y : -1.0);
            small &= static_cast<double>(k) == y && k >= 0;
            first[cell_of_[i]] += y;
            logs[lane] += log_factorial.small(k & (size - 1));
        });
        *constant_ = -((logs[0] + logs[1]) + (logs[2] + logs[3]));
        if (!small) kept_.first.assign(cells_, 0.0);
        return small;
    }

    // Without weights sums of logarithms are logarithms of products, cell by cell.
    bool add_gamma() {
        std::vector<Product> product(cells_);
        double* first = kept_.first.data();
        bool good = true;
        in_lanes(rows_.n, [&](Index i, int) {
            const double y = rows_.y[i];
            good &= row_kernels::is_positive(y);
            first[cell_of_[i]] += y;
            product[cell_of_[i]].times(y);
        });
        for (Index c = 0; c < cells_; ++c) kept_.second[c] = product[c].log();
        *constant_ = 0.0;
        return good;
    }

    bool add_beta() {
        std::vector<Product> successes(cells_), failures(cells_);
        bool good = true;
        in_lanes(rows_.n, [&](Index i, int) {
            const double y = rows_.y[i];
            good &= row_kernels::is_share(y);
            successes[cell_of_[i]].times(y);
            failures[cell_of_[i]].times(1.0 - y);
        });
        for (Index c = 0; c < cells_; ++c) {
            kept_.first[c] = successes[c].log();
            kept_.second[c] = failures[c].log();
        }
        *constant_ = 0.0;
        return good;
    }

    bool add_inverse_gaussian() {
        Product product[lanes];
        double *first = kept_.first.data(), *second = kept_.second.data();
        bool good = true;
        in_lanes(rows_.n, [&](Index i, int lane) {
            const double y = rows_.y[i];
            good &= row_kernels::is_positive(y);
            first[cell_of_[i]] += y;
            second[cell_of_[i]] += 1.0 / y;
            product[lane].times(y);
        });
        double logs = 0.0;
        for (const Product& one : product) logs += one.log();
        *constant_ = -0.5 * (static_cast<double>(rows_.n) * row_kernels::log_2pi + 3.0 * logs);
        return good;
    }

    // Mean, and the squares about it: sums of differences from one of the cell's responses, so that nothing cancels.
    bool add_squares() {
        std::vector<double> origin(cells_);
        for (Index i = 0; i < rows_.n; ++i) origin[cell_of_[i]] = rows_.y[i];
        double *first = kept_.first.data(), *second = kept_.second.data(), total = 0.0;
        bool good = true;
        in_lanes(rows_.n, [&](Index i, int) {
            const std::uint32_t cell = cell_of_[i];
            const double w = rows_.weights ? rows_.weights[i] : 1.0, from = rows_.y[i] - origin[cell];
            good &= std::isfinite(rows_.y[i]);
            first[cell] += w * from;
            second[cell] += w * from * from;
        });
        for (Index c = 0; c < cells_; ++c) {
            total += kept_.count[c];
            if (kept_.count[c] == 0.0) continue;
            second[c] = std::max(second[c] - first[c] * first[c] / kept_.count[c], 0.0);
            first[c] = origin[c] + first[c] / kept_.count[c];
        }
        *constant_ = -0.5 * total * row_kernels::log_2pi;
        return good;
    }

    const RowResponses& rows_;
    const std::uint32_t* cell_of_;
    Index cells_;
    KeptSums& kept_;
    double* constant_;
};

}  // namespace

void keep_counts(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells,
                 std::vector<double>& count) {
    count.assign(cells, 0.0);
    const double* each = family == "binomial" ? rows.trials : rows.weights;
    in_lanes(rows.n, [&](Index i, int) { count[cell_of[i]] += each ? each[i] : 1.0; });
}

bool keep_sums(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells, KeptSums& kept,
               double* constant) {
    const Index pieces = std::min(rows.n / piece_rows, rows.n / (rows_a_cell * std::max<Index>(cells, 1)));
    if (pieces < 2 || family == "gaussian") return RowSum(rows, cell_of, cells, kept, constant).add(family);
    const Index size = (rows.n + pieces - 1) / pieces;
    std::vector<KeptSums> others(pieces - 1);
    std::vector<double> constants(pieces);
    std::vector<char> good(pieces);
    for_ranges(rows.n, size, 4.0 * static_cast<double>(rows.n), [&](Index piece, Index begin, Index end) {
        const auto part = [&](const double* column) { return column ? column + begin : nullptr; };
        const RowResponses own{end - begin, part(rows.y), part(rows.trials), part(rows.weights)};
        KeptSums& sums = piece == 0 ? kept : others[piece - 1];
        good[piece] = RowSum(own, cell_of + begin, cells, sums, &constants[piece]).add(family);
    });
    *constant = constants[0];
    for (Index piece = 1; piece < pieces; ++piece) {
        const KeptSums& sums = others[piece - 1];
        *constant += constants[piece];
        for (Index c = 0; c < cells; ++c) {
            kept.first[c] += sums.first[c];
            kept.second[c] += sums.second[c];
        }
    }
    return std::all_of(good.begin(), good.end(), [](char one) { return one != 0; });
}

bool keep_rows(const std::string& family, const RowResponses& rows, std::vector<double>& first, std::vector<double>& second,
               std::vector<double>& constants) {
    first.resize(rows.n);
    second.resize(rows.n);
    constants.resize(rows.n);
    return with_row_kernel(family, rows.trials != nullptr, [&](auto kernel) {
        bool good = true;
        for (Index i = 0; i < rows.n; ++i) {
            Row row;
            good &= kernel(rows.y[i], rows.trials ? rows.trials[i] : 1.0, rows.weights ? rows.weights[i] : 1.0, row);
            first[i] = row.first;
            second[i] = row.second;
            constants[i] = row.constant;
        }
        return good;
    });
}

}  // namespace ranef
