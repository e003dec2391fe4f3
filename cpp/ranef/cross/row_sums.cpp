#include "ranef/cross/row_sums.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/parallel.hpp"
#include "ranef/base/prefetch.hpp"
#include "ranef/base/threads.hpp"

namespace ranef {
namespace {

constexpr Index piece_rows = 512;
constexpr Index summed_rows = 16 * piece_rows;  // whose products of all columns are added up by one thread
constexpr Index asked_rows = 32 * summed_rows;  // between two questions whether to go on
constexpr double work_of_a_lane = 1e6;          // of a lane of its own: each brings all rows into its own memory

}  // namespace

// One of several that go through the same rows, each adding to levels and pairs of its own.
class RowSums::Lane {
public:
    Lane(RowSums& sums, Index number, Index count)
        : sums_(sums), number_(number), count_(count), m_(sums.columns()), chunk_(piece_rows * m_), buffer_(piece_rows),
          weight_(piece_rows), part_(m_ * m_), picks_(piece_rows), one_(piece_rows), other_(piece_rows), places_(piece_rows) {}

    void run(const Rows& rows, Index first, Index end, std::vector<double>& blocks) {
        for (Index begin = first; begin < end; begin += piece_rows) {
            const Index n = std::min(piece_rows, end - begin), block = (begin - first) / summed_rows;
            load(rows, begin, n);
            if (block % count_ == number_) add_fixed(n, blocks.data() + block * m_ * m_);
            for (std::size_t f = 0; f < sums_.z_.size(); ++f) {
                const std::int32_t* codes = rows.factors[f].codes + begin;
                add_level(f, codes, n);
                for (std::size_t g = f + 1; g < sums_.z_.size(); ++g) add_pair(f, g, codes, rows.factors[g].codes + begin, n);
            }
        }
    }

private:
    void load(const Rows& rows, Index first, Index n) {
        for (Index k = 0; k < m_; ++k) {
            double* to = chunk_.data() + k;
            if (rows.x[k].ones()) {
                for (Index i = 0; i < n; ++i) to[i * m_] = 1.0;
                continue;
            }
            const double origin = sums_.origins_[k];
            const double* from = rows.x[k].read(first, n, buffer_.data());
            for (Index i = 0; i < n; ++i) to[i * m_] = from[i] - origin;
        }
        for (Index i = 0; i < n; ++i) weight_[i] = rows.weights ? rows.weights[first + i] : 1.0;
    }

    // A chunk at a time, so that millions of rows lose no digits.
    void add_fixed(Index n, double* block) {
        std::fill(part_.begin(), part_.end(), 0.0);
        for (Index i = 0; i < n; ++i) {
            const double* row = chunk_.data() + i * m_;
            for (Index k = 0; k < m_; ++k) {
                const double v = weight_[i] * row[k];
                if (v == 0.0) continue;  // most dummies
                for (Index l = k; l < m_; ++l) part_[k * m_ + l] += v * row[l];
            }
        }
        for (Index k = 0; k < m_ * m_; ++k) block[k] += part_[k];
    }

    // The rows of the chunk that are this lane's, by the share each is in.
    template <class Share>
    Index pick(Index n, const Share& share) {
        Index own = 0;
        for (Index i = 0; i < n; ++i) {
            picks_[own] = i;
            own += count_ == 1 || share(i) % count_ == number_;
        }
        return own;
    }

    void add_level(std::size_t f, const std::int32_t* codes, Index n) {
        const Index r = static_cast<Index>(sums_.z_[f].size());
        double* sums = sums_.cross_[f].data();
        const Index own = pick(n, [&](Index i) { return codes[i] >> 3; });  // neighbours share lines of memory
        for (Index k = 0; k < own; ++k) prefetch_to_write(sums + codes[picks_[k]] * r * m_);
        for (Index k = 0; k < own; ++k) {
            const Index i = picks_[k];
            const double* row = chunk_.data() + i * m_;
            double* to = sums + codes[i] * r * m_;
            for (int a : sums_.z_[f]) {
                const double v = weight_[i] * row[a];
                if (v != 0.0)
                    for (Index l = 0; l < m_; ++l) to[l] += v * row[l];
                to += m_;
            }
        }
    }

    void add_pair(std::size_t f, std::size_t g, const std::int32_t* first, const std::int32_t* second, Index n) {
        MeetingSums& pairs = sums_.pairs_[sums_.at(f, g)];
        const Index own = pick(n, [&](Index i) { return pairs.share(first[i], second[i]); });
        for (Index k = 0; k < own; ++k) {
            one_[k] = first[picks_[k]];
            other_[k] = second[picks_[k]];
        }
        pairs.find(one_.data(), other_.data(), own, places_.data());
        for (Index k = 0; k < own; ++k) prefetch_to_write(places_[k]);
        for (Index k = 0; k < own; ++k) {
            const Index i = picks_[k];
            const double* row = chunk_.data() + i * m_;
            double* to = places_[k];
            for (int a : sums_.z_[f]) {
                const double v = weight_[i] * row[a];
                for (int b : sums_.z_[g]) *to++ += v * row[b];
            }
        }
    }

    RowSums& sums_;
    Index number_, count_, m_;
    std::vector<double> chunk_, buffer_, weight_, part_;  // a few rows, one behind the other
    std::vector<Index> picks_;
    std::vector<std::int32_t> one_, other_;
    std::vector<double*> places_;
};

RowSums::RowSums(std::vector<double> origins, std::vector<std::vector<int>> z)
    : origins_(std::move(origins)), z_(std::move(z)), fixed_(origins_.size() * origins_.size(), 0.0), cross_(z_.size()) {
    for (std::size_t f = 0; f < z_.size(); ++f)
        for (std::size_t g = f + 1; g < z_.size(); ++g) pairs_.emplace_back(Index(z_[f].size() * z_[g].size()));
}

void RowSums::add_run(const Rows& rows, Index first, Index end) {
    const Index m = columns();
    std::vector<double> blocks(piece_count(end - first, summed_rows) * m * m, 0.0);
    double each = static_cast<double>(m * m + 8);
    for (std::size_t f = 0; f < z_.size(); ++f) each += static_cast<double>(z_[f].size() * m + 8 * (z_.size() - f));
    const double work = each * static_cast<double>(end - first);
    const auto worth = static_cast<Index>(work / work_of_a_lane);
    const Index lanes = std::max<Index>(1, std::min<Index>({worth, thread_limit(), MeetingSums::shares}));
    for_pieces(lanes, work, [&](Index lane) { Lane(*this, lane, lanes).run(rows, first, end, blocks); });
    for (std::size_t at = 0; at < blocks.size(); at += m * m)
        for (Index k = 0; k < m; ++k)
            for (Index l = k; l < m; ++l) fixed_[l * m + k] = fixed_[k * m + l] += blocks[at + k * m + l];
}

void RowSums::add(const Rows& rows, Poll poll) {
    const Index m = columns();
    for (std::size_t f = 0; f < z_.size(); ++f) {
        const std::size_t size = static_cast<std::size_t>(rows.factors[f].shape.levels) * z_[f].size() * m;
        if (size > cross_[f].size()) cross_[f].resize(size, 0.0);
        for (std::size_t g = f + 1; g < z_.size(); ++g)
            pairs_[at(f, g)].prepare(rows.factors[f].shape.levels, rows.factors[g].shape.levels);
    }
    for (Index first = 0; first < rows.n; first += asked_rows) {
        const Index end = std::min(rows.n, first + asked_rows);
        add_run(rows, first, end);
        poll.tick((end - first) * (1 + m * m / 16));
    }
}

}  // namespace ranef
