// Work that may take long and cannot be broken off, beside the calling thread, which listens for Ctrl-C.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "ranef/base/poll.hpp"

namespace ranef::bindings {

// Whether an evaluation of so many multiplications may take so long (milliseconds) that waiting for signals beside it costs nothing.
constexpr bool is_long(double work) { return work > 1e7; }

// What work that runs beside its caller may ask: whether the caller is gone.
class Caller {
public:
    explicit Caller(const std::atomic<bool>& gone) : gone_(gone) {}
    bool gone() const { return gone_; }
    // For the core's long loops, which it breaks off once the caller is gone.
    Poll poll() const;

private:
    const std::atomic<bool>& gone_;
};

// Runs `work` in a thread of its own; called without the GIL. `watch` is called with the GIL every tenth of a second. When
// Ctrl-C is pressed, or when `watch` throws, the exception is thrown at once; the work, which must keep alive what it uses,
// runs on until it asks its caller, or to its end, and is then forgotten.
void run_beside(std::function<void(const Caller&)> work, const std::function<void()>& watch = [] {});

// The same for work that does not ask but is told by `cancel`.
void run_beside(std::function<void()> work, const std::function<void()>& cancel);

// What `work` returns, run as above.
template <class Work>
auto answer_beside(Work work, const std::function<void()>& watch = [] {}) {
    const auto answer = std::make_shared<decltype(work(std::declval<const Caller&>()))>();
    run_beside([answer, work = std::move(work)](const Caller& caller) mutable { *answer = work(caller); }, watch);
    return std::move(*answer);
}

// Waits for all work that was left alone: the interpreter must not go, nor BLAS be taken down, under it.
void wait_for_abandoned_work();

// In the child of a fork: what ran beside is gone.
void forget_work_after_fork();

}  // namespace ranef::bindings
