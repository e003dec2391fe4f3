#include <functional>
#include <mutex>

#include "objects.hpp"
#include "ranef/inference/profile.hpp"

namespace ranef::bindings {
namespace {

// The profiler of a problem, and its evaluations on the user's scale.
class ProfilerObject {
public:
    explicit ProfilerObject(const ProblemObject& problem) : problem_(problem.problem()) {
        if (problem_->reml) throw py::value_error("profiles are of the deviance: the problem must be ML");
        const py::gil_scoped_release release;
        profiler_ = std::make_unique<Profiler>(*problem_);
    }

    py::tuple at(const std::string& kind, int theta_first, int row, int column, const ResponseObject& response,
                 double value, const Doubles& theta, double sigma) {
        response.check(*problem_->design);
        return run(held(kind, theta_first, row, column), response, response.response->values.data(), value, theta, sigma, nullptr);
    }

    py::tuple run(const Held& held, const ResponseObject& response, const double* values, double value,
                  const Doubles& theta, double sigma, const HeldCombination* combination) {
        const DesignCross& design = *problem_->design;
        const ResponseScale& scale = response.response->scale;
        std::vector<double> internal(design.layout().n_theta()), user(design.layout().n_theta());
        if (theta.size() != design.layout().n_theta()) throw py::value_error("theta: wrong length");
        design.coordinates().theta_to_internal(design.layout(), theta.data(), internal.data());
        const std::function<bool()> poll = interrupted;
        NewtonSettings settings;
        settings.tolerance = 1e-12;
        if (design.layout().rest() > 200) settings.interrupted = &poll;  // where asking costs nothing
        ProfilePoint point = without_gil([&] {
            const std::lock_guard<std::mutex> alone(one_);  // the profiler is the memory of one thread
            return profiler_->at(held, values, scale, value, internal.data(), sigma / scale.scale, settings);
        });
        if (point.status == Status::interrupted) throw py::error_already_set();
        if (combination) combination->complete(point.beta.data(), scale, value);
        py::array_t<double> beta(design.layout().p);
        design.coordinates().theta_to_user(design.layout(), point.theta.data(), user.data());
        design.coordinates().beta_to_user(scale, point.beta.data(), beta.mutable_data());
        const double criterion = point.value + design.coordinates().criterion_offset(false, design.n, design.layout().p, scale);
        return py::make_tuple(criterion, to_numpy(user), point.sigma * scale.scale, beta, point.evaluations,
                              point.converged, describe(point.status));
    }

    ProfilerObject(std::shared_ptr<const Problem> problem) : problem_(std::move(problem)), profiler_(std::make_unique<Profiler>(*problem_)) {}

private:
    Held held(const std::string& kind, int theta_first, int row, int column) const {
        Held out;
        if (kind == "sigma") out.kind = Held::Kind::sigma;
        else if (kind == "sd") out.kind = Held::Kind::sd;
        else if (kind == "correlation") out.kind = Held::Kind::correlation;
        else if (kind == "theta") out.kind = Held::Kind::theta;
        else throw py::value_error("kind: sigma, sd, correlation or theta");
        out.row = row;
        out.column = column;
        if (out.kind == Held::Kind::sigma) return out;
        const Layout& layout = problem_->design->layout();
        for (std::size_t f = 0; f < layout.factors.size(); ++f)
            for (std::size_t b = 0; b < layout.factors[f].blocks.size(); ++b) {
                const Block& block = layout.factors[f].blocks[b];
                if (block.theta_first != theta_first) continue;
                if (row < 0 || column < 0 || row >= block.width || column >= block.width)
                    throw py::value_error("row, column: not in the term");
                out.factor = static_cast<int>(f);
                out.block = static_cast<int>(b);
                return out;
            }
        throw py::value_error("theta_first: no term starts there");
    }

    std::shared_ptr<const Problem> problem_;
    std::unique_ptr<Profiler> profiler_;
    std::mutex one_;
};

struct CombinationObject {
    std::unique_ptr<HeldCombination> held;
    std::unique_ptr<ProfilerObject> profiler;

    CombinationObject(const ProblemObject& problem, const std::vector<double>& combination) {
        if (static_cast<Index>(combination.size()) != problem.layout().p) throw py::value_error("combination: one number per kept column");
        PlanOptions options;
        options.leading = problem.problem()->plan->leading;
        options.schur = problem.problem()->plan->schur;
        held = without_gil([&] { return std::make_unique<HeldCombination>(*problem.problem(), combination, options); });
        profiler = std::make_unique<ProfilerObject>(std::make_shared<const Problem>(held->problem()));
    }

    py::tuple at(const ResponseObject& response, double value, const Doubles& theta, double sigma) {
        response.check(*held->problem().design);
        const std::vector<double> values = held->response(response.response->values.data(), response.response->scale, value);
        return profiler->run(Held{}, response, values.data(), value, theta, sigma, held.get());
    }
};

}  // namespace

void bind_profile(py::module_& m) {
    py::class_<ProfilerObject>(m, "Profiler", "The deviance minimised with one variance parameter held.")
        .def(py::init<const ProblemObject&>(), py::arg("problem"))
        .def("at", &ProfilerObject::at, py::arg("kind"), py::arg("theta_first"), py::arg("row"), py::arg("column"),
             py::arg("response"), py::arg("value"), py::arg("theta"), py::arg("sigma"),
             "(deviance, theta, sigma, beta, evaluations, converged, status)");
    py::class_<CombinationObject>(m, "HeldCombination", "The deviance minimised with a combination of the fixed effects held.")
        .def(py::init<const ProblemObject&, const std::vector<double>&>(), py::arg("problem"), py::arg("combination"))
        .def("at", &CombinationObject::at, py::arg("response"), py::arg("value"), py::arg("theta"), py::arg("sigma"));
}

}  // namespace ranef::bindings
