#include "ranef/laplace/start.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/families/vector_math.hpp"
#include "ranef/laplace/further.hpp"

namespace ranef {
namespace {

constexpr int most_steps = 40, most_rounds = 3, zeta_steps = 5, dispersion_steps = 30;
constexpr double longest_step = 3.0, small_step = 1e-3;  // of a log-dispersion
constexpr double close = 1e-6;                    // relative change of the log-likelihood
constexpr Index block = 256;                      // cells at a time
constexpr double least_variance = 0.05, most_variance = 4.0;
constexpr double widest_psi = 12.0;
constexpr double farthest_psi = 300.0;            // where the dispersion has the unit of the response

class LinearModel {
public:
    LinearModel(const GlmmProblem& problem, const double* eta)
        : cells_(problem.cells()), kept_(problem.responses), p_(problem.layout().p), family_(problem.family->clone()),
          eta_(eta, eta + cells_.n), further_(problem), values_(further_.count(), 0.0),
          fixed_(cells_.n), s_(cells_.n), w_(cells_.n), w1_(family_->canonical() ? 0 : cells_.n), beta_(p_) {
        further_.place(*family_, values_.data());
    }

    // Least squares on the first linear predictor, where the mean that comes of it is in its range. Weights of a family
    // with an unknown dispersion span many decades there, and a step that a few rows rule ends where the family is flat.
    bool least_squares() {
        std::copy(kept_.count.begin(), kept_.count.end(), w_.begin());
        std::fill(s_.begin(), s_.end(), 0.0);
        std::vector<double> beta;
        if (p_ == 0 || !solve_weighted(beta)) return false;
        fixed_part(beta);
        if (!std::isfinite(family_->score(further_.view(), fixed_.data(), s_.data(), w_.data()))) return false;
        beta_ = beta;
        eta_.swap(fixed_);
        return inside_ = true;
    }

    // One value of the linear predictor for all rows, the median: in the range of the link wherever the rows' own are.
    bool least_squares_of_one_value() {
        std::vector<double> values = eta_;
        const auto middle = values.begin() + cells_.n / 2;
        std::nth_element(values.begin(), middle, values.end());
        const double median = *middle;
        std::fill(eta_.begin(), eta_.end(), median);
        return least_squares();
    }

    // Iteratively reweighted least squares with expected weights, step halving on the log-likelihood.
    Status fit(double psi) {
        set_dispersion(psi);
        double value = family_->score(further_.view(), eta_.data(), s_.data(), w_.data());
        std::vector<double> trial, beta(p_);
        for (int step = 0; step < most_steps; ++step) {
            if (p_ == 0) break;
            if (!solve(trial)) return Status::not_finite;
            double length = 1.0, found = 0.0;
            while (true) {
                for (int c = 0; c < p_; ++c) beta[c] = inside_ ? beta_[c] + length * (trial[c] - beta_[c]) : trial[c];
                fixed_part(beta);
                found = family_->score(further_.view(), fixed_.data(), s_.data(), w_.data());
                if (!inside_ || (std::isfinite(found) && found >= value - 1e-10 * std::fabs(value))) break;
                length *= 0.5;
                if (length < 1e-8) break;
            }
            if (!std::isfinite(found)) {
                if (inside_ || !(least_squares() || least_squares_of_one_value())) return Status::not_finite;
                value = family_->score(further_.view(), eta_.data(), s_.data(), w_.data());
                continue;
            }
            const bool done = inside_ && std::fabs(found - value) < close * (1.0 + std::fabs(value));
            beta_ = beta;
            eta_.swap(fixed_);
            value = found;
            inside_ = true;
            if (done) break;
        }
        if (p_ == 0) {
            eta_ = cells_.offset;
            value = family_->score(further_.view(), eta_.data(), s_.data(), w_.data());
        }
        return std::isfinite(value) ? Status::ok : Status::not_finite;
    }

    // The root of dl/dpsi at the present mean: a step by secants, kept within a bracket.
    double best_dispersion() {
        std::vector<double> dl(cells_.n), ds(cells_.n), dw(cells_.n);
        const auto slope = [&](double psi) {
            family_->set_dispersion(psi);
            family_->dispersion(further_.view(), eta_.data(), dl.data(), ds.data(), dw.data());
            double sum = 0.0;
            for (double value : dl) sum += value;
            return sum;
        };
        double low = -widest_psi, high = widest_psi;
        const bool limited = family_->simpler_towards() != 0;
        while (!limited && low > -farthest_psi && slope(low) <= 0.0) low -= widest_psi;
        while (!limited && high < farthest_psi && slope(high) >= 0.0) high += widest_psi;
        if (slope(low) <= 0.0) return low;
        if (slope(high) >= 0.0) return std::min(high, 6.0);  // no overdispersion in sight
        while (high - low > 1e-3) {
            const double middle = 0.5 * (low + high);
            (slope(middle) > 0.0 ? low : high) = middle;
        }
        return 0.5 * (low + high);
    }

    // Steps for zeta at the present mean. Of zeros with the information there were if certain zeros were known: none leads
    // down. Of a dispersion by Newton, none longer than what a log-dispersion bears.
    void improve_zeta() {
        const bool zeros = family_->zeta() == Zeta::zeros;
        std::vector<double> step;
        for (int round = 0; round < (zeros ? zeta_steps : dispersion_steps); ++round) {
            if (!zeta_step(step)) return;
            const double size = zeros ? 0.0 : zeta_size(step), share = size > longest_step ? longest_step / size : 1.0;
            if (!std::isfinite(size)) return;
            for (std::size_t c = 0; c < step.size(); ++c) values_[c] += share * step[c];
            further_.place(*family_, values_.data());
            if (!zeros && size < small_step) return;
        }
    }

    const std::vector<double>& beta() const { return beta_; }
    const std::vector<double>& further() const { return values_; }
    double unit() const { return family_->unit(cells_.n, eta_.data()); }
    // First derivatives and expected weights at eta.
    void scores() {
        family_->score(further_.view(), eta_.data(), s_.data(), w_.data());
        if (!family_->canonical()) family_->expected(further_.view(), eta_.data(), w_.data(), w1_.data());
    }
    const std::vector<double>& score() const { return s_; }
    const std::vector<double>& weights() const { return w_; }
    void set_dispersion(double psi) {
        if (!family_->dispersed()) return;
        values_.back() = psi;
        family_->set_dispersion(psi);
    }

private:
    // dl / dgamma, of the coefficients of zeta.
    std::vector<double> zeta_slope() {
        std::vector<double> dl(cells_.n), ds(cells_.n), dw(cells_.n), out(cells_.zeta_columns);
        family_->along_zeta(further_.view(), eta_.data(), dl.data(), ds.data(), dw.data());
        for (int c = 0; c < cells_.zeta_columns; ++c) out[c] = product_of(cells_.n, cells_.zeta_column(c), dl.data());
        return out;
    }
    bool zeta_step(std::vector<double>& step) {
        step = zeta_slope();
        std::vector<double> information;
        if (family_->zeta() == Zeta::dispersion) {
            further_.curvature(*family_, eta_.data(), information);
            if (solve_step(information, step)) return true;
        }
        information = zeta_information();
        return solve_step(information, step);
    }
    // W' diag(weight) W of zeta's columns; the weights are p (1 - p) of a zero, about a half of a log-dispersion.
    std::vector<double> zeta_information() const {
        const Index m = cells_.zeta_columns;
        const bool zeros = family_->zeta() == Zeta::zeros;
        const CellView view = further_.view();
        std::vector<double> out(m * m), weight(cells_.n), weighted(cells_.n);
        for (Index i = 0; i < cells_.n; ++i)
            weight[i] = view.count[i] * (zeros ? 0.25 / std::pow(std::cosh(0.5 * view.zeta[i]), 2) : 0.5);
        for (Index c = 0; c < m; ++c) {
            for (Index i = 0; i < cells_.n; ++i) weighted[i] = weight[i] * cells_.zeta_column(c)[i];
            for (Index d = c; d < m; ++d) out[c * m + d] = product_of(cells_.n, cells_.zeta_column(d), weighted.data());
        }
        return out;
    }
    // The largest change of zeta in any cell that a step makes.
    double zeta_size(const std::vector<double>& step) const {
        double largest = 0.0;
        for (Index i = 0; i < cells_.n; ++i) {
            double change = 0.0;
            for (std::size_t c = 0; c < step.size(); ++c) change += step[c] * cells_.zeta_column(c)[i];
            largest = std::max(largest, std::fabs(change));
        }
        return largest;
    }
    static bool solve_step(std::vector<double>& information, std::vector<double>& step) {
        const Index m = static_cast<Index>(step.size());
        for (Index c = 0; c < m; ++c) information[c * m + c] = information[c * m + c] * (1.0 + 1e-10) + 1e-10;
        if (!linalg::cholesky(m, information.data(), m)) return false;
        linalg::solve_lower(m, information.data(), m, step.data(), 1, m);
        linalg::solve_upper(m, information.data(), m, step.data(), 1, m);
        return true;
    }
    // The scores are those of eta, from the last log-likelihood.
    bool solve(std::vector<double>& beta) {
        if (!family_->canonical()) family_->expected(further_.view(), eta_.data(), w_.data(), w1_.data());
        return solve_weighted(beta);
    }
    bool solve_weighted(std::vector<double>& beta) {
        std::vector<double> information(p_ * p_, 0.0), weighted(block), right(block);
        beta.assign(p_, 0.0);
        for (Index begin = 0; begin < cells_.n; begin += block) {
            const Index n = std::min(block, cells_.n - begin);
            for (Index i = 0; i < n; ++i) {
                const Index at = begin + i;
                w_[at] = std::max(w_[at], 1e-10 * kept_.count[at]);
                right[i] = w_[at] * (eta_[at] - cells_.offset[at]) + s_[at];
            }
            for (int c = 0; c < p_; ++c) {
                const double* x = cells_.column(c) + begin;
                for (Index i = 0; i < n; ++i) weighted[i] = w_[begin + i] * x[i];
                beta[c] += product_of(n, x, right.data());
                for (int d = c; d < p_; ++d)
                    information[c * p_ + d] += product_of(n, cells_.column(d) + begin, weighted.data());
            }
        }
        // Separated columns lose their weight on the way: a trace of ridge keeps them finite.
        for (int c = 0; c < p_; ++c) information[c * p_ + c] *= 1.0 + 1e-10;
        if (!linalg::cholesky(p_, information.data(), p_)) return false;
        linalg::solve_lower(p_, information.data(), p_, beta.data(), 1, p_);
        linalg::solve_upper(p_, information.data(), p_, beta.data(), 1, p_);
        return true;
    }
    void fixed_part(const std::vector<double>& beta) {
        for (Index begin = 0; begin < cells_.n; begin += block) {
            const Index n = std::min(block, cells_.n - begin);
            double* out = fixed_.data() + begin;
            std::copy_n(cells_.offset.data() + begin, n, out);
            for (int c = 0; c < p_; ++c) {
                const double* x = cells_.column(c) + begin;
                for (Index i = 0; i < n; ++i) out[i] += beta[c] * x[i];
            }
        }
    }

    const Cells& cells_;
    const KeptSums& kept_;
    int p_;
    bool inside_ = false;  // whether eta is X beta + offset
    std::unique_ptr<Family> family_;
    std::vector<double> eta_;
    FurtherParameters further_;
    std::vector<double> values_;  // of the further parameters
    std::vector<double> fixed_, s_, w_, w1_, beta_;
};

// D0 = (sum_j e_j^2 - Z_j'WZ_j) / sum_j (Z_j'WZ_j)^2 for each column, from D = 0.
void score_variances(const GlmmProblem& problem, const std::vector<double>& s, const std::vector<double>& w, double unit,
                     std::vector<double>& parameters) {
    const Cells& cells = problem.cells();
    const Layout& layout = problem.layout();
    std::vector<double> e(layout.q, 0.0), g(layout.q, 0.0);
    for (Index i = 0; i < cells.n; ++i) {
        const double* z = cells.z.data() + i * cells.width;
        for (std::size_t f = 0; f < layout.factors.size(); ++f) {
            const int r = layout.factors[f].width;
            const Index first = layout.offset[f] + Index{cells.level[i * layout.factors.size() + f]} * r;
            for (int a = 0; a < r; ++a, ++z) {
                e[first + a] += *z * s[i];
                g[first + a] += *z * *z * w[i];
            }
        }
    }
    for (int t = 0; t < layout.n_theta(); ++t) {
        const ThetaSlot& slot = layout.theta[t];
        parameters[t] = 0.0;
        if (slot.row != slot.column) continue;
        const int r = layout.factors[slot.factor].width;
        double above = 0.0, below = 0.0;
        for (Index j = 0; j < layout.factors[slot.factor].levels; ++j) {
            const Index c = layout.offset[slot.factor] + j * r + slot.row;
            above += e[c] * e[c] - g[c];
            below += g[c] * g[c];
        }
        const double variance = below > 0.0 ? above / below / r / (unit * unit) : least_variance;
        parameters[t] = unit * std::sqrt(std::clamp(variance, least_variance, most_variance));
    }
}

}  // namespace

Status glmm_start(const GlmmProblem& problem, const double* eta, std::vector<double>& parameters) {
    const Layout& layout = problem.layout();
    parameters.assign(problem.parameters(), 0.0);
    LinearModel model(problem, eta);
    double psi = 0.0;
    Status status = Status::ok;
    const bool two_predictors = problem.family->zeta() != Zeta::none, modelled = problem.family->zeta() == Zeta::dispersion;
    const bool placed = (problem.family->dispersed() || modelled) && model.least_squares();
    if (placed && problem.family->dispersed()) psi = model.best_dispersion();
    if (placed && modelled) model.improve_zeta();
    for (int round = 0; round < (problem.further() > 0 ? most_rounds : 1); ++round) {
        status = model.fit(psi);
        if (status != Status::ok) return status;
        if (two_predictors) model.improve_zeta();
        if (problem.family->dispersed()) psi = model.best_dispersion();
    }
    model.set_dispersion(psi);
    std::copy(model.further().begin(), model.further().end(), parameters.end() - problem.further());
    std::copy(model.beta().begin(), model.beta().end(), parameters.begin() + layout.n_theta());
    model.scores();
    score_variances(problem, model.score(), model.weights(), model.unit(), parameters);
    return Status::ok;
}

}  // namespace ranef
