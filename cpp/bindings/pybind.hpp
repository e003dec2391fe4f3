// The only way to include pybind11: one set of type casters for the whole extension.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "ranef/base/poll.hpp"

namespace py = pybind11;

namespace ranef::bindings {

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;

// Was Ctrl-C pressed? For the core's loops that end by themselves; called without the GIL.
inline bool interrupted() {
    const py::gil_scoped_acquire acquire;
    return PyErr_CheckSignals() != 0;
}

// Long work of the core, asking the same; called without the GIL.
inline Poll ctrl_c() {
    return Poll([] {
        const py::gil_scoped_acquire acquire;
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    });
}

// One of the package's own exceptions.
inline void set_error(const char* kind, const std::string& message) {
    PyErr_SetString(py::module_::import("ranef.errors").attr(kind).ptr(), message.c_str());
}

// A new numpy array that owns a copy of the numbers.
inline py::array_t<double> to_numpy(const std::vector<double>& values) {
    return py::array_t<double>(static_cast<py::ssize_t>(values.size()), values.data());
}

inline py::array_t<double> to_numpy(const std::vector<double>& values, std::vector<py::ssize_t> shape) {
    return py::array_t<double>(std::move(shape), values.data());
}

void bind_text(py::module_& m);
void bind_rows(py::module_& m);
void bind_cross_products(py::module_& m);
void bind_cross_sums(py::module_& m);
void bind_row_sums(py::module_& m);
void bind_optimum(py::module_& m);
void bind_problem(py::module_& m);
void bind_refit(py::module_& m);
void bind_information(py::module_& m);
void bind_profile(py::module_& m);
void bind_downdate(py::module_& m);
void bind_groups(py::module_& m);
void bind_threads(py::module_& m);
void bind_weighted_sets(py::module_& m);
void bind_iterative(py::module_& m);
void bind_sparse(py::module_& m);

}  // namespace ranef::bindings
