#include "ranef/mmrm/pair_sums.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/cross/rank.hpp"
#include "ranef/mmrm/block_products.hpp"

namespace ranef::mmrm {
namespace {

constexpr Index sample = 4096;   // rows from which origin and unit of the columns are taken
constexpr Index block = 256;     // subjects multiplied at a time
constexpr Index piece = 2048;    // subjects of one thread's piece of work

struct Moments {
    double mean, sd;
};

Moments moments(const double* values, Index n) {
    const Index step = std::max<Index>(1, n / sample);
    double sum = 0.0, squares = 0.0;
    Index count = 0;
    for (Index i = 0; i < n; i += step, ++count) sum += values[i];
    const double mean = sum / count;
    for (Index i = 0; i < n; i += step) squares += (values[i] - mean) * (values[i] - mean);
    return {mean, std::sqrt(squares / count)};
}

}  // namespace

PairSums::PairSums(const VisitRows& rows, const RowOrder& order, Index limit, Poll poll)
    : visits_(rows.visits), groups_(rows.groups), rows_(rows.n), subjects_(rows.subjects) {
    for (int c = 0; c < rows.p; ++c) kept_.push_back(c);
    if (rows.weights)
        for (Index i = 0; i < rows.n; ++i) sum_log_weights_ += std::log(rows.weights[i]);
    choose_coordinates(rows, true);
    find_patterns(rows, order);
    by_rows_ = pairs_ * size() > limit;
    if (by_rows_) {
        drop_columns(rows, gram(rows));
        keep_rows(rows, order, poll);
    } else {
        accumulate(rows, order, poll);
        if (drop_columns(rows, gram())) accumulate(rows, order, poll);
    }
    members_.clear();
}

PairSums::PairSums(const VisitRows& rows, const RowOrder& order, Poll poll)
    : visits_(rows.visits), groups_(rows.groups), rows_(rows.n), subjects_(rows.subjects) {
    for (int c = 0; c < rows.p; ++c) kept_.push_back(c);
    coordinates_.x_shift.assign(rows.p, 0.0);
    coordinates_.x_scale.assign(rows.p, 1.0);
    find_patterns(rows, order);
    accumulate(rows, order, poll);
    members_.clear();
}

PairSums::PairSums(PairTotals totals)
    : visits_(totals.visits), groups_(totals.groups), rows_(totals.rows), subjects_(0),
      sum_log_weights_(totals.sum_log_weights), kept_(std::move(totals.kept)), patterns_(std::move(totals.patterns)),
      sums_(std::move(totals.sums)), coordinates_(std::move(totals.coordinates)), response_(totals.response) {
    for (const Pattern& pattern : patterns_) subjects_ += pattern.subjects;
    number_pairs();
}

void PairSums::choose_coordinates(const VisitRows& rows, bool shift) {
    coordinates_ = Coordinates{};
    const bool has_constant = rows.constant != nullptr && shift;
    for (int c : kept_) {
        const Moments m = moments(rows.x + c * rows.n, rows.n);
        const bool moved = has_constant && rows.constant[c] == 0.0;
        const double size = moved ? m.sd : std::hypot(m.mean, m.sd);
        coordinates_.x_shift.push_back(moved ? m.mean : 0.0);
        coordinates_.x_scale.push_back(size > 0.0 ? size : 1.0);
        if (has_constant) coordinates_.constant.push_back(rows.constant[c]);
    }
    const Moments m = moments(rows.y, rows.n);
    response_ = {has_constant ? m.mean : 0.0, m.sd > 0.0 ? m.sd : 1.0};
}

void PairSums::find_patterns(const VisitRows& rows, const RowOrder& order) {
    std::vector<std::unordered_map<std::uint64_t, int>> known(groups_);
    for (int j = 0; j < rows.subjects; ++j) {
        if (order.start[j] == order.start[j + 1]) continue;
        std::uint64_t bits = 0;
        for (Index k = order.start[j]; k < order.start[j + 1]; ++k) bits |= std::uint64_t{1} << rows.visit[order.row[k]];
        const int group = rows.group ? rows.group[order.row[order.start[j]]] : 0;
        const auto [place, is_new] = known[group].try_emplace(bits, static_cast<int>(patterns_.size()));
        if (is_new) {
            Pattern pattern{group, {}, 0, 0};
            for (int t = 0; t < visits_; ++t)
                if (bits >> t & 1) pattern.visits.push_back(t);
            patterns_.push_back(std::move(pattern));
            members_.emplace_back();
        }
        ++patterns_[place->second].subjects;
        members_[place->second].push_back(j);
    }
    number_pairs();
}

void PairSums::number_pairs() {
    for (Pattern& pattern : patterns_) {
        pattern.first_pair = pairs_;
        pairs_ += packed_size(static_cast<Index>(pattern.visits.size()));
    }
}

// Subjects first, ..., first + count - 1 of a pattern, count x (visits x order()), column-major.
void PairSums::gather(const VisitRows& rows, const RowOrder& order, const Pattern& pattern, Index first, Index count,
                      double* out) const {
    const int* member = members_[&pattern - patterns_.data()].data() + first;
    const auto m = static_cast<Index>(pattern.visits.size());
    std::vector<Index> row(count);
    std::vector<double> root(count, 1.0);
    for (Index s = 0; s < m; ++s) {
        for (Index i = 0; i < count; ++i) {
            row[i] = order.row[order.start[member[i]] + s];
            if (rows.weights) root[i] = std::sqrt(rows.weights[row[i]]);
        }
        const auto write = [&](const double* values, double shift, double scale) {
            const double inverse = 1.0 / scale;
            for (Index i = 0; i < count; ++i) out[i] = root[i] * ((values[row[i]] - shift) * inverse);
            out += count;
        };
        for (int k = 0; k < p(); ++k)
            write(rows.x + kept_[k] * rows.n, coordinates_.x_shift[k], coordinates_.x_scale[k]);
        write(rows.y, response_.shift, response_.scale);
    }
}

void PairSums::accumulate(const VisitRows& rows, const RowOrder& order, Poll& poll) {
    struct Piece {
        const Pattern* pattern;
        Index first, last;
        std::vector<double> sums;
    };
    std::vector<Piece> pieces;
    for (const Pattern& pattern : patterns_)
        for (Index first = 0; first < pattern.subjects; first += piece)
            pieces.push_back({&pattern, first, std::min(pattern.subjects, first + piece), {}});
    sums_.assign(size() * pairs_, 0.0);
    const Index together = 64;  // pieces between two questions whether to go on
    for (Index begin = 0; begin < static_cast<Index>(pieces.size()); begin += together) {
        const Index end = std::min(static_cast<Index>(pieces.size()), begin + together);
        double work = 0.0;
        for (Index i = begin; i < end; ++i)
            work += double(pieces[i].last - pieces[i].first) * pieces[i].pattern->visits.size() * 64.0;
        for_pieces(end - begin, work, [&](Index i) {
            Piece& own = pieces[begin + i];
            const auto m = static_cast<int>(own.pattern->visits.size());
            own.sums.assign(size() * packed_size(m), 0.0);
            std::vector<double> gathered(block * m * this->order());
            for (Index first = own.first; first < own.last; first += block) {
                const Index count = std::min(block, own.last - first);
                gather(rows, order, *own.pattern, first, count, gathered.data());
                add_block(gathered.data(), count, m, this->order(), own.sums.data());
            }
        });
        for (Index i = begin; i < end; ++i) {
            Piece& own = pieces[i];
            double* out = sums_.data() + own.pattern->first_pair * size();
            for (std::size_t k = 0; k < own.sums.size(); ++k) out[k] += own.sums[k];
            std::vector<double>().swap(own.sums);
        }
        poll.tick(Index(work));
    }
}

void PairSums::keep_rows(const VisitRows& rows, const RowOrder& order, Poll& poll) {
    for (const Pattern& pattern : patterns_) {
        std::vector<double> own(pattern.subjects * Index(pattern.visits.size()) * this->order());
        gather(rows, order, pattern, 0, pattern.subjects, own.data());
        poll.tick(Index(own.size()));
        gathered_.push_back(std::move(own));
    }
}

const double* PairSums::of(const Pattern& pattern, std::vector<double>& scratch) const {
    if (!by_rows_) return sums_.data() + pattern.first_pair * size();
    const auto m = static_cast<int>(pattern.visits.size());
    scratch.assign(size() * packed_size(m), 0.0);
    add_block(gathered_[&pattern - patterns_.data()].data(), pattern.subjects, m, order(), scratch.data());
    return scratch.data();
}

// X'X of the weighted rows in internal coordinates.
std::vector<double> PairSums::gram(const VisitRows& rows) const {
    const Index width = p(), most = 512;
    std::vector<double> out(width * width, 0.0), part(most * width);
    for (Index first = 0; first < rows.n; first += most) {
        const Index count = std::min(most, rows.n - first);
        for (Index k = 0; k < width; ++k)
            for (Index i = 0; i < count; ++i) {
                const double root = rows.weights ? std::sqrt(rows.weights[first + i]) : 1.0;
                part[k * count + i] =
                    root * ((rows.x[kept_[k] * rows.n + first + i] - coordinates_.x_shift[k]) / coordinates_.x_scale[k]);
            }
        linalg::add_inner(width, count, part.data(), count, out.data(), width);
    }
    linalg::symmetrise(width, out.data(), width);
    return out;
}

// The same from the sums.
std::vector<double> PairSums::gram() const {
    const Index width = p();
    std::vector<double> out(width * width, 0.0), full(order() * order());
    for (const Pattern& pattern : patterns_) {
        const auto m = static_cast<Index>(pattern.visits.size());
        for (Index t = 0; t < m; ++t) {
            unpack(order(), sums_.data() + (pattern.first_pair + packed_place(m, t, t)) * size(), full.data());
            for (Index j = 0; j < width; ++j)
                for (Index i = 0; i < width; ++i) out[j * width + i] += full[j * order() + i];
        }
    }
    return out;
}

// Whether there were any that depend on others.
bool PairSums::drop_columns(const VisitRows& rows, const std::vector<double>& gram) {
    const std::vector<int> found = independent_columns(gram, rows.p);
    if (static_cast<int>(found.size()) == rows.p) return false;
    kept_ = found;
    bool constant = rows.constant != nullptr;
    for (int c = 0; constant && c < rows.p; ++c)
        if (rows.constant[c] != 0.0 && !std::binary_search(found.begin(), found.end(), c)) constant = false;
    choose_coordinates(rows, constant);
    return true;
}

}  // namespace ranef::mmrm
