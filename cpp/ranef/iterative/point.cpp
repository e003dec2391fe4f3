#include "ranef/iterative/point.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/base/parallel.hpp"
#include "ranef/model/level_blocks.hpp"

namespace ranef::iterative {
namespace {

constexpr double exact_fit_tolerance = 1e-14;  // of y'y: what is left below this is rounding

// y (r x lanes) <- times M x or times M'x for an r x r matrix.
void multiply_lanes(int r, int lanes, const double* m, bool transpose, double times, const double* x, double* y) {
    std::fill_n(y, r * lanes, 0.0);
    if (transpose) add_transposed_product(r, lanes, m, times, x, y);
    else add_product(r, lanes, m, times, x, y);
}

}  // namespace

double column_dot(const Vector& a, int lanes_a, Index column_a, const Vector& b, int lanes_b, Index column_b) {
    const Index rows = static_cast<Index>(a.size()) / lanes_a;
    double sum = 0.0;
    for (Index i = 0; i < rows; ++i) sum += a[i * lanes_a + column_a] * b[i * lanes_b + column_b];
    return sum;
}

std::vector<Side> sides_for(const Layout& layout, Index count) {
    std::vector<Side> out;
    for (Index first = 0; first < count; first += many_lanes) {
        Side side;
        side.first = first;
        side.count = std::min<Index>(many_lanes, count - first);
        side.lanes = lanes_for(side.count);
        side.leading.assign(layout.q_leading * side.lanes, 0.0);
        side.rest.assign(layout.q_rest * side.lanes, 0.0);
        out.push_back(std::move(side));
    }
    return out;
}

Point::Point(const Problem& problem, const double* response, const PointSettings& settings, Poll& poll)
    : problem_(problem),
      layout_(problem.design->layout()),
      settings_(settings),
      schur_(*problem.design),
      preconditioner_(schur_),
      solver_(schur_, preconditioner_, settings.most_iterations, poll, settings.progress),
      poll_(poll),
      columns_(layout_.p + 1),
      data_(sides_for(layout_, columns_)),
      answers_(sides_for(layout_, columns_)),
      reduced_(data_.size()),
      inner_(columns_ * columns_),
      form_(inner_.size()),
      beta_(layout_.p),
      covariance_(Index{layout_.p} * layout_.p),
      u_{1, 0, 1, Vector(layout_.q_leading), Vector(layout_.q_rest)} {
    read_columns(response);
}

void Point::read_columns(const double* response) {
    const DesignCross& d = schur_.design();
    const Index p = layout_.p, q1 = layout_.q_leading, q2 = layout_.q_rest;
    const int r = layout_.leading_width();
    for (Side& side : data_)
        for (Index c = 0; c < side.count; ++c) {
            const Index column = side.first + c;
            const bool is_y = column == p;
            for (Index j = 0; j < d.levels(); ++j) {
                const double* from = is_y ? response + j * r : d.level(j).x(column);
                for (int a = 0; a < r; ++a) side.leading[(j * r + a) * side.lanes + c] = from[a];
            }
            for (Index i = 0; i < q2; ++i)
                side.rest[i * side.lanes + c] = is_y ? response[q1 + i] : d.values.w_x()[column * q2 + i];
        }
    const double* xy = response + q1 + q2;
    for (Index a = 0; a < columns_; ++a)
        for (Index b = 0; b < columns_; ++b)
            inner_[b * columns_ + a] = a < p && b < p ? d.values.w_xx()[b * p + a] : (a == p ? xy[b] : xy[a]);
}

// Lambda'Z'H^-1 C for the columns of one side: S^-1 Lambda'T_2C behind the leading term, then M_j^-1 Lambda'(Z_1j'C - A_j Lambda of it).
void Point::project(std::size_t which) {
    const Side& c = data_[which];
    Side& answer = answers_[which];
    const int r = layout_.leading_width(), lanes = c.lanes;
    const Index levels = schur_.design().levels();
    const double work = static_cast<double>(levels * r * r * lanes);
    Vector shrunk(c.leading.size()), &rhs = reduced_[which];
    for_ranges(levels, level_piece, work, [&](Index, Index begin, Index end) {
        for (Index j = begin; j < end; ++j)
            multiply_lanes(r, lanes, schur_.shrinkage(j), false, -1.0, c.leading.data() + j * r * lanes, shrunk.data() + j * r * lanes);
    });
    rhs = c.rest;
    schur_.spread(lanes, shrunk.data(), rhs.data());
    schur_.apply_lambda(true, lanes, rhs.data());
    take_worst(solver_.solve(lanes, rhs.data(), settings_.tolerance, answer.rest.data()), solved_);
    Vector modes = answer.rest;
    schur_.apply_lambda(false, lanes, modes.data());
    schur_.meet(lanes, modes.data(), shrunk.data());
    for_ranges(levels, level_piece, work, [&](Index, Index begin, Index end) {
        for (Index i = begin * r * lanes; i < end * r * lanes; ++i) shrunk[i] = c.leading[i] - shrunk[i];
        for (Index j = begin; j < end; ++j)
            multiply_lanes(r, lanes, schur_.reduced(j), false, 1.0, shrunk.data() + j * r * lanes, answer.leading.data() + j * r * lanes);
    });
}

Status Point::set(const double* lambda) {
    solved_ = Solved{};
    if (!stand(lambda)) return Status::not_positive_definite;
    for (std::size_t i = 0; i < data_.size(); ++i) project(i);
    combine();
    if (!std::isfinite(rss_)) return Status::not_finite;
    return rss_ > exact_fit_tolerance * inner_.back() ? Status::ok : Status::exact_fit;
}

// C'H^-1 C = C'C - C'Z_1 K Z_1'C - (Lambda'T_2C)'S^-1 Lambda'T_2C, then generalised least squares.
void Point::combine() {
    const Index p = layout_.p, k = columns_, levels = schur_.design().levels();
    const int r = layout_.leading_width();
    form_ = inner_;
    Vector shrunk(r);
    for (std::size_t i = 0; i < data_.size(); ++i)
        for (std::size_t l = i; l < data_.size(); ++l) {
            const Side &a = data_[i], &b = data_[l];
            Vector sum(a.count * b.count, 0.0);
            for (Index j = 0; j < levels; ++j) {
                const double* kj = schur_.shrinkage(j);
                for (Index y = 0; y < b.count; ++y) {
                    for (int s = 0; s < r; ++s) {
                        shrunk[s] = 0.0;
                        for (int t = 0; t < r; ++t) shrunk[s] += kj[t * r + s] * b.leading[(j * r + t) * b.lanes + y];
                    }
                    for (Index x = 0; x < a.count; ++x)
                        for (int s = 0; s < r; ++s) sum[y * a.count + x] += a.leading[(j * r + s) * a.lanes + x] * shrunk[s];
                }
            }
            for (Index y = 0; y < b.count; ++y)
                for (Index x = 0; x < a.count; ++x) {
                    const double fall = sum[y * a.count + x] + column_dot(reduced_[i], a.lanes, x, answers_[l].rest, b.lanes, y);
                    form_[(b.first + y) * k + a.first + x] -= fall;
                    if (l != i) form_[(a.first + x) * k + b.first + y] -= fall;
                }
        }
    for (Index b = 0; b < p; ++b)
        for (Index a = 0; a < p; ++a) covariance_[b * p + a] = 0.5 * (form_[b * k + a] + form_[a * k + b]);
    rss_ = form_[p * k + p];
    log_det_x_ = 0.0;
    if (p > 0) {
        if (!linalg::cholesky(p, covariance_.data(), p)) {
            rss_ = std::nan("");
            return;
        }
        for (Index a = 0; a < p; ++a) log_det_x_ += 2.0 * std::log(covariance_[a * p + a]);
        std::copy_n(form_.begin() + p * k, p, beta_.begin());
        linalg::solve_lower(p, covariance_.data(), p, beta_.data(), 1, p);
        rss_ -= linalg::dot(p, beta_.data(), beta_.data());
        linalg::solve_upper(p, covariance_.data(), p, beta_.data(), 1, p);
        linalg::invert_cholesky(p, covariance_.data(), p);
        linalg::symmetrise(p, covariance_.data(), p);
    }
    std::fill(u_.leading.begin(), u_.leading.end(), 0.0);
    std::fill(u_.rest.begin(), u_.rest.end(), 0.0);
    for (const Side& side : answers_)
        for (Index c = 0; c < side.count; ++c) {
            const double times = side.first + c == p ? 1.0 : -beta_[side.first + c];
            for (std::size_t i = 0; i < u_.leading.size(); ++i) u_.leading[i] += times * side.leading[i * side.lanes + c];
            for (std::size_t i = 0; i < u_.rest.size(); ++i) u_.rest[i] += times * side.rest[i * side.lanes + c];
        }
}

// x_2 = S^-1 (v_2 - Lambda'A'Lambda M^-1 v_1), x_1 = M^-1 v_1 - H A Lambda x_2, with M^-1 = I - H G Lambda.
void Point::solve(Side& v, Solved& solved) {
    const DesignCross& d = schur_.design();
    const int r = layout_.leading_width(), lanes = v.lanes;
    const Index rr = Index{r} * r, levels = d.levels();
    const double work = 4.0 * static_cast<double>(levels * rr * lanes);
    Vector part(v.leading.size()), t(v.rest.size(), 0.0);
    const auto each_level = [&](const auto& run) {
        for_ranges(levels, level_piece, work, [&](Index, Index begin, Index end) {
            Vector inner(r * lanes), outer(r * lanes);
            for (Index j = begin; j < end; ++j) run(j, j * r * lanes, inner.data(), outer.data());
        });
    };
    each_level([&](Index j, Index at, double*, double*) {
        multiply_lanes(r, lanes, schur_.reduced(j), true, -1.0, v.leading.data() + at, part.data() + at);
    });
    schur_.spread(lanes, part.data(), t.data());
    schur_.apply_lambda(true, lanes, t.data());
    for (std::size_t i = 0; i < t.size(); ++i) t[i] += v.rest[i];
    std::fill(v.rest.begin(), v.rest.end(), 0.0);
    take_worst(solver_.solve(lanes, t.data(), settings_.tolerance, v.rest.data()), solved);
    t = v.rest;
    schur_.apply_lambda(false, lanes, t.data());
    schur_.meet(lanes, t.data(), part.data());
    each_level([&](Index j, Index at, double* inner, double* outer) {
        double* x = v.leading.data() + at;
        multiply_lanes(r, lanes, schur_.lambda(), false, 1.0, x, inner);
        multiply_lanes(r, lanes, d.values.g() + j * rr, false, 1.0, inner, outer);
        for (int i = 0; i < r * lanes; ++i) outer[i] += part[at + i];
        multiply_lanes(r, lanes, schur_.reduced(j), false, -1.0, outer, inner);
        for (int i = 0; i < r * lanes; ++i) x[i] += inner[i];
    });
}

void Point::apply_lambda(bool transpose, Side& v) const {
    const int r = layout_.leading_width(), lanes = v.lanes;
    Vector own(r * lanes);
    for (std::size_t at = 0; at < v.leading.size(); at += own.size()) {
        multiply_lanes(r, lanes, schur_.lambda(), transpose, 1.0, v.leading.data() + at, own.data());
        std::copy(own.begin(), own.end(), v.leading.begin() + static_cast<Index>(at));
    }
    schur_.apply_lambda(transpose, lanes, v.rest.data());
}

Side Point::gram(const Side& v) const {
    const DesignCross& d = schur_.design();
    const int r = layout_.leading_width(), lanes = v.lanes;
    Side out = v;
    schur_.multiply_rest(lanes, v.rest.data(), out.rest.data());
    schur_.spread(lanes, v.leading.data(), out.rest.data());
    schur_.meet(lanes, v.rest.data(), out.leading.data());
    Vector own(r * lanes);
    for (Index j = 0; j < d.levels(); ++j) {
        multiply_lanes(r, lanes, d.values.g() + j * r * r, false, 1.0, v.leading.data() + j * r * lanes, own.data());
        for (int i = 0; i < r * lanes; ++i) out.leading[j * r * lanes + i] += own[i];
    }
    return out;
}

Estimates Point::estimates() const {
    Estimates out;
    out.value = std::nan("");
    out.penalised_rss = rss_;
    out.beta = beta_;
    out.fixed_covariance = covariance_;
    out.lambda.assign(schur_.lambda(), schur_.lambda() + layout_.lambda_size);
    out.coef.resize(layout_.n_coef());
    std::copy(u_.leading.begin(), u_.leading.end(), out.coef.begin());
    std::copy(u_.rest.begin(), u_.rest.end(), out.coef.begin() + layout_.q_leading);
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        for (Index l = 0; l < layout_.factors[f].levels; ++l)
            apply_block(layout_.factors[f].width, out.lambda.data() + layout_.lambda_offset[f], false,
                        out.coef.data() + layout_.offset[f] + l * layout_.factors[f].width);
    std::copy(beta_.begin(), beta_.end(), out.coef.begin() + layout_.q);
    return out;
}

}  // namespace ranef::iterative
