#include <functional>
#include <string>

#include "objects.hpp"
#include "ranef/information.hpp"

namespace ranef::bindings {
namespace {

py::array_t<double> shaped(const std::vector<double>& values, std::vector<py::ssize_t> shape) {
    return py::array_t<double>(std::move(shape), values.data());
}

// Matrices are symmetric, or the transposed one is stored at (l, k): row-major and column-major agree.
py::dict compute(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    const std::vector<double> internal = self.internal_theta(theta);
    const std::function<bool()> poll = [] {
        const py::gil_scoped_acquire acquire;
        return PyErr_CheckSignals() != 0;
    };
    Information found;
    Status status;
    {
        const py::gil_scoped_release release;
        Session session = self.borrow();
        session.response = nullptr;
        Evaluator& evaluator = session.workspace->evaluator();
        evaluator.load(response.response->values.data());
        status = evaluator.evaluate(internal.data(), Order::value);
        if (status == Status::ok)
            status = information(self.design(), find_components(self.design()), evaluator, response.response->values.data(), poll, found);
        self.give_back(std::move(session));
    }
    if (status == Status::interrupted) throw py::error_already_set();
    if (status != Status::ok) throw std::runtime_error(describe(status));
    const double scale = response.response->scale.scale * response.response->scale.scale;
    for (double& v : found.rss_slope) v *= scale;
    for (double& v : found.rss_bend) v *= scale;
    const py::ssize_t k = found.count, p = found.p;
    py::dict out;
    out["trace"] = shaped(found.trace, {k});
    out["product"] = shaped(found.product, {k, k});
    out["trace_projected"] = shaped(found.trace_projected, {k});
    out["product_projected"] = shaped(found.product_projected, {k, k});
    out["slope"] = shaped(found.slope, {k, p, p});
    out["bend"] = shaped(found.bend, {k, k, p, p});
    out["rss_slope"] = shaped(found.rss_slope, {k});
    out["rss_bend"] = shaped(found.rss_bend, {k, k});
    return out;
}

py::tuple cost(const ProblemObject& self) {
    const InformationCost predicted = information_cost(self.design(), find_components(self.design()));
    return py::make_tuple(predicted.largest, predicted.bytes);
}

}  // namespace

void bind_information(py::module_& m) {
    m.def("information", &compute, py::arg("problem"), py::arg("response"), py::arg("theta"),
          "How the fit at theta depends on each variance and covariance, to second order.");
    m.def("information_cost", &cost, py::arg("problem"), "(order of the largest dense matrix, bytes of memory)");
}

}  // namespace ranef::bindings
