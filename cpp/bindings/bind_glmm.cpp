#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <tuple>

#include "glmm_object.hpp"
#include "glmm_parameters.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/base/threads.hpp"
#include "ranef/laplace/resample.hpp"
#include "ranef/laplace/search.hpp"
#include "ranef/laplace/start.hpp"

namespace ranef::bindings {
namespace {

constexpr double tight_mode = 1e-18;

py::array_t<double> square(const std::vector<double>& values, Index n) {
    return py::array_t<double>({n, n}, values.data());
}

// Conditional modes of each factor in the user's order, (levels, r), in the user's coordinates or the core's.
py::list modes_of(const GlmmObject& self, const LaplaceCriterion& criterion, bool user) {
    const GlmmProblem& problem = *self.problem;
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

// What a fit, or a point, tells: everything is read off the criterion where it stands.
py::dict describe_point(const GlmmObject& self, LaplaceCriterion& criterion, const std::vector<double>& internal) {
    const GlmmProblem& problem = *self.problem;
    const Layout& layout = problem.layout();
    const Coordinates& coordinates = problem.design->coordinates();
    const GlmmParameters maps(problem);
    py::dict out;
    out["theta"] = to_numpy(maps.theta(internal));
    out["beta"] = to_numpy(maps.beta(internal));
    out["psi"] = problem.family->dispersed() ? internal.back() : 0.0;
    out["gamma"] = to_numpy(maps.gamma(internal));
    out["internal"] = to_numpy(internal);
    out["value"] = criterion.value();
    out["gradient"] = to_numpy(criterion.gradient());
    std::vector<double> information = criterion.fixed_information();
    const Index p = layout.p;
    if (p > 0 && linalg::cholesky(p, information.data(), p)) {
        linalg::invert_cholesky(p, information.data(), p);
        linalg::symmetrise(p, information.data(), p);
    } else {
        information.assign(p * p, std::nan(""));
    }
    out["internal_vcov"] = square(information, p);
    coordinates.covariance_to_user(static_cast<int>(p), information.data());
    out["vcov_information"] = square(information, p);
    out["internal_lambda"] = internal_lambda(layout, internal);
    out["modes"] = modes_of(self, criterion, true);
    py::list variances(layout.factors.size());
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const Index levels = layout.factors[f].levels, r = layout.factors[f].width;
        std::vector<double> blocks(levels * r * r);
        criterion.conditional_variances(static_cast<int>(f), blocks.data());
        for (Index j = 0; j < levels; ++j)
            coordinates.mode_covariance_to_user(layout, static_cast<int>(f), blocks.data() + j * r * r);
        variances[problem.design->factor_order()[f]] = py::array_t<double>({levels, r, r}, blocks.data());
    }
    out["variances"] = variances;
    out["eta"] = to_numpy(criterion.eta());
    out["weights"] = to_numpy(criterion.weights());
    double norm = 0.0;
    for (double u : criterion.mode()) norm += u * u;
    out["sum_u_squared"] = norm;
    return out;
}

// A search, with all that it needs while Python goes on.
struct GlmmSearch {
    std::shared_ptr<const GlmmProblem> problem;
    std::vector<double> parameters;
    std::unique_ptr<LaplaceCriterion> criterion;
    std::function<bool()> interrupted;
    std::atomic<bool> cancelled{false};
    GlmmSettings settings;
    Optimum optimum;

    GlmmSearch(std::shared_ptr<const GlmmProblem> p, const Doubles& start)
        : problem(std::move(p)), parameters(start.data(), start.data() + start.size()), criterion(make_criterion(*problem)) {
        interrupted = [this] { return cancelled.load(); };
        settings.newton.interrupted = &interrupted;
    }

    void run() {
        const BlasThreads limited(problem->pattern().rest);
        optimum = find_optimum(*criterion, *problem, settings, parameters);
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

py::dict describe_search(const GlmmObject& self, GlmmSearch& search) {
    const GlmmProblem& problem = *search.problem;
    const Optimum& optimum = search.optimum;
    const GlmmParameters maps(problem);
    py::dict out;
    out["status"] = describe(optimum.status);
    out["evaluations"] = optimum.evaluations;
    out["certificate_evaluations"] = optimum.certificate_evaluations;
    out["inner_steps"] = search.criterion->inner_steps();
    out["gradient_norm"] = optimum.gradient_norm;
    out["eigenvalues"] = to_numpy(optimum.eigenvalues);
    out["singular"] = optimum.singular;
    out["converged"] = optimum.converged;
    out["escapes"] = optimum.escapes;
    out["multipliers"] = glmm_multipliers(problem, optimum);
    const bool usable = optimum.status == Status::ok || optimum.status == Status::stalled;
    out["usable"] = usable;
    if (!usable) {
        out["theta"] = to_numpy(maps.theta(optimum.theta.empty() ? search.parameters : optimum.theta));
        out["value"] = optimum.value;
        return out;
    }
    out["hessian"] = square(optimum.hessian, problem.parameters());
    out["penalty"] = search.criterion->penalty();
    out["free"] = py::cast(std::vector<int>(optimum.free.begin(), optimum.free.end()));
    out.attr("update")(describe_point(self, *search.criterion, optimum.theta));
    // Where beta is found inside, there is no Hessian in it.
    const bool inside = search.criterion->profiles_beta();
    out["vcov"] = inside ? py::object(out["vcov_information"])
                         : py::object(square(hessian_covariance(problem, optimum), problem.layout().p));
    return out;
}

py::dict fit_glmm(const GlmmObject& self, const Doubles& start, double tolerance, int max_evaluations, bool certify) {
    if (start.size() != self.problem->parameters()) throw py::value_error("start: wrong number of parameters");
    const auto search = std::make_shared<GlmmSearch>(self.problem, start);
    search->settings.newton.tolerance = tolerance;
    search->settings.newton.relative_tolerance = 4e-16;
    search->settings.newton.max_evaluations = max_evaluations;
    search->settings.certify = certify;
    {
        const py::gil_scoped_release release;
        if (is_long(search->criterion->work())) run_beside([search] { search->run(); }, [search] { search->cancelled = true; });
        else search->run();
    }
    return describe_search(self, *search);
}

// Value and gradient in the core's coordinates, from a cold start of the mode.
py::tuple evaluate(const GlmmObject& self, const Doubles& internal, double inner_tolerance) {
    if (internal.size() != self.problem->parameters()) throw py::value_error("wrong number of parameters");
    const std::unique_ptr<LaplaceCriterion> criterion = make_criterion(*self.problem);
    criterion->set_inner_tolerance(inner_tolerance);
    const Status status = criterion->evaluate(internal.data());
    if (status != Status::ok) throw std::runtime_error(describe(status));
    return py::make_tuple(criterion->value(), to_numpy(criterion->gradient()));
}

// The criterion of a problem where it was evaluated, from a cold start of the mode.
std::unique_ptr<LaplaceCriterion> evaluated(const GlmmProblem& problem, const Doubles& internal) {
    if (internal.size() != problem.parameters()) throw py::value_error("wrong number of parameters");
    std::unique_ptr<LaplaceCriterion> criterion = make_criterion(problem);
    criterion->set_inner_tolerance(tight_mode);
    const Status status = criterion->evaluate(internal.data());
    if (status != Status::ok) throw std::runtime_error(describe(status));
    return criterion;
}

// The criterion in the user's coordinates, for those who evaluate it at many points near each other: every mode is found from
// the one before.
class BoundCriterion {
public:
    explicit BoundCriterion(const GlmmObject& self) : problem_(self.problem), maps_(*problem_), criterion_(make_criterion(*problem_)) {
        criterion_->set_inner_tolerance(tight_enough);
        criterion_->set_following(true);
    }

    // Value and gradient at (theta, beta, gamma, psi); gamma in the core's coordinates.
    py::tuple evaluate(const Doubles& user) {
        const std::vector<double> at = maps_.to_internal(user);
        const Status status = criterion_->evaluate(at.data());
        if (status != Status::ok) {
            criterion_->forget_mode();
            throw std::runtime_error(describe(status));
        }
        return py::make_tuple(criterion_->value(), to_numpy(maps_.gradient_to_user(user, criterion_->gradient())));
    }

    py::array_t<double> hessian_to_user(const Doubles& user, const Doubles& hessian) const {
        const Index n = problem_->parameters();
        if (hessian.size() != n * n) throw py::value_error("hessian: a square matrix of the parameters");
        return square(maps_.hessian_to_user(user, {hessian.data(), hessian.data() + n * n}), n);
    }

private:
    static constexpr double tight_enough = 1e-13;

    std::shared_ptr<const GlmmProblem> problem_;
    GlmmParameters maps_;
    std::unique_ptr<LaplaceCriterion> criterion_;
};

double second_order(const GlmmObject& self, const Doubles& internal) {
    const std::unique_ptr<LaplaceCriterion> criterion = evaluated(*self.problem, internal);
    const py::gil_scoped_release other_threads_run;
    return criterion->second_order();
}

py::dict point(const GlmmObject& self, const Doubles& internal, bool whole) {
    const std::unique_ptr<LaplaceCriterion> criterion = evaluated(*self.problem, internal);
    const std::vector<double> at(internal.data(), internal.data() + internal.size());
    if (!whole) {
        py::dict out;
        const GlmmParameters maps(*self.problem);
        out["theta"] = to_numpy(maps.theta(at));
        out["beta"] = to_numpy(maps.beta(at));
        out["psi"] = self.problem->family->dispersed() ? at.back() : 0.0;
        out["gamma"] = to_numpy(maps.gamma(at));
        out["internal"] = to_numpy(at);
        out["internal_lambda"] = internal_lambda(self.problem->layout(), at);
        out["internal_modes"] = modes_of(self, *criterion, false);
        return out;
    }
    criterion->differentiate();
    py::dict out = describe_point(self, *criterion, at);
    out["hessian"] = square(criterion->hessian(), self.problem->parameters());
    out["penalty"] = criterion->penalty();
    return out;
}

struct BootstrapWork {
    std::shared_ptr<const GlmmProblem> problem;
    Resampling how;
    Beside beside;
    std::atomic<bool> cancelled{false};
    std::vector<double> out;
    Index made = 0;
};

std::shared_ptr<BootstrapWork> bootstrap_work(const GlmmObject& self, const Doubles& truth, std::uint64_t key, Index first, Index count,
                                              int threads, const py::object& correction) {
    if (truth.size() != self.problem->parameters()) throw py::value_error("wrong number of parameters");
    auto work = std::make_shared<BootstrapWork>();
    work->problem = self.problem;
    work->how.truth.assign(truth.data(), truth.data() + truth.size());
    work->how.key = key;
    work->how.first = first;
    work->how.count = count;
    work->how.threads = threads;
    if (!correction.is_none()) {
        const auto given = correction.cast<Doubles>();
        if (given.size() != truth.size() * truth.size()) throw py::value_error("correction: a square matrix of the parameters");
        work->how.settings.correction.assign(given.data(), given.data() + given.size());
    }
    work->how.cancelled = &work->cancelled;
    work->how.settings.certify = false;
    work->how.settings.newton.tolerance = 1e-8;
    work->how.settings.newton.relative_tolerance = 4e-16;
    work->how.settings.newton.max_evaluations = 200;
    return work;
}

// Refits to drawn responses, a row each: see resample.hpp. Fewer rows than asked for after Ctrl-C.
py::array_t<double> bootstrap(const GlmmObject& self, const Doubles& truth, std::uint64_t key, Index first, Index count, int threads,
                              const py::object& eta, const py::object& correction) {
    const auto work = bootstrap_work(self, truth, key, first, count, threads, correction);
    if (!eta.is_none()) {
        const auto given = eta.cast<Doubles>();
        if (given.size() != self.problem->cells().n) throw py::value_error("eta: one per cell");
        work->how.eta.assign(given.data(), given.data() + given.size());
    }
    const Index width = resample_width(*self.problem);
    work->out.resize(count * width);
    {
        const py::gil_scoped_release release;
        run_beside([work] { work->made = resample(*work->problem, work->how, work->out.data()); }, [work] { work->cancelled = true; });
    }
    return py::array_t<double>({work->made, width}, work->out.data());
}

// Criteria of two models of the same rows, refitted to responses drawn from the first, a row each.
py::array_t<double> bootstrap_both(const GlmmObject& self, const GlmmObject& other, const Doubles& truth, const Doubles& start,
                                   bool larger, std::uint64_t key, Index first, Index count, int threads, const Doubles& trials,
                                   const py::object& correction) {
    const auto work = bootstrap_work(self, truth, key, first, count, threads, correction);
    if (start.size() != other.problem->parameters()) throw py::value_error("wrong number of parameters of the other model");
    Beside& beside = work->beside;
    beside.problem = other.problem;
    beside.start.assign(start.data(), start.data() + start.size());
    beside.larger = larger;
    const auto &mine = self.problem->cells().cell_of, &its = other.problem->cells().cell_of;
    const Index n = static_cast<Index>(mine.size());
    if (static_cast<Index>(its.size()) != n || trials.size() != n) throw py::value_error("models of different rows");
    // Rows in order of their two cells; of a family whose cells are split every row is a part.
    std::vector<Index> order(n);
    std::iota(order.begin(), order.end(), Index{0});
    std::sort(order.begin(), order.end(), [&](Index a, Index b) { return std::tie(mine[a], its[a]) < std::tie(mine[b], its[b]); });
    const bool counted = self.problem->family_name == "binomial";
    for (const Index row : order) {
        const bool more = !beside.own.empty() && beside.own.back() == mine[row] && beside.other.back() == its[row];
        if (!more) {
            beside.own.push_back(mine[row]);
            beside.other.push_back(its[row]);
            beside.count.push_back(0.0);
            beside.trials.push_back(counted ? 0.0 : trials.data()[row]);
        }
        beside.count.back() += counted ? trials.data()[row] : 1.0;
    }
    work->out.resize(count * 2);
    {
        const py::gil_scoped_release release;
        run_beside([work] { work->made = resample_both(*work->problem, work->how, work->beside, work->out.data()); },
                   [work] { work->cancelled = true; });
    }
    return py::array_t<double>({work->made, Index{2}}, work->out.data());
}

}  // namespace

void bind_glmm(py::module_& m) {
    py::class_<BoundCriterion>(m, "GlmmCriterion", "The criterion of a generalised model, with the mode it found last.")
        .def(py::init<const GlmmObject&>(), py::arg("model"))
        .def("evaluate", &BoundCriterion::evaluate, py::arg("parameters"))
        .def("hessian_to_user", &BoundCriterion::hessian_to_user, py::arg("parameters"), py::arg("hessian"));
    py::class_<GlmmObject>(m, "Glmm", "A generalised linear mixed model: its cells, and where their products fall.")
        .def(py::init(&make_glmm), py::arg("rows"), py::arg("design"), py::arg("family"), py::arg("link"), py::arg("y"),
             py::arg("trials") = py::none(), py::arg("weights") = py::none(), py::arg("offset") = py::none(),
             py::arg("expected") = false, py::arg("nodes") = 1, py::arg("zeta") = py::none(), py::arg("zeta_offset") = false)
        .def("with_response", &with_response, py::arg("y"), py::arg("trials") = py::none(), py::arg("weights") = py::none(),
             py::arg("recount") = false)
        .def("with_sums", &with_sums, py::arg("count"), py::arg("first"), py::arg("second"), py::arg("constant"))
        .def("by_rows", &by_rows)
        .def("variant", &variant, py::arg("expected"), py::arg("nodes"), py::arg("prior") = py::none())
        .def_readonly("constant", &GlmmObject::constant)
        .def_readonly("good", &GlmmObject::good)
        .def_property_readonly("sums", [](const GlmmObject& self) { return self.problem->family->sums(); })
        .def_property_readonly("kept",
                               [](const GlmmObject& self) {
                                   const KeptSums& kept = self.problem->responses;
                                   return py::make_tuple(to_numpy(kept.count), to_numpy(kept.first), to_numpy(kept.second));
                               })
        .def_property_readonly("n_cells", [](const GlmmObject& self) { return self.problem->cells().n; })
        .def_property_readonly("n_theta", [](const GlmmObject& self) { return self.problem->layout().n_theta(); })
        .def_property_readonly("n_parameters", [](const GlmmObject& self) { return self.problem->parameters(); })
        .def_property_readonly("dense", [](const GlmmObject& self) { return self.problem->pattern().dense; })
        .def_property_readonly("cell_of",
                               [](const GlmmObject& self) {
                                   const auto& cells = self.problem->cells().cell_of;
                                   return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(cells.size()), cells.data());
                               })
        .def("to_internal",
             [](const GlmmObject& self, const Doubles& theta, const Doubles& beta, double psi, const std::vector<double>& gamma) {
                 return to_numpy(GlmmParameters(*self.problem).to_internal(theta, beta, psi, gamma));
             },
             py::arg("theta"), py::arg("beta"), py::arg("psi"), py::arg("gamma") = std::vector<double>())
        .def("start",
             [](const GlmmObject& self, const Doubles& eta) {
                 if (eta.size() != self.problem->cells().n) throw py::value_error("eta: one per cell");
                 std::vector<double> parameters;
                 Status status;
                 {
                     const py::gil_scoped_release release;
                     status = glmm_start(*self.problem, eta.data(), parameters);
                 }
                 if (status != Status::ok) throw std::runtime_error(describe(status));
                 return to_numpy(parameters);
             },
             py::arg("eta"))
        .def("fit", &fit_glmm, py::arg("start"), py::arg("tolerance") = 1e-8, py::arg("max_evaluations") = 200,
             py::arg("certify") = true)
        .def("bootstrap_both", &bootstrap_both, py::arg("other"), py::arg("truth"), py::arg("start"), py::arg("larger"), py::arg("key"),
             py::arg("first"), py::arg("count"), py::arg("threads"), py::arg("trials"), py::arg("correction") = py::none())
        .def("bootstrap", &bootstrap, py::arg("truth"), py::arg("key"), py::arg("first"), py::arg("count"), py::arg("threads"),
             py::arg("eta") = py::none(), py::arg("correction") = py::none())
        .def("second_order", &second_order, py::arg("parameters"))
        .def("point", &point, py::arg("parameters"), py::arg("whole") = true)
        .def("evaluate", &evaluate, py::arg("parameters"), py::arg("inner_tolerance") = 1e-11);
}

}  // namespace ranef::bindings
