#include <memory>
#include <mutex>

#include "pybind.hpp"
#include "ranef/pedigree/inbreeding.hpp"
#include "ranef/sparse/sparse_cholesky.hpp"

namespace ranef::bindings {
namespace {

using Columns = py::array_t<double, py::array::f_style | py::array::forcecast>;

// A factor, and who may use it: one caller at a time.
struct SparseFactorObject {
    std::unique_ptr<SparseFactor> factor;
    std::size_t entries = 0;
    std::mutex mutex;
};

SparsePattern read_pattern(const Indices& pointers, const Indices& rows) {
    SparsePattern pattern;
    pattern.n = static_cast<Index>(pointers.size()) - 1;
    pattern.col_ptr.assign(pointers.data(), pointers.data() + pointers.size());
    pattern.row_idx.assign(rows.data(), rows.data() + rows.size());
    if (pattern.n < 1 || pattern.col_ptr.back() != static_cast<Index>(pattern.row_idx.size()))
        throw py::value_error("pointers: one more than columns, the last the number of rows");
    return pattern;
}

void require_ok(AnalysisStatus status) {
    if (status == AnalysisStatus::invalid_pattern) throw py::value_error("rows: ascending, of the lower triangle");
    if (status != AnalysisStatus::ok) throw std::bad_alloc();
}

// Entries of the factor, and operations of a factorisation.
py::tuple factor_cost(const Indices& pointers, const Indices& rows) {
    const SparsePattern pattern = read_pattern(pointers, rows);
    const SparseOrdering ordering = without_gil([&] { return SparseSymbolic::order(pattern); });
    require_ok(ordering.status);
    return py::make_tuple(ordering.nnz, ordering.flops);
}

std::unique_ptr<SparseFactorObject> make_factor(const Indices& pointers, const Indices& rows) {
    const SparsePattern pattern = read_pattern(pointers, rows);
    auto object = std::make_unique<SparseFactorObject>();
    object->entries = pattern.row_idx.size();
    AnalysisStatus status;
    {
        const py::gil_scoped_release release;
        SparseOrdering ordering = SparseSymbolic::order(pattern);
        status = ordering.status;
        if (status == AnalysisStatus::ok) {
            SparseAnalysis analysis = SparseSymbolic::analyze(pattern, std::move(ordering));
            status = analysis.status;
            if (analysis.symbolic) object->factor = std::make_unique<SparseFactor>(std::move(analysis.symbolic));
        }
    }
    require_ok(status);
    return object;
}

// The log determinant, or NaN where the matrix is not positive definite.
double refactor(SparseFactorObject& self, const Doubles& values) {
    if (static_cast<std::size_t>(values.size()) != self.entries) throw py::value_error("values: one for every entry of the pattern");
    const py::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(self.mutex);
    self.factor->factor(values.data());
    return self.factor->log_det();
}

enum class Solve { whole, upper };

py::array_t<double> solved(SparseFactorObject& self, const Columns& given, Solve kind) {
    if (given.ndim() != 2 || given.shape(0) != self.factor->size()) throw py::value_error("right sides: a matrix with a row for every column");
    if (!self.factor->factored()) throw py::value_error("factor() has not succeeded");
    const Index n = given.shape(0), count = given.shape(1);
    py::array_t<double, py::array::f_style> out({n, count});
    std::copy(given.data(), given.data() + n * count, out.mutable_data());
    double* values = out.mutable_data();
    const py::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(self.mutex);
    if (kind == Solve::upper) self.factor->solve_upper(values, count, n);
    else self.factor->solve(values, count, n);
    return out;
}

py::array_t<double> selected_inverse(SparseFactorObject& self) {
    if (!self.factor->factored()) throw py::value_error("factor() has not succeeded");
    py::array_t<double> out(static_cast<py::ssize_t>(self.entries));
    double* values = out.mutable_data();
    const py::gil_scoped_release release;
    const std::lock_guard<std::mutex> lock(self.mutex);
    self.factor->selected_inverse(values);
    return out;
}

py::array_t<double> inbreeding_of(const Indices& sire, const Indices& dam) {
    if (sire.size() != dam.size()) throw py::value_error("sire, dam: one of each for every animal");
    const Pedigree pedigree{static_cast<Index>(sire.size()), sire.data(), dam.data()};
    if (first_out_of_order(pedigree) >= 0) throw py::value_error("parents must stand before their offspring");
    return to_numpy(without_gil([&] { return inbreeding(pedigree); }));
}

}  // namespace

void bind_sparse(py::module_& m) {
    py::class_<SparseFactorObject>(m, "SparseFactor",
                                   "Cholesky factor of a sparse symmetric matrix, given by its lower triangle in compressed columns.")
        .def(py::init(&make_factor), py::arg("pointers"), py::arg("rows"))
        .def("factor", &refactor, py::arg("values"), "Factor the matrix with these entries; its log determinant, NaN if it has none.")
        .def("solve", [](SparseFactorObject& self, const Columns& given) { return solved(self, given, Solve::whole); }, py::arg("right"))
        .def("solve_upper", [](SparseFactorObject& self, const Columns& given) { return solved(self, given, Solve::upper); },
             py::arg("right"), "P'L^-T times the right sides.")
        .def("selected_inverse", &selected_inverse, "Entries of the inverse where the pattern has an entry.");
    m.def("sparse_factor_cost", &factor_cost, py::arg("pointers"), py::arg("rows"),
          "Entries of the Cholesky factor of a pattern, and operations of a factorisation.");
    m.def("inbreeding", &inbreeding_of, py::arg("sire"), py::arg("dam"),
          "Coefficients of inbreeding; parents by place, -1 where unknown, before their offspring.");
}

}  // namespace ranef::bindings
