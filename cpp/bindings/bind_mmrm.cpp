#include <cmath>
#include <memory>
#include <string>

#include "pair_sums_object.hpp"
#include "ranef/mmrm/adjustment.hpp"
#include "ranef/mmrm/fit.hpp"

namespace ranef::bindings {
namespace {

using mmrm::Criterion;
using mmrm::PairSums;

py::array_t<double> square(const std::vector<double>& values) {
    const auto n = static_cast<py::ssize_t>(std::llround(std::sqrt(double(values.size()))));
    return to_numpy(values, {n, n});
}

// (value, d value / d theta, second over first derivative of SAS's parameter) by parameter, all groups.
py::array_t<double> natural_at(const mmrm::Problem& problem, const double* theta) {
    const mmrm::Structure& structure = *problem.structure;
    const int own = structure.size(), groups = problem.sums->groups();
    std::vector<mmrm::NaturalParameter> one(own);
    py::array_t<double> out({static_cast<py::ssize_t>(own) * groups, py::ssize_t{3}});
    for (int g = 0; g < groups; ++g) {
        structure.natural(theta + g * own, one.data());
        for (int k = 0; k < own; ++k) {
            out.mutable_at(g * own + k, 0) = one[k].value;
            out.mutable_at(g * own + k, 1) = one[k].slope;
            out.mutable_at(g * own + k, 2) = one[k].sas_curvature;
        }
    }
    return out;
}

// theta with the logarithms of standard deviations in other units, `shift` higher.
std::vector<double> in_other_units(const mmrm::Problem& problem, std::vector<double> theta, double shift) {
    const int own = problem.structure->size(), scales = problem.structure->log_scales();
    for (int g = 0; g < problem.sums->groups(); ++g)
        for (int k = 0; k < scales; ++k) theta[g * own + k] += shift;
    return theta;
}

// The criterion at one theta.
class Point {
public:
    explicit Point(std::shared_ptr<Criterion> criterion, mmrm::Optimum optimum)
        : criterion_(std::move(criterion)), optimum_(std::move(optimum)) {}

    const Criterion& criterion() const { return *criterion_; }
    const mmrm::Optimum& optimum() const { return optimum_; }
    const PairSums& sums() const { return *criterion_->problem().sums; }

    std::vector<double> theta() const {
        return in_other_units(criterion_->problem(), optimum_.theta, std::log(sums().response().scale));
    }
    py::array_t<double> beta() const {
        std::vector<double> out(sums().p());
        sums().coordinates().beta_to_user(sums().response(), criterion_->beta().data(), out.data());
        return to_numpy(out);
    }
    // In the internal coordinates of X, in which quadratic forms lose no digits.
    py::array_t<double> internal_covariance() const {
        std::vector<double> out = criterion_->covariance();
        mmrm::units_to_user(sums(), out);
        return square(out);
    }
    py::array_t<double> covariance() const {
        std::vector<double> out = criterion_->covariance();
        mmrm::units_to_user(sums(), out);
        sums().coordinates().covariance_to_user(sums().p(), out.data());
        return square(out);
    }
    py::array_t<double> slopes() const {
        const py::ssize_t p = sums().p(), k = criterion_->problem().size();
        py::array_t<double> out({k, p, p});
        for (py::ssize_t i = 0; i < k; ++i) {
            const std::vector<double> one = mmrm::covariance_slope(*criterion_, static_cast<int>(i));
            std::copy(one.begin(), one.end(), out.mutable_data() + i * p * p);
        }
        return out;
    }
    py::list sigma() const {
        py::list out;
        for (int g = 0; g < sums().groups(); ++g) {
            std::vector<double> matrix = criterion_->map(g).sigma;
            mmrm::units_to_user(sums(), matrix);
            out.append(square(matrix));
        }
        return out;
    }
    // Elements of Sigma (packed by columns) by parameters, one array per group.
    py::list jacobian() const {
        py::list out;
        const double units = sums().response().scale * sums().response().scale;
        const py::ssize_t own = criterion_->problem().structure->size();
        for (int g = 0; g < sums().groups(); ++g) {
            const std::vector<double>& j = criterion_->map(g).jacobian;
            const auto elements = static_cast<py::ssize_t>(j.size()) / own;
            py::array_t<double> one({elements, own});
            for (py::ssize_t k = 0; k < own; ++k)
                for (py::ssize_t e = 0; e < elements; ++e) one.mutable_at(e, k) = units * j[k * elements + e];
            out.append(one);
        }
        return out;
    }
    py::array_t<double> natural() const { return natural_at(criterion_->problem(), theta().data()); }
    py::tuple adjustment(const Doubles& w) const {
        const py::ssize_t k = criterion_->problem().size();
        if (w.size() != k * k) throw py::value_error("w: the covariance of theta");
        const mmrm::Adjustment out = mmrm::adjustment(*criterion_, w.data());
        return py::make_tuple(square(out.linear), square(out.curvature));
    }

private:
    std::shared_ptr<Criterion> criterion_;
    mmrm::Optimum optimum_;
};

class RepeatedMeasures {
public:
    RepeatedMeasures(const PairSumsObject& sums, const std::string& structure, const std::vector<double>& times, bool reml) {
        if (!sums.sums) throw py::value_error("sums: there are none");
        std::shared_ptr<const mmrm::Structure> made = mmrm::make_structure(structure, sums.sums->visits(), times);
        if (!made) throw py::value_error("structure: unknown");
        if ((structure == "sp_exp" || structure == "sp_gau") && static_cast<int>(times.size()) != sums.sums->visits())
            throw py::value_error("times: one per visit");
        problem_ = std::make_shared<const mmrm::Problem>(mmrm::Problem{sums.sums, made, reml});
    }

    int size() const { return problem_->size(); }
    bool linear_in_sas() const { return problem_->structure->linear_in_sas(); }

    Point fit(const py::object& start, double tolerance, int max_evaluations) const {
        NewtonSettings settings;
        settings.tolerance = tolerance;
        settings.max_evaluations = max_evaluations;
        const std::function<bool()> poll = interrupted;
        settings.interrupted = &poll;
        std::vector<double> theta;
        if (!start.is_none()) theta = internal(start.cast<Doubles>());
        const mmrm::FitResult result =
            without_gil([&] { return mmrm::fit(problem_, theta.empty() ? nullptr : theta.data(), settings); });
        if (result.optimum.status == Status::interrupted) throw py::error_already_set();
        return Point(result.criterion, result.optimum);
    }

    Point at(const Doubles& theta) const {
        mmrm::Optimum optimum;
        optimum.theta = internal(theta);
        auto criterion = std::make_shared<Criterion>(problem_);
        optimum.status = criterion->evaluate(optimum.theta.data());
        require_ok(optimum.status);
        criterion->differentiate();
        optimum.value = criterion->value();
        optimum.hessian = criterion->hessian();
        return Point(criterion, optimum);
    }

    // At any theta, also where the criterion has no value.
    py::array_t<double> natural(const Doubles& theta) const {
        if (theta.size() != size()) throw py::value_error("theta: one number per parameter");
        return natural_at(*problem_, theta.data());
    }

private:
    std::vector<double> internal(const Doubles& theta) const {
        if (theta.size() != size()) throw py::value_error("theta: one number per parameter");
        return in_other_units(*problem_, {theta.data(), theta.data() + theta.size()}, -std::log(problem_->sums->response().scale));
    }

    std::shared_ptr<const mmrm::Problem> problem_;
};

}  // namespace

void bind_mmrm(py::module_& m) {
    py::class_<Point>(m, "RepeatedPoint", "A model for repeated measures at one theta.")
        .def_property_readonly("theta", [](const Point& self) { return to_numpy(self.theta()); })
        .def_property_readonly("value", [](const Point& self) { return self.optimum().value; })
        .def_property_readonly("gradient", [](const Point& self) { return to_numpy(self.criterion().gradient()); })
        .def_property_readonly("hessian", [](const Point& self) { return square(self.criterion().hessian()); })
        .def_property_readonly("beta", &Point::beta)
        .def_property_readonly("covariance", &Point::covariance)
        .def_property_readonly("internal_covariance", &Point::internal_covariance)
        .def_property_readonly("internal_slopes", &Point::slopes)
        .def_property_readonly("sigma", &Point::sigma)
        .def_property_readonly("jacobian", &Point::jacobian)
        .def_property_readonly("natural", &Point::natural)
        .def_property_readonly("status", [](const Point& self) { return describe(self.optimum().status); })
        .def_property_readonly("evaluations", [](const Point& self) { return self.optimum().evaluations; })
        .def_property_readonly("gradient_norm", [](const Point& self) { return self.optimum().gradient_norm; })
        .def_property_readonly("eigenvalues", [](const Point& self) { return to_numpy(self.optimum().eigenvalues); })
        .def_property_readonly("reached", [](const Point& self) { return to_numpy(self.optimum().reached); })
        .def_property_readonly("singular", [](const Point& self) { return self.optimum().singular; })
        .def_property_readonly("converged", [](const Point& self) { return self.optimum().converged; })
        .def("adjustment", &Point::adjustment, py::arg("w"),
             "Kenward and Roger's correction for w, the covariance of theta: the linear part, and what its curvature takes off.");

    py::class_<RepeatedMeasures>(m, "RepeatedMeasures", "A structure of covariance over visits, fitted to pair sums.")
        .def(py::init<const PairSumsObject&, const std::string&, const std::vector<double>&, bool>(), py::arg("sums"),
             py::arg("structure"), py::arg("times"), py::arg("reml"))
        .def_property_readonly("n_theta", &RepeatedMeasures::size)
        .def_property_readonly("linear_in_sas", &RepeatedMeasures::linear_in_sas)
        .def("fit", &RepeatedMeasures::fit, py::arg("start") = py::none(), py::kw_only(), py::arg("tolerance") = 1e-14,
             py::arg("max_evaluations") = 200)
        .def("natural", &RepeatedMeasures::natural, py::arg("theta"), "Parameters as they are read, at any theta.")
        .def("at", &RepeatedMeasures::at, py::arg("theta"));
}

}  // namespace ranef::bindings
