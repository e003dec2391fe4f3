#include <functional>
#include <memory>
#include <string>

#include "estimates_object.hpp"
#include "optimum_object.hpp"
#include "ranef/criterion/covariance_gradient.hpp"
#include "ranef/plan/may_be_flat.hpp"

namespace ranef::bindings {
namespace {

template <class Kind>
Kind choice(const std::string& value, const char* argument, std::initializer_list<std::pair<const char*, Kind>> valid) {
    std::string names;
    for (const auto& [name, kind] : valid) {
        if (value == name) return kind;
        names += names.empty() ? name : std::string(", ") + name;
    }
    throw py::value_error(std::string(argument) + " must be one of " + names + ", got '" + value + "'");
}

constexpr Index long_plan = 2000;  // random effects behind the leading term from which a plan may take longer than a moment

std::shared_ptr<const Problem> plan(const std::shared_ptr<const DesignCross>& design, bool reml, PlanOptions options) {
    const py::gil_scoped_release release;
    if (design->layout().q_rest < long_plan) {
        options.poll = ctrl_c();
        return make_problem(design, reml, options);
    }
    // Beside: the ordering of a large sparse Schur complement cannot be broken off.
    return answer_beside([design, reml, options](const Caller& caller) mutable {
        options.poll = caller.poll();
        return make_problem(design, reml, options);
    });
}

std::unique_ptr<ProblemObject> open_problem(const DesignObject& design, bool reml, const std::string& leading, const std::string& schur,
                                            bool merge_classes, double memory_limit) {
    PlanOptions options;
    options.leading = choice<LeadingKind>(leading, "leading",
                                          {{"auto", LeadingKind::automatic}, {"classes", LeadingKind::classes}, {"groups", LeadingKind::groups}});
    options.schur = choice<SchurKind>(schur, "schur",
                                      {{"auto", SchurKind::automatic}, {"dense", SchurKind::dense}, {"sparse", SchurKind::sparse}, {"iterative", SchurKind::iterative}});
    options.merge_classes = merge_classes;
    if (memory_limit > 0.0) options.memory_limit = memory_limit;
    return std::make_unique<ProblemObject>(plan(design.design, reml, std::move(options)));
}

py::dict describe_plan(const ProblemObject& self) {
    const Plan& plan = *self.problem()->plan;
    py::dict out;
    out["leading_factor"] = self.design().factor_order()[0];
    out["leading"] = plan.leading == LeadingKind::classes ? "classes" : "groups";
    out["schur"] = plan.schur == SchurKind::iterative ? "iterative" : (plan.schur == SchurKind::sparse ? "sparse" : "dense");
    out["seconds"] = plan.seconds;
    out["classes"] = plan.distinct_classes;
    out["order"] = self.layout().rest();
    out["fill"] = plan.fill;
    out["bytes"] = plan.bytes;
    out["exact_hessian"] = plan.exact_hessian;
    out["reason"] = plan.reason;
    return out;
}

double value(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    const double internal = evaluate_at(self, response, theta, Order::value, [](Workspace& w) { return w.evaluator().value(); });
    return self.criterion(internal, *response.response);
}

// d criterion / d theta on the user's scale: 2 g_D Lambda with both in the user's coordinates.
struct Slopes {
    double criterion = 0.0, in_log_sigma = 0.0;
    std::vector<double> in_theta;
};

Slopes slopes(ProblemObject& self, const ResponseObject& response, const Doubles& theta, double sigma) {
    const Layout& layout = self.layout();
    const auto use = [at = self.internal_theta(theta)](Workspace& w) {
        Slopes found;
        Evaluator& evaluator = w.evaluator();
        found.criterion = evaluator.value();
        const Dispersion& dispersion = evaluator.dispersion();
        const double rss = evaluator.penalised_rss();
        found.in_log_sigma = 2.0 * (dispersion.degrees() - rss / dispersion.variance(rss));
        take_covariance_gradient(evaluator, w.problem().design->layout(), at.data(), found.in_theta);
        return found;
    };
    Slopes found = evaluate_at(self, response, theta, Order::gradient, use, sigma);
    std::vector<double>& g_d = found.in_theta;
    self.design().coordinates().gradient_to_user(layout, g_d.data());
    std::vector<double> lambda(layout.lambda_size), out(layout.n_theta());
    layout.unpack(theta.data(), lambda.data());
    for (std::size_t k = 0; k < out.size(); ++k) {
        const ThetaSlot& slot = layout.theta[k];
        const int r = layout.factors[slot.factor].width;
        const double* g = g_d.data() + layout.lambda_offset[slot.factor];
        const double* l = lambda.data() + layout.lambda_offset[slot.factor] + Index{slot.column} * r;
        for (int i = 0; i < r; ++i) out[k] += 2.0 * g[Index{i} * r + slot.row] * l[i];
    }
    found.in_theta = std::move(out);
    found.criterion = self.criterion(found.criterion, *response.response);
    return found;
}

py::tuple gradient(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    const Slopes found = slopes(self, response, theta, 0.0);
    return py::make_tuple(found.criterion, to_numpy(found.in_theta));
}

py::tuple held_gradient(ProblemObject& self, const ResponseObject& response, const Doubles& theta, double sigma) {
    if (!(sigma > 0.0)) throw py::value_error("sigma: a positive number");
    const Slopes found = slopes(self, response, theta, sigma);
    return py::make_tuple(found.criterion, to_numpy(found.in_theta), found.in_log_sigma);
}

// A fit and everything it needs to stay alive: a fit whose caller was interrupted runs on to the end of its current
// evaluation (a factorisation cannot be broken off) and is then forgotten.
struct RunningFit {
    std::shared_ptr<const ResponseCross> response;
    std::vector<double> start;  // internal, or empty
    FitSettings settings;
    Session session;
    Optimum optimum;

    void run() { optimum = session.workspace->fit(response->values.data(), start.empty() ? nullptr : start.data(), settings); }
    void run_for(const Caller& caller) {
        const std::function<bool()> gone = [&] { return caller.gone(); };
        settings.newton.interrupted = &gone;
        run();
    }
};

OptimumObject fit(ProblemObject& self, const ResponseObject& response, const py::object& start, double tolerance,
                  int max_evaluations, bool certify) {
    response.check(self.design());
    const auto running = std::make_shared<RunningFit>();
    running->response = response.response;
    if (!start.is_none()) running->start = self.internal_theta(start.cast<Doubles>());
    running->settings.newton.tolerance = tolerance;
    running->settings.newton.max_evaluations = max_evaluations;
    running->settings.certify = running->settings.search = certify;
    without_gil([&] {
        running->session = self.borrow();
        running->session.forget();
        if (is_long(evaluation_work(*self.problem()))) run_beside([running](const Caller& caller) { running->run_for(caller); });
        else running->run();
    });
    Optimum& optimum = running->optimum;
    if (finished(optimum.status)) {
        running->session.response = response.response;
        running->session.theta = optimum.theta;
        running->session.estimates = optimum.estimates;
        running->session.evaluated = running->session.workspace->stands_at_optimum();
    }
    self.give_back(std::move(running->session));
    return to_user(self, *response.response, std::move(optimum));
}

py::dict solve(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    return estimates_on_users_scale(self, *response.response, *estimates_at(self, response, theta), self.internal_theta(theta));
}

// The user's coefficients (kept columns) in internal coordinates.
py::array_t<double> internal_beta(const ProblemObject& self, const ResponseObject& response, const Doubles& beta) {
    if (beta.ndim() != 1 || beta.size() != self.layout().p)
        throw py::value_error("beta must have " + std::to_string(self.layout().p) + " entries, got " + std::to_string(beta.size()));
    py::array_t<double> out(beta.size());
    self.design().coordinates().beta_to_internal(response.response->scale, beta.data(), out.mutable_data());
    return out;
}

py::list conditional_variances(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    const DesignCross& design = self.design();
    const Layout& layout = design.layout();
    const auto blocks = evaluate_at(self, response, theta, Order::gradient, [](Workspace& w) {
        const DesignCross& d = *w.problem().design;
        std::vector<std::vector<double>> found;
        for (std::size_t f = 0; f < d.layout().factors.size(); ++f) {
            const Index levels = d.layout().factors[f].levels, r = d.layout().factors[f].width;
            found.emplace_back(levels * r * r);
            w.evaluator().conditional_variances(static_cast<int>(f), found.back().data());
            for (Index l = 0; l < levels; ++l)
                d.coordinates().mode_covariance_to_user(d.layout(), static_cast<int>(f), found.back().data() + l * r * r);
        }
        return found;
    });
    py::list out(layout.factors.size());
    for (std::size_t f = 0; f < blocks.size(); ++f) {
        const py::ssize_t levels = layout.factors[f].levels, r = layout.factors[f].width;
        out[design.factor_order()[f]] = py::array_t<double>({levels, r, r}, blocks[f].data());
    }
    return out;
}

}  // namespace

void bind_problem(py::module_& m) {
    py::module_::import("atexit").attr("register")(py::cpp_function([] {
        const py::gil_scoped_release release;
        wait_for_abandoned_work();
    }));
    py::class_<ProblemObject>(m, "Problem", "A design, how its objective is computed, and ML or REML.")
        .def(py::init(&open_problem), py::arg("design"), py::arg("reml") = true, py::kw_only(), py::arg("leading") = "auto",
             py::arg("schur") = "auto", py::arg("merge_classes") = true, py::arg("memory_limit") = 0.0)
        .def_property_readonly("n_theta", [](const ProblemObject& self) { return self.layout().n_theta(); })
        .def_property_readonly("reml", [](const ProblemObject& self) { return self.problem()->reml; })
        .def_property_readonly("plan", &describe_plan)
        .def_property_readonly("may_be_flat",
                               [](const ProblemObject& self) { return may_be_flat(self.design(), self.problem()->reml); },
                               "False when every covariance parameter touches the criterion; True when ranks have to say")
        .def("value", &value, py::arg("response"), py::arg("theta"))
        .def("gradient", &gradient, py::arg("response"), py::arg("theta"), "(criterion, d criterion / d theta)")
        .def("held_gradient", &held_gradient, py::arg("response"), py::arg("theta"), py::arg("sigma"),
             "(criterion, d / d theta, d / d log sigma) with the residual variance held")
        .def("fit", &fit, py::arg("response"), py::arg("start") = py::none(), py::kw_only(), py::arg("tolerance") = 1e-10,
             py::arg("max_evaluations") = 200, py::arg("certify") = true)
        .def("solve", &solve, py::arg("response"), py::arg("theta"))
        .def("internal_beta", &internal_beta, py::arg("response"), py::arg("beta"))
        .def("conditional_variances", &conditional_variances, py::arg("response"), py::arg("theta"));
}

}  // namespace ranef::bindings
