#include "ranef/inference/profile_chart.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

constexpr double away_from_zero = 1e-3;  // where a zero pivot starts: at zero the gradient vanishes, minimum or not

// Rows of `first` (each of length w) completed to a basis by unit vectors: T (w x w, column-major).
std::vector<double> completed(int w, std::vector<std::vector<double>> first) {
    std::vector<std::vector<double>> reduced = first;
    std::vector<char> used(w, 0);
    for (std::size_t k = 0; k < reduced.size(); ++k) {
        int pivot = -1;
        for (int i = 0; i < w; ++i)
            if (!used[i] && (pivot < 0 || std::fabs(reduced[k][i]) > std::fabs(reduced[k][pivot]))) pivot = i;
        used[pivot] = 1;
        for (std::size_t l = k + 1; l < reduced.size(); ++l) {
            const double f = reduced[l][pivot] / reduced[k][pivot];
            for (int i = 0; i < w; ++i) reduced[l][i] -= f * reduced[k][i];
        }
    }
    for (int i = 0; i < w; ++i)
        if (!used[i]) {
            first.emplace_back(w, 0.0);
            first.back()[i] = 1.0;
        }
    std::vector<double> t(Index{w} * w);
    for (int row = 0; row < w; ++row)
        for (int c = 0; c < w; ++c) t[Index{c} * w + row] = first[row][c];
    return t;
}

// Rows of the map from a block's internal random effects to the user's: row i is the user's effect i.
std::vector<double> user_row(const Coordinates& coordinates, const Layout& layout, int factor, const Block& block, int i) {
    const int r = layout.factors[factor].width;
    std::vector<double> row(block.width), b(r);
    for (int c = 0; c < block.width; ++c) {
        std::fill(b.begin(), b.end(), 0.0);
        b[block.first + c] = 1.0;
        coordinates.modes_to_user(layout, factor, {0.0, 1.0}, b.data());
        row[c] = b[block.first + i];
    }
    return row;
}

std::vector<double> identity(int w) {
    std::vector<double> t(Index{w} * w, 0.0);
    for (int i = 0; i < w; ++i) t[Index{i} * w + i] = 1.0;
    return t;
}

}  // namespace

// boundary: 0 none; 1 and 2: the first or the second of the quantities whose signs matter is zero.
Profiler::Chart Profiler::chart(const Held& held, double value, const ResponseScale& scale, int boundary) const {
    using Kind = Held::Kind;
    const Coordinates& coordinates = problem_.design->coordinates();
    Chart out;
    if (held.kind == Kind::sigma) {
        out.sigma = Chart::Sigma::held;
        out.variance = value * value / (scale.scale * scale.scale);
    }
    if (held.kind == Kind::sd) out.sigma = Chart::Sigma::tied;
    const Index m = evaluator_->n_theta();
    out.base.assign(m, 0.0);
    out.tied.assign(m, 0.0);
    Index first = 0;
    int number = 0;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        for (std::size_t b = 0; b < layout_.factors[f].blocks.size(); ++b, ++number) {
            const Block& block = layout_.factors[f].blocks[b];
            const int w = block.width;
            const bool target = held.kind != Kind::nothing && held.kind != Kind::sigma &&
                                static_cast<int>(f) == held.factor && static_cast<int>(b) == held.block;
            std::vector<double> t = identity(w);
            if (target) {
                std::vector<std::vector<double>> rows;
                const auto row = [&](int i) { rows.push_back(user_row(coordinates, layout_, static_cast<int>(f), block, i)); };
                if (held.kind == Kind::theta)
                    for (int i = 0; i < w; ++i) row(i);
                else row(held.row);
                if (held.kind == Kind::correlation) row(held.column);
                t = completed(w, rows);
            }
            std::vector<double> inverse(t.size());
            linalg::divide_right(w, identity(w).data(), t.data(), 0.0, inverse.data());
            // Where entry (row, column) of Lambda' goes in Lambda.
            const auto spread = [&](int row, int column, double weight, std::vector<double>& into) {
                for (int i = 0; i < w; ++i) into[first + Index{column} * w + i] += weight * inverse[Index{row} * w + i];
            };
            const auto add = [&](std::vector<Chart::Entry> entries, std::vector<double> weights) {
                std::vector<double> column(m, 0.0);
                for (std::size_t e = 0; e < entries.size(); ++e) spread(entries[e].row, entries[e].column, weights[e], column);
                out.columns.push_back(column);
                out.parts.push_back(std::move(entries));
                out.weights.push_back(std::move(weights));
                return static_cast<int>(out.columns.size()) - 1;
            };
            std::vector<char> taken(Index{w} * w, 0);  // entries with a meaning of their own, or superfluous
            const auto empty_column = [&](int c) { for (int i = c; i < w; ++i) taken[c * w + i] = 1; };
            if (target && held.kind == Kind::sd) {
                if (value == 0.0) empty_column(0);
                taken[0] = 1;
                spread(0, 0, value / scale.scale, out.tied);
            } else if (target && held.kind == Kind::correlation) {
                const double rest = std::sqrt(std::max(0.0, 1.0 - value * value));
                taken[0] = taken[1] = taken[w + 1] = 1;
                if (boundary == 1) {  // the first has no variance: the correlation is whatever one likes
                    empty_column(0);
                    add({{number, 1, 1}}, {1.0});
                } else {
                    out.signed_a = add({{number, 0, 0}}, {1.0});
                    if (rest == 0.0 || boundary == 2) empty_column(1);
                    if (boundary == 0) out.signed_b = add({{number, 1, 0}, {number, 1, 1}}, {value, rest});
                    else out.signed_a = -1;
                }
            } else if (target) {
                taken[held.column * w + held.row] = 1;
                spread(held.row, held.column, value, out.base);
                if (held.row != held.column) {
                    taken[held.column * w + held.column] = 1;
                    if (boundary == 0) out.signed_a = add({{number, held.column, held.column}}, {1.0});
                }
            }
            for (int c = 0; c < w; ++c)
                for (int i = c; i < w; ++i)
                    if (!taken[c * w + i]) add({{number, i, c}}, {1.0});
            out.t.push_back(std::move(t));
            out.inverse.push_back(std::move(inverse));
            first += Index{w} * w;
        }
    return out;
}

// x of a theta (internal, lower triangular) and a sigma: Lambda' = T Lambda made lower triangular.
std::vector<double> Profiler::start(const Chart& chart, const double* theta, double sigma) const {
    std::vector<std::vector<double>> primes;
    Index number = 0;
    for (const Factor& factor : layout_.factors)
        for (const Block& block : factor.blocks) {
            const int w = block.width;
            std::vector<double> lower(Index{w} * w, 0.0), prime(lower.size());
            const double* next = theta + block.theta_first;
            for (int c = 0; c < w; ++c)
                for (int i = c; i < w; ++i) lower[Index{c} * w + i] = *next++;
            linalg::small_multiply(w, chart.t[number].data(), lower.data(), prime.data());
            lower_echelon(w, prime.data(), 1e-14);
            for (int i = 0; i < w; ++i)
                if (prime[Index{i} * w + i] < away_from_zero) prime[Index{i} * w + i] = away_from_zero;
            primes.push_back(std::move(prime));
            ++number;
        }
    std::vector<double> x(chart.size());
    for (std::size_t k = 0; k < chart.columns.size(); ++k) {
        double length = 0.0;
        for (const Chart::Entry& e : chart.parts[k]) {
            const int w = static_cast<int>(std::lround(std::sqrt(static_cast<double>(primes[e.block].size()))));
            const double entry = primes[e.block][Index{e.column} * w + e.row];
            length = chart.parts[k].size() == 1 ? entry : std::hypot(length, entry);
        }
        x[k] = length;
    }
    if (chart.sigma == Chart::Sigma::tied) x.back() = std::log(sigma);
    return x;
}

}  // namespace ranef
