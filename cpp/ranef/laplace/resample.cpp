#include "ranef/laplace/resample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/laplace/inflation_limit.hpp"
#include "ranef/laplace/start.hpp"
#include "ranef/laplace/stream.hpp"

namespace ranef {
namespace {

constexpr int converged_bit = 1, singular_bit = 2, failed_bit = 4;
const std::string inflated = "inflated_";
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tiny = 1e-300, nearly_one = 1.0 - 1e-16;

// Draws what a cell keeps of its rows' responses, by the table in families/family.hpp.
class Draws {
public:
    explicit Draws(const std::string& family) : family_(family.rfind(inflated, 0) == 0 ? family.substr(inflated.size()) : family) {}

    void draw(Stream& stream, double mu, double phi, double count, double trials, double* first, double* second) const {
        if (family_ == "binomial") *first = stream.binomial(count, mu);
        else if (family_ == "poisson") *first = stream.poisson(count * mu);
        else if (family_ == "nbinom1") *first = stream.poisson(mixed(stream, mu / phi, phi));
        else if (family_ == "nbinom2") *first = stream.poisson(mixed(stream, phi, mu / phi));
        else if (family_ == "gaussian") {
            *first = mu + std::sqrt(phi / count) * stream.normal();
            *second = count > 1.0 ? 2.0 * phi * stream.gamma(0.5 * (count - 1.0)) : 0.0;
        }
        else if (family_ == "truncated_poisson") {
            *first = 0.0;
            for (double row = 0.0; row < count; row += 1.0) *first += above_zero(stream, mu, infinity);
        }
        else if (family_ == "truncated_nbinom1") *first = above_zero(stream, mu, mu / phi);
        else if (family_ == "truncated_nbinom2") *first = above_zero(stream, mu, phi);
        else if (family_ == "betabinomial") *first = stream.binomial(trials, share(stream, mu, phi));
        else sums(stream, mu, phi, count, first, second);
    }

private:
    static double mixed(Stream& stream, double shape, double scale) { return std::max(scale * stream.gamma(shape), 0.0); }
    // A count of this mean that is not zero: events up to time 1, with a rate that is gamma of this shape. The first
    // event's time is drawn given that there is one, then those behind it.
    static double above_zero(Stream& stream, double mu, double shape) {
        const bool fixed = shape == infinity;  // the rate
        const double zero = fixed ? mu : shape * std::log1p(mu / shape);  // -log of the chance of none
        const double passed = -std::log1p(stream.uniform() * std::expm1(-zero));
        const double time = std::min(fixed ? passed / mu : shape / mu * std::expm1(passed / shape), 1.0);
        const double rate = fixed ? mu : stream.gamma(shape + 1.0) / (shape / mu + time);
        return 1.0 + stream.poisson(rate * (1.0 - time));
    }
    static double share(Stream& stream, double mu, double phi) {
        const double a = std::max(stream.gamma(mu * phi), tiny), b = std::max(stream.gamma((1.0 - mu) * phi), tiny);
        return std::min(std::max(a / (a + b), tiny), nearly_one);
    }
    void sums(Stream& stream, double mu, double phi, double count, double* first, double* second) const {
        *first = *second = 0.0;
        for (double row = 0.0; row < count; row += 1.0) {
            if (family_ == "gamma") {
                const double y = std::max(mu / phi * stream.gamma(phi), tiny);
                *first += y;
                *second += std::log(y);
            } else if (family_ == "inverse_gaussian") {
                const double y = stream.inverse_gaussian(mu, phi);
                *first += y;
                *second += 1.0 / y;
            } else {
                const double y = share(stream, mu, phi);
                *first += std::log(y);
                *second += std::log1p(-y);
            }
        }
    }

    std::string family_;
};

// One thread's memory.
class Worker {
public:
    Worker(const GlmmProblem& problem, const Resampling& how)
        : problem_(problem), how_(how), draws_(problem.family_name),
          phi_(problem.cells().n, std::exp(problem.family->dispersed() ? how.truth.back() : 0.0)), u_(problem.layout().q), eta_(problem.cells().n), mu_(problem.cells().n), mu1_(problem.cells().n) {
        criterion_ = make_criterion(problem_);
        criterion_->place(how.truth.data());
        fixed_ = how.eta;
        if (fixed_.empty()) {
            fixed_.resize(problem.cells().n);
            criterion_->linear_predictor(u_.data(), fixed_.data());
        }
        truth_whitened_ = criterion_->whitened();
        const double* zeta = criterion_->view().zeta;
        for (Index i = 0; zeta && i < problem.cells().n; ++i) {
            if (problem.family->zeta() == Zeta::zeros) certain_zero_.push_back(1.0 / (1.0 + std::exp(-zeta[i])));
            else phi_[i] = std::exp(zeta[i]);
        }
    }

    void run(Index number, double* record) {
        const GlmmProblem& problem = problem_;
        const Layout& layout = problem.layout();
        const Index k = layout.n_theta(), p = layout.p, width = resample_width(problem);
        std::fill_n(record, width, std::nan(""));
        record[width - 1] = failed_bit;
        Stream stream(how_.key, static_cast<std::uint64_t>(number));
        draw_effects(stream);
        KeptSums& kept = problem_.responses;
        for (Index i = 0; i < problem.cells().n; ++i)
            draw(stream, i, kept.count[i], kept.second[i], &kept.first[i], &kept.second[i]);
        std::vector<double> covariance;
        const Optimum optimum = refit(covariance);
        if (!usable(optimum)) return;
        const Coordinates& coordinates = problem.design->coordinates();
        const std::vector<double>& at = optimum.theta;
        coordinates.beta_to_user({}, at.data() + k, record);
        for (Index c = 0; c < p; ++c) record[p + c] = std::sqrt(covariance[c * p + c]);
        record[2 * p] = problem.family->dispersed() ? at.back() : 0.0;
        coordinates.theta_to_user(layout, at.data(), record + 2 * p + 1);
        bool singular = false;
        for (Index i = 0; i < k; ++i) singular = singular || (layout.theta[i].row == layout.theta[i].column && at[i] == 0.0);
        double* behind = record + 2 * p + 1 + k;
        behind[0] = optimum.value;
        behind[1] = optimum.evaluations;
        const InflationLimit inflation(problem);
        for (int c = 0; c < problem.cells().zeta_columns; ++c) behind[2 + c] = inflation.reached(at) ? -infinity : at[k + p + c];
        record[width - 1] = (optimum.converged ? converged_bit : 0) | (singular ? singular_bit : 0);
    }

    // Responses of the parts, added up in both models' cells.
    void draw_both(Index number, const Beside& beside, KeptSums& other) {
        Stream stream(how_.key, static_cast<std::uint64_t>(number));
        draw_effects(stream);
        Adding own(problem_.responses), others(other);
        const bool squares = problem_.family_name == "gaussian";
        for (std::size_t i = 0; i < beside.count.size(); ++i) {
            double first = 0.0, second = beside.trials[i];
            draw(stream, beside.own[i], beside.count[i], beside.trials[i], &first, &second);
            own.add(beside.own[i], beside.count[i], first, second, squares);
            others.add(beside.other[i], beside.count[i], first, second, squares);
        }
    }

    Optimum refit(std::vector<double>& covariance) {
        Optimum optimum = search(how_.settings, covariance);
        // Where the shape of the fit's own criterion leads astray.
        if (how_.settings.correction.empty() || good(optimum, covariance)) return optimum;
        GlmmSettings plain = how_.settings;
        plain.correction.clear();
        return search(plain, covariance);
    }

    const GlmmProblem& problem() const { return problem_; }
    LaplaceCriterion& criterion() { return *criterion_; }
    static bool usable(const Optimum& optimum) { return optimum.status == Status::ok || optimum.status == Status::stalled; }

private:
    // What cells keep, emptied and filled again.
    struct Adding {
        explicit Adding(KeptSums& sums) : kept(sums), filled(sums.count.size(), 0.0) {
            kept.first.assign(filled.size(), 0.0);
            kept.second.assign(filled.size(), 0.0);
        }
        void add(Index cell, double count, double first, double second, bool squares) {
            if (squares) {  // a mean, and the squares about it
                const double all = filled[cell] + count, apart = first - kept.first[cell];
                kept.second[cell] += second + apart * apart * filled[cell] * count / all;
                kept.first[cell] += apart * count / all;
                filled[cell] = all;
                return;
            }
            kept.first[cell] += first;
            kept.second[cell] += second;
        }
        KeptSums& kept;
        std::vector<double> filled;
    };

    static bool good(const Optimum& optimum, const std::vector<double>& covariance) {
        return usable(optimum) && optimum.converged && (covariance.empty() || std::isfinite(covariance[0]));
    }

    Optimum search(const GlmmSettings& settings, std::vector<double>& covariance) {
        criterion_->forget_mode();
        Optimum optimum = GlmmSearch(*criterion_, problem_, settings).run(how_.truth);
        if (usable(optimum)) covariance = hessian_covariance(problem_, optimum);
        return optimum;
    }

    // Of an inflated family single rows.
    void draw(Stream& stream, Index cell, double count, double trials, double* first, double* second) const {
        if (!certain_zero_.empty() && stream.uniform() < certain_zero_[cell]) *first = 0.0;
        else draws_.draw(stream, mu_[cell], phi_[cell], count, trials, first, second);
    }

    // Random effects, and with them the mean of every cell.
    void draw_effects(Stream& stream) {
        const Cells& cells = problem_.cells();
        std::copy(fixed_.begin(), fixed_.end(), eta_.begin());
        if (how_.eta.empty()) {
            const Layout& layout = problem_.layout();
            for (double& u : u_) u = stream.normal();
            const Index factors = static_cast<Index>(layout.factors.size());
            for (Index i = 0; i < cells.n; ++i) {
                const double* z = truth_whitened_.data() + i * cells.width;
                for (Index f = 0; f < factors; ++f) {
                    const int r = layout.factors[f].width;
                    const double* u = u_.data() + layout.offset[f] + Index{cells.level[i * factors + f]} * r;
                    for (int a = 0; a < r; ++a, ++z) eta_[i] += *z * u[a];
                }
            }
        }
        problem_.family->mean(cells.n, eta_.data(), mu_.data(), mu1_.data());
    }

    GlmmProblem problem_;  // its own: the responses of the cells change
    const Resampling& how_;
    Draws draws_;
    std::unique_ptr<LaplaceCriterion> criterion_;
    std::vector<double> phi_, u_, eta_, mu_, mu1_, fixed_, truth_whitened_, certain_zero_;
};

// One thread's memory for two models.
class PairWorker {
public:
    PairWorker(const GlmmProblem& problem, const Resampling& how, const Beside& beside)
        : how_(how), beside_(beside), own_(problem, how), other_(*beside.problem), criterion_(make_criterion(other_)) {
        plain_ = how.settings;
        plain_.correction.clear();
    }

    void run(Index number, double* record) {
        record[0] = record[1] = std::nan("");
        own_.draw_both(number, beside_, other_.responses);
        std::vector<double> unused;
        const Optimum own = own_.refit(unused), other = search(*criterion_, other_, beside_.start);
        if (Worker::usable(own)) record[0] = own.value;
        if (Worker::usable(other)) record[1] = other.value;
        // A larger model that ends above the smaller one begins again, at what the smaller one says of the rows.
        double &small = record[beside_.larger ? 0 : 1], &large = record[beside_.larger ? 1 : 0];
        if (!(large > small + same)) return;
        LaplaceCriterion& from = beside_.larger ? own_.criterion() : *criterion_;
        LaplaceCriterion& to = beside_.larger ? *criterion_ : own_.criterion();
        const GlmmProblem& problem = beside_.larger ? other_ : own_.problem();
        const auto &source = beside_.larger ? beside_.own : beside_.other, &target = beside_.larger ? beside_.other : beside_.own;
        std::vector<double> eta(problem.cells().n), start;
        for (std::size_t i = 0; i < source.size(); ++i) eta[target[i]] = from.eta()[source[i]];
        if (glmm_start(problem, eta.data(), start) != Status::ok) return;
        const Optimum again = search(to, problem, start);
        if (Worker::usable(again)) large = std::min(large, again.value);
    }

private:
    static constexpr double same = 1e-6;

    Optimum search(LaplaceCriterion& criterion, const GlmmProblem& problem, const std::vector<double>& start) const {
        criterion.forget_mode();
        return GlmmSearch(criterion, problem, plain_).run(start);
    }

    const Resampling& how_;
    const Beside& beside_;
    Worker own_;
    GlmmProblem other_;
    std::unique_ptr<LaplaceCriterion> criterion_;
    GlmmSettings plain_;
};

// Replicates side by side, `width` numbers each: a worker for each thread, which `make` makes.
template <class Make>
Index side_by_side(const Resampling& how, Index width, double* out, Make&& make) {
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

}  // namespace

Index resample_width(const GlmmProblem& problem) {
    return 2 * problem.layout().p + problem.layout().n_theta() + 4 + problem.cells().zeta_columns;
}

Index resample(const GlmmProblem& problem, const Resampling& how, double* out) {
    return side_by_side(how, resample_width(problem), out, [&] { return std::make_unique<Worker>(problem, how); });
}

Index resample_both(const GlmmProblem& problem, const Resampling& how, const Beside& beside, double* out) {
    return side_by_side(how, 2, out, [&] { return std::make_unique<PairWorker>(problem, how, beside); });
}

std::vector<double> hessian_covariance(const GlmmProblem& problem, const Optimum& optimum) {
    const Index size = problem.parameters(), k = problem.layout().n_theta(), p = problem.layout().p;
    std::vector<double> out(p * p, std::nan(""));
    std::vector<Index> free;
    for (Index i = 0; i < size; ++i)
        if (optimum.free.empty() || optimum.free[i]) free.push_back(i);
    const Index m = static_cast<Index>(free.size());
    std::vector<double> h(m * m);
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i) h[j * m + i] = 0.5 * optimum.hessian[free[j] * size + free[i]];
    if (m == 0 || !linalg::cholesky(m, h.data(), m)) return out;
    linalg::invert_cholesky(m, h.data(), m);
    linalg::symmetrise(m, h.data(), m);
    for (Index j = 0; j < m; ++j)
        for (Index i = 0; i < m; ++i)
            if (free[i] >= k && free[j] >= k && free[i] < k + p && free[j] < k + p)
                out[(free[j] - k) * p + free[i] - k] = h[j * m + i];
    problem.design->coordinates().covariance_to_user(static_cast<int>(p), out.data());
    return out;
}

}  // namespace ranef
