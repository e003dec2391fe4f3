#include "beside.hpp"
#include "pybind.hpp"
#include "ranef/base/threads.hpp"

namespace ranef::bindings {

void bind_threads(py::module_& m) {
    m.def("available_cores", &available_cores, "Cores this process may run on.");
    m.def("thread_limit", &thread_limit, "Threads the core may use.");
    m.def("after_fork", &forget_work_after_fork, "For the child of a fork, before it uses anything else.");
    m.def("set_thread_limit", &set_thread_limit, py::arg("threads"), "For the core's own loops and its BLAS.");
}

}  // namespace ranef::bindings
