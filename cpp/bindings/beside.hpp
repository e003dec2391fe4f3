// Work that may take long and cannot be broken off, beside the calling thread, which listens for Ctrl-C.
#pragma once

#include <functional>

namespace ranef::bindings {

// Whether an evaluation of so many multiplications may take so long (milliseconds) that waiting for signals beside it costs nothing.
constexpr bool is_long(double work) { return work > 1e7; }

// Runs `work` in a thread of its own; called without the GIL. When Ctrl-C is pressed `cancel` is called and Python's
// exception is thrown at once; the work, which must keep alive what it uses, runs on to its end and is then forgotten.
void run_beside(std::function<void()> work, const std::function<void()>& cancel = [] {});

// Waits for all work that was left alone: the interpreter must not go, nor BLAS be taken down, under it.
void wait_for_abandoned_work();

// In the child of a fork: what ran beside is gone.
void forget_work_after_fork();

}  // namespace ranef::bindings
