#include <algorithm>
#include <new>

#include "objects.hpp"
#include "ranef/refits/c_api.h"
#include "ranef/cross/groups.hpp"
#include "ranef/refits/shared_problem.hpp"

namespace ranef::bindings {
namespace {

std::vector<Index> checked_indices(const Indices& given, Index end, const char* what) {
    std::vector<Index> out(given.data(), given.data() + given.size());
    for (Index i : out)
        if (i < 0 || i >= end) throw py::value_error(std::string(what) + ": out of range");
    return out;
}

// `own`: by factor as given to Rows.
GroupProducts make_groups(const RowsObject& rows, const DesignObject& design, const ResponseObject& response, const Doubles& y,
                          const Indices& start, const Indices& row, const std::vector<bool>& own) {
    rows.check_response(y);
    GroupRows groups{checked_indices(start, row.size() + 1, "start"), checked_indices(row, rows.rows->n, "row")};
    if (groups.start.empty() || groups.start.front() != 0 || groups.start.back() != row.size() ||
        !std::is_sorted(groups.start.begin(), groups.start.end()))
        throw py::value_error("start: must rise from 0 to the number of rows listed");
    if (own.size() != rows.rows->factors.size()) throw py::value_error("own: one per factor");
    std::vector<char> copied;
    for (int f : design.design->factor_order()) copied.push_back(own[f]);
    const py::gil_scoped_release release;
    return group_products(*rows.rows, *design.design, response.response->scale, y.data(), groups, copied);
}

py::tuple sum(const GroupProducts& self, const Indices& picks) {
    const std::vector<Index> chosen = checked_indices(picks, static_cast<Index>(self.parts.size()), "picks");
    GroupSum all = without_gil([&] { return sum_groups(self, chosen); });
    return py::make_tuple(DesignObject(std::move(all.design)), ResponseObject(std::move(all.response)), all.full_rank);
}

// The record (c_api.h) of the fit to the groups picked, without conditional modes; None where there is none.
py::object refit(const GroupProducts& self, const Indices& picks, bool reml, const Doubles& start) {
    const std::vector<Index> chosen = checked_indices(picks, static_cast<Index>(self.parts.size()), "picks");
    if (start.size() != self.basis.layout.n_theta()) throw py::value_error("start: one number per theta");
    const std::vector<double> record = without_gil([&]() -> std::vector<double> {
        GroupSum groups = sum_groups(self, chosen);
        if (!groups.full_rank) return {};
        RanefProblem target;
        target.problem = make_problem(std::make_shared<const DesignCross>(std::move(groups.design)), reml);
        target.scale = groups.response.scale;
        RanefWorkspace* workspace = ranef_workspace_create(&target);
        if (!workspace) throw std::bad_alloc();
        std::vector<double> out(ranef_record_size(&target));
        const int bits = ranef_refit(&target, workspace, groups.response.values.data(), start.data(), out.data());
        ranef_workspace_destroy(workspace);
        return bits & RANEF_FAILED ? std::vector<double>{} : out;
    });
    return record.empty() ? py::object(py::none()) : py::object(to_numpy(record));
}

}  // namespace

void bind_groups(py::module_& m) {
    py::class_<GroupProducts>(m, "GroupProducts", "Cross-products of groups of rows, to be added up again.")
        .def(py::init(&make_groups), py::arg("rows"), py::arg("design"), py::arg("response"), py::arg("y"), py::arg("start"),
             py::arg("row"), py::arg("own"))
        .def("__len__", [](const GroupProducts& self) { return self.parts.size(); })
        .def("sum", &sum, py::arg("picks"), "(DesignCross, ResponseCross, whether X keeps its rank) of the groups picked.")
        .def("refit", &refit, py::arg("picks"), py::arg("reml"), py::arg("start"),
             "The record of a fit to the groups picked, from an internal theta; None where there is no fit.");
}

}  // namespace ranef::bindings
