// Loops over several threads: every piece once, results that do not know how many there were.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <vector>

#include "designs.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/base/threads.hpp"
#include "support.hpp"

extern "C" {
__attribute__((weak)) void openblas_set_num_threads(int);
}

using namespace ranef;
using namespace ranef::testing;

namespace {

class ThreadLimit {
public:
    explicit ThreadLimit(int threads) : before_(thread_limit()) { set_thread_limit(threads); }
    ~ThreadLimit() { set_thread_limit(before_); }

private:
    int before_;
};

Index started_by(const std::function<void()>& work) {
    const Index before = threads_wanted();
    work();
    return threads_wanted() - before;
}

constexpr double dear = 1e9;  // multiplications, so that threads pay

}  // namespace

TEST_CASE("parallel: every piece is run once, whatever the number of threads") {
    for (const int threads : {1, 2, 4, 9}) {
        const ThreadLimit limit(threads);
        for (const double work : {0.0, dear}) {
            std::vector<std::atomic<int>> seen(100);
            for_ranges(993, 10, work, [&](Index piece, Index begin, Index end) {
                CHECK(begin == piece * 10);
                CHECK(end - begin == (piece == 99 ? 3 : 10));
                ++seen[static_cast<std::size_t>(piece)];
            });
            for (const std::atomic<int>& count : seen) CHECK(count == 1);
        }
        for_ranges(0, 10, dear, [](Index, Index, Index) { FAIL("nothing to do"); });
    }
}

TEST_CASE("parallel: loops within loops, and what is thrown in a piece arrives here") {
    const ThreadLimit limit(4);
    std::atomic<Index> total{0};
    for_pieces(8, dear, [&](Index) { for_pieces(8, dear, [&](Index piece) { total += piece; }); });
    CHECK(total == 8 * 28);
    CHECK_THROWS_AS(for_pieces(50, dear,
                               [](Index piece) {
                                   if (piece == 17) throw std::runtime_error("seventeen");
                               }),
                    std::runtime_error);
}

TEST_CASE("parallel: as many threads as there are pieces, as are allowed, and as the work pays for") {
    const ThreadLimit limit(16);
    const auto started = [](Index pieces, double work) { return started_by([&] { for_pieces(pieces, work, [](Index) {}); }); };
    CHECK(started(64, dear) == 15);
    CHECK(started(5, dear) == 4);
    CHECK(started(64, 1e5) == 0);
    CHECK(started(64, 6e5) == 1);
    CHECK(started(64, 2e6) == 7);
    CHECK(started(64, std::numeric_limits<double>::infinity()) == 15);
    const SerialScope alone;
    CHECK(started(64, dear) == 0);
}

TEST_CASE("parallel: BLAS has one thread in each of ours, and its own again afterwards") {
    if (blas_threads() == 0) {
        MESSAGE("not OpenBLAS: its threads cannot be told");
        return;
    }
    const ThreadLimit limit(4);
    openblas_set_num_threads(3);
    std::atomic<int> most{0};
    for_pieces(64, dear, [&](Index) { most = std::max(most.load(), blas_threads()); });
    CHECK(most == 1);
    CHECK(blas_threads() == 3);
    for_pieces(64, 0.0, [&](Index) { most = std::max(most.load(), blas_threads()); });
    CHECK(most == 3);
}

TEST_CASE("parallel: the objective is the same to the last bit for any number of threads") {
    Maker crossed("crossed, light and heavy levels", 60000, 77);
    const auto u = crossed.covariate();
    Maker nested("nested", 60000, 78);
    const auto v = nested.covariate();
    Maker one("one factor, no two levels alike", 60000, 79);
    const auto w = one.covariate();
    const std::vector<Data> designs{
        one.intercept().fixed(w).group(20000).block(true, {w}).finish(),
        crossed.intercept().fixed(u).group(4000).block(true, {u}).group(150).block(true).finish(),
        nested.intercept().fixed(v).group(20000).block(true).nesting(4000).block(true).nesting(300).block(true).finish()};
    for (const Data& data : designs) {
        CAPTURE(data.name);
        const Rows rows = data.rows();
        const auto design = std::make_shared<const DesignCross>(accumulate_design(rows));
        const ResponseCross response = accumulate_response(rows, *design, data.y.data());
        std::vector<double> theta(design->layout().n_theta(), 0.3);
        for (const Kind& kind : all_kinds()) {
            if (kind.options.leading == LeadingKind::classes && design->layout().q_rest > 0) continue;
            if (kind.options.schur == SchurKind::dense && design->layout().q_rest > 400) continue;
            CAPTURE(kind.name);
            const auto problem = make_problem(design, true, kind.options);
            std::vector<double> values, gradient, hessian;
            for (const int threads : {1, 2, 5}) {
                const ThreadLimit limit(threads);
                const std::unique_ptr<Evaluator> evaluator = std::make_unique<Evaluator>(*problem);
                evaluator->load(response.values.data());
                REQUIRE(evaluator->evaluate(theta.data(), Order::hessian) == Status::ok);
                values.push_back(evaluator->value());
                if (threads == 1) {
                    gradient = evaluator->gradient();
                    hessian = evaluator->hessian();
                }
                CHECK(values.back() == values.front());
                CHECK(distance(evaluator->gradient(), gradient) == 0.0);
                CHECK(distance(evaluator->hessian(), hessian) == 0.0);
            }
        }
    }
}
