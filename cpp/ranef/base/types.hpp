// Integer type of every count and index: rows and non-zeros may exceed 2^31.
#pragma once

#include <cstdint>

namespace ranef {

using Index = std::int64_t;

}  // namespace ranef
