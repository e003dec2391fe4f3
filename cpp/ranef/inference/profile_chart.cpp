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

// One block's share of a chart: what is held goes into base or tied, everything else becomes a coordinate.
class Profiler::ChartBlock {
public:
    ChartBlock(Chart& chart, int number, Index first, int width)
        : chart_(chart), number_(number), w_(width), first_(first), t_(identity(width)), taken_(Index{width} * width, 0) {}

    // The quantities `rows` come first.
    void rotate(std::vector<std::vector<double>> rows) { t_ = completed(w_, std::move(rows)); }

    void hold_sd(double sd) {
        invert();
        if (sd == 0.0) empty_column(0);
        take(0, 0);
        spread(0, 0, sd, chart_.tied);
    }

    void hold_correlation(double value, int boundary) {
        invert();
        const double rest = std::sqrt(std::max(0.0, 1.0 - value * value));
        for (const int row : {0, 1}) take(row, 0);
        take(1, 1);
        if (boundary == 1) {  // the first has no variance: the correlation is whatever one likes
            empty_column(0);
            free({{number_, 1, 1}}, {1.0});
            return;
        }
        chart_.signed_a = free({{number_, 0, 0}}, {1.0});
        if (rest == 0.0 || boundary == 2) empty_column(1);
        if (boundary == 0) chart_.signed_b = free({{number_, 1, 0}, {number_, 1, 1}}, {value, rest});
        else chart_.signed_a = -1;
    }

    void hold_theta(int row, int column, double value, int boundary) {
        invert();
        take(row, column);
        spread(row, column, value, chart_.base);
        if (row == column) return;
        take(column, column);
        if (boundary == 0) chart_.signed_a = free({{number_, column, column}}, {1.0});
    }

    void free_rest() {
        invert();
        for (int c = 0; c < w_; ++c)
            for (int i = c; i < w_; ++i)
                if (!taken_[c * w_ + i]) free({{number_, i, c}}, {1.0});
        chart_.t.push_back(std::move(t_));
        chart_.inverse.push_back(std::move(inverse_));
    }

private:
    void invert() {
        if (!inverse_.empty()) return;
        inverse_.resize(t_.size());
        linalg::divide_right(w_, identity(w_).data(), t_.data(), 0.0, inverse_.data());
    }
    void take(int row, int column) { taken_[column * w_ + row] = 1; }  // it has a meaning of its own, or is superfluous
    void empty_column(int c) {
        for (int i = c; i < w_; ++i) take(i, c);
    }
    // Where entry (row, column) of Lambda' goes in Lambda.
    void spread(int row, int column, double weight, std::vector<double>& into) const {
        for (int i = 0; i < w_; ++i) into[first_ + Index{column} * w_ + i] += weight * inverse_[Index{row} * w_ + i];
    }
    int free(std::vector<Chart::Entry> entries, const std::vector<double>& weights) {
        std::vector<double> column(chart_.base.size(), 0.0);
        for (std::size_t e = 0; e < entries.size(); ++e) spread(entries[e].row, entries[e].column, weights[e], column);
        chart_.columns.push_back(std::move(column));
        chart_.parts.push_back(std::move(entries));
        return static_cast<int>(chart_.columns.size()) - 1;
    }

    Chart& chart_;
    int number_, w_;
    Index first_;
    std::vector<double> t_, inverse_;
    std::vector<char> taken_;
};

// boundary: 0 none; 1 and 2: the first or the second of the quantities whose signs matter is zero.
Profiler::Chart Profiler::chart(const Held& held, double value, const ResponseScale& scale, int boundary) const {
    using Kind = Held::Kind;
    Chart out;
    if (held.kind == Kind::sigma) {
        out.sigma = Chart::Sigma::held;
        out.variance = value * value / (scale.scale * scale.scale);
    }
    if (held.kind == Kind::sd) out.sigma = Chart::Sigma::tied;
    out.base.assign(evaluator_->n_theta(), 0.0);
    out.tied.assign(evaluator_->n_theta(), 0.0);
    const bool in_block = held.kind != Kind::nothing && held.kind != Kind::sigma;
    Index first = 0;
    int number = 0;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        for (std::size_t b = 0; b < layout_.factors[f].blocks.size(); ++b, ++number) {
            const Block& block = layout_.factors[f].blocks[b];
            ChartBlock part(out, number, first, block.width);
            first += Index{block.width} * block.width;
            if (in_block && static_cast<int>(f) == held.factor && static_cast<int>(b) == held.block) {
                const auto user = [&](int i) { return user_row(problem_.design->coordinates(), layout_, held.factor, block, i); };
                std::vector<std::vector<double>> rows;  // of unit length: lengths below this one are small in any unit
                if (held.kind == Kind::theta)
                    for (int i = 0; i < block.width; ++i) rows.push_back(user(i));
                else rows.push_back(user(held.row));
                if (held.kind == Kind::correlation) rows.push_back(user(held.column));
                std::vector<double> length;
                for (std::vector<double>& row : rows) {
                    length.push_back(std::sqrt(linalg::dot(block.width, row.data(), row.data())));
                    for (double& v : row) v /= length.back();
                }
                part.rotate(std::move(rows));
                if (held.kind == Kind::sd) part.hold_sd(value / scale.scale / length[0]);
                else if (held.kind == Kind::correlation) part.hold_correlation(value, boundary);
                else part.hold_theta(held.row, held.column, value / length[Index(held.row)], boundary);
            }
            part.free_rest();
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
