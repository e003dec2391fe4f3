#include <cmath>
#include <memory>
#include <string>

#include "bind_mmrm.hpp"
#include "ranef/base/status.hpp"
#include "ranef/mmrm/adjustment.hpp"
#include "ranef/mmrm/fit.hpp"
#include "ranef/mmrm/packed.hpp"
#include "ranef/cross/rank.hpp"

namespace ranef::bindings {
namespace {

using Codes = py::array_t<std::int32_t, py::array::c_style>;
using Columns = py::array_t<double, py::array::f_style>;
using mmrm::Criterion;
using mmrm::PairSums;
using mmrm::RowOrder;
using mmrm::VisitRows;

// Sums, or why there are none.
struct PairSumsObject {
    std::shared_ptr<const PairSums> sums;
    RowOrder order;
};

const std::int32_t* codes(const Codes& given, Index n, int levels, const char* what) {
    if (given.size() != n) throw py::value_error(std::string(what) + ": one code per row");
    for (Index i = 0; i < n; ++i)
        if (given.data()[i] < 0 || given.data()[i] >= levels) throw py::value_error(std::string(what) + ": out of range");
    return given.data();
}

py::object row_pair(const Index* rows) { return rows[0] < 0 ? py::object(py::none()) : py::make_tuple(rows[0], rows[1]); }

// Rows of a part of the data, the response their last column, and what they add up to as they are.
py::dict part_sums(const Columns& columns, const py::object& weights, const Codes& subject, const Codes& visit,
                   const Codes& group, int subjects, int visits, int groups) {
    if (columns.ndim() != 2 || columns.shape(1) < 1) throw py::value_error("columns: a matrix");
    if (visits > mmrm::most_visits) throw py::value_error("visits: too many");
    VisitRows rows;
    rows.n = columns.shape(0);
    rows.p = static_cast<int>(columns.shape(1)) - 1;
    rows.x = columns.data();
    rows.y = columns.data() + rows.p * rows.n;
    rows.subjects = subjects;
    rows.visits = visits;
    rows.groups = groups;
    rows.subject = codes(subject, rows.n, subjects, "subject");
    rows.visit = codes(visit, rows.n, visits, "visit");
    rows.group = codes(group, rows.n, groups, "group");
    Doubles weight;
    if (!weights.is_none()) {
        weight = weights.cast<Doubles>();
        if (weight.size() != rows.n) throw py::value_error("weights: one per row");
        rows.weights = weight.data();
    }
    RowOrder order;
    std::unique_ptr<const PairSums> sums;
    {
        const py::gil_scoped_release release;
        order = mmrm::order_rows(rows);
        if (order.duplicate[0] < 0 && order.divided[0] < 0) sums = std::make_unique<const PairSums>(rows, order, ctrl_c());
    }
    py::list found;
    std::vector<double> scratch;
    if (sums)
        for (const mmrm::Pattern& pattern : sums->patterns()) {
            const auto m = static_cast<Index>(pattern.visits.size());
            const py::array_t<double> own({mmrm::packed_size(m), sums->size()}, sums->of(pattern, scratch));
            found.append(py::make_tuple(pattern.group, py::tuple(py::cast(pattern.visits)), pattern.subjects, own));
        }
    py::dict out;
    out["duplicate"] = row_pair(order.duplicate);
    out["divided"] = row_pair(order.divided);
    out["patterns"] = found;
    return out;
}

// From sums that were added up elsewhere: a list of (group, visits, subjects), and of each its pairs x size.
PairSumsObject sums_of_parts(int visits, int groups, Index rows, double sum_log_weights, const std::vector<int>& kept,
                         const py::list& patterns, const py::list& pairs, const std::vector<double>& x_shift,
                         const std::vector<double>& x_scale, const std::vector<double>& constant, double y_shift,
                         double y_scale) {
    mmrm::PairTotals totals{visits, groups, rows, sum_log_weights, kept, {}, {}, {}, {y_shift, y_scale}};
    if (x_shift.size() != kept.size() || x_scale.size() != kept.size()) throw py::value_error("x: one entry per kept column");
    totals.coordinates.x_shift = x_shift;
    totals.coordinates.x_scale = x_scale;
    totals.coordinates.constant = constant;
    const Index size = mmrm::packed_size(static_cast<Index>(kept.size()) + 1);
    if (patterns.size() != pairs.size()) throw py::value_error("pairs: one array per pattern");
    for (std::size_t k = 0; k < patterns.size(); ++k) {
        const auto one = patterns[k].cast<std::tuple<int, std::vector<int>, Index>>();
        const auto own = pairs[k].cast<Doubles>();
        for (std::size_t i = 0; i < std::get<1>(one).size(); ++i) {
            const int visit = std::get<1>(one)[i];
            if (visit < 0 || visit >= visits || (i > 0 && visit <= std::get<1>(one)[i - 1]))
                throw py::value_error("patterns: visits rise");
        }
        if (std::get<0>(one) < 0 || std::get<0>(one) >= groups) throw py::value_error("patterns: group out of range");
        if (own.size() != size * mmrm::packed_size(static_cast<Index>(std::get<1>(one).size())))
            throw py::value_error("pairs: of another size");
        totals.patterns.push_back({std::get<0>(one), std::get<1>(one), std::get<2>(one), 0});
        totals.sums.insert(totals.sums.end(), own.data(), own.data() + own.size());
    }
    PairSumsObject out;
    out.sums = std::make_shared<const PairSums>(std::move(totals));
    return out;
}

PairSumsObject make_pair_sums(const Columns& x, const py::object& constant, const Doubles& y, const py::object& weights,
                     const Codes& subject, const Codes& visit, const py::object& group, int subjects, int visits, int groups,
                     Index limit) {
    VisitRows rows;
    rows.n = y.size();
    rows.p = static_cast<int>(x.shape(1));
    if (x.ndim() != 2 || x.shape(0) != rows.n) throw py::value_error("x: one row per value of y");
    if (visits > mmrm::most_visits) throw py::value_error("visits: too many");
    rows.subjects = subjects;
    rows.visits = visits;
    rows.groups = groups;
    rows.x = x.data();
    rows.y = y.data();
    rows.subject = codes(subject, rows.n, subjects, "subject");
    rows.visit = codes(visit, rows.n, visits, "visit");
    Doubles one, weight;
    Codes arm;
    if (!constant.is_none()) {
        one = constant.cast<Doubles>();
        if (one.size() != rows.p) throw py::value_error("constant: one entry per column of x");
        rows.constant = one.data();
    }
    if (!weights.is_none()) {
        weight = weights.cast<Doubles>();
        if (weight.size() != rows.n) throw py::value_error("weights: one per row");
        rows.weights = weight.data();
    }
    if (!group.is_none()) {
        arm = group.cast<Codes>();
        rows.group = codes(arm, rows.n, groups, "group");
    }
    const py::gil_scoped_release release;
    PairSumsObject out;
    out.order = mmrm::order_rows(rows);
    if (out.order.duplicate[0] < 0 && out.order.divided[0] < 0)
        out.sums = std::make_shared<const PairSums>(rows, out.order, limit, ctrl_c());
    out.order.row.clear();
    out.order.start.clear();
    return out;
}

py::list patterns(const PairSumsObject& self) {
    py::list out;
    for (const mmrm::Pattern& pattern : self.sums->patterns())
        out.append(py::make_tuple(pattern.group, pattern.visits, pattern.subjects));
    return out;
}

py::array_t<double> square(const std::vector<double>& values) {
    const auto n = static_cast<py::ssize_t>(std::llround(std::sqrt(double(values.size()))));
    return py::array_t<double>({n, n}, values.data());
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

// The criterion at one theta.
class Point {
public:
    explicit Point(std::shared_ptr<Criterion> criterion, mmrm::Optimum optimum)
        : criterion_(std::move(criterion)), optimum_(std::move(optimum)) {}

    const Criterion& criterion() const { return *criterion_; }
    const mmrm::Optimum& optimum() const { return optimum_; }
    const PairSums& sums() const { return *criterion_->problem().sums; }

    py::array_t<double> theta() const {
        std::vector<double> out = optimum_.theta;
        const int own = criterion_->problem().structure->size(), scales = criterion_->problem().structure->log_scales();
        for (int g = 0; g < sums().groups(); ++g)
            for (int k = 0; k < scales; ++k) out[g * own + k] += std::log(sums().response().scale);
        return to_numpy(out);
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
        const double units = sums().response().scale * sums().response().scale;
        for (int g = 0; g < sums().groups(); ++g) {
            std::vector<double> matrix = criterion_->map(g).sigma;
            for (double& value : matrix) value *= units;
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
        mmrm::FitResult result;
        {
            const py::gil_scoped_release release;
            result = mmrm::fit(problem_, theta.empty() ? nullptr : theta.data(), settings);
        }
        if (result.optimum.status == Status::interrupted) throw py::error_already_set();
        return Point(result.criterion, result.optimum);
    }

    Point at(const Doubles& theta) const {
        mmrm::Optimum optimum;
        optimum.theta = internal(theta);
        auto criterion = std::make_shared<Criterion>(problem_);
        optimum.status = criterion->evaluate(optimum.theta.data());
        if (optimum.status != Status::ok) throw std::runtime_error(describe(optimum.status));
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
        std::vector<double> out(theta.data(), theta.data() + theta.size());
        const int own = problem_->structure->size(), scales = problem_->structure->log_scales();
        for (int g = 0; g < problem_->sums->groups(); ++g)
            for (int k = 0; k < scales; ++k) out[g * own + k] -= std::log(problem_->sums->response().scale);
        return out;
    }

    std::shared_ptr<const mmrm::Problem> problem_;
};

}  // namespace

void bind_mmrm(py::module_& m) {
    py::class_<PairSumsObject>(m, "PairSums", "Products of rows by pattern of missing visits and pair of visits.")
        .def(py::init(&make_pair_sums), py::arg("x"), py::arg("constant"), py::arg("y"), py::arg("weights"), py::arg("subject"),
             py::arg("visit"), py::arg("group"), py::arg("subjects"), py::arg("visits"), py::arg("groups"), py::arg("limit"))
        .def_property_readonly("duplicate", [](const PairSumsObject& self) { return row_pair(self.order.duplicate); })
        .def_property_readonly("divided", [](const PairSumsObject& self) { return row_pair(self.order.divided); })
        .def_property_readonly("kept", [](const PairSumsObject& self) { return self.sums->kept(); })
        .def_property_readonly("coordinates", [](const PairSumsObject& self) {
            const Coordinates& own = self.sums->coordinates();
            return py::make_tuple(own.x_shift, own.x_scale, own.constant);
        })
        .def_property_readonly("by_rows", [](const PairSumsObject& self) { return self.sums->by_rows(); })
        .def_property_readonly("size", [](const PairSumsObject& self) { return self.sums->size() * self.sums->pairs(); })
        .def_property_readonly("patterns", &patterns);

    m.def("part_sums", &part_sums, py::arg("columns"), py::arg("weights"), py::arg("subject"), py::arg("visit"),
          py::arg("group"), py::arg("subjects"), py::arg("visits"), py::arg("groups"),
          "Products of rows of a part of the data as they are, the response their last column, by pattern and pair.");
    m.def("pair_sums_of_parts", &sums_of_parts, py::arg("visits"), py::arg("groups"), py::arg("rows"), py::arg("sum_log_weights"),
          py::arg("kept"), py::arg("patterns"), py::arg("pairs"), py::arg("x_shift"), py::arg("x_scale"), py::arg("constant"),
          py::arg("y_shift"), py::arg("y_scale"), "Pair sums that were added up elsewhere.");
    m.def("independent_columns", [](const Columns& gram) {
        const auto p = static_cast<int>(gram.shape(0));
        if (gram.ndim() != 2 || gram.shape(1) != p) throw py::value_error("gram: a square matrix");
        return independent_columns(std::vector<double>(gram.data(), gram.data() + gram.size()), p);
    }, py::arg("gram"), "Columns that are no combinations of those before.");

    py::class_<Point>(m, "RepeatedPoint", "A model for repeated measures at one theta.")
        .def_property_readonly("theta", &Point::theta)
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
