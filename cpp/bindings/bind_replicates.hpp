// The loop over replicates, and its random numbers.
#pragma once

#include "pybind.hpp"

namespace ranef::bindings {

void bind_replicates(py::module_& m);

}  // namespace ranef::bindings
