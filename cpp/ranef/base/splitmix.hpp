// Random words as a function of a number: the generator of Steele, Lea & Flood (2014), SplitMix64, whose n-th word from a
// state is that of the state and n - 1 increments.
#pragma once

#include <cstdint>

namespace ranef::splitmix {

constexpr std::uint64_t increment = 0x9e3779b97f4a7c15ull;

inline std::uint64_t word(std::uint64_t state) {
    state += increment;
    state = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ull;
    state = (state ^ (state >> 27)) * 0x94d049bb133111ebull;
    return state ^ (state >> 31);
}

}  // namespace ranef::splitmix
