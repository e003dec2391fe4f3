// Random numbers of one replicate: Philox4x64-10 (Salmon, Moraes, Dror & Shaw 2011), a pure function of a key and a
// counter. The key comes from the seed, and the replicate's number is a word of the counter: its numbers depend on nothing
// else, not on the thread that draws them, not on the replicates before. The words are those of numpy.random.Philox.
//
// A stream has two lanes, told apart by the last word of the counter: whole blocks, for filling arrays at full speed, and
// single words, for draws whose number of words is not known beforehand.
//
// Normals: the ziggurat of Marsaglia & Tsang (2000) as improved by Doornik (2005), the layer and the abscissa from different
// bits of the word; exact, tails included. Chi-squares: the gammas of Marsaglia & Tsang (2000).
#pragma once

#include <array>
#include <cstdint>

#include "ranef/base/types.hpp"

namespace ranef {

// Four words from a counter and a key.
std::array<std::uint64_t, 4> philox_block(std::array<std::uint64_t, 4> counter, std::array<std::uint64_t, 2> key);

// 256 layers of equal area under exp(-x^2 / 2), the base layer first.
struct Ziggurat {
    static constexpr int layers = 256;

    Ziggurat();

    std::array<double, layers + 1> edge;    // right edges; edge[0] as if the base layer had no tail, which begins at edge[1]
    std::array<double, layers> inner;       // edge[i + 1] / edge[i]: the share of a layer under the curve at any height
    std::array<double, layers + 1> height;  // exp(-edge^2 / 2)
};

class RandomStream {
public:
    RandomStream(const std::uint64_t* key, std::uint64_t replicate);

    std::uint64_t word();
    double uniform();  // in [0, 1), of 53 bits
    double normal();
    void fill_normal(double* out, Index count);  // from whole blocks; the rest of the last one is lost
    double chi_square(double df);                // any df >= 0; 0 gives 0

private:
    double normal_from(std::uint64_t word);
    double tail();
    double gamma(double shape);  // shape >= 1

    const Ziggurat& ziggurat_;
    std::array<std::uint64_t, 2> key_;
    std::uint64_t replicate_;
    std::uint64_t blocks_ = 0, word_blocks_ = 0;  // drawn, by lane
    std::array<std::uint64_t, 4> words_{};
    int used_ = 4;
};

}  // namespace ranef
