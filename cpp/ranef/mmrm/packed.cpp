#include "ranef/mmrm/packed.hpp"

namespace ranef::mmrm {

void unpack(Index n, const double* packed, double* full) {
    for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i) full[j * n + i] = full[i * n + j] = *packed++;
}

void pack_for_trace(Index n, const double* full, double* packed) {
    for (Index j = 0; j < n; ++j)
        for (Index i = j; i < n; ++i) *packed++ = (i == j ? 1.0 : 2.0) * full[j * n + i];
}

}  // namespace ranef::mmrm
