#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "estimates_object.hpp"
#include "optimum_object.hpp"
#include "ranef/iterative/answers.hpp"
#include "ranef/iterative/choice.hpp"
#include "ranef/iterative/parts.hpp"
#include "ranef/plan/cost.hpp"

namespace ranef::bindings {
namespace {

// What a search is asked for, and needs to stay alive when its caller is interrupted: it ends at the next application of S.
struct Request {
    std::shared_ptr<const Problem> problem;
    std::shared_ptr<const ResponseCross> response;
    std::vector<double> theta;  // internal, or empty
    iterative::Settings settings;
    iterative::Progress progress;

    const double* values() const { return response->values.data(); }
    const double* at() const { return theta.empty() ? nullptr : theta.data(); }
};

// Settings by name; those that are not given are the core's own.
iterative::Settings settings_of(const py::kwargs& given) {
    iterative::Settings out;
    std::size_t known = 0;
    const auto take = [&](const char* name, auto& setting) {
        if (!given.contains(name)) return;
        setting = given[name].template cast<std::decay_t<decltype(setting)>>();
        ++known;
    };
    take("probes", out.probes);
    take("most_probes", out.most_probes);
    take("seed", out.seed);
    take("error", out.error);
    take("tolerance", out.tolerance);
    take("probe_tolerance", out.probe_tolerance);
    take("most_iterations", out.most_iterations);
    take("most_steps", out.most_steps);
    if (known + given.contains("progress") != given.size()) throw py::type_error("settings: " + py::str(given).cast<std::string>());
    return out;
}

std::shared_ptr<Request> request_of(const ProblemObject& self, const ResponseObject& response, std::vector<double> theta,
                                    const py::kwargs& settings) {
    response.check(self.design());
    const auto request = std::make_shared<Request>();
    request->problem = self.problem();
    request->response = response.response;
    request->theta = std::move(theta);
    request->settings = settings_of(settings);
    request->settings.progress = &request->progress;
    return request;
}

// work(request, poll), beside the caller; settings may have progress(evaluations, probes, iterations), which is told how far it is.
template <class Work>
auto answer_to(const std::shared_ptr<Request>& request, const py::kwargs& settings, const Work& work) {
    const py::object told = settings.contains("progress") ? py::object(settings["progress"]) : py::none();
    const bool tells = !told.is_none();
    const auto watch = [&] {
        const iterative::Progress& at = request->progress;
        if (tells) told(at.evaluations.load(), at.probes.load(), at.iterations.load());
    };
    return without_gil(
        [&] { return answer_beside([request, work](const Caller& caller) { return work(*request, caller.poll()); }, watch); });
}

py::list multipliers_of(const ProblemObject& self, const iterative::Zero& zero) {
    py::list out;
    for (const iterative::Multiplier& m : zero.boundary) {
        const MultiplierObject own = to_user(self.design(), m.at);
        out.append(py::make_tuple(own.factor, own.block, own.value, m.error, to_numpy(own.direction)));
    }
    return out;
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

py::dict find(ProblemObject& self, const ResponseObject& response, const py::object& start, const py::kwargs& settings) {
    std::vector<double> theta;
    if (!start.is_none()) theta = self.internal_theta(start.cast<Doubles>());
    const iterative::Zero zero =
        answer_to(request_of(self, response, std::move(theta), settings), settings, [](const Request& asked, const Poll& poll) {
            return iterative::find_zero(*asked.problem, asked.values(), asked.at(), asked.settings, poll);
        });
    const Layout& layout = self.layout();
    const py::ssize_t k = static_cast<py::ssize_t>(zero.directions.size()), p = layout.p;
    std::vector<double> found(layout.n_theta());
    self.design().coordinates().theta_to_user(layout, zero.theta.data(), found.data());
    py::dict out;
    out["status"] = describe(zero.status);
    out["converged"] = zero.converged;
    out["solved"] = zero.solved;
    out["residual"] = zero.residual;
    out["theta"] = to_numpy(found);
    out["internal_theta"] = to_numpy(zero.theta);
    out["probes"] = zero.probes;
    out["small_are_exact"] = zero.small_are_exact;
    out["worst_error"] = zero.worst_error;
    out["steps"] = steps_of(zero);
    if (zero.status != Status::ok) return out;
    out["boundary"] = multipliers_of(self, zero);
    out["gradient"] = to_numpy(zero.gradient);
    out["information"] = to_numpy(zero.information, {k, k});
    out["whole_information"] = to_numpy(zero.whole_information, {k, k});
    out["log_variance_slope"] = to_numpy(zero.log_variance_slope);
    out["monte_carlo"] = to_numpy(zero.monte_carlo, {k, k});
    out["jacobian"] = to_numpy(zero.jacobian, {k, layout.n_theta()});
    out["covariance_slopes"] = to_numpy(zero.covariance_slopes, {k, p, p});
    out["solution"] = estimates_on_users_scale(self, *response.response, zero.estimates, zero.theta);
    return out;
}

// (what is exact of the criterion at a theta in the user's coordinates, the rest by each probe, whether all solves ended)
py::tuple iterative_value(const ProblemObject& self, const ResponseObject& response, const Doubles& theta, const py::kwargs& settings) {
    const iterative::Value found =
        answer_to(request_of(self, response, self.internal_theta(theta), settings), settings, [](const Request& asked, const Poll& poll) {
            return iterative::value_at(*asked.problem, asked.values(), asked.at(), asked.settings, poll);
        });
    require_ok(found.status);
    return py::make_tuple(self.criterion(found.exact, *response.response), to_numpy(found.of_probes), found.solved.reached);
}

// (the Hessian of the criterion where the score is zero, theta internal, in the directions of the fit; the same by each probe less
// the mean; whether all solves ended)
py::tuple iterative_observed(const ProblemObject& self, const ResponseObject& response, const std::vector<double>& theta,
                             bool small_are_exact, const py::kwargs& settings) {
    const iterative::Observed found =
        answer_to(request_of(self, response, theta, settings), settings, [small_are_exact](const Request& asked, const Poll& poll) {
            return iterative::observed_information(*asked.problem, asked.values(), asked.at(), small_are_exact, asked.settings, poll);
        });
    require_ok(found.status);
    const auto k = static_cast<py::ssize_t>(found.directions.size()), probes = static_cast<py::ssize_t>(found.spread.size());
    std::vector<double> spread;
    for (const auto& own : found.spread) spread.insert(spread.end(), own.begin(), own.end());
    return py::make_tuple(to_numpy(found.hessian, {k, k}), to_numpy(spread, {probes, k, k}), found.solved);
}

// (V rhs, X'Z V rhs) with V = Lambda Omega^-1 Lambda' for vectors (m x q, internal coordinates, the factors in the core's order).
py::tuple random_solves(const ProblemObject& self, const ResponseObject& response, const Doubles& theta, const Doubles& rhs,
                        const py::kwargs& settings) {
    const Index q = self.layout().q;
    if (rhs.ndim() != 2 || rhs.shape(1) != q) throw py::value_error("rhs must have q columns");
    const Index count = rhs.shape(0), p = self.layout().p;
    const auto numbers = std::make_shared<std::vector<double>>(rhs.data(), rhs.data() + rhs.size());
    const auto [status, met] =
        answer_to(request_of(self, response, self.internal_theta(theta), settings), settings, [=](const Request& asked, const Poll& poll) {
            std::vector<double> own(count * p);
            const Status ended = iterative::solve_random(*asked.problem, asked.values(), asked.at(), asked.settings, count,
                                                         numbers->data(), numbers->data(), own.data(), poll);
            return std::make_pair(ended, std::move(own));
        });
    if (status != Status::ok) throw std::runtime_error("the solves did not reach their tolerance");
    return py::make_tuple(to_numpy(*numbers, {count, q}), to_numpy(met, {count, p}));
}

// How the levels hang together: parts that share none, levels in the largest, (inner, outer) of nested factors as given.
py::dict iterative_parts(const DesignObject& self) {
    const iterative::Parts found = without_gil([&] { return iterative::parts_of(*self.design, ctrl_c()); });
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
    py::dict out;
    out["density"] = without_gil([&] { return iterative::sampled_density(design, ctrl_c()); });
    out["dense_bytes"] = dense_bytes(design);
    out["dense_seconds"] = dense_seconds(design);
    out["iterative_bytes"] = iterative_bytes(design);
    out["iterative_seconds"] = iterative_seconds(design);
    return out;
}

}  // namespace

void bind_iterative(py::module_& m) {
    m.def("iterative_fit", &find, py::arg("problem"), py::arg("response"), py::arg("start") = py::none(),
          "Where the estimated score is zero, by solves with the Schur complement; what is estimated there, its Monte Carlo error.");
    m.def("iterative_value", &iterative_value, py::arg("problem"), py::arg("response"), py::arg("theta"),
          "(what is exact of the criterion, the rest by each probe, whether all solves ended), by stochastic Lanczos quadrature.");
    m.def("iterative_random_solves", &random_solves, py::arg("problem"), py::arg("response"), py::arg("theta"), py::arg("rhs"),
          "Conditional covariances V over sigma^2 times vectors (m, q) in internal coordinates, and X'Z of that (m, p).");
    m.def("iterative_observed", &iterative_observed, py::arg("problem"), py::arg("response"), py::arg("internal_theta"),
          py::arg("small_are_exact"),
          "(Hessian of the criterion in the directions of a fit, the same by each probe less the mean, whether all solves ended).");
    m.def("iterative_parts", &iterative_parts, py::arg("design"), "How the levels hang together: count, largest, nested.");
    m.def("iterative_costs", &costs, py::arg("design"), "Predicted bytes and seconds of a fit, dense and by iterations; the density of S.");
}

}  // namespace ranef::bindings
