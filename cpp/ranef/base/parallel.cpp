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

constexpr double work_that_pays = 5e5;  // multiplications: what starting a thread costs, some tens of microseconds
thread_local bool serial = false;

}  // namespace

SerialScope::SerialScope() : before_(serial) { serial = true; }
SerialScope::~SerialScope() { serial = before_; }

void for_pieces(Index pieces, double work, const std::function<void(Index)>& run) {
    const Index most = serial || work < work_that_pays ? 1 : std::min<Index>(pieces, thread_limit());
    if (most <= 1) {
        for (Index piece = 0; piece < pieces; ++piece) run(piece);
        return;
    }
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
        for (Index i = 1; i < most; ++i) others.emplace_back(take);
    } catch (const std::system_error&) {
        // No thread to be had: this one does what is left.
    }
    take();
    for (std::thread& thread : others) thread.join();
    if (failure) std::rethrow_exception(failure);
}

}  // namespace ranef
