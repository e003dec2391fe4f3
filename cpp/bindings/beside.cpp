#include "beside.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "pybind.hpp"
#include "ranef/base/threads.hpp"

namespace ranef::bindings {
namespace {

// All work running beside its caller, or left by it.
struct Desk {
    std::mutex mutex;
    std::condition_variable changed;
    int running = 0, abandoned = 0;
};

Desk*& place_of_desk() {
    static Desk* one = new Desk;  // never destroyed: threads may outlive static objects
    return one;
}

Desk& desk() { return *place_of_desk(); }

// Guarded by the desk's mutex.
struct Job {
    std::function<void(const Caller&)> work;
    std::exception_ptr failure;
    bool finished = false;
    std::atomic<bool> abandoned{false};  // read without the lock too
};

struct BrokenOff {};

void run(const std::shared_ptr<Job>& job) {
    std::exception_ptr failure;
    try {
        job->work(Caller(job->abandoned));
    } catch (const BrokenOff&) {
        // nobody waits for it
    } catch (...) {
        failure = std::current_exception();
    }
    job->work = nullptr;  // what it kept alive goes before anybody is told
    Desk& d = desk();
    const std::lock_guard<std::mutex> lock(d.mutex);
    job->failure = failure;
    job->finished = true;
    --d.running;
    if (job->abandoned) --d.abandoned;
    d.changed.notify_all();
}

void abandon(Job& job) {
    Desk& d = desk();
    const std::lock_guard<std::mutex> lock(d.mutex);
    if (job.finished) return;
    job.abandoned = true;
    ++d.abandoned;
}

// Signals, then what else is to be done while the work runs.
void look_up(const std::function<void()>& watch) {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    watch();
}

}  // namespace

Poll Caller::poll() const {
    return Poll([this] {
        if (gone()) throw BrokenOff();
    });
}

void run_beside(std::function<void(const Caller&)> work, const std::function<void()>& watch) {
    const auto job = std::make_shared<Job>();
    job->work = std::move(work);
    Desk& d = desk();
    std::unique_lock<std::mutex> lock(d.mutex);
    std::thread([job] { run(job); }).detach();
    ++d.running;
    while (!d.changed.wait_for(lock, std::chrono::milliseconds(100), [&] { return job->finished; })) {
        lock.unlock();
        try {
            look_up(watch);
        } catch (...) {
            abandon(*job);
            throw;
        }
        lock.lock();
    }
    if (job->failure) std::rethrow_exception(job->failure);
}

void run_beside(std::function<void()> work, const std::function<void()>& cancel) {
    try {
        run_beside([work = std::move(work)](const Caller&) { work(); });
    } catch (...) {
        cancel();
        throw;
    }
}

void wait_for_abandoned_work() {
    Desk& d = desk();
    std::unique_lock<std::mutex> lock(d.mutex);
    d.changed.wait(lock, [&] { return d.abandoned == 0; });
}

void forget_work_after_fork() {
    Desk*& place = place_of_desk();
    after_fork(place->running > 0);
    place = new Desk;  // the old one's lock may be held by a thread that is not here
}

}  // namespace ranef::bindings
