#include "ranef/iterative/traces.hpp"

#include <algorithm>
#include <utility>

#include "ranef/base/parallel.hpp"
#include "ranef/base/splitmix.hpp"

namespace ranef::iterative {
namespace {

// sum_l x_l y_l' of a factor's levels for every lane, packed as Lambda one lane after the other, subtracted.
template <int Lanes>
void subtract_products(int s, Index levels, const double* x, const double* y, Index packed, double* out) {
    for (Index l = 0; l < levels; ++l, x += s * Lanes, y += s * Lanes)
        for (int b = 0; b < s; ++b)
            for (int a = 0; a < s; ++a)
                for (int c = 0; c < Lanes; ++c) out[c * packed + b * s + a] -= x[a * Lanes + c] * y[b * Lanes + c];
}

// sum_j (B_j z)(B_j d)' of the leading factor, likewise; z and d become Lambda z and Lambda d.
template <int Lanes>
void subtract_leading(const SchurOperator& schur, Vector& z, Vector& d, Vector& out) {
    const Layout& layout = schur.layout();
    const int r = layout.leading_width();
    const Index packed = layout.lambda_size, levels = schur.design().levels();
    Vector bz(layout.q_leading * Lanes), bd(bz.size());
    for (auto [from, to] : {std::pair{&z, &bz}, std::pair{&d, &bd}}) {
        schur.apply_lambda(false, Lanes, from->data());
        schur.meet(Lanes, from->data(), to->data());
    }
    const double work = static_cast<double>(levels * r * r * Lanes);
    Vector parts(piece_count(levels, level_piece) * packed * Lanes, 0.0);
    for_ranges(levels, level_piece, work, [&](Index piece, Index begin, Index end) {
        Vector hz(r * Lanes), hd(r * Lanes);
        for (Index j = begin; j < end; ++j) {
            for (auto [from, to] : {std::pair{&bz, &hz}, std::pair{&bd, &hd}}) {
                std::fill(to->begin(), to->end(), 0.0);
                add_product<Lanes>(r, Lanes, schur.reduced(j), 1.0, from->data() + j * r * Lanes, to->data());
            }
            subtract_products<Lanes>(r, 1, hz.data(), hd.data(), packed, parts.data() + piece * packed * Lanes);
        }
    });
    Vector sums(packed * Lanes, 0.0);
    for (std::size_t i = 0; i < parts.size(); ++i) sums[i % sums.size()] += parts[i];
    for (int c = 0; c < Lanes; ++c)
        for (int b = 0; b < r; ++b)
            for (int a = 0; a < r; ++a) out[c * packed + b * r + a] += 0.5 * (sums[c * packed + b * r + a] + sums[c * packed + a * r + b]);
}

// d = x - P^-1 z.
void take_preconditioned(const Preconditioner& preconditioner, int lanes, const Vector& z, const Vector& x, Vector& d) {
    preconditioner.apply(lanes, z.data(), d.data());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = x[i] - d[i];
}

template <int Lanes>
Vector traces_by_side(Point& point, Probes& probes, Index side, const Lifted& lifted, double tolerance, Solved& solved) {
    const SchurOperator& schur = point.schur();
    const Layout& layout = schur.layout();
    const Index packed = layout.lambda_size;
    Vector z(layout.q_rest * Lanes), d(z.size()), out(packed * Lanes, 0.0);
    probes.signs(side, z.data());
    point.preconditioner().blocks().each([&](std::size_t f, Index, Index column, int s, Index) {
        for (int a = 0; a < s; ++a)
            if (lifted[f][a]) std::fill_n(z.data() + (column + a) * Lanes, Lanes, 0.0);
    });
    Vector& x = probes.solved(side);
    take_worst(point.solver().solve(Lanes, z.data(), tolerance, x.data()), solved);
    take_preconditioned(point.preconditioner(), Lanes, z, x, d);
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const Index column = layout.rest_column(f), first = column * Lanes;
        if (column >= probes.rows()) continue;
        subtract_products<Lanes>(layout.factors[f].width, layout.factors[f].levels, z.data() + first, d.data() + first, packed,
                                 out.data() + layout.lambda_offset[f]);
    }
    subtract_leading<Lanes>(schur, z, d, out);
    return out;
}

}  // namespace

void Probes::grow(Index vectors) {
    while (count() < vectors) solved_.emplace_back(order_ * lanes_, 0.0);
}

void Probes::keep_rows(Index rows) {
    rows_ = rows;
}

void Probes::signs(Index side, double* z) const {
    const std::uint64_t key = splitmix::word(seed_ + splitmix::word(static_cast<std::uint64_t>(side)));
    for (Index i = 0; i < order_; ++i) {
        const std::uint64_t bits = splitmix::word(key ^ static_cast<std::uint64_t>(i));
        for (int c = 0; c < lanes_; ++c) z[i * lanes_ + c] = (bits >> c) & 1u ? 1.0 : -1.0;
    }
}

Vector probed_traces(Point& point, Probes& probes, Index side, const Lifted& lifted, double tolerance, Solved& solved) {
    const auto traces = probes.lanes() == few_lanes ? &traces_by_side<few_lanes> : &traces_by_side<many_lanes>;
    return traces(point, probes, side, lifted, tolerance, solved);
}

Vector solved_traces(Point& point, const Probes& probes, double tolerance, Solved& solved) {
    const SchurOperator& schur = point.schur();
    const Layout& layout = schur.layout();
    const Index order = schur.order();
    Vector out(layout.lambda_size, 0.0), z(order * many_lanes), x(z.size()), d(z.size());
    for (Index first = probes.rows(); first < order; first += many_lanes) {
        const Index count = std::min<Index>(many_lanes, order - first);
        std::fill(z.begin(), z.end(), 0.0);
        std::fill(x.begin(), x.end(), 0.0);
        for (Index c = 0; c < count; ++c) z[(first + c) * many_lanes + c] = 1.0;
        take_worst(point.solver().solve(many_lanes, z.data(), tolerance, x.data()), solved);
        take_preconditioned(point.preconditioner(), many_lanes, z, x, d);
        point.preconditioner().blocks().each([&](std::size_t f, Index, Index column, int s, Index) {
            for (int a = 0; a < s; ++a) {
                const Index c = column + a - first;
                if (c < 0 || c >= count) continue;
                for (int b = 0; b < s; ++b) out[layout.lambda_offset[f] + b * s + a] -= d[(column + b) * many_lanes + c];
            }
        });
    }
    return out;
}

}  // namespace ranef::iterative
