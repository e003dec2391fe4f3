#include "objects.hpp"
#include "ranef/cross/weighted_sets.hpp"

namespace ranef::bindings {
namespace {

std::vector<Index> to_vector(const Indices& given) { return {given.data(), given.data() + given.size()}; }

std::shared_ptr<WeightedSets> make_sets(const RowsObject& rows, const DesignObject& design, const ResponseObject& response,
                                        const Doubles& y, const Indices& row, const Indices& other, const Indices& first,
                                        bool by_rows) {
    response.check(*design.design);
    rows.check_response(y);
    if (row.size() != other.size()) throw py::value_error("members: row and other have one length");
    SetMembers members{to_vector(row), to_vector(other), to_vector(first)};
    for (std::size_t k = 0; k < members.first.size(); ++k)
        if (members.first[k] < (k ? members.first[k - 1] : 0) || members.first[k] > row.size())
            throw py::value_error("first: ascending places among the members");
    const py::gil_scoped_release release;
    return std::make_shared<WeightedSets>(*rows.rows, *design.design, *response.response, y.data(), members, by_rows, ctrl_c());
}

py::tuple combine(const WeightedSets& self, const Doubles& weights, double sum_log_weights) {
    if (weights.size() != self.count()) throw py::value_error("weights: one per set");
    return design_and_response(without_gil([&] { return self.combine(weights.data(), sum_log_weights); }));
}

// The criterion of cross-products that `combine` made, and its derivatives with respect to the weights.
py::tuple slopes(const std::shared_ptr<WeightedSets>& self, ProblemObject& problem, const ResponseObject& response, const Doubles& theta,
                 double sigma) {
    const auto [value, out] = evaluate_at(problem, response, theta, Order::value, [self](Workspace& w) {
        Evaluator& evaluator = w.evaluator();
        const double criterion = evaluator.value(), weight = evaluator.dispersion().weight(evaluator.penalised_rss());
        std::vector<double> coef(w.problem().design->layout().n_coef()), found(self->count());
        evaluator.coefficients(coef.data());
        Values adjoint(w.problem().design->pattern->spans);
        evaluator.factorisation().adjoint(w.problem().reml, weight, adjoint);
        self->slopes(adjoint, coef.data(), weight, found.data());
        return std::make_pair(criterion, std::move(found));
    }, sigma);
    return py::make_tuple(problem.criterion(value, *response.response), to_numpy(out));
}

py::array_t<double> squares(const WeightedSets& self, ProblemObject& problem, const ResponseObject& response, const Doubles& theta) {
    const auto estimates = estimates_at(problem, response, theta);
    py::array_t<double> out(self.count());
    self.squares(estimates->coef.data(), out.mutable_data());
    return out;
}

}  // namespace

void bind_weighted_sets(py::module_& m) {
    py::class_<WeightedSets, std::shared_ptr<WeightedSets>>(m, "WeightedSets", "Cross-products by sets of rows and of differences of rows, to be weighted and added.")
        .def(py::init(&make_sets), py::arg("rows"), py::arg("design"), py::arg("response"), py::arg("y"), py::arg("row"),
             py::arg("other"), py::arg("first"), py::arg("by_rows"))
        .def_property_readonly("count", &WeightedSets::count)
        .def("combine", &combine, py::arg("weights"), py::arg("sum_log_weights"), "(DesignCross, ResponseCross) of the weighted sum.")
        .def("slopes", &slopes, py::arg("problem"), py::arg("response"), py::arg("theta"),
             py::arg("sigma") = 0.0, "(criterion, d criterion / d weights) at a theta of the problem; a sigma above zero is held.")
        .def("squares", &squares, py::arg("problem"), py::arg("response"), py::arg("theta"),
             "Sums of squares of residuals by set, modes and coefficients as estimated at theta; on the scale of y's coordinates.");
}

}  // namespace ranef::bindings
