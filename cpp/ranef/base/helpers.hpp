// Threads that wait for work. To wake one takes a third of the time that it takes to start one.
#pragma once

#include <functional>

#include "ranef/base/types.hpp"

namespace ranef {

// Runs work(0) here, work(1), ... in up to `count` helpers, all at a time, until every one that began has ended. Once work(0)
// has ended no other begins: each takes pieces until none are left, so that nobody waits for a helper that wakes up late.
// Nothing may throw.
void run_with_helpers(Index count, const std::function<void(Index)>& work);

// In the child of a fork: the helpers are not there.
void forget_helpers_after_fork();

}  // namespace ranef
