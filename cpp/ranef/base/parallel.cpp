#include "ranef/base/parallel.hpp"

#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "ranef/base/threads.hpp"

namespace ranef {
namespace {

// Multiplications that a thread must have to do for its start, some tens of microseconds, to pay.
constexpr double work_that_pays = 2.5e5;
thread_local bool serial = false;
std::atomic<Index> started{0};

Index threads_for(Index pieces, double work) {
    if (serial || work < 2.0 * work_that_pays) return 1;
    const Index most = std::min<Index>(pieces, thread_limit());
    return work < work_that_pays * static_cast<double>(most) ? static_cast<Index>(work / work_that_pays) : most;
}

}  // namespace

SerialScope::SerialScope() : before_(serial) { serial = true; }
SerialScope::~SerialScope() { serial = before_; }

Index threads_started() { return started; }

void for_pieces(Index pieces, double work, const std::function<void(Index)>& run) {
    const Index most = threads_for(pieces, work);
    if (most <= 1) {
        for (Index piece = 0; piece < pieces; ++piece) run(piece);
        return;
    }
    const BlasThreads alone;  // what BLAS is called from: with threads of its own they would be as many squared
    std::atomic<Index> next{0};
    std::exception_ptr failure;
    std::mutex guard;
    const auto take = [&] {
        const SerialScope alone;
        try {
            for (Index piece = next++; piece < pieces; piece = next++) run(piece);
        } catch (...) {
            const std::lock_guard<std::mutex> lock(guard);
            failure = std::current_exception();
            next = pieces;
        }
    };
    std::vector<std::thread> others;
    others.reserve(static_cast<std::size_t>(most - 1));
    try {
        for (Index i = 1; i < most; ++i, ++started) others.emplace_back(take);
    } catch (const std::system_error&) {
        // No thread to be had: this one does what is left.
    }
    take();
    for (std::thread& thread : others) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ranef
