#include <atomic>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "estimates_object.hpp"
#include "ranef/iterative/answers.hpp"
#include "ranef/iterative/choice.hpp"
#include "ranef/iterative/parts.hpp"
#include "ranef/plan/cost.hpp"
#include "watched.hpp"

namespace ranef::bindings {
namespace {

struct Cancelled {};

// A search and everything it needs to stay alive when its caller is interrupted: it ends at the next application of S.
struct Running {
    std::shared_ptr<const Problem> problem;
    std::shared_ptr<const ResponseCross> response;
    std::vector<double> theta;  // internal, or empty
    iterative::Settings settings;
    iterative::Progress progress;
    std::atomic<bool> cancelled{false};

    const double* at() const { return theta.empty() ? nullptr : theta.data(); }
    Poll poll() {
        return Poll([this] {
            if (cancelled) throw Cancelled();
        });
    }
};

// work(running) beside the caller, which listens for Ctrl-C and tells told(evaluations, probes, iterations) how far it is; what it
// makes must be kept alive by it.
template <class Work>
void run_listening(const std::shared_ptr<Running>& running, const py::object& told, Work work) {
    running->settings.progress = &running->progress;
    const bool tells = !told.is_none();
    const py::gil_scoped_release release;
    run_watched(
        [running, work] {
            try {
                work(*running);
            } catch (const Cancelled&) {
                // nobody waits for it
            }
        },
        [&] { running->cancelled = true; },
        [&] {
            const iterative::Progress& at = running->progress;
            if (tells) told(at.evaluations.load(), at.probes.load(), at.iterations.load());
        });
}

std::shared_ptr<Running> running_at(const ProblemObject& self, const ResponseObject& response) {
    response.check(self.design());
    const auto running = std::make_shared<Running>();
    running->problem = self.problem();
    running->response = response.response;
    return running;
}

py::list multipliers_of(const ProblemObject& self, const iterative::Zero& zero) {
    py::list out;
    for (const iterative::Multiplier& m : zero.boundary) {
        std::vector<double> direction = m.at.direction;
        self.design().coordinates().null_vector_to_user(self.layout(), m.at.factor, m.at.block, direction.data());
        double norm = 0.0;
        for (double v : direction) norm = std::hypot(norm, v);
        for (double& v : direction) v /= norm;
        out.append(py::make_tuple(self.design().factor_order()[m.at.factor], m.at.block, m.at.value, m.error, to_numpy(direction)));
    }
    return out;
}

py::array_t<double> shaped(const std::vector<double>& values, std::vector<py::ssize_t> shape) {
    return py::array_t<double>(std::move(shape), values.data());
}

py::list steps_of(const iterative::Zero& zero) {
    py::list out;
    for (const iterative::Step& step : zero.steps) {
        py::dict one;
        one["theta"] = to_numpy(step.theta);
        one["decrement"] = step.decrement;
        one["iterations"] = step.iterations;
        one["probe_iterations"] = step.probe_iterations;
        one["probes"] = step.probes;
        out.append(one);
    }
    return out;
}

py::dict find(ProblemObject& self, const ResponseObject& response, const py::object& start, int probes, int most_probes,
              std::uint64_t seed, double error, double tolerance, double probe_tolerance, int most_iterations, int most_steps,
              const py::object& progress) {
    const auto running = running_at(self, response);
    if (!start.is_none()) running->theta = self.internal_theta(start.cast<Doubles>());
    iterative::Settings& settings = running->settings;
    settings.seed = seed;
    settings.probes = probes;
    settings.most_probes = most_probes;
    settings.error = error;
    settings.tolerance = tolerance;
    settings.probe_tolerance = probe_tolerance;
    settings.most_iterations = most_iterations;
    settings.most_steps = most_steps;
    const auto found = std::make_shared<iterative::Zero>();
    run_listening(running, progress, [found](Running& r) {
        *found = iterative::find_zero(*r.problem, r.response->values.data(), r.at(), r.settings, r.poll());
    });
    const iterative::Zero& zero = *found;
    const Layout& layout = self.layout();
    const py::ssize_t k = static_cast<py::ssize_t>(zero.directions.size()), p = layout.p;
    std::vector<double> theta(layout.n_theta());
    self.design().coordinates().theta_to_user(layout, zero.theta.data(), theta.data());
    py::dict out;
    out["status"] = describe(zero.status);
    out["converged"] = zero.converged;
    out["solved"] = zero.solved;
    out["residual"] = zero.residual;
    out["theta"] = to_numpy(theta);
    out["internal_theta"] = to_numpy(zero.theta);
    out["probes"] = zero.probes;
    out["small_are_exact"] = zero.small_are_exact;
    out["worst_error"] = zero.worst_error;
    out["steps"] = steps_of(zero);
    if (zero.status != Status::ok) return out;
    out["boundary"] = multipliers_of(self, zero);
    out["gradient"] = to_numpy(zero.gradient);
    out["information"] = shaped(zero.information, {k, k});
    out["whole_information"] = shaped(zero.whole_information, {k, k});
    out["log_variance_slope"] = to_numpy(zero.log_variance_slope);
    out["monte_carlo"] = shaped(zero.monte_carlo, {k, k});
    out["jacobian"] = shaped(zero.jacobian, {k, layout.n_theta()});
    out["covariance_slopes"] = shaped(zero.covariance_slopes, {k, p, p});
    out["solution"] = estimates_on_users_scale(self, *response.response, zero.estimates, zero.theta);
    return out;
}

// (what is exact of the criterion at a theta in the user's coordinates, the rest by each probe, whether all solves ended)
py::tuple iterative_value(const ProblemObject& self, const ResponseObject& response, const Doubles& theta, int probes,
                          std::uint64_t seed, double tolerance, int most_iterations, const py::object& progress) {
    const auto running = running_at(self, response);
    running->theta = self.internal_theta(theta);
    running->settings.seed = seed;
    running->settings.probes = probes;
    running->settings.tolerance = tolerance;
    running->settings.most_iterations = most_iterations;
    const auto found = std::make_shared<iterative::Value>();
    run_listening(running, progress, [found](Running& r) {
        *found = iterative::value_at(*r.problem, r.response->values.data(), r.at(), r.settings, r.poll());
    });
    if (found->status != Status::ok) throw std::runtime_error(describe(found->status));
    return py::make_tuple(self.criterion(found->exact, *response.response), to_numpy(found->of_probes), found->solved.reached);
}

// (the Hessian of the criterion where the score is zero, theta internal, in the directions of the fit; the same by each probe less
// the mean; whether all solves ended)
py::tuple iterative_observed(const ProblemObject& self, const ResponseObject& response, const Doubles& theta, bool small_are_exact,
                             int probes, std::uint64_t seed, double tolerance, double probe_tolerance, int most_iterations,
                             const py::object& progress) {
    const auto running = running_at(self, response);
    running->theta.assign(theta.data(), theta.data() + theta.size());
    running->settings.seed = seed;
    running->settings.probes = probes;
    running->settings.tolerance = tolerance;
    running->settings.probe_tolerance = probe_tolerance;
    running->settings.most_iterations = most_iterations;
    const auto found = std::make_shared<iterative::Observed>();
    run_listening(running, progress, [found, small_are_exact](Running& r) {
        *found = iterative::observed_information(*r.problem, r.response->values.data(), r.at(), small_are_exact, r.settings, r.poll());
    });
    if (found->status != Status::ok) throw std::runtime_error(describe(found->status));
    const auto k = static_cast<py::ssize_t>(found->directions.size());
    std::vector<double> spread;
    for (const auto& own : found->spread) spread.insert(spread.end(), own.begin(), own.end());
    return py::make_tuple(shaped(found->hessian, {k, k}), shaped(spread, {static_cast<py::ssize_t>(found->spread.size()), k, k}), found->solved);
}

// (V rhs, X'Z V rhs) with V = Lambda Omega^-1 Lambda' for vectors (m x q, internal coordinates, the factors in the core's order).
py::tuple random_solves(const ProblemObject& self, const ResponseObject& response, const Doubles& theta, const Doubles& rhs,
                        double tolerance, int most_iterations, const py::object& progress) {
    const Index q = self.layout().q;
    if (rhs.ndim() != 2 || rhs.shape(1) != q) throw py::value_error("rhs must have q columns");
    const auto running = running_at(self, response);
    running->theta = self.internal_theta(theta);
    running->settings.tolerance = tolerance;
    running->settings.most_iterations = most_iterations;
    const Index count = rhs.shape(0), p = self.layout().p;
    const auto numbers = std::make_shared<std::vector<double>>(rhs.data(), rhs.data() + rhs.size());
    const auto met = std::make_shared<std::vector<double>>(count * p);
    const auto status = std::make_shared<Status>();
    run_listening(running, progress, [numbers, met, status, count](Running& r) {
        *status = iterative::solve_random(*r.problem, r.response->values.data(), r.at(), r.settings, count, numbers->data(),
                                          numbers->data(), met->data(), r.poll());
    });
    if (*status != Status::ok) throw std::runtime_error("the solves did not reach their tolerance");
    return py::make_tuple(shaped(*numbers, {count, q}), shaped(*met, {count, p}));
}

// How the levels hang together: parts that share none, levels in the largest, (inner, outer) of nested factors as given.
py::dict iterative_parts(const DesignObject& self) {
    iterative::Parts found;
    {
        const py::gil_scoped_release release;
        found = iterative::parts_of(*self.design, ctrl_c());
    }
    const auto& order = self.design->factor_order();
    py::list nested;
    for (const auto& [inner, outer] : found.nested) nested.append(py::make_tuple(order[inner], order[outer]));
    py::dict out;
    out["count"] = found.count;
    out["largest"] = found.largest;
    out["nested"] = nested;
    return out;
}

// What the ways to a fit would take, and how full S is.
py::dict costs(const DesignObject& self) {
    const DesignCross& design = *self.design;
    double density = 0.0;
    {
        const py::gil_scoped_release release;
        density = iterative::sampled_density(design, ctrl_c());
    }
    py::dict out;
    out["density"] = density;
    out["dense_bytes"] = dense_bytes(design);
    out["dense_seconds"] = dense_seconds(design);
    out["iterative_bytes"] = iterative_bytes(design);
    out["iterative_seconds"] = iterative_seconds(design);
    return out;
}

}  // namespace

void bind_iterative(py::module_& m) {
    m.def("iterative_fit", &find, py::arg("problem"), py::arg("response"), py::arg("start") = py::none(), py::kw_only(),
          py::arg("probes") = 16, py::arg("most_probes") = 1024, py::arg("seed") = 0, py::arg("error") = 0.01,
          py::arg("tolerance") = 1e-10, py::arg("probe_tolerance") = 1e-3, py::arg("most_iterations") = 1000, py::arg("most_steps") = 40,
          py::arg("progress") = py::none(),
          "Where the estimated score is zero, by solves with the Schur complement; what is estimated there, its Monte Carlo error.");
    m.def("iterative_value", &iterative_value, py::arg("problem"), py::arg("response"), py::arg("theta"), py::kw_only(), py::arg("probes") = 16,
          py::arg("seed") = 0, py::arg("tolerance") = 1e-10, py::arg("most_iterations") = 1000,
          py::arg("progress") = py::none(),
          "(what is exact of the criterion, the rest by each probe, whether all solves ended), by stochastic Lanczos quadrature.");
    m.def("iterative_random_solves", &random_solves, py::arg("problem"), py::arg("response"), py::arg("theta"), py::arg("rhs"), py::kw_only(),
          py::arg("tolerance") = 1e-10, py::arg("most_iterations") = 1000,
          py::arg("progress") = py::none(),
          "Conditional covariances V over sigma^2 times vectors (m, q) in internal coordinates, and X'Z of that (m, p).");
    m.def("iterative_observed", &iterative_observed, py::arg("problem"), py::arg("response"), py::arg("internal_theta"),
          py::arg("small_are_exact"), py::kw_only(), py::arg("probes") = 16, py::arg("seed") = 0, py::arg("tolerance") = 1e-10,
          py::arg("probe_tolerance") = 1e-5, py::arg("most_iterations") = 1000, py::arg("progress") = py::none(),
          "(Hessian of the criterion in the directions of a fit, the same by each probe less the mean, whether all solves ended).");
    m.def("iterative_parts", &iterative_parts, py::arg("design"), "How the levels hang together: count, largest, nested.");
    m.def("iterative_costs", &costs, py::arg("design"), "Predicted bytes and seconds of a fit, dense and by iterations; the density of S.");
}

}  // namespace ranef::bindings
