#include "ranef/base/helpers.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace ranef {
namespace {

struct Call {
    const std::function<void(Index)>& work;
    Index wanted;  // helpers that may still begin
    Index begun = 0, running = 0;
    std::condition_variable ended;
};

// Guarded by its mutex.
struct Helpers {
    std::mutex mutex;
    std::condition_variable called;
    std::vector<Call*> calls;  // that want more helpers
    Index idle = 0;
};

// Made when the library is loaded, where no fork can come between; never destroyed: they wait until the process ends.
Helpers* helpers = new Helpers;

void withdraw(Helpers& all, const Call* call) { all.calls.erase(std::remove(all.calls.begin(), all.calls.end(), call), all.calls.end()); }

void help(Helpers& all) {
    std::unique_lock<std::mutex> lock(all.mutex);
    while (true) {
        all.called.wait(lock, [&] { return !all.calls.empty(); });
        Call& call = *all.calls.back();
        if (--call.wanted == 0) all.calls.pop_back();
        const Index number = ++call.begun;
        ++call.running;
        --all.idle;
        lock.unlock();
        call.work(number);
        lock.lock();
        ++all.idle;
        if (--call.running == 0) call.ended.notify_one();
    }
}

// As many helpers as all calls want; fewer where no thread is to be had.
void start_missing(Helpers& all) {
    Index wanted = 0;
    for (const Call* call : all.calls) wanted += call->wanted;
    try {
        for (; all.idle < wanted; ++all.idle) std::thread([&all] { help(all); }).detach();
    } catch (const std::system_error&) {
    }
}

}  // namespace

void run_with_helpers(Index count, const std::function<void(Index)>& work) {
    Helpers& all = *helpers;
    Call call{work, count, 0, 0, {}};
    {
        const std::lock_guard<std::mutex> lock(all.mutex);
        all.calls.push_back(&call);
        start_missing(all);
    }
    for (Index i = 0; i < count; ++i) all.called.notify_one();
    work(0);
    std::unique_lock<std::mutex> lock(all.mutex);
    withdraw(all, &call);
    call.ended.wait(lock, [&] { return call.running == 0; });
}

void forget_helpers_after_fork() { helpers = new Helpers; }

}  // namespace ranef
