// Cross-products as plain arrays and back: they travel between processes in place of the rows.
#pragma once

#include "objects.hpp"

namespace ranef::bindings {

py::dict design_state(const DesignObject& object);
DesignObject design_from(const py::object& state);
py::dict response_state(const ResponseObject& object);
ResponseObject response_from(const py::object& state);

}  // namespace ranef::bindings
