#include "ranef/iterative/score.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef::iterative {
namespace {

std::uint64_t mixed(std::uint64_t x) {  // splitmix64
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

// The lanes of a factor's row.
const double* row_of(const Layout& layout, const Side& side, std::size_t f, Index row) {
    return f == 0 ? side.leading.data() + row * side.lanes : side.rest.data() + (layout.offset[f] - layout.q_leading + row) * side.lanes;
}

// The factors' matrices U, packed as Lambda, of everything but the probes.
class Exact {
public:
    explicit Exact(const Point& point) : point_(point), layout_(point.problem().design->layout()), u_(layout_.lambda_size, 0.0) {
        traces();
        for (std::size_t f = 0; f < layout_.factors.size(); ++f) {
            if (point.problem().reml) take_fixed(f);
            take_modes(f);
        }
    }
    const Vector& packed() const { return u_; }

private:
    void traces() {
        const SchurOperator& schur = point_.schur();
        const DesignCross& d = schur.design();
        const int r = layout_.leading_width();
        const GroupKernel<0> kernel(r);
        Vector gl(r * r), part(r * r);
        for (Index j = 0; j < d.levels(); ++j) {
            kernel.product(d.values.g() + j * r * r, schur.lambda(), gl.data());
            kernel.product(schur.reduced(j), gl.data(), part.data());
            for (int i = 0; i < r * r; ++i) u_[i] += part[i];
        }
        const Vector met = schur.leading_quadratic();
        for (int i = 0; i < r * r; ++i) u_[i] -= met[i];
        schur.each_block([&](std::size_t f, Index l, Index, int s, Index) {
            double* u = u_.data() + layout_.lambda_offset[f];
            const double* inverse = schur.block_inverse(f, l);
            for (int i = 0; i < s * s; ++i) u[i] += (i % (s + 1) == 0 ? 1.0 : 0.0) - inverse[i];
        });
    }

    // - UX A^-1 UX' over the levels of a factor, from products of its rows.
    void take_fixed(std::size_t f) {
        const Index p = layout_.p, levels = layout_.factors[f].levels;
        const int s = layout_.factors[f].width;
        const Vector& covariance = point_.fixed_covariance();
        double* u = u_.data() + layout_.lambda_offset[f];
        Vector row(p * s), turned(p * s);
        for (Index l = 0; l < levels; ++l) {
            for (const Side& side : point_.projected())
                for (Index c = 0; c < side.count && side.first + c < p; ++c)
                    for (int a = 0; a < s; ++a) row[(side.first + c) * s + a] = row_of(layout_, side, f, l * s + a)[c];
            for (Index c = 0; c < p; ++c)
                for (int a = 0; a < s; ++a) {
                    double sum = 0.0;
                    for (Index b = 0; b < p; ++b) sum += covariance[c * p + b] * row[b * s + a];
                    turned[c * s + a] = sum;
                }
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a)
                    for (Index c = 0; c < p; ++c) u[b * s + a] -= row[c * s + a] * turned[c * s + b];
        }
    }

    void take_modes(std::size_t f) {
        const int s = layout_.factors[f].width;
        const double* modes = f == 0 ? point_.leading_modes().data()
                                     : point_.rest_modes().data() + layout_.offset[f] - layout_.q_leading;
        double* u = u_.data() + layout_.lambda_offset[f];
        for (Index l = 0; l < layout_.factors[f].levels; ++l, modes += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a) u[b * s + a] -= point_.weight() * modes[a] * modes[b];
    }

    const Point& point_;
    const Layout& layout_;
    Vector u_;
};

// sum_l x_l y_l' of a factor's levels for every lane, packed as Lambda one lane after the other, subtracted and made symmetric.
void subtract_products(int s, Index levels, const double* x, const double* y, Index packed, double* out) {
    for (Index l = 0; l < levels; ++l, x += s * many_lanes, y += s * many_lanes)
        for (int b = 0; b < s; ++b)
            for (int a = 0; a < s; ++a)
                for (int c = 0; c < many_lanes; ++c) {
                    const double half = 0.5 * x[a * many_lanes + c] * y[b * many_lanes + c];
                    out[c * packed + b * s + a] -= half;
                    out[c * packed + a * s + b] -= half;
                }
}

// - sum_l z_l'(S^-1 - P^-1)z_l of every factor behind the leading one, - sum_j (B_j z)(B_j (S^-1 - P^-1) z)' of the leading one.
Vector probe_side(Point& point, Probes& probes, Index side, double tolerance, Solved& solved) {
    SchurOperator& schur = point.schur();
    const Layout& layout = schur.layout();
    const Index packed = layout.lambda_size, rows = layout.q_rest;
    const int r = layout.leading_width();
    Vector z(rows * many_lanes), d(z.size()), out(packed * many_lanes, 0.0);
    probes.signs(side, z.data());
    Vector& x = probes.solved(side);
    const Solved found = point.solver().solve(many_lanes, z.data(), tolerance, x.data());
    take_worst(found, solved);
    schur.precondition(many_lanes, z.data(), d.data());
    for (std::size_t i = 0; i < d.size(); ++i) d[i] = x[i] - d[i];
    for (std::size_t f = 1; f < layout.factors.size(); ++f) {
        const Index column = layout.offset[f] - layout.q_leading, first = column * many_lanes;
        if (column >= schur.few_first()) continue;
        subtract_products(layout.factors[f].width, layout.factors[f].levels, z.data() + first, d.data() + first, packed,
                          out.data() + layout.lambda_offset[f]);
    }
    const Index levels = schur.design().levels();
    Vector bz(layout.q_leading * many_lanes), bd(bz.size());
    for (auto [from, to] : {std::pair{&z, &bz}, std::pair{&d, &bd}}) {
        schur.apply_lambda(false, many_lanes, from->data());
        schur.meet(many_lanes, from->data(), to->data());
    }
    const double work = static_cast<double>(levels * r * r * many_lanes);
    Vector parts(piece_count(levels, level_piece) * packed * many_lanes, 0.0);
    for_ranges(levels, level_piece, work, [&](Index piece, Index begin, Index end) {
        Vector hz(r * many_lanes), hd(r * many_lanes);
        for (Index j = begin; j < end; ++j) {
            const double* h = schur.reduced(j);
            for (auto [from, to] : {std::pair{&bz, &hz}, std::pair{&bd, &hd}}) {
                std::fill(to->begin(), to->end(), 0.0);
                const double* row = from->data() + j * r * many_lanes;
                for (int b = 0; b < r; ++b)
                    for (int a = 0; a < r; ++a)
                        for (int c = 0; c < many_lanes; ++c) (*to)[a * many_lanes + c] += h[b * r + a] * row[b * many_lanes + c];
            }
            subtract_products(r, 1, hz.data(), hd.data(), packed, parts.data() + piece * packed * many_lanes);
        }
    });
    for (std::size_t i = 0; i < parts.size(); ++i) out[i % out.size()] += parts[i];
    return out;
}

// - sum_l (S^-1 - P^-1)_ll of factors with few columns, packed as Lambda: a solve for each of them leaves nothing to chance.
Vector few_columns(Point& point, double tolerance, Solved& solved) {
    SchurOperator& schur = point.schur();
    const Layout& layout = schur.layout();
    const Index order = schur.order(), few = schur.few_first();
    Vector out(layout.lambda_size, 0.0), z(order * many_lanes), x(z.size()), d(z.size());
    for (Index first = few; first < order; first += many_lanes) {
        const Index count = std::min<Index>(many_lanes, order - first);
        std::fill(z.begin(), z.end(), 0.0);
        std::fill(x.begin(), x.end(), 0.0);
        for (Index c = 0; c < count; ++c) z[(first + c) * many_lanes + c] = 1.0;
        take_worst(point.solver().solve(many_lanes, z.data(), tolerance, x.data()), solved);
        schur.precondition(many_lanes, z.data(), d.data());
        schur.each_block([&](std::size_t f, Index, Index column, int s, Index) {
            for (int a = 0; a < s; ++a) {
                const Index c = column + a - first;
                if (c < 0 || c >= count) continue;
                for (int b = 0; b < s; ++b) {
                    const Index at = (column + b) * many_lanes + c;
                    out[layout.lambda_offset[f] + a * s + b] -= 0.5 * (x[at] - d[at]);
                    out[layout.lambda_offset[f] + b * s + a] -= 0.5 * (x[at] - d[at]);
                }
            }
        });
    }
    return out;
}

// tr(E U).
double along(const Layout& layout, const Direction& d, const double* u) {
    const int s = layout.factors[d.factor].width;
    const double value = u[layout.lambda_offset[d.factor] + d.b * s + d.a];
    return d.a == d.b ? value : 2.0 * value;
}

// E u of every direction, side by side.
std::vector<Side> turned_modes(const Point& point, const std::vector<Direction>& directions) {
    const Layout& layout = point.schur().layout();
    std::vector<Side> out = sides_for(layout, static_cast<Index>(directions.size()));
    for (Side& side : out)
        for (Index c = 0; c < side.count; ++c) {
            const Direction& d = directions[side.first + c];
            const int s = layout.factors[d.factor].width;
            const Index base = d.factor == 0 ? 0 : layout.offset[d.factor] - layout.q_leading;
            const double* u = (d.factor == 0 ? point.leading_modes() : point.rest_modes()).data() + base;
            double* v = (d.factor == 0 ? side.leading : side.rest).data() + base * side.lanes + c;
            for (Index l = 0; l < layout.factors[d.factor].levels; ++l) {
                v[(l * s + d.a) * side.lanes] = u[l * s + d.b];
                v[(l * s + d.b) * side.lanes] = u[l * s + d.a];
            }
        }
    return out;
}

double column_dot(const Vector& a, int lanes_a, Index column_a, const Vector& b, int lanes_b, Index column_b) {
    const Index rows = static_cast<Index>(a.size()) / lanes_a;
    double sum = 0.0;
    for (Index i = 0; i < rows; ++i) sum += a[i * lanes_a + column_a] * b[i * lanes_b + column_b];
    return sum;
}

// (Z Lambda v_i)'H^-1 (Z Lambda v_k) = v_i'(I - Omega^-1)v_k, k x k.
Vector explained_products(Point& point, const std::vector<Side>& v, Index k, Solved& solved) {
    Vector out(k * k);
    for (const Side& right : v) {
        Side x = right;
        point.solve(x, solved);
        for (std::size_t i = 0; i < x.leading.size(); ++i) x.leading[i] = right.leading[i] - x.leading[i];
        for (std::size_t i = 0; i < x.rest.size(); ++i) x.rest[i] = right.rest[i] - x.rest[i];
        for (const Side& left : v)
            for (Index b = 0; b < right.count; ++b)
                for (Index a = 0; a < left.count; ++a)
                    out[(right.first + b) * k + left.first + a] = column_dot(left.leading, left.lanes, a, x.leading, x.lanes, b) +
                                                                  column_dot(left.rest, left.lanes, a, x.rest, x.lanes, b);
    }
    return out;
}

// w f_i'P f_k with f_i = Z Lambda E_i u, and what is left when the residual variance is profiled.
void take_information(Point& point, Score& score) {
    const Layout& layout = point.schur().layout();
    const auto k = static_cast<Index>(score.directions.size());
    const std::vector<Side> turned = turned_modes(point, score.directions);
    const Vector form = explained_products(point, turned, k, score.solved);
    const Index p = layout.p;
    Vector fixed(k * p, 0.0);  // f_i'H^-1 X
    score.rss_fall.assign(k, 0.0);
    for (const Side& side : turned)
        for (Index i = 0; i < side.count; ++i) {
            const bool leading = score.directions[side.first + i].factor == 0;
            const Vector& mine = leading ? side.leading : side.rest;
            for (const Side& x : point.projected())
                for (Index c = 0; c < x.count && x.first + c < p; ++c)
                    fixed[(side.first + i) * p + x.first + c] = column_dot(mine, side.lanes, i, leading ? x.leading : x.rest, x.lanes, c);
            score.rss_fall[side.first + i] = column_dot(mine, side.lanes, i, leading ? point.leading_modes() : point.rest_modes(), 1, 0);
        }
    const Vector& covariance = point.fixed_covariance();
    const double w = point.weight();
    score.information.resize(k * k);
    score.whole_information.resize(k * k);
    for (Index i = 0; i < k; ++i)
        for (Index l = 0; l < k; ++l) {
            double fall = 0.0;
            for (Index a = 0; a < p; ++a)
                for (Index b = 0; b < p; ++b) fall += fixed[i * p + a] * covariance[b * p + a] * fixed[l * p + b];
            score.whole_information[l * k + i] = w * (form[l * k + i] - fall);
            score.information[l * k + i] = score.whole_information[l * k + i] - w / point.rss() * score.rss_fall[i] * score.rss_fall[l];
        }
}

}  // namespace

Vector covariance_slopes(const Point& point, const std::vector<Direction>& directions) {
    const Layout& layout = point.schur().layout();
    const Index p = layout.p;
    const Vector& covariance = point.fixed_covariance();
    Vector out(static_cast<Index>(directions.size()) * p * p, 0.0), inner(p * p), half(p * p), a(p), b(p);
    for (std::size_t i = 0; i < directions.size(); ++i) {
        const Direction& d = directions[i];
        const auto f = static_cast<std::size_t>(d.factor);
        const int s = layout.factors[f].width;
        std::fill(inner.begin(), inner.end(), 0.0);
        for (Index l = 0; l < layout.factors[f].levels; ++l) {
            for (const Side& side : point.projected())
                for (Index c = 0; c < side.count && side.first + c < p; ++c) {
                    a[side.first + c] = row_of(layout, side, f, l * s + d.a)[c];
                    b[side.first + c] = row_of(layout, side, f, l * s + d.b)[c];
                }
            for (Index y = 0; y < p; ++y)
                for (Index x = 0; x < p; ++x) inner[y * p + x] += d.a == d.b ? a[x] * a[y] : a[x] * b[y] + b[x] * a[y];
        }
        linalg::multiply(false, false, p, p, p, 1.0, covariance.data(), p, inner.data(), p, 0.0, half.data(), p);
        linalg::multiply(false, false, p, p, p, 1.0, half.data(), p, covariance.data(), p, 0.0, out.data() + static_cast<Index>(i) * p * p, p);
    }
    return out;
}

std::vector<Direction> directions_of(const Layout& layout, const double* lambda) {
    std::vector<Direction> out;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int s = layout.factors[f].width;
        const double* l = lambda + layout.lambda_offset[f];
        const auto is_there = [&](int column) {
            return std::any_of(l + column * s, l + (column + 1) * s, [](double v) { return v != 0.0; });
        };
        for (const Block& block : layout.factors[f].blocks)
            for (int a = block.first; a < block.first + block.width; ++a)
                for (int b = block.first; b <= a; ++b)
                    if (is_there(a) && is_there(b)) out.push_back({static_cast<int>(f), a, b});
    }
    return out;
}

void Probes::grow(Index sides) {
    while (this->sides() < sides) solved_.emplace_back(order_ * many_lanes, 0.0);
}

void Probes::signs(Index side, double* z) const {
    const std::uint64_t key = mixed(seed_ + mixed(static_cast<std::uint64_t>(side)));
    for (Index i = 0; i < order_; ++i) {
        const std::uint64_t bits = mixed(key ^ static_cast<std::uint64_t>(i));
        for (int c = 0; c < many_lanes; ++c) z[i * many_lanes + c] = (bits >> c) & 1u ? 1.0 : -1.0;
    }
}

Score score_at(Point& point, Probes& probes, double tolerance) {
    const Layout& layout = point.schur().layout();
    Score score;
    score.directions = directions_of(layout, point.schur().lambda());
    const std::size_t k = score.directions.size();
    const Exact exact(point);
    score.gradient.assign(k, 0.0);
    for (Index side = 0; side < probes.sides(); ++side) {
        const Vector u = probe_side(point, probes, side, tolerance, score.solved);
        for (int c = 0; c < many_lanes; ++c) {
            Vector own(k);
            for (std::size_t i = 0; i < k; ++i) own[i] = along(layout, score.directions[i], u.data() + c * layout.lambda_size);
            for (std::size_t i = 0; i < k; ++i) score.gradient[i] += own[i] / static_cast<double>(probes.count());
            score.spread.push_back(std::move(own));
        }
    }
    for (Vector& own : score.spread)
        for (std::size_t i = 0; i < k; ++i) own[i] -= score.gradient[i];
    const Vector few = few_columns(point, tolerance, score.solved);
    for (std::size_t i = 0; i < k; ++i)
        score.gradient[i] += along(layout, score.directions[i], exact.packed().data()) + along(layout, score.directions[i], few.data());
    take_information(point, score);
    return score;
}

}  // namespace ranef::iterative
