#include "objects.hpp"

namespace ranef::bindings {
namespace {

using Matrix = py::array_t<double, py::array::f_style>;
using Vector = py::array_t<double, py::array::c_style>;
using Codes = py::array_t<std::int32_t, py::array::c_style>;

template <class Array>
Array checked(const py::object& object, const char* what, Index n) {
    if (!py::isinstance<Array>(object)) throw py::type_error(std::string(what) + ": wrong dtype or memory order");
    Array array = py::reinterpret_borrow<Array>(object);
    if (array.shape(0) != n) throw py::value_error(std::string(what) + ": wrong number of rows");
    return array;
}

void add_columns(const Matrix& matrix, Index n, std::vector<Column>& columns) {
    for (py::ssize_t c = 0; c < matrix.shape(1); ++c) columns.push_back(matrix.data() + c * n);
}

FactorRows read_factor(const py::dict& given, Index n, std::vector<py::object>& keep) {
    FactorRows factor;
    const Codes codes = checked<Codes>(given["codes"], "codes", n);
    keep.push_back(codes);
    factor.codes = codes.data();
    factor.shape.levels = given["levels"].cast<Index>();
    for (Index i = 0; i < n; ++i)
        if (factor.codes[i] < 0 || factor.codes[i] >= factor.shape.levels) throw py::value_error("codes: out of range");
    factor.shape.width = 0;
    for (const py::handle& item : given["blocks"].cast<py::list>()) {
        const auto block = item.cast<py::dict>();
        const Matrix basis = checked<Matrix>(block["basis"], "basis", n);
        keep.push_back(basis);
        const int width = static_cast<int>(basis.shape(1));
        const int intercept = block["intercept"].cast<int>();
        factor.shape.blocks.push_back({factor.shape.width, width, intercept, block["theta"].cast<int>()});
        const std::size_t first = factor.basis.size();
        add_columns(basis, n, factor.basis);
        if (intercept >= 0) factor.basis[first + static_cast<std::size_t>(intercept)] = nullptr;
        factor.shape.width += width;
    }
    return factor;
}

RowsObject make_rows(const py::object& x, const py::object& constant, const py::list& factors, const py::object& weights) {
    if (!py::isinstance<Matrix>(x)) throw py::type_error("X: wrong dtype or memory order");
    RowsObject object{std::make_shared<Rows>(), {}};
    Rows& rows = *object.rows;
    const Matrix matrix = py::reinterpret_borrow<Matrix>(x);
    if (matrix.ndim() != 2) throw py::value_error("X: must have two dimensions");
    rows.n = matrix.shape(0);
    object.arrays.push_back(matrix);
    add_columns(matrix, rows.n, rows.x);
    if (!constant.is_none()) {
        const auto vector = constant.cast<Vector>();
        if (vector.size() != matrix.shape(1)) throw py::value_error("constant: one entry per column of X");
        rows.constant.assign(vector.data(), vector.data() + vector.size());
    }
    if (!weights.is_none()) {
        const Vector vector = checked<Vector>(weights, "weights", rows.n);
        object.arrays.push_back(vector);
        rows.weights = vector.data();
    }
    for (const py::handle& item : factors) rows.factors.push_back(read_factor(item.cast<py::dict>(), rows.n, object.arrays));
    if (rows.factors.empty()) throw py::value_error("factors: at least one is needed");
    return object;
}

}  // namespace

void bind_rows(py::module_& m) {
    py::class_<RowsObject>(m, "Rows", "Views of the data's arrays (nothing is copied).")
        .def(py::init(&make_rows), py::arg("X"), py::arg("constant"), py::arg("factors"), py::arg("weights") = py::none())
        .def_property_readonly("n", [](const RowsObject& self) { return self.rows->n; });
}

}  // namespace ranef::bindings
