#include "ranef/laplace/draws.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ranef {
namespace {

constexpr double tiny = 1e-300, nearly_one = 1.0 - 1e-16;
constexpr double no_mixing = std::numeric_limits<double>::infinity();  // the shape of a rate that does not vary

double mixed_rate(Stream& stream, double shape, double scale) { return std::max(scale * stream.gamma(shape), 0.0); }

// A count of this mean that is not zero: events up to time 1, with a rate that is gamma of this shape. The first
// event's time is drawn given that there is one, then those behind it.
double above_zero(Stream& stream, double mu, double shape) {
    const bool fixed = shape == no_mixing;
    const double zero = fixed ? mu : shape * std::log1p(mu / shape);  // -log of the chance of none
    const double passed = -std::log1p(stream.uniform() * std::expm1(-zero));
    const double time = std::min(fixed ? passed / mu : shape / mu * std::expm1(passed / shape), 1.0);
    const double rate = fixed ? mu : stream.gamma(shape + 1.0) / (shape / mu + time);
    return 1.0 + stream.poisson(rate * (1.0 - time));
}

double share(Stream& stream, const Drawn& at) {
    const double a = std::max(stream.gamma(at.mu * at.phi), tiny), b = std::max(stream.gamma((1.0 - at.mu) * at.phi), tiny);
    return std::min(std::max(a / (a + b), tiny), nearly_one);
}

void draw_binomial(Stream& stream, const Drawn& at, double* first, double*) { *first = stream.binomial(at.count, at.mu); }

void draw_betabinomial(Stream& stream, const Drawn& at, double* first, double*) {
    *first = stream.binomial(at.trials, share(stream, at));
}

void draw_poisson(Stream& stream, const Drawn& at, double* first, double*) { *first = stream.poisson(at.count * at.mu); }

void draw_nbinom1(Stream& stream, const Drawn& at, double* first, double*) {
    *first = stream.poisson(mixed_rate(stream, at.mu / at.phi, at.phi));
}

void draw_nbinom2(Stream& stream, const Drawn& at, double* first, double*) {
    *first = stream.poisson(mixed_rate(stream, at.phi, at.mu / at.phi));
}

void draw_truncated_poisson(Stream& stream, const Drawn& at, double* first, double*) {
    *first = 0.0;
    for (double row = 0.0; row < at.count; row += 1.0) *first += above_zero(stream, at.mu, no_mixing);
}

void draw_truncated_nbinom1(Stream& stream, const Drawn& at, double* first, double*) {
    *first = above_zero(stream, at.mu, at.mu / at.phi);
}

void draw_truncated_nbinom2(Stream& stream, const Drawn& at, double* first, double*) {
    *first = above_zero(stream, at.mu, at.phi);
}

// The mean of the rows, and the squares about it.
void draw_gaussian(Stream& stream, const Drawn& at, double* first, double* second) {
    *first = at.mu + std::sqrt(at.phi / at.count) * stream.normal();
    *second = at.count > 1.0 ? 2.0 * at.phi * stream.gamma(0.5 * (at.count - 1.0)) : 0.0;
}

void draw_gamma(Stream& stream, const Drawn& at, double* first, double* second) {
    *first = *second = 0.0;
    for (double row = 0.0; row < at.count; row += 1.0) {
        const double y = std::max(at.mu / at.phi * stream.gamma(at.phi), tiny);
        *first += y;
        *second += std::log(y);
    }
}

void draw_inverse_gaussian(Stream& stream, const Drawn& at, double* first, double* second) {
    *first = *second = 0.0;
    for (double row = 0.0; row < at.count; row += 1.0) {
        const double y = stream.inverse_gaussian(at.mu, at.phi);
        *first += y;
        *second += 1.0 / y;
    }
}

void draw_beta(Stream& stream, const Drawn& at, double* first, double* second) {
    *first = *second = 0.0;
    for (double row = 0.0; row < at.count; row += 1.0) {
        const double y = share(stream, at);
        *first += std::log(y);
        *second += std::log1p(-y);
    }
}

}  // namespace

DrawResponse draw_response(const std::string& family) {
    const std::string inflated = "inflated_";
    if (family.rfind(inflated, 0) == 0) return draw_response(family.substr(inflated.size()));
    if (family == "binomial") return draw_binomial;
    if (family == "betabinomial") return draw_betabinomial;
    if (family == "poisson") return draw_poisson;
    if (family == "nbinom1") return draw_nbinom1;
    if (family == "nbinom2") return draw_nbinom2;
    if (family == "truncated_poisson") return draw_truncated_poisson;
    if (family == "truncated_nbinom1") return draw_truncated_nbinom1;
    if (family == "truncated_nbinom2") return draw_truncated_nbinom2;
    if (family == "gamma") return draw_gamma;
    if (family == "inverse_gaussian") return draw_inverse_gaussian;
    if (family == "beta") return draw_beta;
    return draw_gaussian;
}

}  // namespace ranef
