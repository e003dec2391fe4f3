// One thread's replicates of a generalised linear mixed model: responses drawn, the model refitted to them.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "ranef/base/parallel.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/laplace/draws.hpp"
#include "ranef/laplace/resample.hpp"

namespace ranef {

class Replicate {
public:
    Replicate(const GlmmProblem& problem, const Resampling& how);

    // The random effects of a replicate, and with them the mean of every cell.
    void begin(Index number);
    // The response of so many rows, or trials, of a cell; `second` has the trials where the family keeps them.
    void draw(Index cell, double count, double* first, double* second);
    // The model refitted to the responses of its cells; the covariance of beta with it.
    Optimum refit(std::vector<double>& covariance);

    GlmmProblem& problem() { return problem_; }
    LaplaceCriterion& criterion() { return *criterion_; }

private:
    GlmmProblem problem_;  // its own: the responses of the cells change
    const Resampling& how_;
    DrawResponse draw_;
    std::unique_ptr<LaplaceCriterion> criterion_;
    CellDesign truth_;  // the cells' bases at the truth
    Stream stream_;
    std::vector<double> phi_, u_, eta_, mu_, mu1_, fixed_, certain_zero_;
};

// The search from a start with nothing known of the mode.
Optimum search_anew(LaplaceCriterion& criterion, const GlmmProblem& problem, const GlmmSettings& settings,
                    const std::vector<double>& start);

// Replicates side by side, `width` numbers each: a worker for each thread, which `make` makes.
template <class Make>
Index side_by_side(const Resampling& how, Index width, double* out, const Make& make) {
    std::atomic<Index> next{0};
    const auto work = [&] {
        const SerialScope serial;
        auto worker = make();
        while (!(how.cancelled && how.cancelled->load())) {
            const Index i = next.fetch_add(1);
            if (i >= how.count) break;
            worker->run(how.first + i, out + i * width);
        }
    };
    const BlasThreads one;
    const int threads = static_cast<int>(std::min<Index>(std::max(how.threads, 1), std::max<Index>(how.count, 1)));
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work);
    work();
    for (std::thread& thread : others) thread.join();
    return std::min(next.load(), how.count);
}

}  // namespace ranef
