#include "ranef/iterative/conjugate_gradients.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/base/parallel.hpp"

namespace ranef::iterative {
namespace {

constexpr Index piece_rows = 8192;

// Sums over the rows for each vector, piece by piece in their order; run(begin, end, sums) takes rows.
template <class Run>
Vector sum_rows(Index rows, int lanes, const Run& run) {
    Vector parts(piece_count(rows, piece_rows) * lanes, 0.0), out(lanes, 0.0);
    for_ranges(rows, piece_rows, 4.0 * static_cast<double>(rows * lanes),
               [&](Index piece, Index begin, Index end) { run(begin, end, parts.data() + piece * lanes); });
    for (std::size_t i = 0; i < parts.size(); ++i) out[i % static_cast<std::size_t>(lanes)] += parts[i];
    return out;
}

Vector dots(Index rows, int lanes, const double* a, const double* b) {
    return sum_rows(rows, lanes, [&](Index begin, Index end, double* sum) {
        for (Index i = begin; i < end; ++i)
            for (int c = 0; c < lanes; ++c) sum[c] += a[i * lanes + c] * b[i * lanes + c];
    });
}

}  // namespace

Solved ConjugateGradients::solve(int lanes, const double* rhs, double tolerance, double* x, Coefficients* record) {
    const Index rows = schur_.order(), size = rows * lanes;
    Solved out;
    for (Vector* v : {&r_, &z_, &p_, &q_}) v->resize(size);
    preconditioner_.apply(lanes, rhs, z_.data());
    const Vector target = dots(rows, lanes, rhs, z_.data());
    bool started = false;
    for (Index i = 0; i < size && !started; ++i) started = x[i] != 0.0;
    if (started) schur_.multiply(lanes, x, q_.data());
    else std::fill(q_.begin(), q_.end(), 0.0);
    for (Index i = 0; i < size; ++i) r_[i] = rhs[i] - q_[i];
    preconditioner_.apply(lanes, r_.data(), z_.data());
    p_ = z_;
    Vector rz = dots(rows, lanes, r_.data(), z_.data()), step(lanes), turn(lanes);
    const auto worst = [&] {
        double found = 0.0;
        for (int c = 0; c < lanes; ++c)
            if (target[c] > 0.0) found = std::max(found, std::sqrt(std::max(rz[c], 0.0) / target[c]));
        return found;
    };
    for (out.residual = worst(); !(out.residual <= tolerance) && out.iterations < most_; out.residual = worst()) {
        poll_.tick(static_cast<Index>(schur_.work()) * lanes);
        if (progress_) ++progress_->iterations;
        schur_.multiply(lanes, p_.data(), q_.data());
        const Vector pq = dots(rows, lanes, p_.data(), q_.data());
        for (int c = 0; c < lanes; ++c) step[c] = pq[c] > 0.0 ? rz[c] / pq[c] : 0.0;
        for_ranges(rows, piece_rows, 4.0 * static_cast<double>(size), [&](Index, Index begin, Index end) {
            for (Index i = begin; i < end; ++i)
                for (int c = 0; c < lanes; ++c) {
                    x[i * lanes + c] += step[c] * p_[i * lanes + c];
                    r_[i * lanes + c] -= step[c] * q_[i * lanes + c];
                }
        });
        preconditioner_.apply(lanes, r_.data(), z_.data());
        const Vector next = dots(rows, lanes, r_.data(), z_.data());
        for (int c = 0; c < lanes; ++c) turn[c] = rz[c] > 0.0 ? next[c] / rz[c] : 0.0;
        rz = next;
        for_ranges(rows, piece_rows, 2.0 * static_cast<double>(size), [&](Index, Index begin, Index end) {
            for (Index i = begin; i < end; ++i)
                for (int c = 0; c < lanes; ++c) p_[i * lanes + c] = z_[i * lanes + c] + turn[c] * p_[i * lanes + c];
        });
        if (record) {
            record->alpha.push_back(step);
            record->beta.push_back(turn);
        }
        ++out.iterations;
        if (!std::isfinite(rz[0])) break;
    }
    out.reached = out.residual <= tolerance;
    return out;
}

}  // namespace ranef::iterative
