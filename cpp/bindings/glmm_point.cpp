#include "glmm_point.hpp"

#include <cmath>

#include "ranef/base/linalg.hpp"
#include "ranef/laplace/start.hpp"
#include "ranef/laplace/user_parameters.hpp"

namespace ranef::bindings {
namespace {

constexpr double tight_mode = 1e-18;

// Conditional modes of each factor in the user's order, (levels, r), in the user's coordinates or the core's.
py::list modes_of(const GlmmProblem& problem, const LaplaceCriterion& criterion, bool user) {
    const Layout& layout = problem.layout();
    std::vector<double> b(layout.q);
    criterion.coefficients(b.data());
    py::list modes(layout.factors.size());
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index levels = layout.factors[f].levels, r = layout.factors[f].width;
        for (Index j = 0; user && j < levels; ++j)
            problem.design->coordinates().modes_to_user(layout, static_cast<int>(f), {}, b.data() + layout.offset[f] + j * r);
        modes[problem.design->factor_order()[f]] = py::array_t<double>({levels, r}, b.data() + layout.offset[f]);
    }
    return modes;
}

// Their conditional covariance matrices, (levels, r, r), in the user's order and coordinates.
py::list variances_of(const GlmmProblem& problem, LaplaceCriterion& criterion) {
    const Layout& layout = problem.layout();
    py::list variances(layout.factors.size());
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index levels = layout.factors[f].levels, r = layout.factors[f].width;
        std::vector<double> blocks(levels * r * r);
        criterion.conditional_variances(static_cast<int>(f), blocks.data());
        for (Index j = 0; j < levels; ++j)
            problem.design->coordinates().mode_covariance_to_user(layout, static_cast<int>(f), blocks.data() + j * r * r);
        variances[problem.design->factor_order()[f]] = py::array_t<double>({levels, r, r}, blocks.data());
    }
    return variances;
}

// Lambda of each factor in the core's order and coordinates, (r, r).
py::list internal_lambda(const Layout& layout, const std::vector<double>& internal) {
    std::vector<double> packed(layout.lambda_size);
    layout.unpack(internal.data(), packed.data());
    py::list lambda;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index r = layout.factors[f].width;
        py::array_t<double> block({r, r});
        for (Index i = 0; i < r; ++i)
            for (Index j = 0; j < r; ++j) block.mutable_data()[i * r + j] = packed[layout.lambda_offset[f] + j * r + i];
        lambda.append(block);
    }
    return lambda;
}

void describe_parameters(const GlmmProblem& problem, const std::vector<double>& internal, py::dict& out) {
    const UserParameters maps(problem);
    out["theta"] = to_numpy(maps.theta(internal));
    out["beta"] = to_numpy(maps.beta(internal));
    out["psi"] = maps.psi(internal);
    out["gamma"] = to_numpy(maps.gamma(internal));
    out["internal"] = to_numpy(internal);
    out["internal_lambda"] = internal_lambda(problem.layout(), internal);
}

// The inverse of the information X'V^-1X, NaN without one.
std::vector<double> inverse_information(std::vector<double> information, Index p) {
    if (p == 0 || !linalg::cholesky(p, information.data(), p)) {
        information.assign(p * p, std::nan(""));
        return information;
    }
    linalg::invert_cholesky(p, information.data(), p);
    linalg::symmetrise(p, information.data(), p);
    return information;
}

// The criterion of a problem where it was evaluated, from a cold start of the mode.
std::unique_ptr<LaplaceCriterion> evaluated(const GlmmProblem& problem, const std::vector<double>& at, double inner_tolerance) {
    std::unique_ptr<LaplaceCriterion> criterion = make_criterion(problem);
    criterion->set_inner_tolerance(inner_tolerance);
    const Status status = criterion->evaluate(at.data());
    if (status != Status::ok) throw std::runtime_error(describe(status));
    return criterion;
}

// Value and gradient in the core's coordinates.
py::tuple evaluate(const GlmmObject& self, const Doubles& internal, double inner_tolerance) {
    const std::vector<double> at = numbers_of(internal, self.problem->parameters());
    const std::unique_ptr<LaplaceCriterion> criterion = evaluated(*self.problem, at, inner_tolerance);
    return py::make_tuple(criterion->value(), to_numpy(criterion->gradient()));
}

double second_order(const GlmmObject& self, const Doubles& internal) {
    const std::vector<double> at = numbers_of(internal, self.problem->parameters());
    const std::unique_ptr<LaplaceCriterion> criterion = evaluated(*self.problem, at, tight_mode);
    const py::gil_scoped_release other_threads_run;
    return criterion->second_order();
}

py::dict point(const GlmmObject& self, const Doubles& internal, bool whole) {
    const GlmmProblem& problem = *self.problem;
    const std::vector<double> at = numbers_of(internal, problem.parameters());
    const std::unique_ptr<LaplaceCriterion> criterion = evaluated(problem, at, tight_mode);
    py::dict out;
    if (whole) {
        criterion->differentiate(Order::hessian);
        out["hessian"] = square(criterion->hessian(), problem.parameters());
        describe_point(problem, *criterion, at, out);
    } else {
        describe_parameters(problem, at, out);
        out["internal_modes"] = modes_of(problem, *criterion, false);
    }
    return out;
}

py::array_t<double> start_from(const GlmmObject& self, const Doubles& eta) {
    const std::vector<double> first = numbers_of(eta, self.problem->cells().n, "eta: one per cell");
    std::vector<double> parameters;
    Status status;
    {
        const py::gil_scoped_release release;
        status = glmm_start(*self.problem, first.data(), parameters);
    }
    if (status != Status::ok) throw std::runtime_error(describe(status));
    return to_numpy(parameters);
}

// `gamma`, in the core's coordinates, may be left out: zeros.
py::array_t<double> to_internal(const GlmmObject& self, const Doubles& theta, const Doubles& beta, double psi,
                                const std::vector<double>& gamma) {
    const GlmmProblem& problem = *self.problem;
    const std::size_t gammas = problem.cells().zeta_columns;
    std::vector<double> user = numbers_of(theta, problem.layout().n_theta());
    const std::vector<double> fixed = numbers_of(beta, problem.layout().p);
    if (!gamma.empty() && gamma.size() != gammas) throw py::value_error("wrong number of parameters");
    user.insert(user.end(), fixed.begin(), fixed.end());
    user.insert(user.end(), gamma.begin(), gamma.end());
    user.resize(problem.parameters());
    if (problem.family->dispersed()) user.back() = psi;
    return to_numpy(UserParameters(problem).to_internal(user));
}

}  // namespace

py::array_t<double> square(const std::vector<double>& values, Index n) {
    return py::array_t<double>({n, n}, values.data());
}

void describe_point(const GlmmProblem& problem, LaplaceCriterion& criterion, const std::vector<double>& internal, py::dict& out) {
    const Index p = problem.layout().p;
    describe_parameters(problem, internal, out);
    out["value"] = criterion.value();
    out["gradient"] = to_numpy(criterion.gradient());
    out["penalty"] = criterion.penalty();
    std::vector<double> covariance = inverse_information(criterion.fixed_information(), p);
    out["internal_vcov"] = square(covariance, p);
    problem.design->coordinates().covariance_to_user(static_cast<int>(p), covariance.data());
    out["vcov_information"] = square(covariance, p);
    out["modes"] = modes_of(problem, criterion, true);
    out["variances"] = variances_of(problem, criterion);
    out["eta"] = to_numpy(criterion.eta());
    out["weights"] = to_numpy(criterion.weights());
}

void bind_glmm_points(py::class_<GlmmObject>& glmm) {
    glmm.def("to_internal", &to_internal, py::arg("theta"), py::arg("beta"), py::arg("psi"),
             py::arg("gamma") = std::vector<double>())
        .def("start", &start_from, py::arg("eta"))
        .def("evaluate", &evaluate, py::arg("parameters"), py::arg("inner_tolerance") = 1e-11)
        .def("point", &point, py::arg("parameters"), py::arg("whole") = true)
        .def("second_order", &second_order, py::arg("parameters"));
}

}  // namespace ranef::bindings
