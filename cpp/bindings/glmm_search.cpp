#include <atomic>
#include <cmath>

#include "beside.hpp"
#include "glmm_point.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/laplace/search.hpp"
#include "ranef/laplace/user_parameters.hpp"

namespace ranef::bindings {
namespace {

// A search, with all that it needs while Python goes on.
struct OngoingSearch {
    std::shared_ptr<const GlmmProblem> problem;
    std::vector<double> start;
    std::unique_ptr<LaplaceCriterion> criterion;
    std::function<bool()> interrupted;
    std::atomic<bool> cancelled{false};
    GlmmSettings settings;
    Optimum optimum;

    OngoingSearch(std::shared_ptr<const GlmmProblem> p, std::vector<double> from)
        : problem(std::move(p)), start(std::move(from)), criterion(make_criterion(*problem)) {
        interrupted = [this] { return cancelled.load(); };
        settings.newton.interrupted = &interrupted;
    }

    void run() {
        const BlasThreads limited(problem->pattern().rest);
        optimum = find_optimum(*criterion, *problem, settings, start);
    }
};

// The ways out of the boundary, as unit vectors in the user's coordinates.
py::list glmm_multipliers(const GlmmProblem& problem, const Optimum& optimum) {
    py::list multipliers;
    for (const BoundaryMultiplier& m : optimum.multipliers) {
        std::vector<double> direction = m.direction;
        problem.design->coordinates().null_vector_to_user(problem.layout(), m.factor, m.block, direction.data());
        double size = 0.0;
        for (double v : direction) size = std::hypot(size, v);
        for (double& v : direction) v /= size;
        multipliers.append(py::make_tuple(problem.design->factor_order()[m.factor], m.block, m.value, to_numpy(direction)));
    }
    return multipliers;
}

py::dict describe_search(OngoingSearch& search) {
    const GlmmProblem& problem = *search.problem;
    const Optimum& optimum = search.optimum;
    py::dict out;
    out["status"] = describe(optimum.status);
    out["evaluations"] = optimum.evaluations;
    out["certificate_evaluations"] = optimum.certificate_evaluations;
    out["gradient_norm"] = optimum.gradient_norm;
    out["eigenvalues"] = to_numpy(optimum.eigenvalues);
    out["singular"] = optimum.singular;
    out["converged"] = optimum.converged;
    out["multipliers"] = glmm_multipliers(problem, optimum);
    const bool usable = is_usable(optimum.status);
    out["usable"] = usable;
    if (!usable) {
        out["theta"] = to_numpy(UserParameters(problem).theta(optimum.theta));
        out["value"] = optimum.value;
        return out;
    }
    describe_point(problem, *search.criterion, optimum.theta, out);
    out["hessian"] = square(optimum.hessian, problem.parameters());
    out["free"] = py::cast(std::vector<int>(optimum.free.begin(), optimum.free.end()));
    // Where beta is found inside, there is no Hessian in it.
    const bool inside = search.criterion->profiles_beta();
    out["vcov"] = inside ? py::object(out["vcov_information"])
                         : py::object(square(hessian_covariance(problem, optimum), problem.layout().p));
    return out;
}

py::dict fit_glmm(const GlmmObject& self, const Doubles& start, double tolerance, int max_evaluations, bool certify) {
    const auto search = std::make_shared<OngoingSearch>(
        self.problem, numbers_of(start, self.problem->parameters(), "start: wrong number of parameters"));
    search->settings.newton.tolerance = tolerance;
    search->settings.newton.max_evaluations = max_evaluations;
    search->settings.certify = certify;
    {
        const py::gil_scoped_release release;
        if (is_long(search->criterion->work())) run_beside([search] { search->run(); }, [search] { search->cancelled = true; });
        else search->run();
    }
    return describe_search(*search);
}

}  // namespace

void bind_glmm_search(py::class_<GlmmObject>& glmm) {
    glmm.def("fit", &fit_glmm, py::arg("start"), py::arg("tolerance") = 1e-8, py::arg("max_evaluations") = 200,
             py::arg("certify") = true);
}

}  // namespace ranef::bindings
