#include "ranef/iterative/directions.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/model/lambda_blocks.hpp"

namespace ranef::iterative {
namespace {

constexpr double lift = 1e-3;  // of the largest entry of a block: its square is what the criterion sees of it

bool is_there(const Layout& layout, const Vector& lambda, std::size_t f, int column) {
    const int s = layout.factors[f].width;
    const double* l = lambda.data() + layout.lambda_offset[f] + column * s;
    return std::any_of(l, l + s, [](double v) { return v != 0.0; });
}

double largest(const Layout& layout, const Vector& lambda, std::size_t f, const Block& block) {
    const int s = layout.factors[f].width;
    double size = 0.0;
    for (int c = block.first; c < block.first + block.width; ++c)
        for (int a = block.first; a < block.first + block.width; ++a)
            size = std::max(size, std::fabs(lambda[layout.lambda_offset[f] + c * s + a]));
    return size;
}

}  // namespace

std::vector<Direction> directions_of(const Layout& layout, const Vector& lambda) {
    std::vector<Direction> out;
    for (std::size_t f = 0; f < layout.factors.size(); ++f)
        for (const Block& block : layout.factors[f].blocks)
            for (int a = block.first; a < block.first + block.width; ++a)
                for (int b = block.first; b <= a; ++b) {
                    const bool first = is_there(layout, lambda, f, a), second = is_there(layout, lambda, f, b);
                    if (first && second) out.push_back({static_cast<int>(f), a, b});
                    else if (first || second) out.push_back({static_cast<int>(f), first ? a : b, first ? b : a, 1.0 / lift, true});
                }
    return out;
}

std::vector<std::vector<bool>> lifted_columns(const Layout& layout, const Vector& lambda) {
    std::vector<std::vector<bool>> out;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        out.emplace_back(layout.factors[f].width, false);
        for (const Block& block : layout.factors[f].blocks) {
            if (largest(layout, lambda, f, block) == 0.0) continue;
            for (int c = block.first; c < block.first + block.width; ++c) out[f][c] = !is_there(layout, lambda, f, c);
        }
    }
    return out;
}

Vector lifted(const Layout& layout, const Vector& lambda) {
    Vector out = lambda, from = lambda;
    const auto columns = lifted_columns(layout, lambda);
    for_blocks(layout, from, [&](int f, int b, int w, const double* l) {
        const Block& block = layout.factors[f].blocks[b];
        const int s = layout.factors[f].width;
        const double size = lift * largest(layout, lambda, static_cast<std::size_t>(f), block);
        Vector d = covariance_of(w, l), values(w);
        linalg::symmetric_eigen(w, d.data(), w, values.data());
        int next = 0;  // the eigenvectors of zero come first
        for (int c = 0; c < w; ++c) {
            if (!columns[f][block.first + c]) continue;
            double* column = out.data() + layout.lambda_offset[f] + (block.first + c) * s + block.first;
            for (int a = 0; a < w; ++a) column[a] = size * d[next * w + a];
            ++next;
        }
    });
    return out;
}

// Turns first, T with T + T' = E: a column of Lambda gets its part of the lifted ones.
void move(Vector& lambda, const Vector& raised, const Layout& layout, const std::vector<Direction>& directions, const double* steps,
          const Grow& grow) {
    const Vector before = lambda;
    for_blocks(layout, lambda, [&](int f, int b, int w, double* l) {
        const int first = layout.factors[f].blocks[b].first, s = layout.factors[f].width;
        Vector e(w * w, 0.0);
        std::vector<int> there;
        for (int c = 0; c < w; ++c)
            if (is_there(layout, before, f, first + c)) there.push_back(c);
        for (std::size_t i = 0; i < directions.size(); ++i) {
            const Direction& d = directions[i];
            if (d.factor != f || d.a < first || d.a >= first + w) continue;
            const int x = d.a - first, y = d.b - first;
            if (!d.turns) e[y * w + x] = e[x * w + y] = d.scale * steps[i];
            else
                for (int a = 0; a < w; ++a)
                    l[x * w + a] += d.scale * steps[i] * raised[layout.lambda_offset[f] + d.b * s + first + a];
        }
        // exp(E / 2) over the columns that are there: the others stay zero to the last bit.
        const auto k = static_cast<int>(there.size());
        Vector own(k * k), values(k), m(w * w, 0.0), v(w);
        for (int y = 0; y < k; ++y)
            for (int x = 0; x < k; ++x) own[y * k + x] = e[there[y] * w + there[x]];
        linalg::symmetric_eigen(k, own.data(), k, values.data());
        for (int c = 0; c < k; ++c) {
            std::fill(v.begin(), v.end(), 0.0);
            for (int x = 0; x < k; ++x) v[there[x]] = own[c * k + x];
            const double times = grow(f, first, w, v.data(), values[c]);
            for (int a = 0; a < w; ++a) {
                double sum = 0.0;
                for (int x : there) sum += l[x * w + a] * v[x];
                for (int x : there) m[x * w + a] += sum * times * v[x];
            }
        }
        std::copy(m.begin(), m.end(), l);
    });
}

double along(const Layout& layout, const Direction& d, const double* u) {
    const int s = layout.factors[d.factor].width;
    const double* block = u + layout.lambda_offset[d.factor];
    const double value = block[d.b * s + d.a];
    if (d.a == d.b) return d.scale * value;
    // Of a lifted column only what the solves made of the others: probes are zero there (traces.hpp).
    return d.scale * (d.turns ? 2.0 * value : value + block[d.a * s + d.b]);
}

}  // namespace ranef::iterative
