#include "ranef/mmrm/correlation.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/packed.hpp"

namespace ranef::mmrm {
namespace {

constexpr double most = 0.97;  // correlations of a start stay below

// R -> (-1, 1).
Scale to_correlation(double x) {
    const double q = 1.0 + x * x;
    return {x / std::sqrt(q), 1.0 / (q * std::sqrt(q)), -3.0 * x / (q * q * std::sqrt(q))};
}

double from_correlation(double r) {
    const double inside = std::clamp(r, -most, most);
    return inside / std::sqrt(1.0 - inside * inside);
}

double mean_at_lag(int order, const double* r, int lag) {
    double sum = 0.0;
    for (int t = 0; t + lag < order; ++t) sum += r[t * order + t + lag];
    return sum / (order - lag);
}

void identity(int order, CovarianceMap& out, int size) {
    out.sigma.assign(order * order, 0.0);
    for (int t = 0; t < order; ++t) out.sigma[t * order + t] = 1.0;
    out.jacobian.assign(packed_size(order) * size, 0.0);
    out.second.clear();
}

class Independent final : public Correlation {
public:
    explicit Independent(int order) : Correlation(order, 0) {}
    void evaluate(const double*, CovarianceMap& out) const override { identity(order(), out, 0); }
    void start(const double*, double*) const override {}
    Scale natural(const double*, int) const override { return {0.0, 0.0, 0.0}; }
};

// One correlation, in (-1/(T-1), 1): where the matrix is positive definite.
class CompoundSymmetry final : public Correlation {
public:
    explicit CompoundSymmetry(int order) : Correlation(order, 1), least_(-1.0 / (order - 1)) {}

    Scale natural(const double* psi, int) const override {
        const double width = 1.0 - least_, e = 1.0 / (1.0 + std::exp(-psi[0])), slope = e * (1.0 - e);
        return {least_ + width * e, width * slope, width * slope * (1.0 - 2.0 * e)};
    }
    void evaluate(const double* psi, CovarianceMap& out) const override {
        const int n = order();
        identity(n, out, 1);
        const Scale r = natural(psi, 0);
        for (int t = 0; t < n; ++t)
            for (int s = t + 1; s < n; ++s) {
                out.sigma[t * n + s] = out.sigma[s * n + t] = r.value;
                out.jacobian[packed_place(n, s, t)] = r.first;
                out.second.push_back({0, 0, s, t, r.second});
            }
    }
    void start(const double* r, double* psi) const override {
        double sum = 0.0;
        for (int lag = 1; lag < order(); ++lag) sum += mean_at_lag(order(), r, lag) * (order() - lag);
        const double mean = std::clamp(sum / (0.5 * order() * (order() - 1)), 0.9 * least_, most);
        const double e = (mean - least_) / (1.0 - least_);
        psi[0] = std::log(e / (1.0 - e));
    }

private:
    double least_;
};

// rho to the power of the distance: in visits (ar1, rho may be negative), in time (sp_exp), or in time squared (sp_gau).
enum class Distance { visits, time, squared_time };

class Power final : public Correlation {
public:
    Power(int order, std::vector<double> times, Distance distance)
        : Correlation(order, 1), times_(std::move(times)), spatial_(distance != Distance::visits),
          squared_(distance == Distance::squared_time) {
        if (spatial_ && order > 1) unit_ = (times_[order - 1] - times_[0]) / (order - 1);
        for (double& time : times_) time /= unit_;
    }

    Scale natural(const double* psi, int) const override {
        if (!spatial_) return to_correlation(psi[0]);
        // The range of SAS's SP(EXP): exp(-distance / range), with rho = 1 / (1 + e^-psi); its root for SP(GAU).
        const double e = std::exp(-psi[0]), rho = 1.0 / (1.0 + e), rest = e * rho, log_rho = -std::log1p(e);
        const double range = -1.0 / log_rho, first = range * range * rest;
        const double second = 2.0 * range * rest * first - range * range * rest * rho;
        if (!squared_) return {unit_ * range, unit_ * first, unit_ * second};
        const double root = std::sqrt(range);
        return {unit_ * root, unit_ * 0.5 * first / root,
                unit_ * (0.5 * second / root - 0.25 * first * first / (range * root))};
    }
    void evaluate(const double* psi, CovarianceMap& out) const override {
        const int n = order();
        identity(n, out, 1);
        const Scale rho = base(psi[0]);
        for (int t = 0; t < n; ++t)
            for (int s = t + 1; s < n; ++s) {
                const double d = distance(t, s);
                const double value = power(rho.value, d), first = d * power(rho.value, d - 1.0);
                const double second = d == 1.0 ? 0.0 : d * (d - 1.0) * power(rho.value, d - 2.0);
                out.sigma[t * n + s] = out.sigma[s * n + t] = value;
                out.jacobian[packed_place(n, s, t)] = first * rho.first;
                out.second.push_back({0, 0, s, t, second * rho.first * rho.first + first * rho.second});
            }
    }
    void start(const double* r, double* psi) const override {
        if (!spatial_) {
            psi[0] = from_correlation(mean_at_lag(order(), r, 1));
            return;
        }
        double sum = 0.0;
        for (int t = 0; t + 1 < order(); ++t)
            sum += std::log(std::clamp(r[t * order() + t + 1], 0.05, most)) / distance(t, t + 1);
        const double rho = std::exp(sum / (order() - 1));
        psi[0] = std::clamp(std::log(rho / (1.0 - rho)), -20.0, 20.0);
    }

private:
    double distance(int t, int s) const {
        const double d = times_[s] - times_[t];
        return squared_ ? d * d : d;
    }
    Scale base(double x) const {
        if (!spatial_) return to_correlation(x);
        const double e = 1.0 / (1.0 + std::exp(-x)), slope = e * (1.0 - e);
        return {e, slope, slope * (1.0 - 2.0 * e)};
    }
    // Distances between visits are whole numbers, for which a negative rho has powers too.
    static double power(double rho, double d) { return d == 0.0 ? 1.0 : std::pow(rho, d); }

    std::vector<double> times_;  // in units
    double unit_ = 1.0;          // of times: the mean distance of neighbouring visits
    bool spatial_, squared_;
};

// A correlation for every lag.
class Toeplitz final : public Correlation {
public:
    explicit Toeplitz(int order) : Correlation(order, order - 1) {}

    Scale natural(const double* psi, int k) const override { return to_correlation(psi[k]); }
    void evaluate(const double* psi, CovarianceMap& out) const override {
        const int n = order();
        identity(n, out, size());
        for (int lag = 1; lag < n; ++lag) {
            const Scale r = to_correlation(psi[lag - 1]);
            for (int t = 0; t + lag < n; ++t) {
                const int s = t + lag;
                out.sigma[t * n + s] = out.sigma[s * n + t] = r.value;
                out.jacobian[(lag - 1) * packed_size(n) + packed_place(n, s, t)] = r.first;
                out.second.push_back({lag - 1, lag - 1, s, t, r.second});
            }
        }
    }
    void start(const double* r, double* psi) const override {
        for (int lag = 1; lag < order(); ++lag) psi[lag - 1] = from_correlation(mean_at_lag(order(), r, lag));
    }
};

// Ante-dependence of order one: a correlation for every pair of neighbours, their product for pairs further apart.
class AnteDependence final : public Correlation {
public:
    explicit AnteDependence(int order) : Correlation(order, order - 1) {}

    Scale natural(const double* psi, int k) const override { return to_correlation(psi[k]); }
    void evaluate(const double* psi, CovarianceMap& out) const override {
        const int n = order();
        identity(n, out, size());
        std::vector<Scale> r;
        for (int k = 0; k < size(); ++k) r.push_back(to_correlation(psi[k]));
        for (int t = 0; t < n; ++t)
            for (int s = t + 1; s < n; ++s) {
                const Index place = packed_place(n, s, t);
                out.sigma[t * n + s] = out.sigma[s * n + t] = product(r, t, s, -1, -1);
                for (int k = t; k < s; ++k) {
                    out.jacobian[k * packed_size(n) + place] = r[k].first * product(r, t, s, k, -1);
                    out.second.push_back({k, k, s, t, r[k].second * product(r, t, s, k, -1)});
                    for (int l = t; l < k; ++l)
                        out.second.push_back({k, l, s, t, r[k].first * r[l].first * product(r, t, s, k, l)});
                }
            }
    }
    void start(const double* r, double* psi) const override {
        for (int k = 0; k < size(); ++k) psi[k] = from_correlation(r[k * order() + k + 1]);
    }

private:
    // Of the correlations from visit t to visit s but for k and l.
    static double product(const std::vector<Scale>& r, int t, int s, int k, int l) {
        double out = 1.0;
        for (int j = t; j < s; ++j)
            if (j != k && j != l) out *= r[j].value;
        return out;
    }
};

}  // namespace

std::unique_ptr<Correlation> make_correlation(const std::string& name, int order, const std::vector<double>& times) {
    std::vector<double> steps(order);
    for (int t = 0; t < order; ++t) steps[t] = t;
    if (name == "diag") return std::make_unique<Independent>(order);
    if (name == "cs") return std::make_unique<CompoundSymmetry>(order);
    if (name == "ar1") return std::make_unique<Power>(order, steps, Distance::visits);
    if (name == "sp_exp") return std::make_unique<Power>(order, times, Distance::time);
    if (name == "sp_gau") return std::make_unique<Power>(order, times, Distance::squared_time);
    if (name == "toep") return std::make_unique<Toeplitz>(order);
    if (name == "ad") return std::make_unique<AnteDependence>(order);
    return nullptr;
}

}  // namespace ranef::mmrm
