#include "glmm_point.hpp"
#include "ranef/laplace/user_parameters.hpp"

namespace ranef::bindings {
namespace {

// The criterion in the user's coordinates, for those who evaluate it at many points near each other: every mode is found from
// the one before.
class BoundCriterion {
public:
    explicit BoundCriterion(const GlmmObject& self)
        : problem_(self.problem), maps_(*problem_), criterion_(make_criterion(*problem_)) {
        criterion_->set_inner_tolerance(tight_enough);
        criterion_->set_following(true);
    }

    // Value and gradient at (theta, beta, gamma, psi); gamma in the core's coordinates.
    py::tuple evaluate(const Doubles& user) {
        const std::vector<double> given = numbers_of(user, problem_->parameters()), at = maps_.to_internal(given);
        const Status status = criterion_->evaluate(at.data());
        if (status != Status::ok) {
            criterion_->forget_mode();
            throw std::runtime_error(describe(status));
        }
        return py::make_tuple(criterion_->value(), to_numpy(maps_.gradient_to_user(given, criterion_->gradient())));
    }

    py::array_t<double> hessian_to_user(const Doubles& user, const Doubles& hessian) const {
        const Index n = problem_->parameters();
        const std::vector<double> inner = numbers_of(hessian, n * n, "hessian: a square matrix of the parameters");
        return square(maps_.hessian_to_user(numbers_of(user, n), inner), n);
    }

private:
    static constexpr double tight_enough = 1e-13;

    std::shared_ptr<const GlmmProblem> problem_;
    UserParameters maps_;
    std::unique_ptr<LaplaceCriterion> criterion_;
};

}  // namespace

void bind_glmm_criterion(py::module_& m) {
    py::class_<BoundCriterion>(m, "GlmmCriterion", "The criterion of a generalised model, with the mode it found last.")
        .def(py::init<const GlmmObject&>(), py::arg("model"))
        .def("evaluate", &BoundCriterion::evaluate, py::arg("parameters"))
        .def("hessian_to_user", &BoundCriterion::hessian_to_user, py::arg("parameters"), py::arg("hessian"));
}

}  // namespace ranef::bindings
