#include <memory>
#include <mutex>
#include <stdexcept>

#include "objects.hpp"
#include "ranef/cross/accumulation.hpp"
#include "ranef/cross/row_sums.hpp"

namespace ranef::bindings {
namespace {

// One thread at a time.
struct RowSumsObject {
    RowSums sums;
    std::mutex one;
    bool whole = true;  // no call was interrupted

    RowSumsObject(std::vector<double> origins, std::vector<std::vector<int>> z) : sums(std::move(origins), std::move(z)) {}
};

std::unique_ptr<RowSumsObject> make(const std::vector<double>& origins, const std::vector<std::vector<int>>& z) {
    for (const std::vector<int>& own : z)
        for (int k : own)
            if (k < 0 || k >= static_cast<int>(origins.size())) throw py::value_error("z: no such column");
    return std::make_unique<RowSumsObject>(origins, z);
}

void add(RowSumsObject& self, const RowsObject& rows) {
    if (rows.rows->p() != self.sums.columns() || rows.rows->factors.size() != self.sums.z().size())
        throw py::value_error("rows: other columns or factors than the sums have");
    const py::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(self.one);
    if (!self.whole) throw std::invalid_argument("these sums were interrupted");
    self.whole = false;
    self.sums.add(*rows.rows, ctrl_c());
    self.whole = true;
}

py::tuple results(const RowSumsObject& self) {
    const RowSums& sums = self.sums;
    const py::ssize_t m = sums.columns();
    py::list cross, pairs;
    for (std::size_t f = 0; f < sums.z().size(); ++f) {
        const auto r = static_cast<py::ssize_t>(sums.z()[f].size());
        cross.append(to_numpy(sums.cross(f), {static_cast<py::ssize_t>(sums.cross(f).size()) / (r * m), r, m}));
    }
    for (std::size_t f = 0; f < sums.z().size(); ++f)
        for (std::size_t g = f + 1; g < sums.z().size(); ++g) {
            std::vector<Index> first, second;
            std::vector<double> blocks;
            sums.pair(f, g).list(first, second, blocks);
            const auto count = static_cast<py::ssize_t>(first.size());
            const auto r = static_cast<py::ssize_t>(sums.z()[f].size()), s = static_cast<py::ssize_t>(sums.z()[g].size());
            pairs.append(py::make_tuple(py::array_t<Index>(count, first.data()), py::array_t<Index>(count, second.data()),
                                        to_numpy(blocks, {count, r, s})));
        }
    return py::make_tuple(to_numpy(sums.fixed(), {m, m}), cross, pairs);
}

py::tuple keep_columns(const DesignObject& all) {
    DesignCross kept = without_gil([&] {
        Poll poll;
        return keep_independent(*all.design, poll);
    });
    const int unshifted = unshifted_columns(kept.kept(), all.design->coordinates().constant);
    return py::make_tuple(DesignObject(std::move(kept)), unshifted);
}

}  // namespace

void bind_row_sums(py::module_& m) {
    py::class_<RowSumsObject>(m, "RowSums", "Sums of products of columns, within levels and pairs of levels.")
        .def(py::init(&make), py::arg("origins"), py::arg("z"))
        .def("add", &add, py::arg("rows"), "Adds a batch: its columns X, the codes of its factors, its weights.")
        .def("results", &results, "(m x m, per factor levels x r x m, per pair of factors (first, second, blocks)).");
    m.def("keep_independent", &keep_columns, py::arg("design"),
          "(The design without columns that depend on earlier ones, number of first columns that must keep their origin for that.)");
}

}  // namespace ranef::bindings
