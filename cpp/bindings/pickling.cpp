#include "pickling.hpp"

#include "ranef/cross/serialise.hpp"

namespace ranef::bindings {
namespace {

constexpr const char* writer = "ranef";  // the version that wrote a state

py::dict state_of(const Fields& fields) {
    py::dict out;
    out[writer] = RANEF_VERSION;
    for (const auto& [name, field] : fields)
        out[name.c_str()] = std::visit(
            [](const auto& values) -> py::object {
                using T = typename std::decay_t<decltype(values)>::value_type;
                return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
            },
            field);
    return out;
}

template <class T>
bool taken(const py::handle& given, Field& field) {
    if (!py::isinstance<py::array_t<T>>(given)) return false;
    const auto array = given.cast<py::array_t<T, py::array::c_style>>();
    field = std::vector<T>(array.data(), array.data() + array.size());
    return true;
}

// Whatever Python hands over: nothing is taken for an array that is none.
Fields fields_of(const py::object& state) {
    if (!py::isinstance<py::dict>(state))
        throw FieldError("format: written by an earlier version of ranef (format 1, without names); this is ranef " RANEF_VERSION
                         ". Fit the model again, or read it with that version");
    const auto given = state.cast<py::dict>();
    Fields fields;
    for (const auto& [key, value] : given) {
        const auto name = py::str(key).cast<std::string>();
        if (name != writer && !taken<double>(value, fields[name]) && !taken<Index>(value, fields[name]) &&
            !taken<std::int32_t>(value, fields[name]))
            throw FieldError(name + ": is no array of numbers");
    }
    const auto format = fields.find("format");
    if (format != fields.end() && format->second != Field(std::vector<Index>{cross_format}))
        throw FieldError("format: written by ranef " + (given.contains(writer) ? py::str(given[writer]).cast<std::string>() : "?") +
                         " in another format; this is ranef " RANEF_VERSION ". Fit the model again, or read it with that version");
    return fields;
}

}  // namespace

py::dict design_state(const DesignObject& object) { return state_of(write_design(*object.design)); }
py::dict response_state(const ResponseObject& object) { return state_of(write_response(*object.response)); }

DesignObject design_from(const py::object& state) {
    return DesignObject(read_design(fields_of(state)));
}

ResponseObject response_from(const py::object& state) {
    return ResponseObject(read_response(fields_of(state)));
}

}  // namespace ranef::bindings
