#include "ranef/base/parallel.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <vector>

#include "ranef/base/helpers.hpp"
#include "ranef/base/threads.hpp"

namespace ranef {
namespace {

// Multiplications that a thread must have to do for its start or waking up, up to some tens of microseconds, to pay.
constexpr double work_that_pays = 2.5e5;
thread_local bool serial = false;
std::atomic<Index> wanted{0};

// The pieces that a thread takes first, before it helps others with theirs: in the next loop over the same pieces their data
// are still in its cache.
struct alignas(64) Span {
    std::atomic<Index> next{0};
    Index end = 0;
};

Index threads_for(Index pieces, double work) {
    if (serial || work < 2.0 * work_that_pays) return 1;
    const Index most = std::min<Index>(pieces, thread_limit());
    return work < work_that_pays * static_cast<double>(most) ? static_cast<Index>(work / work_that_pays) : most;
}

}  // namespace

SerialScope::SerialScope() : before_(serial) { serial = true; }
SerialScope::~SerialScope() { serial = before_; }

Index threads_wanted() { return wanted; }

void for_pieces(Index pieces, double work, const std::function<void(Index)>& run) {
    const Index most = threads_for(pieces, work);
    if (most <= 1) {
        for (Index piece = 0; piece < pieces; ++piece) run(piece);
        return;
    }
    const BlasThreads alone;  // what BLAS is called from: with threads of its own they would be as many squared
    std::vector<Span> spans(static_cast<std::size_t>(most));
    for (Index i = 0; i < most; ++i) {
        spans[i].next = pieces * i / most;
        spans[i].end = pieces * (i + 1) / most;
    }
    std::atomic<bool> failed{false};
    std::exception_ptr failure;
    std::mutex guard;
    const auto take = [&](Index thread) {
        const SerialScope alone;
        try {
            for (Index i = 0; i < most; ++i) {
                Span& span = spans[(thread + i) % most];
                for (Index piece = span.next++; piece < span.end && !failed; piece = span.next++) run(piece);
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(guard);
            failure = std::current_exception();
            failed = true;
        }
    };
    wanted += most - 1;
    run_with_helpers(most - 1, take);
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ranef
