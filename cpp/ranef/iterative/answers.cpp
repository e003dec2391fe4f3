#include "ranef/iterative/answers.hpp"

#include <cmath>

#include "ranef/iterative/log_determinant.hpp"

namespace ranef::iterative {

Observed observed_information(const Problem& problem, const double* response, const double* theta, bool small_are_exact,
                              const Settings& settings, Poll poll) {
    constexpr double apart = 0.02;  // of a log variance: what a central difference leaves is of the order of its square
    const Layout& layout = problem.design->layout();
    Point point(problem, response, {settings.tolerance, settings.most_iterations, settings.progress}, poll);
    Probes probes(layout.q_rest, settings.seed, lanes_for(settings.probes));
    probes.grow(settings.probes);
    if (small_are_exact) probes.keep_rows(point.preconditioner().small_first());
    Vector lambda(layout.lambda_size);
    layout.unpack(theta, lambda.data());
    const Vector raised = lifted(layout, lambda);
    Observed out;
    out.directions = directions_of(layout, lambda);
    const auto k = static_cast<Index>(out.directions.size());
    out.hessian.assign(k * k, 0.0);
    out.spread.assign(probes.count(), Vector(k * k, 0.0));
    for (Index i = 0; i < k; ++i)
        for (double sign : {-1.0, 1.0}) {
            Vector steps(k, 0.0), there = lambda;
            steps[i] = sign * apart;
            move(there, raised, layout, out.directions, steps.data(), [](int, int, int, const double*, double value) { return std::exp(0.5 * value); });
            if (settings.progress) ++settings.progress->evaluations;
            Vector above = there;  // lifted along the same vectors, so that directions are the same
            for (std::size_t j = 0; j < above.size(); ++j) above[j] += raised[j] - lambda[j];
            const Score score = score_at(point, there, above, probes, settings.probe_tolerance, Wanted::gradient);
            out.status = score.status;
            if (out.status != Status::ok) return out;
            out.solved = out.solved && score.solved.reached;
            const auto take = [&](const Vector& from, Vector& to) {
                for (Index l = 0; l < k; ++l) {
                    const double slope = sign * from[l] / (4.0 * apart);
                    to[i * k + l] += slope;
                    to[l * k + i] += slope;
                }
            };
            take(score.gradient, out.hessian);
            for (std::size_t c = 0; c < score.spread.size(); ++c) take(score.spread[c], out.spread[c]);
        }
    return out;
}

Value value_at(const Problem& problem, const double* response, const double* theta, const Settings& settings, Poll poll) {
    const Layout& layout = problem.design->layout();
    Point point(problem, response, {settings.tolerance, settings.most_iterations, settings.progress}, poll);
    Vector lambda(layout.lambda_size);
    layout.unpack(theta, lambda.data());
    Value out;
    out.status = point.set(lambda.data());
    if (out.status != Status::ok) return out;
    Probes probes(layout.q_rest, settings.seed);
    probes.grow(settings.probes);
    LogDeterminant found = log_determinant(point, probes, settings.quadrature_tolerance);
    out.exact = found.exact + (problem.reml ? point.log_det_x() : 0.0) - problem.design->sum_log_weights +
                Dispersion(problem.degrees()).loss(point.rss());
    out.of_probes = std::move(found.of_probes);
    out.solved = point.solved();
    take_worst(found.solved, out.solved);
    return out;
}

Status solve_random(const Problem& problem, const double* response, const double* theta, const Settings& settings, Index count,
                    const double* rhs, double* out, double* met, Poll poll) {
    const Layout& layout = problem.design->layout();
    Point point(problem, response, {settings.tolerance, settings.most_iterations, settings.progress}, poll);
    Vector lambda(layout.lambda_size);
    layout.unpack(theta, lambda.data());
    if (!point.stand(lambda.data())) return Status::not_positive_definite;
    for (Side& side : sides_for(layout, count)) {
        const auto each = [&](const auto& use) {
            for (Index c = 0; c < side.count; ++c) {
                const Index from = (side.first + c) * layout.q;
                for (Index i = 0; i < layout.q_leading; ++i) use(side.leading[i * side.lanes + c], from + i);
                for (Index i = 0; i < layout.q_rest; ++i) use(side.rest[i * side.lanes + c], from + layout.q_leading + i);
            }
        };
        each([&](double& v, Index at) { v = rhs[at]; });
        point.apply_lambda(true, side);
        Solved solved;
        point.solve(side, solved);
        if (!solved.reached) return Status::max_evaluations;
        point.apply_lambda(false, side);
        each([&](double& v, Index at) { out[at] = v; });
        for (const Side& x : point.products())
            for (Index c = 0; c < x.count && x.first + c < layout.p; ++c)
                for (Index l = 0; l < side.count; ++l)
                    met[(side.first + l) * layout.p + x.first + c] = column_dot(x.leading, x.lanes, c, side.leading, side.lanes, l) +
                                                                     column_dot(x.rest, x.lanes, c, side.rest, side.lanes, l);
    }
    return Status::ok;
}

}  // namespace ranef::iterative
