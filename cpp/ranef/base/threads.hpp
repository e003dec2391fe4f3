// How many threads the core may use: one setting for the process, for its own loops and for BLAS.
#pragma once

#include "ranef/base/types.hpp"

namespace ranef {

// Cores this process may run on.
int available_cores();

// The limit: available_cores() until it is set. Values below one mean one.
int thread_limit();
void set_thread_limit(int threads);

// Threads beside their own that the core's loops (parallel.hpp) have asked for since the process began.
Index threads_wanted();

// Threads BLAS would use now; 0 where it cannot be asked.
int blas_threads();

// To be called in the child of a fork: the other threads are gone, with the locks and the limits they held. `computing`
// says that one of them stood in BLAS, whose own threads then wait for ever: one thread from now on.
void after_fork(bool computing);

// BLAS threads for the length of a scope: small matrices lose more to waking threads than they gain.
class BlasThreads {
public:
    // Limits BLAS to one thread when the matrices are of an order below what pays; never raises the limit.
    explicit BlasThreads(Index order);
    // To one whatever the order: the threads are the core's own.
    BlasThreads() { limit(); }
    ~BlasThreads();
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;

private:
    void limit();
    bool limits_ = false;
};

}  // namespace ranef
