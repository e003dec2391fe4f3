#include "ranef/iterative/score.hpp"

#include <algorithm>

#include "ranef/base/linalg.hpp"
#include "ranef/factor/group_kernel.hpp"

namespace ranef::iterative {
namespace {

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
        const Vector met = point_.preconditioner().leading_quadratic();
        for (int i = 0; i < r * r; ++i) u_[i] -= met[i];
        point_.preconditioner().blocks().each([&](std::size_t f, Index l, Index, int s, Index) {
            double* u = u_.data() + layout_.lambda_offset[f];
            const double* inverse = point_.preconditioner().inverse_block(f, l);
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
                    for (int a = 0; a < s; ++a) row[(side.first + c) * s + a] = rows_of(layout_, side, f)[(l * s + a) * side.lanes + c];
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
        const double* modes = rows_of(layout_, point_.modes(), f);
        double* u = u_.data() + layout_.lambda_offset[f];
        for (Index l = 0; l < layout_.factors[f].levels; ++l, modes += s)
            for (int b = 0; b < s; ++b)
                for (int a = 0; a < s; ++a) u[b * s + a] -= point_.weight() * modes[a] * modes[b];
    }

    const Point& point_;
    const Layout& layout_;
    Vector u_;
};

// E u of every direction, side by side.
std::vector<Side> turned_modes(const Point& point, const std::vector<Direction>& directions) {
    const Layout& layout = point.schur().layout();
    std::vector<Side> out = sides_for(layout, static_cast<Index>(directions.size()));
    for (Side& side : out)
        for (Index c = 0; c < side.count; ++c) {
            const Direction& d = directions[side.first + c];
            const int s = layout.factors[d.factor].width;
            const double* u = rows_of(layout, point.modes(), d.factor);
            double* v = rows_of(layout, side, d.factor) + c;
            for (Index l = 0; l < layout.factors[d.factor].levels; ++l) {
                v[(l * s + d.a) * side.lanes] = d.scale * u[l * s + d.b];
                v[(l * s + d.b) * side.lanes] = d.scale * u[l * s + d.a];
            }
        }
    return out;
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
            score.rss_fall[side.first + i] = column_dot(mine, side.lanes, i, leading ? point.modes().leading : point.modes().rest, 1, 0);
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

// A column that turns by t towards the lifted ones adds t t'n n' to D: the second order of a boundary, where the score along n n' is
// not zero. What probes would add to that score is left out: it is about steps.
void bend_turns(const Layout& layout, const double* u, Score& score) {
    const std::size_t k = score.directions.size();
    const auto bend = [&](const Direction& i, const Direction& l) {
        const int s = layout.factors[i.factor].width;
        return 2.0 * i.scale * l.scale * u[layout.lambda_offset[i.factor] + i.b * s + l.b];
    };
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t l = 0; l < k; ++l) {
            const Direction &one = score.directions[i], &other = score.directions[l];
            if (!one.turns || !other.turns || one.factor != other.factor || one.a != other.a) continue;
            if (!(bend(one, one) > 0.0 && bend(other, other) > 0.0)) continue;
            score.information[l * k + i] += bend(one, other);
            score.whole_information[l * k + i] += bend(one, other);
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
                    a[side.first + c] = rows_of(layout, side, f)[(l * s + d.a) * side.lanes + c];
                    b[side.first + c] = rows_of(layout, side, f)[(l * s + d.b) * side.lanes + c];
                }
            for (Index y = 0; y < p; ++y)
                for (Index x = 0; x < p; ++x) inner[y * p + x] += d.a == d.b ? a[x] * a[y] : d.scale * (a[x] * b[y] + b[x] * a[y]);
        }
        linalg::multiply(false, false, p, p, p, 1.0, covariance.data(), p, inner.data(), p, 0.0, half.data(), p);
        linalg::multiply(false, false, p, p, p, 1.0, half.data(), p, covariance.data(), p, 0.0, out.data() + static_cast<Index>(i) * p * p, p);
    }
    return out;
}

Score score_at(Point& point, const Vector& lambda, const Vector& raised, Probes& probes, double tolerance, Wanted wanted) {
    const Layout& layout = point.schur().layout();
    Score score;
    score.status = point.set(raised.data());
    if (score.status != Status::ok) return score;
    score.solved = point.solved();
    score.directions = directions_of(layout, lambda);
    const Lifted columns = lifted_columns(layout, lambda);
    const std::size_t k = score.directions.size();
    const Exact exact(point);
    score.gradient.assign(k, 0.0);
    for (Index side = 0; side < probes.sides(); ++side) {
        const Vector u = probed_traces(point, probes, side, columns, tolerance, score.solved);
        for (int c = 0; c < probes.lanes(); ++c) {
            Vector own(k);
            for (std::size_t i = 0; i < k; ++i) own[i] = along(layout, score.directions[i], u.data() + c * layout.lambda_size);
            for (std::size_t i = 0; i < k; ++i) score.gradient[i] += own[i] / static_cast<double>(probes.count());
            score.spread.push_back(std::move(own));
        }
    }
    for (Vector& own : score.spread)
        for (std::size_t i = 0; i < k; ++i) own[i] -= score.gradient[i];
    const Vector rest = solved_traces(point, probes, tolerance, score.solved);
    for (std::size_t i = 0; i < k; ++i)
        score.gradient[i] += along(layout, score.directions[i], exact.packed().data()) + along(layout, score.directions[i], rest.data());
    if (wanted == Wanted::gradient) return score;
    take_information(point, score);
    bend_turns(layout, exact.packed().data(), score);
    return score;
}

}  // namespace ranef::iterative
