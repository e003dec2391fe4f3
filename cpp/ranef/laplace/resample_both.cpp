// Responses drawn from one model, to which two models of the same rows are refitted.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "ranef/laplace/replicate.hpp"
#include "ranef/laplace/start.hpp"

namespace ranef {
namespace {

// What cells keep, emptied and filled again part by part.
class Refilled {
public:
    Refilled(KeptSums& sums, bool squares) : kept_(sums), squares_(squares), filled_(sums.count.size(), 0.0) {
        kept_.first.assign(filled_.size(), 0.0);
        kept_.second.assign(filled_.size(), 0.0);
    }

    void add(Index cell, double count, double first, double second) {
        if (squares_) {  // a mean, and the squares about it
            const double all = filled_[cell] + count, apart = first - kept_.first[cell];
            kept_.second[cell] += second + apart * apart * filled_[cell] * count / all;
            kept_.first[cell] += apart * count / all;
            filled_[cell] = all;
            return;
        }
        kept_.first[cell] += first;
        kept_.second[cell] += second;
    }

private:
    KeptSums& kept_;
    bool squares_;
    std::vector<double> filled_;
};

// One thread's memory for two models.
class PairResampler {
public:
    PairResampler(const GlmmProblem& problem, const Resampling& how, const Beside& beside)
        : beside_(beside),
          own_(problem, how),
          other_(*beside.problem),
          criterion_(make_criterion(other_)),
          plain_(how.settings) {
        plain_.correction.clear();
    }

    void run(Index number, double* record) {
        record[0] = record[1] = std::nan("");
        draw(number);
        std::vector<double> unused;
        const Optimum own = own_.refit(unused), other = search_anew(*criterion_, other_, plain_, beside_.start);
        if (is_usable(own.status)) record[0] = own.value;
        if (is_usable(other.status)) record[1] = other.value;
        double &small = record[beside_.larger ? 0 : 1], &large = record[beside_.larger ? 1 : 0];
        if (large > small + same) large = std::min(large, larger_again());
    }

private:
    static constexpr double same = 1e-6;

    void draw(Index number) {
        own_.begin(number);
        const bool squares = own_.problem().family_name == "gaussian";
        Refilled own(own_.problem().responses, squares), other(other_.responses, squares);
        for (std::size_t i = 0; i < beside_.count.size(); ++i) {
            double first = 0.0, second = beside_.trials[i];
            own_.draw(beside_.own[i], beside_.count[i], &first, &second);
            own.add(beside_.own[i], beside_.count[i], first, second);
            other.add(beside_.other[i], beside_.count[i], first, second);
        }
    }

    // A larger model that ends above the smaller one begins again, at what the smaller one says of the rows.
    double larger_again() {
        LaplaceCriterion& from = beside_.larger ? own_.criterion() : *criterion_;
        LaplaceCriterion& to = beside_.larger ? *criterion_ : own_.criterion();
        const GlmmProblem& problem = beside_.larger ? other_ : own_.problem();
        const std::vector<std::uint32_t>& source = beside_.larger ? beside_.own : beside_.other;
        const std::vector<std::uint32_t>& target = beside_.larger ? beside_.other : beside_.own;
        std::vector<double> eta(problem.cells().n), start;
        for (std::size_t i = 0; i < source.size(); ++i) eta[target[i]] = from.eta()[source[i]];
        if (glmm_start(problem, eta.data(), start) != Status::ok) return INFINITY;
        const Optimum again = search_anew(to, problem, plain_, start);
        return is_usable(again.status) ? again.value : INFINITY;
    }

    const Beside& beside_;
    Replicate own_;
    GlmmProblem other_;
    std::unique_ptr<LaplaceCriterion> criterion_;
    GlmmSettings plain_;
};

}  // namespace

void find_parts(const GlmmProblem& problem, const double* trials, Beside& beside) {
    const auto &mine = problem.cells().cell_of, &its = beside.problem->cells().cell_of;
    std::vector<Index> order(mine.size());
    std::iota(order.begin(), order.end(), Index{0});
    std::sort(order.begin(), order.end(), [&](Index a, Index b) { return std::tie(mine[a], its[a]) < std::tie(mine[b], its[b]); });
    const bool counted = problem.family_name == "binomial";
    for (const Index row : order) {
        const bool more = !beside.own.empty() && beside.own.back() == mine[row] && beside.other.back() == its[row];
        if (!more) {
            beside.own.push_back(mine[row]);
            beside.other.push_back(its[row]);
            beside.count.push_back(0.0);
            beside.trials.push_back(counted ? 0.0 : trials[row]);
        }
        beside.count.back() += counted ? trials[row] : 1.0;
    }
}

Index resample_both(const GlmmProblem& problem, const Resampling& how, const Beside& beside, double* out) {
    return side_by_side(how, 2, out, [&] { return std::make_unique<PairResampler>(problem, how, beside); });
}

}  // namespace ranef
