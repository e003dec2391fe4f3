// The only way to include pybind11: one set of type casters for the whole extension.
#pragma once

#include <pybind11/functional.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "ranef/base/poll.hpp"
#include "ranef/base/status.hpp"
#include "ranef/base/types.hpp"

namespace py = pybind11;

namespace ranef::bindings {

using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Indices = py::array_t<Index, py::array::c_style | py::array::forcecast>;
// As they are or not at all.
using Reals = py::array_t<double, py::array::c_style>;
using Codes = py::array_t<std::int32_t, py::array::c_style>;

// What `work`, which touches nothing of Python, returns, the GIL released while it runs.
template <class Work>
auto without_gil(const Work& work) {
    const py::gil_scoped_release release;
    return work();
}

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

// RuntimeError where there is no answer.
inline void require_ok(Status status) {
    if (status != Status::ok) throw std::runtime_error(describe(status));
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

}  // namespace ranef::bindings
