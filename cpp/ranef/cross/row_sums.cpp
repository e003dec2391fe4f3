#include "ranef/cross/row_sums.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/prefetch.hpp"

namespace ranef {
namespace {

constexpr Index piece_rows = 512;

}  // namespace

void MeetingSums::grow() {
    std::vector<std::uint32_t> wider(slots_.size() * 2, none);
    --shift_;
    const std::uint64_t last = wider.size() - 1;
    for (std::uint32_t k = 0; k < keys.size(); ++k) {
        std::uint64_t slot = home(keys[k]);
        while (wider[slot] != none) slot = (slot + 1) & last;
        wider[slot] = k;
    }
    slots_ = std::move(wider);
}

void MeetingSums::find(const std::int32_t* first, const std::int32_t* second, Index n, Index* out) {
    while ((keys.size() + n) * 2 > slots_.size()) grow();
    const std::uint64_t last = slots_.size() - 1;
    const auto key_of = [&](Index i) {
        return std::uint64_t(std::uint32_t(first[i])) << 32 | std::uint32_t(second[i]);
    };
    for (Index i = 0; i < n; ++i) prefetch(slots_.data() + home(key_of(i)));
    for (Index i = 0; i < n; ++i) {
        const std::uint64_t key = key_of(i);
        std::uint64_t slot = home(key);
        while (slots_[slot] != none && keys[slots_[slot]] != key) slot = (slot + 1) & last;
        if (slots_[slot] == none) {
            slots_[slot] = static_cast<std::uint32_t>(keys.size());
            keys.push_back(key);
            values.resize(values.size() + size_, 0.0);
        }
        out[i] = Index{slots_[slot]} * size_;
    }
}

RowSums::RowSums(std::vector<double> origins, std::vector<std::vector<int>> z)
    : origins_(std::move(origins)), z_(std::move(z)), fixed_(origins_.size() * origins_.size(), 0.0), cross_(z_.size()),
      chunk_(piece_rows * origins_.size()), buffer_(piece_rows), weight_(piece_rows), part_(fixed_.size()),
      places_(piece_rows) {
    for (std::size_t f = 0; f < z_.size(); ++f)
        for (std::size_t g = f + 1; g < z_.size(); ++g) pairs_.emplace_back(Index(z_[f].size() * z_[g].size()));
}

void RowSums::load(const Rows& rows, Index first, Index count) {
    const Index m = columns();
    for (Index k = 0; k < m; ++k) {
        double* to = chunk_.data() + k;
        if (rows.x[k].ones()) {
            for (Index i = 0; i < count; ++i) to[i * m] = 1.0;
            continue;
        }
        const double origin = origins_[k];
        const double* from = rows.x[k].read(first, count, buffer_.data());
        for (Index i = 0; i < count; ++i) to[i * m] = from[i] - origin;
    }
    for (Index i = 0; i < count; ++i) weight_[i] = rows.weights ? rows.weights[first + i] : 1.0;
}

// A chunk at a time, so that millions of rows lose no digits.
void RowSums::add_fixed(Index count) {
    const Index m = columns();
    std::fill(part_.begin(), part_.end(), 0.0);
    for (Index i = 0; i < count; ++i) {
        const double* row = chunk_.data() + i * m;
        for (Index k = 0; k < m; ++k) {
            const double v = weight_[i] * row[k];
            if (v == 0.0) continue;  // most dummies
            for (Index l = k; l < m; ++l) part_[k * m + l] += v * row[l];
        }
    }
    for (Index k = 0; k < m; ++k)
        for (Index l = k; l < m; ++l) fixed_[l * m + k] = fixed_[k * m + l] += part_[k * m + l];
}

void RowSums::add_level(std::size_t f, const std::int32_t* codes, Index count) {
    const Index m = columns(), r = static_cast<Index>(z_[f].size());
    double* sums = cross_[f].data();
    for (Index i = 0; i < count; ++i) prefetch_to_write(sums + codes[i] * r * m);
    for (Index i = 0; i < count; ++i) {
        const double* row = chunk_.data() + i * m;
        double* to = sums + codes[i] * r * m;
        for (Index a = 0; a < r; ++a, to += m) {
            const double v = weight_[i] * row[z_[f][a]];
            if (v == 0.0) continue;
            for (Index k = 0; k < m; ++k) to[k] += v * row[k];
        }
    }
}

void RowSums::add_pair(std::size_t f, std::size_t g, const std::int32_t* one, const std::int32_t* other, Index count) {
    const Index m = columns();
    MeetingSums& sums = pairs_[at(f, g)];
    sums.find(one, other, count, places_.data());
    for (Index i = 0; i < count; ++i) prefetch_to_write(sums.values.data() + places_[i]);
    for (Index i = 0; i < count; ++i) {
        const double* row = chunk_.data() + i * m;
        double* to = sums.values.data() + places_[i];
        for (int a : z_[f]) {
            const double v = weight_[i] * row[a];
            for (int b : z_[g]) *to++ += v * row[b];
        }
    }
}

void RowSums::add(const Rows& rows, Poll poll) {
    const Index m = columns();
    for (std::size_t f = 0; f < z_.size(); ++f) {
        const std::size_t size = static_cast<std::size_t>(rows.factors[f].shape.levels) * z_[f].size() * m;
        if (size > cross_[f].size()) cross_[f].resize(size, 0.0);
    }
    for (Index first = 0; first < rows.n; first += piece_rows) {
        const Index count = std::min(piece_rows, rows.n - first);
        load(rows, first, count);
        add_fixed(count);
        for (std::size_t f = 0; f < z_.size(); ++f) {
            add_level(f, rows.factors[f].codes + first, count);
            for (std::size_t g = f + 1; g < z_.size(); ++g)
                add_pair(f, g, rows.factors[f].codes + first, rows.factors[g].codes + first, count);
        }
        poll.tick(count * (1 + m * m / 16));
    }
}

}  // namespace ranef
