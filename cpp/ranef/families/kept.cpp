#include "ranef/families/kept.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "ranef/base/parallel.hpp"

namespace ranef {
namespace {

constexpr double log_2pi = 1.8378770664093454836;
constexpr double nearly = 1e-9;  // relative distance of successes from a whole number: trials times a proportion are rounded
constexpr int lanes = 4;
constexpr Index piece_rows = 500'000;  // that a thread adds up into sums of its own,
constexpr Index rows_a_cell = 16;      // as long as these are few beside the rows

// log n! of whole numbers: a table, then Stirling's series, which is exact there.
class LogFactorials {
public:
    static constexpr int size = 1024;

    LogFactorials() : table_(known().data()) {}

    double operator()(double n) const {
        if (n < size) return small(static_cast<std::int32_t>(n));
        const double inverse = 1.0 / n, square = inverse * inverse;
        return (n + 0.5) * std::log(n) - n + 0.5 * log_2pi + inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0));
    }

    double small(std::int32_t n) const { return table_[n]; }

private:
    static const std::array<double, size>& known() {
        static const std::array<double, size> values = [] {
            std::array<double, size> found{};
            for (int k = 2; k < size; ++k) found[k] = std::lgamma(k + 1.0);
            return found;
        }();
        return values;
    }

    const double* table_;
};

// Beyond 2^31 by the slower way; doubles beyond 2^53 are whole.
bool whole(double y) {
    return y < 2e9 ? y == static_cast<double>(static_cast<std::int32_t>(y)) : std::isfinite(y) && y == std::floor(y);
}

// The logarithm of a product of positive numbers: one logarithm for as many as there are.
struct Product {
    double mantissa = 1.0;
    std::int64_t exponent = 0;

    void times(double y) {
        std::uint64_t word;
        std::memcpy(&word, &y, sizeof word);
        std::int64_t power = static_cast<std::int64_t>(word >> 52) - 1023;
        if (power == -1023) {  // a number below the normal ones
            int own = 0;
            y = 2.0 * std::frexp(y, &own);
            power = own - 1;
        } else {
            word = (word & 0xfffffffffffffull) | 0x3ff0000000000000ull;
            std::memcpy(&y, &word, sizeof y);
        }
        mantissa *= y;
        exponent += power;
        if (mantissa > 0x1p500) {
            mantissa *= 0x1p-500;
            exponent += 500;
        }
    }
    double log() const { return std::log(mantissa) + static_cast<double>(exponent) * 0.69314718055994530942; }
};

// What one row adds. A kernel returns false for a value that is none of its family.
struct Row {
    double first = 0.0, second = 0.0, constant = 0.0;
};

struct Bernoulli {
    bool operator()(double y, double, double, Row& out) const {
        out.first = y;
        return y == 0.0 || y == 1.0;
    }
};

// Successes out of trials; `trials_kept`: the trials are kept too (betabinomial).
template <bool trials_kept>
struct Successes {
    bool operator()(double y, double m, double, Row& out) const {
        const double k = std::nearbyint(y * m);
        out.first = k;
        if (trials_kept) out.second = m;
        if (!(std::fabs(y * m - k) <= nearly * m) || k < 0.0 || k > m) return false;
        if (m > 1.0) out.constant = log_factorial(m) - log_factorial(k) - log_factorial(m - k);
        return true;
    }
    LogFactorials log_factorial;
};

// Counts; `weighted`: the sum is by weight (Poisson), else the response itself is kept.
template <bool weighted>
struct Counts {
    double least = 0.0;
    bool operator()(double y, double, double w, Row& out) const {
        if (!(y >= least) || !whole(y)) return false;
        out.first = weighted ? w * y : y;
        out.constant = -w * log_factorial(y);
        return true;
    }
    LogFactorials log_factorial;
};

struct Gamma {
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * y;
        out.second = w * std::log(y);
        return y > 0.0 && std::isfinite(y);
    }
};

struct InverseGaussian {
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * y;
        out.second = w / y;
        out.constant = -0.5 * w * (log_2pi + 3.0 * std::log(y));
        return y > 0.0 && std::isfinite(y);
    }
};

struct Beta {
    bool operator()(double y, double, double w, Row& out) const {
        out.first = w * std::log(y);
        out.second = w * std::log1p(-y);
        return y > 0.0 && y < 1.0;
    }
};

struct Gaussian {
    bool operator()(double y, double, double w, Row& out) const {
        out.first = y;
        out.constant = -0.5 * w * log_2pi;
        return std::isfinite(y);
    }
};

// Calls f with the kernel of a family.
template <class Function>
bool with_kernel(const std::string& family, const RowResponses& rows, Function&& f) {
    if (family == "binomial") return rows.trials ? f(Successes<false>{}) : f(Bernoulli{});
    if (family == "betabinomial") return f(Successes<true>{});
    if (family == "poisson") return f(Counts<true>{});
    if (family == "nbinom1" || family == "nbinom2" || family.rfind("inflated_", 0) == 0) return f(Counts<false>{});
    if (family == "truncated_poisson") return f(Counts<true>{1.0, {}});
    if (family == "truncated_nbinom1" || family == "truncated_nbinom2") return f(Counts<false>{1.0, {}});
    if (family == "gamma") return f(Gamma{});
    if (family == "inverse_gaussian") return f(InverseGaussian{});
    if (family == "beta") return f(Beta{});
    return f(Gaussian{});
}

// Calls f(row, lane) for every row, from `lanes` places at once: neighbours often share a cell, and each would wait for
// the sum of the one before.
template <class Function>
void in_lanes(Index n, Function&& f) {
    const Index part = n / lanes;
    for (Index i = 0; i < part; ++i)
        for (int lane = 0; lane < lanes; ++lane) f(lane * part + i, lane);
    for (Index i = lanes * part; i < n; ++i) f(i, 0);
}

template <class Kernel>
bool add_up(Kernel kernel, const RowResponses& rows, const std::uint32_t* cell_of, KeptSums& kept, double* constant) {
    double *first = kept.first.data(), *second = kept.second.data(), sums[lanes] = {};
    bool good[lanes] = {true, true, true, true};
    constexpr bool paired = !std::is_same_v<Kernel, Bernoulli> && !std::is_same_v<Kernel, Counts<true>> &&
                            !std::is_same_v<Kernel, Successes<false>>;
    const auto pass = [&](auto weight, auto trials) {
        in_lanes(rows.n, [&](Index i, int lane) {
            Row row;
            const bool fits = kernel(rows.y[i], trials(i), weight(i), row);
            good[lane] &= fits;
            const std::uint32_t cell = cell_of[i];
            first[cell] += row.first;
            if constexpr (paired) second[cell] += row.second;
            sums[lane] += row.constant;
        });
    };
    const auto one = [](Index) { return 1.0; };
    const auto weight = [&](Index i) { return rows.weights[i]; };
    const auto trials = [&](Index i) { return rows.trials[i]; };
    if (rows.trials) pass(one, trials);
    else if (rows.weights) pass(weight, one);
    else pass(one, one);
    *constant = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return good[0] && good[1] && good[2] && good[3];
}

// Counts below the table's size, without weights and without a branch. False, and sums of no use, where there is another value.
bool add_up_small_counts(const RowResponses& rows, const std::uint32_t* cell_of, KeptSums& kept, double* constant) {
    constexpr std::int32_t size = LogFactorials::size;
    const LogFactorials log_factorial;
    double *first = kept.first.data(), logs[lanes] = {};
    bool small = true;
    in_lanes(rows.n, [&](Index i, int lane) {
        const double y = rows.y[i];
        const auto k = static_cast<std::int32_t>(y >= 0.0 && y < size ? y : -1.0);
        small &= static_cast<double>(k) == y && k >= 0;
        first[cell_of[i]] += y;
        logs[lane] += log_factorial.small(k & (size - 1));
    });
    *constant = -((logs[0] + logs[1]) + (logs[2] + logs[3]));
    return small;
}

// Without weights sums of logarithms are logarithms of products, cell by cell.
bool add_up_products(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells, KeptSums& kept,
                     double* constant) {
    bool good = true;
    std::vector<Product> one(family == "inverse_gaussian" ? lanes : cells), other(family == "beta" ? cells : 0);
    double *first = kept.first.data(), *second = kept.second.data();
    if (family == "inverse_gaussian") {
        in_lanes(rows.n, [&](Index i, int lane) {
            const double y = rows.y[i];
            good &= y > 0.0 && std::isfinite(y);
            first[cell_of[i]] += y;
            second[cell_of[i]] += 1.0 / y;
            one[lane].times(y);
        });
        double logs = 0.0;
        for (const Product& product : one) logs += product.log();
        *constant = -0.5 * (static_cast<double>(rows.n) * log_2pi + 3.0 * logs);
        return good;
    }
    *constant = 0.0;
    if (family == "gamma") {
        in_lanes(rows.n, [&](Index i, int) {
            const double y = rows.y[i];
            good &= y > 0.0 && std::isfinite(y);
            first[cell_of[i]] += y;
            one[cell_of[i]].times(y);
        });
        for (Index c = 0; c < cells; ++c) second[c] = one[c].log();
        return good;
    }
    in_lanes(rows.n, [&](Index i, int) {
        const double y = rows.y[i];
        good &= y > 0.0 && y < 1.0;
        one[cell_of[i]].times(y);
        other[cell_of[i]].times(1.0 - y);
    });
    for (Index c = 0; c < cells; ++c) {
        first[c] = one[c].log();
        second[c] = other[c].log();
    }
    return good;
}

// Mean, and the squares about it: sums of differences from one of the cell's responses, so that nothing cancels.
bool add_up_squares(const RowResponses& rows, const std::uint32_t* cell_of, KeptSums& kept, double* constant) {
    const Index cells = static_cast<Index>(kept.count.size());
    std::vector<double> origin(cells);
    for (Index i = 0; i < rows.n; ++i) origin[cell_of[i]] = rows.y[i];
    double *first = kept.first.data(), *second = kept.second.data(), total = 0.0;
    bool good = true;
    in_lanes(rows.n, [&](Index i, int) {
        const std::uint32_t cell = cell_of[i];
        const double w = rows.weights ? rows.weights[i] : 1.0, from = rows.y[i] - origin[cell];
        good &= std::isfinite(rows.y[i]);
        first[cell] += w * from;
        second[cell] += w * from * from;
    });
    for (Index c = 0; c < cells; ++c) {
        total += kept.count[c];
        if (kept.count[c] == 0.0) continue;
        second[c] = std::max(second[c] - first[c] * first[c] / kept.count[c], 0.0);
        first[c] = origin[c] + first[c] / kept.count[c];
    }
    *constant = -0.5 * total * log_2pi;
    return good;
}

// The sums of some rows.
bool keep_piece(const std::string& family, const RowResponses& rows, const std::uint32_t* cell_of, Index cells, KeptSums& kept,
                double* constant) {
    kept.first.assign(cells, 0.0);
    kept.second.assign(cells, 0.0);
    if (family == "poisson" && !rows.weights) {
        if (add_up_small_counts(rows, cell_of, kept, constant)) return true;
        kept.first.assign(cells, 0.0);
    }
    if (family == "gaussian") return add_up_squares(rows, cell_of, kept, constant);
    if (!rows.weights && (family == "gamma" || family == "inverse_gaussian" || family == "beta"))
        return add_up_products(family, rows, cell_of, cells, kept, constant);
    return with_kernel(family, rows, [&](auto kernel) { return add_up(kernel, rows, cell_of, kept, constant); });
}

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
    if (pieces < 2 || family == "gaussian") return keep_piece(family, rows, cell_of, cells, kept, constant);
    const Index size = (rows.n + pieces - 1) / pieces;
    std::vector<KeptSums> others(pieces - 1);
    std::vector<double> constants(pieces);
    std::vector<char> good(pieces);
    for_ranges(rows.n, size, 4.0 * static_cast<double>(rows.n), [&](Index piece, Index begin, Index end) {
        const auto part = [&](const double* column) { return column ? column + begin : nullptr; };
        const RowResponses own{end - begin, part(rows.y), part(rows.trials), part(rows.weights)};
        KeptSums& sums = piece == 0 ? kept : others[piece - 1];
        good[piece] = keep_piece(family, own, cell_of + begin, cells, sums, &constants[piece]);
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
    return with_kernel(family, rows, [&](auto kernel) {
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
