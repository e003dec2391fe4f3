#include <optional>

#include "objects.hpp"
#include "ranef/refits/c_api.h"
#include "ranef/refits/shared_problem.hpp"

namespace ranef::bindings {
namespace {

// Owns a RanefProblem and everything it points to; its address is what compiled loops get.
struct RefitTarget {
    RanefProblem problem;
    std::vector<py::object> arrays;
};

std::unique_ptr<RefitTarget> make_target(const ProblemObject& problem, const ResponseObject& response, const py::object& rows,
                                         bool modes, const std::optional<Doubles>& start, const std::optional<Doubles>& contrast) {
    response.check(problem.design());
    auto target = std::make_unique<RefitTarget>();
    target->problem.problem = problem.problem();
    if (contrast) {
        if (contrast->size() != problem.layout().p) throw py::value_error("contrast must have one number per coefficient");
        target->problem.contrast.assign(contrast->data(), contrast->data() + contrast->size());
    }
    if (start) {
        const std::vector<double> theta(start->data(), start->data() + start->size());
        if (static_cast<int>(theta.size()) != problem.layout().n_theta()) throw py::value_error("start must have one number per theta");
        const py::gil_scoped_release release;
        target->problem.grid = plan_refit_grid(*target->problem.problem, response.response->values.data(), theta.data());
    }
    target->problem.scale = response.response->scale;
    target->problem.modes = modes;
    if (!rows.is_none()) {
        const auto& object = rows.cast<const RowsObject&>();
        target->problem.rows = object.rows;
        target->arrays = object.arrays;
    }
    return target;
}

template <class Function>
std::uintptr_t address(Function* function) {
    return reinterpret_cast<std::uintptr_t>(function);
}

}  // namespace

void bind_refit(py::module_& m) {
    py::class_<RefitTarget>(m, "RefitTarget", "A problem and a response's scale behind one address for compiled loops.")
        .def(py::init(&make_target), py::arg("problem"), py::arg("response"), py::arg("rows") = py::none(),
             py::arg("modes") = false, py::arg("start") = py::none(), py::arg("contrast") = py::none())
        .def_property_readonly("address", [](const RefitTarget& self) { return reinterpret_cast<std::uintptr_t>(&self.problem); })
        .def_property_readonly("batch", [](const RefitTarget& self) { return ranef_batch_size(&self.problem); })
        .def_property_readonly("record_size", [](const RefitTarget& self) { return ranef_record_size(&self.problem); });
    py::dict functions;
    functions["workspace_create"] = address(&ranef_workspace_create);
    functions["workspace_destroy"] = address(&ranef_workspace_destroy);
    functions["gram_multiply"] = address(&ranef_gram_multiply);
    functions["response_from_rows"] = address(&ranef_response_from_rows);
    functions["refit"] = address(&ranef_refit);
    functions["refit_many"] = address(&ranef_refit_many);
    functions["fit_rows"] = address(&ranef_fit_rows);
    m.attr("c_functions") = functions;
}

}  // namespace ranef::bindings
