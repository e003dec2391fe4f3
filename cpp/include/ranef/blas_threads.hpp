// Threads of BLAS, for the length of a scope: small matrices lose more to waking threads than they gain.
#pragma once

#include "ranef/types.hpp"

namespace ranef {

class BlasThreads {
public:
    // Limits BLAS to one thread when the matrices are of an order below what pays; never raises the limit.
    explicit BlasThreads(Index order);
    ~BlasThreads();
    BlasThreads(const BlasThreads&) = delete;
    BlasThreads& operator=(const BlasThreads&) = delete;

private:
    bool limits_ = false;
};

}  // namespace ranef
