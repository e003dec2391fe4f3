#include <algorithm>

#include "objects.hpp"

namespace ranef::bindings {
namespace {

template <class Array>
Array checked(const py::object& object, const char* what, Index n) {
    if (!py::isinstance<Array>(object)) throw py::type_error(std::string(what) + ": wrong dtype or memory order");
    Array array = py::reinterpret_borrow<Array>(object);
    if (array.shape(0) != n) throw py::value_error(std::string(what) + ": wrong number of rows");
    return array;
}

// One column as numpy has it: float64, int64 or bool with any stride, or None for ones.
Column read_column(const py::handle& given, Index n, std::vector<py::object>& keep) {
    if (given.is_none()) return {};
    if (!py::isinstance<py::array>(given)) throw py::type_error("column: must be an array or None");
    const auto array = py::reinterpret_borrow<py::array>(given);
    if (array.ndim() != 1 || array.shape(0) != n) throw py::value_error("column: wrong number of rows");
    const bool aligned = (py::detail::array_proxy(array.ptr())->flags & py::detail::npy_api::NPY_ARRAY_ALIGNED_) != 0;
    keep.push_back(array);
    const auto view = [&](Column::Type type) { return Column(array.data(), type, array.strides(0)); };
    if (aligned && array.dtype().equal(py::dtype::of<double>())) return view(Column::Type::real);
    if (aligned && array.dtype().equal(py::dtype::of<std::int64_t>())) return view(Column::Type::integer);
    if (array.dtype().equal(py::dtype::of<bool>())) return view(Column::Type::truth);
    throw py::type_error("column: must be float64, int64 or bool in the machine's byte order");
}

FactorRows read_factor(const py::dict& given, Index n, std::vector<py::object>& keep) {
    FactorRows factor;
    const Codes codes = checked<Codes>(given["codes"], "codes", n);
    keep.push_back(codes);
    factor.codes = codes.data();
    factor.shape.levels = given["levels"].cast<Index>();
    std::int32_t low = 0, high = -1;
    for (Index i = 0; i < n; ++i) {
        low = std::min(low, factor.codes[i]);
        high = std::max(high, factor.codes[i]);
    }
    if (low < 0 || high >= factor.shape.levels) throw py::value_error("codes: out of range");
    factor.shape.width = 0;
    for (const py::handle& item : given["blocks"].cast<py::list>()) {
        const auto block = item.cast<py::dict>();
        const auto basis = block["basis"].cast<py::sequence>();
        const int width = static_cast<int>(basis.size());
        const int intercept = block["intercept"].cast<int>();
        factor.shape.blocks.push_back({factor.shape.width, width, intercept, block["theta"].cast<int>()});
        for (int a = 0; a < width; ++a)
            factor.basis.push_back(a == intercept ? Column{} : read_column(basis[a], n, keep));
        factor.shape.width += width;
    }
    return factor;
}

RowsObject make_rows(Index n, const py::sequence& x, const py::object& constant, const py::list& factors,
                     const py::object& weights) {
    RowsObject object{std::make_shared<Rows>(), {}};
    Rows& rows = *object.rows;
    rows.n = n;
    for (const py::handle& column : x) rows.x.push_back(read_column(column, n, object.arrays));
    if (!constant.is_none()) {
        const auto vector = constant.cast<Reals>();
        if (vector.size() != static_cast<py::ssize_t>(rows.x.size())) throw py::value_error("constant: one entry per column of X");
        rows.constant.assign(vector.data(), vector.data() + vector.size());
    }
    if (!weights.is_none()) {
        const Reals vector = checked<Reals>(weights, "weights", rows.n);
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
        .def(py::init(&make_rows), py::arg("n"), py::arg("X"), py::arg("constant"), py::arg("factors"), py::arg("weights") = py::none())
        .def_property_readonly("n", [](const RowsObject& self) { return self.rows->n; });
}

}  // namespace ranef::bindings
