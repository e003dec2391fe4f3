// Philox against the known answers of its authors, and draws that write what they should.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "ranef/refits/random_stream.hpp"

using namespace ranef;

namespace {

using Words = std::array<std::uint64_t, 4>;

// Random123's kat_vectors for philox4x64-10.
TEST_CASE("blocks are those of Random123") {
    CHECK(philox_block({0, 0, 0, 0}, {0, 0}) ==
          Words{0x16554d9eca36314cull, 0xdb20fe9d672d0fdcull, 0xd7e772cee186176bull, 0x7e68b68aec7ba23bull});
    const std::uint64_t ones = ~std::uint64_t{0};
    CHECK(philox_block({ones, ones, ones, ones}, {ones, ones}) ==
          Words{0x87b092c3013fe90bull, 0x438c3c67be8d0224ull, 0x9cc7d7c69cd777b6ull, 0xa09caebf594f0ba0ull});
    CHECK(philox_block({0x243f6a8885a308d3ull, 0x13198a2e03707344ull, 0xa4093822299f31d0ull, 0x082efa98ec4e6c89ull},
                       {0x452821e638d01377ull, 0xbe5466cf34e90c6cull}) ==
          Words{0xa528f45403e61d95ull, 0x38c72dbd566e9788ull, 0xa5a1610e72fd18b5ull, 0x57bd43b5e52b7fe6ull});
}

TEST_CASE("an array is filled to its end and no further, from a lane of its own") {
    const std::uint64_t key[2] = {1, 2};
    for (Index count = 0; count < 9; ++count) {
        std::vector<double> values(count + 1, 777.0), longer(40);
        RandomStream stream(key, 5), other(key, 5);
        const double before = RandomStream(key, 5).uniform();
        stream.fill_normal(values.data(), count);
        other.fill_normal(longer.data(), 40);
        CHECK(values[count] == 777.0);
        for (Index i = 0; i + 4 <= count; ++i) CHECK(values[i] == longer[i]);
        if (count == 4) CHECK(stream.uniform() == before);  // these four need no word of the other lane
    }
}

TEST_CASE("chi-squares: none without degrees of freedom, small ones and large ones positive") {
    const std::uint64_t key[2] = {3, 4};
    RandomStream stream(key, 0);
    CHECK(stream.chi_square(0.0) == 0.0);
    for (double df : {0.1, 1.0, 2.0, 1e6}) CHECK(stream.chi_square(df) > 0.0);
}

}  // namespace
