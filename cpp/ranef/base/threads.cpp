#include "ranef/base/threads.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "ranef/base/helpers.hpp"

#ifdef __linux__
#include <sched.h>
#endif

// OpenBLAS only, found at load time: with another BLAS (or a static one without these) BLAS keeps its own setting.
extern "C" {
#if defined(__GNUC__) && !defined(__APPLE__) && !defined(_WIN32)  // MinGW: one not found need not be null
__attribute__((weak)) void openblas_set_num_threads(int);
__attribute__((weak)) int openblas_get_num_threads();
#define RANEF_HAS_WEAK_SYMBOLS 1
#endif
}

namespace ranef {
namespace {

// Measured on two cores: Cholesky and inverse gain from the second thread from an order of about 400 on.
constexpr Index order_that_pays = 400;
// Up to here linalg's own loops do nearly all, and BLAS starts no threads for the rest: nothing to limit. The guard below
// would be what the threads of a bootstrap wait for.
constexpr Index order_without_blas = 32;

std::atomic<int> limit{0};  // 0: not set

#ifdef RANEF_HAS_WEAK_SYMBOLS
// The number of threads belongs to the process: the first scope lowers it, the last one to end restores it. Otherwise a
// scope would restore it in the middle of another thread's evaluation, and change the last bits of that one's result.
std::mutex guard;
int open_scopes = 0, outside_scopes = 0;
int blas_own = 0;  // what BLAS came with

bool blas_can_be_told() { return openblas_set_num_threads && openblas_get_num_threads; }
#endif

}  // namespace

int available_cores() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int thread_limit() {
    const int set = limit.load();
    return set > 0 ? set : available_cores();
}

void set_thread_limit(int threads) {
    limit = std::max(1, threads);
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (!blas_can_be_told()) return;
    const std::lock_guard<std::mutex> lock(guard);
    if (blas_own == 0) blas_own = open_scopes > 0 ? outside_scopes : openblas_get_num_threads();
    const int wanted = std::min(blas_own, limit.load());
    if (open_scopes > 0) outside_scopes = wanted;
    else openblas_set_num_threads(wanted);
#endif
}

void after_fork([[maybe_unused]] bool computing) {
    forget_helpers_after_fork();
#ifdef RANEF_HAS_WEAK_SYMBOLS
    new (&guard) std::mutex;
    if (!blas_can_be_told()) return;
    if (computing) openblas_set_num_threads(1);
    else if (open_scopes > 0 && outside_scopes > 1) openblas_set_num_threads(outside_scopes);
    open_scopes = 0;
#endif
}

int blas_threads() {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (blas_can_be_told()) return openblas_get_num_threads();
#endif
    return 0;
}

BlasThreads::BlasThreads(Index order) {
    if (order > order_without_blas && order < order_that_pays) limit();
}

void BlasThreads::limit() {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (!blas_can_be_told()) return;
    limits_ = true;
    const std::lock_guard<std::mutex> lock(guard);
    if (open_scopes++ > 0) return;
    outside_scopes = openblas_get_num_threads();
    if (outside_scopes > 1) openblas_set_num_threads(1);
#endif
}

BlasThreads::~BlasThreads() {
#ifdef RANEF_HAS_WEAK_SYMBOLS
    if (!limits_) return;
    const std::lock_guard<std::mutex> lock(guard);
    if (--open_scopes == 0 && outside_scopes > 1) openblas_set_num_threads(outside_scopes);
#endif
}

}  // namespace ranef
