#include "ranef/blas_threads.hpp"

#include <mutex>

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

#ifdef RANEF_HAS_WEAK_SYMBOLS
// The number of threads belongs to the process: the first scope lowers it, the last one to end restores it. Otherwise a
// scope would restore it in the middle of another thread's evaluation, and change the last bits of that one's result.
std::mutex guard;
int open_scopes = 0, before = 0;
#endif

}  // namespace

BlasThreads::BlasThreads(Index order) {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (order >= order_that_pays || !openblas_set_num_threads || !openblas_get_num_threads) return;
    limits_ = true;
    const std::lock_guard<std::mutex> lock(guard);
    if (open_scopes++ > 0) return;
    before = openblas_get_num_threads();
    if (before > 1) openblas_set_num_threads(1);
#else
    (void)order;
#endif
}

BlasThreads::~BlasThreads() {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (!limits_) return;
    const std::lock_guard<std::mutex> lock(guard);
    if (--open_scopes == 0 && before > 1) openblas_set_num_threads(before);
#endif
}

}  // namespace ranef
