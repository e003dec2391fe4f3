// Models for repeated measures.
#pragma once

#include "pybind.hpp"

namespace ranef::bindings {

void bind_mmrm(py::module_& m);

}  // namespace ranef::bindings
