#include "ranef/mmrm/structure.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/mmrm/correlation.hpp"
#include "ranef/base/packed.hpp"

namespace ranef::mmrm {
namespace {

// Sigma = D R D with D = exp(theta), one standard deviation for all visits or one for each.
class Scaled final : public Structure {
public:
    Scaled(std::unique_ptr<Correlation> correlation, bool heterogeneous, bool linear_in_sas)
        : Structure(correlation->order(), (heterogeneous ? correlation->order() : 1) + correlation->size()),
          correlation_(std::move(correlation)),
          scales_(heterogeneous ? order() : 1),
          linear_(linear_in_sas) {}

    int log_scales() const override { return scales_; }
    bool linear_in_sas() const override { return linear_; }

    void evaluate(const double* theta, bool derivatives, CovarianceMap& out) const override {
        const int n = order();
        CovarianceMap r;
        correlation_->evaluate(theta + scales_, r);
        std::vector<double> sd(n);
        for (int t = 0; t < n; ++t) sd[t] = std::exp(theta[scale_of(t)]);
        out.sigma.resize(n * n);
        for (int t = 0; t < n; ++t)
            for (int s = 0; s < n; ++s) out.sigma[t * n + s] = sd[s] * sd[t] * r.sigma[t * n + s];
        if (!derivatives) return;
        const Index elements = packed_size(n);
        out.jacobian.assign(elements * size(), 0.0);
        out.second.clear();
        for (int t = 0; t < n; ++t)
            for (int s = t; s < n; ++s) {
                const Index place = packed_place(n, s, t);
                const double value = out.sigma[t * n + s];
                const int a = std::max(scale_of(s), scale_of(t)), b = std::min(scale_of(s), scale_of(t));
                scale_derivatives(a, b, s, t, value, elements, place, out);
                for (int k = 0; k < correlation_->size(); ++k) {
                    const double slope = sd[s] * sd[t] * r.jacobian[k * elements + place];
                    if (slope == 0.0) continue;
                    out.jacobian[(scales_ + k) * elements + place] = slope;
                    out.second.push_back({scales_ + k, a, s, t, a == b ? 2.0 * slope : slope});
                    if (a != b) out.second.push_back({scales_ + k, b, s, t, slope});
                }
            }
        for (const SecondDerivative& d : r.second)
            out.second.push_back({scales_ + d.k, scales_ + d.l, d.s, d.t, sd[d.s] * sd[d.t] * d.value});
    }

    void start(const double* moments, double* theta) const override {
        const int n = order();
        std::vector<double> r(n * n);
        double mean = 0.0;
        for (int t = 0; t < n; ++t) mean += moments[t * n + t] / n;
        for (int t = 0; t < n; ++t) {
            if (scales_ > 1) theta[t] = 0.5 * std::log(moments[t * n + t]);
            for (int s = 0; s < n; ++s)
                r[t * n + s] = moments[t * n + s] / std::sqrt(moments[t * n + t] * moments[s * n + s]);
        }
        if (scales_ == 1) theta[0] = 0.5 * std::log(mean);
        correlation_->start(r.data(), theta + scales_);
    }

    void natural(const double* theta, NaturalParameter* out) const override {
        for (int k = 0; k < scales_; ++k) {
            const double sd = std::exp(theta[k]);
            out[k] = {sd, sd, linear_ ? 0.0 : 2.0};  // SAS has the variance: its second derivative is twice its first
        }
        for (int k = 0; k < correlation_->size(); ++k) {
            const Scale r = correlation_->natural(theta + scales_, k);
            out[scales_ + k] = {r.value, r.first, linear_ ? 0.0 : r.second / r.first};
        }
    }

private:
    int scale_of(int visit) const { return scales_ == 1 ? 0 : visit; }

    static void scale_derivatives(int a, int b, int s, int t, double value, Index elements, Index place, CovarianceMap& out) {
        if (value == 0.0) return;
        if (a == b) {
            out.jacobian[a * elements + place] = 2.0 * value;
            out.second.push_back({a, a, s, t, 4.0 * value});
            return;
        }
        out.jacobian[a * elements + place] = out.jacobian[b * elements + place] = value;
        for (const auto& [k, l] : {std::pair<int, int>{a, a}, {a, b}, {b, b}}) out.second.push_back({k, l, s, t, value});
    }

    std::unique_ptr<Correlation> correlation_;
    int scales_;
    bool linear_;
};

// Sigma = D C C' D with D = exp of the first T parameters and C unit lower triangular, by columns: mmrm's parameters.
class Unstructured final : public Structure {
public:
    explicit Unstructured(int order) : Structure(order, static_cast<int>(packed_size(order))) {
        place_.assign(order * order, -1);
        int next = order;
        for (int column = 0; column < order; ++column)
            for (int row = column + 1; row < order; ++row) place_[column * order + row] = next++;
    }

    int log_scales() const override { return order(); }
    bool linear_in_sas() const override { return true; }

    void evaluate(const double* theta, bool derivatives, CovarianceMap& out) const override {
        const int n = order();
        std::vector<double> d(n), c(n * n, 0.0);
        for (int t = 0; t < n; ++t) {
            d[t] = std::exp(theta[t]);
            c[t * n + t] = 1.0;
            for (int s = t + 1; s < n; ++s) c[t * n + s] = theta[place_[t * n + s]];
        }
        out.sigma.resize(n * n);
        const Index elements = packed_size(n);
        if (derivatives) {
            out.jacobian.assign(elements * size(), 0.0);
            out.second.clear();
        }
        for (int t = 0; t < n; ++t)
            for (int s = t; s < n; ++s) {
                double product = 0.0;
                for (int j = 0; j <= t; ++j) product += c[j * n + s] * c[j * n + t];
                const double scale = d[s] * d[t], value = scale * product;
                out.sigma[t * n + s] = out.sigma[s * n + t] = value;
                if (derivatives) differentiate(s, t, scale, value, c, out);
            }
    }

    void start(const double* moments, double* theta) const override {
        const int n = order();
        std::vector<double> l(moments, moments + n * n);
        linalg::cholesky(n, l.data(), n);
        for (int t = 0; t < n; ++t) theta[t] = std::log(l[t * n + t]);
        for (int t = 0; t < n; ++t)
            for (int s = t + 1; s < n; ++s) theta[place_[t * n + s]] = l[t * n + s] / l[s * n + s];
    }

    // The elements of Sigma are what is read; they are no functions of one theta each.
    void natural(const double* theta, NaturalParameter* out) const override {
        for (int k = 0; k < size(); ++k) out[k] = {theta[k], 1.0, 0.0};
    }

private:
    // Of Sigma[s, t] = d_s d_t sum_j c_sj c_tj, s >= t.
    void differentiate(int s, int t, double scale, double value, const std::vector<double>& c, CovarianceMap& out) const {
        const int n = order();
        const Index elements = packed_size(n), place = packed_place(n, s, t);
        const auto first = [&](int k, double slope) { out.jacobian[k * elements + place] = slope; };
        const auto second = [&](int k, int l, double v) {
            if (v != 0.0) out.second.push_back({std::max(k, l), std::min(k, l), s, t, v});
        };
        if (s == t) {
            first(t, 2.0 * value);
            second(t, t, 4.0 * value);
            for (int j = 0; j < t; ++j) {
                const int k = place_[j * n + t];
                const double slope = 2.0 * scale * c[j * n + t];
                first(k, slope);
                second(k, t, 2.0 * slope);
                second(k, k, 2.0 * scale);
            }
            return;
        }
        first(s, value);
        first(t, value);
        second(s, s, value);
        second(s, t, value);
        second(t, t, value);
        for (int j = 0; j <= t; ++j) {  // c_sj is a parameter for all of them, c_tj but for j = t
            const int k = place_[j * n + s];
            const double slope = scale * c[j * n + t];
            first(k, slope);
            second(k, s, slope);
            second(k, t, slope);
            if (j == t) continue;
            const int l = place_[j * n + t];
            const double other = scale * c[j * n + s];
            first(l, other);
            second(l, s, other);
            second(l, t, other);
            second(k, l, scale);
        }
    }

    std::vector<int> place_;
};

}  // namespace

std::unique_ptr<Structure> make_structure(const std::string& name, int order, const std::vector<double>& times) {
    if (name == "us") return std::make_unique<Unstructured>(order);
    const bool spatial = name == "sp_exp" || name == "sp_gau";
    const bool heterogeneous = !spatial && name.size() > 2 && name.back() == 'h';
    const std::string base = heterogeneous ? name.substr(0, name.size() - 1) : name;
    auto correlation = make_correlation(base, order, times);
    if (!correlation) return nullptr;
    const bool linear = base == "diag" || (!heterogeneous && (base == "cs" || base == "toep"));
    return std::make_unique<Scaled>(std::move(correlation), heterogeneous, linear);
}

}  // namespace ranef::mmrm
