#include "ranef/optimum/further_starts.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "ranef/base/splitmix.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef {
namespace {

// In internal units, where the residual and the columns have unit size. Measured on the small fits of
// benchmarks/studies/optima.py, beside ladders from 0.01 to 100: these find what all of them together find.
constexpr double large = 3.0, correlation = 0.9;
constexpr std::array sign_patterns{0x5u, 0x0u, 0x2u, 0x7u};  // all there are up to three columns
constexpr double huge = 30.0;
constexpr double dominant = 30.0, dominated = 0.3;
constexpr double smallest_log = -2.0, log_range = 4.0;  // decades of a random standard deviation

// Theta from what `fill` makes of every block's zeroed triangle.
template <class Fill>
std::vector<double> from_blocks(const Layout& layout, const Fill& fill) {
    std::vector<double> lambda(layout.lambda_size, 0.0), theta(layout.n_theta());
    for_blocks(layout, lambda, fill);
    layout.pack(lambda.data(), theta.data());
    return theta;
}

std::vector<double> identity_start(const DesignCross& design) {
    const Layout& layout = design.layout();
    const std::vector<double> user = from_blocks(layout, [](int, int, int w, double* l) {
        for (int c = 0; c < w; ++c) l[c * w + c] = 1.0;
    });
    std::vector<double> internal(user.size());
    design.coordinates().theta_to_internal(layout, user.data(), internal.data());
    return internal;
}

// The bits of `signs` are the signs of the correlations with a block's first column.
std::vector<double> large_start(const Layout& layout, unsigned signs) {
    return from_blocks(layout, [signs](int, int, int w, double* l) {
        l[0] = large;
        for (int a = 1; a < w; ++a) {
            l[a] = ((signs >> (a - 1)) % 2 ? -correlation : correlation) * large;
            l[a * w + a] = std::sqrt(1.0 - correlation * correlation) * large;
        }
    });
}

std::vector<double> huge_start(const Layout& layout) {
    return from_blocks(layout, [](int, int, int w, double* l) {
        for (int c = 0; c < w; ++c) l[c * w + c] = huge;
    });
}

std::vector<double> dominant_start(const Layout& layout, int factor, int block, int column) {
    return from_blocks(layout, [&](int f, int b, int w, double* l) {
        for (int c = 0; c < w; ++c) l[c * w + c] = f == factor && b == block && c == column ? dominant : dominated;
    });
}

// Uniform on (0, 1).
class Uniform {
public:
    double operator()() {
        const std::uint64_t word = splitmix::word(state_);
        state_ += splitmix::increment;
        return (static_cast<double>(word >> 11) + 0.5) * 0x1p-53;
    }

private:
    std::uint64_t state_ = 1;
};

}  // namespace

std::vector<std::vector<double>> further_starts(const DesignCross& design) {
    const Layout& layout = design.layout();
    std::vector<std::vector<double>> starts{identity_start(design)};
    int widest = 1;
    for (const Factor& factor : layout.factors)
        for (const Block& block : factor.blocks) widest = std::max(widest, block.width);
    const std::size_t patterns = widest < 3 ? static_cast<std::size_t>(widest) : sign_patterns.size();
    for (std::size_t i = 0; i < patterns; ++i) starts.push_back(large_start(layout, sign_patterns[i]));
    if (layout.n_theta() == 1) return starts;
    starts.emplace_back(layout.n_theta(), 0.0);
    starts.push_back(huge_start(layout));
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (std::size_t b = 0; b < layout.factors[f].blocks.size(); ++b)
            for (int c = 0; c < layout.factors[f].blocks[b].width; ++c)
                starts.push_back(dominant_start(layout, static_cast<int>(f), static_cast<int>(b), c));
    return starts;
}

std::vector<std::vector<double>> random_starts(const Layout& layout, int count) {
    Uniform uniform;
    std::vector<std::vector<double>> starts;
    for (int i = 0; i < count; ++i)
        starts.push_back(from_blocks(layout, [&](int, int, int w, double* l) {
            for (int a = 0; a < w; ++a) {
                double norm = 0.0;
                for (int c = 0; c <= a; ++c) {
                    l[c * w + a] = c < a ? 2.0 * uniform() - 1.0 : uniform();
                    norm = std::hypot(norm, l[c * w + a]);
                }
                const double size = std::pow(10.0, smallest_log + log_range * uniform());
                for (int c = 0; c <= a; ++c) l[c * w + a] *= size / norm;
            }
        }));
    return starts;
}

}  // namespace ranef
