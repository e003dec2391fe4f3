#include "ranef/refits/draws.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"

namespace ranef {
namespace {

// sigma R xi into the response's second block; returns its product with the coefficients there.
double add_rest_noise(const GramDraw& draw, const double* noise, const double* coef, double* response) {
    double product = 0.0;
    for (Index i = 0; i < draw.rest; ++i) {
        const double total = linalg::dot(std::min(i + 1, draw.rank), draw.lower + i * draw.rank, noise);
        response[draw.order[i]] += total;
        product += coef[draw.order[i]] * total;
    }
    return product;
}

// Each level's numbers times its lower triangular factor, in place: from the last row up, since a row needs the numbers before.
void scale_level(const double* factor, Index width, double* level) {
    for (Index row = width - 1; row >= 0; --row) {
        double total = 0.0;
        for (Index column = 0; column <= row; ++column) total += factor[row * width + column] * level[column];
        level[row] = total;
    }
}

}  // namespace

void LevelFactors::draw(RandomStream& stream, double* effects) const {
    stream.fill_normal(effects, q());
    const double* factor = values;
    for (Index t = 0; t < count; ++t) {
        for (Index first = starts[t]; first < starts[t + 1]; first += widths[t]) {
            scale_level(factor, widths[t], effects + first);
            factor += steps[t];
        }
        if (steps[t] == 0) factor += widths[t] * widths[t];
    }
}

int GramDraw::draw(const DrawingCall& multiply, RandomStream stream, std::vector<double>& scratch, double* response) const {
    scratch.resize(coefficients + rank);
    double *coef = scratch.data(), *noise = coef + coefficients;
    effects.draw(stream, coef);
    const Index q = effects.q();
    for (Index i = 0; i < q; ++i) coef[i] += mean[i];
    std::copy(mean + q, mean + coefficients, coef + q);
    const int status = multiply.function(multiply.problem, coef, response);
    const double squares = linalg::dot(coefficients, coef, response);
    stream.fill_normal(noise, rank);
    const Index second = effects.starts[1];
    const double product = add_rest_noise(*this, noise, coef + second, response + second);
    const double residual = stream.chi_square(df) + linalg::dot(rank, noise, noise);
    response[coefficients] = squares + 2.0 * product + sigma * sigma * residual;
    return status;
}

void RowDraw::rows(RandomStream stream, std::vector<double>& scratch, double* y) const {
    scratch.resize(effects.q());
    effects.draw(stream, scratch.data());
    stream.fill_normal(y, n);
    for (Index i = 0; i < n; ++i) y[i] = mean[i] + scale[i] * y[i];
    const double* column = basis;
    for (Index t = 0; t < effects.count; ++t) {
        const std::int32_t* level = codes + t * n;
        const Index width = effects.widths[t];
        for (Index k = 0; k < width; ++k, column += n) {
            const double* values = scratch.data() + effects.starts[t] + k;
            for (Index i = 0; i < n; ++i) y[i] += column[i] * values[level[i] * width];
        }
    }
}

}  // namespace ranef
