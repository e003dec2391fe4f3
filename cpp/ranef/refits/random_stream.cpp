#include "ranef/refits/random_stream.hpp"

#include <cmath>
#include <limits>

namespace ranef {
namespace {

constexpr std::uint64_t block_lane = 0, word_lane = 1;
constexpr double two_to_minus_53 = 0x1.0p-53;

struct Wide {
    std::uint64_t high, low;
};

inline Wide product(std::uint64_t a, std::uint64_t b) {
#ifdef __SIZEOF_INT128__
    __extension__ using Integer = unsigned __int128;
    const Integer both = static_cast<Integer>(a) * b;
    return {static_cast<std::uint64_t>(both >> 64), static_cast<std::uint64_t>(both)};
#else
    const std::uint64_t half = 0xffffffffu, a0 = a & half, a1 = a >> 32, b0 = b & half, b1 = b >> 32;
    const std::uint64_t low = a0 * b0, left = a1 * b0 + (low >> 32), right = a0 * b1 + (left & half);
    return {a1 * b1 + (left >> 32) + (right >> 32), a * b};
#endif
}

inline std::array<std::uint64_t, 4> block_of(std::array<std::uint64_t, 4> c, std::array<std::uint64_t, 2> k) {
    for (int round = 0; round < 10; ++round) {
        const Wide first = product(0xD2E7470EE14C6C93ull, c[0]), second = product(0xCA5A826395121157ull, c[2]);
        c = {second.high ^ c[1] ^ k[0], second.low, first.high ^ c[3] ^ k[1], first.low};
        k[0] += 0x9E3779B97F4A7C15ull;
        k[1] += 0xBB67AE8584CAA73Bull;
    }
    return c;
}

// ---- the ziggurat

double density(double x) { return std::exp(-0.5 * x * x); }

// The rectangle up to where the tail begins, and the tail.
double layer_area(double start) {
    const double half_pi = 1.5707963267948966;
    return start * density(start) + std::sqrt(half_pi) * std::erfc(start / std::sqrt(2.0));
}

// Height of the topmost layer less 1 when the tail begins at `start`: zero when the layers fit.
double overshoot(double start) {
    const double area = layer_area(start);
    double x = start;
    for (int i = 2; i < Ziggurat::layers; ++i) {
        const double top = area / x + density(x);
        if (top >= 1.0) return std::numeric_limits<double>::infinity();
        x = std::sqrt(-2.0 * std::log(top));
    }
    return area / x + density(x) - 1.0;
}

double tail_start() {
    double low = 3.0, high = 4.0;
    for (int i = 0; i < 80; ++i) {  // bisection, to the last bit
        const double middle = 0.5 * (low + high);
        (overshoot(middle) > 0.0 ? low : high) = middle;
    }
    return high;
}

const Ziggurat& ziggurat() {
    static const Ziggurat layers;
    return layers;
}

// What a word proposes: sign and 53 bits of the abscissa are bits 10..63, the layer is bits 0..7, no bit is used twice.
struct Candidate {
    Candidate(const Ziggurat& z, std::uint64_t word)
        : layer(static_cast<int>(word & (Ziggurat::layers - 1))),
          share(static_cast<double>(static_cast<std::int64_t>(word) >> 10) * two_to_minus_53),
          x(share * z.edge[layer]),
          certain(std::fabs(share) < z.inner[layer]) {}

    int layer;
    double share, x;
    bool certain;  // under the curve whatever the height: 98.8 % are
};

}  // namespace

std::array<std::uint64_t, 4> philox_block(std::array<std::uint64_t, 4> counter, std::array<std::uint64_t, 2> key) {
    return block_of(counter, key);
}

Ziggurat::Ziggurat() {
    const double start = tail_start(), area = layer_area(start);
    edge[0] = area / density(start);
    edge[1] = start;
    for (int i = 2; i < layers; ++i) edge[i] = std::sqrt(-2.0 * std::log(area / edge[i - 1] + density(edge[i - 1])));
    edge[layers] = 0.0;
    for (int i = 0; i < layers; ++i) inner[i] = edge[i + 1] / edge[i];
    for (int i = 0; i <= layers; ++i) height[i] = density(edge[i]);
}

RandomStream::RandomStream(const std::uint64_t* key, std::uint64_t replicate)
    : ziggurat_(ziggurat()), key_{key[0], key[1]}, replicate_(replicate) {}

std::uint64_t RandomStream::word() {
    if (used_ == 4) {  // as numpy does, the counter moves before the block is made
        words_ = block_of({++word_blocks_, 0, replicate_, word_lane}, key_);
        used_ = 0;
    }
    return words_[used_++];
}

double RandomStream::uniform() { return static_cast<double>(word() >> 11) * two_to_minus_53; }

double RandomStream::tail() {  // Marsaglia (1964)
    const double start = ziggurat_.edge[1];
    while (true) {
        const double x = -std::log(1.0 - uniform()) / start, y = -std::log(1.0 - uniform());
        if (y + y > x * x) return start + x;
    }
}

double RandomStream::normal_from(std::uint64_t word) {
    for (;; word = this->word()) {
        const Candidate found(ziggurat_, word);
        if (found.certain) return found.x;
        if (found.layer == 0) return std::copysign(tail(), found.share);
        const double low = ziggurat_.height[found.layer], high = ziggurat_.height[found.layer + 1];
        if (low + uniform() * (high - low) < density(found.x)) return found.x;
    }
}

double RandomStream::normal() { return normal_from(word()); }

void RandomStream::fill_normal(double* out, Index count) {
    // The position is kept in a register: through memory the blocks would wait for one another.
    std::uint64_t position = blocks_;
    for (Index i = 0; i < count; i += 4) {
        const std::array<std::uint64_t, 4> words = block_of({++position, 0, replicate_, block_lane}, key_);
        const Candidate a(ziggurat_, words[0]), b(ziggurat_, words[1]), c(ziggurat_, words[2]), d(ziggurat_, words[3]);
        if (i + 4 <= count && a.certain && b.certain && c.certain && d.certain) {
            out[i] = a.x;
            out[i + 1] = b.x;
            out[i + 2] = c.x;
            out[i + 3] = d.x;
        } else {  // again, this time with the rejections
            for (Index k = i; k < count && k < i + 4; ++k) out[k] = normal_from(words[k - i]);
        }
    }
    blocks_ = position;
}

double RandomStream::gamma(double shape) {
    const double d = shape - 1.0 / 3.0, c = 1.0 / std::sqrt(9.0 * d);
    while (true) {
        const double x = normal(), root = 1.0 + c * x;
        if (root <= 0.0) continue;
        const double v = root * root * root, u = 1.0 - uniform();
        if (std::log(u) < 0.5 * x * x + d * (1.0 - v + std::log(v))) return d * v;
    }
}

double RandomStream::chi_square(double df) {
    if (df <= 0.0) return 0.0;
    const double shape = 0.5 * df;
    if (shape >= 1.0) return 2.0 * gamma(shape);
    const double larger = 2.0 * gamma(shape + 1.0);  // Gamma(a) = Gamma(a + 1) U^(1 / a)
    return larger * std::pow(1.0 - uniform(), 1.0 / shape);
}

}  // namespace ranef
