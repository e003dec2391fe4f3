#include "pybind.hpp"
#include "ranef/base/text_codes.hpp"

namespace ranef::bindings {
namespace {

template <class T>
using Array = py::array_t<T, py::array::c_style>;

template <class Offset>
py::tuple code_as(const Array<Offset>& offsets, const Array<std::uint8_t>& bytes, const py::object& valid, Index first_bit) {
    const Index n = offsets.size() - 1;
    if (n < 0) throw py::value_error("offsets: one more than rows");
    if (offsets.data()[0] < 0 || offsets.data()[n] > bytes.size()) throw py::value_error("offsets: beyond the bytes");
    TextColumn<Offset> column{reinterpret_cast<const char*>(bytes.data()), offsets.data(), nullptr, first_bit, n};
    if (!valid.is_none()) {
        const auto bits = valid.cast<Array<std::uint8_t>>();
        if (first_bit < 0 || 8 * bits.size() < first_bit + n) throw py::value_error("valid: one bit per row");
        column.valid = bits.data();
    }
    py::array_t<std::int32_t> codes(n);
    std::int32_t* out = codes.mutable_data();
    const std::vector<Index> rows = without_gil([&] { return code_text(column, out); });
    return py::make_tuple(codes, py::array_t<Index>(static_cast<py::ssize_t>(rows.size()), rows.data()));
}

py::tuple code_text(const py::array& offsets, const Array<std::uint8_t>& bytes, const py::object& valid, Index first_bit) {
    if (py::isinstance<Array<std::int32_t>>(offsets)) return code_as<std::int32_t>(offsets, bytes, valid, first_bit);
    if (py::isinstance<Array<std::int64_t>>(offsets)) return code_as<std::int64_t>(offsets, bytes, valid, first_bit);
    throw py::type_error("offsets: must be int32 or int64");
}

}  // namespace

void bind_text(py::module_& m) {
    m.def("code_text", &code_text, py::arg("offsets"), py::arg("bytes"), py::arg("valid"), py::arg("first_bit"),
          "Text as Arrow keeps it -> level of each row (-1: missing), and a row of each level; levels in order.");
}

}  // namespace ranef::bindings
