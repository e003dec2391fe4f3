#include "ranef/blas_threads.hpp"

// OpenBLAS only, found at load time: with another BLAS (or a static one without these) the scope does nothing.
extern "C" {
#if defined(__GNUC__) && !defined(__APPLE__)
__attribute__((weak)) void openblas_set_num_threads(int);
__attribute__((weak)) int openblas_get_num_threads();
#define RANEF_HAS_WEAK_SYMBOLS 1
#endif
}

namespace ranef {
namespace {

// Measured on two cores: Cholesky and inverse gain from the second thread from an order of about 400 on.
constexpr Index order_that_pays = 400;

}  // namespace

BlasThreads::BlasThreads(Index order) {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (order >= order_that_pays || !openblas_set_num_threads || !openblas_get_num_threads) return;
    const int now = openblas_get_num_threads();
    if (now <= 1) return;
    before_ = now;
    openblas_set_num_threads(1);
#else
    (void)order;
#endif
}

BlasThreads::~BlasThreads() {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (before_ > 0) openblas_set_num_threads(before_);
#endif
}

}  // namespace ranef
