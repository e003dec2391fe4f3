// The generalised models' part of the extension.
#pragma once

#include "pybind.hpp"

namespace ranef::bindings {

void bind_families(py::module_& m);
void bind_glmm(py::module_& m);

}  // namespace ranef::bindings
