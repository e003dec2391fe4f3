#include "objects.hpp"
#include "ranef/inference/covariance_products.hpp"
#include "ranef/inference/information.hpp"
#include "ranef/base/linalg.hpp"

namespace ranef::bindings {
namespace {

// Matrices are symmetric, or the transposed one is stored at (l, k): row-major and column-major agree.
py::dict compute(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    response.check(self.design());
    const std::vector<double> internal = self.internal_theta(theta);
    Information found;
    const Status status = without_gil([&] {
        const double* values = response.response->values.data();
        Loan loan(self);
        loan.evaluator().load(values);
        const Status evaluated = loan.evaluator().evaluate(internal.data(), Order::value);
        if (evaluated != Status::ok) return evaluated;
        return information(self.design(), find_components(self.design()), loan.evaluator(), values, interrupted, found);
    });
    if (status == Status::interrupted) throw py::error_already_set();
    require_ok(status);
    const double scale = response.response->scale.scale * response.response->scale.scale;
    for (double& v : found.rss_slope) v *= scale;
    for (double& v : found.rss_bend) v *= scale;
    const py::ssize_t k = found.count, p = found.p;
    py::dict out;
    out["trace"] = to_numpy(found.trace, {k});
    out["product"] = to_numpy(found.product, {k, k});
    out["trace_projected"] = to_numpy(found.trace_projected, {k});
    out["product_projected"] = to_numpy(found.product_projected, {k, k});
    out["slope"] = to_numpy(found.slope, {k, p, p});
    out["bend"] = to_numpy(found.bend, {k, k, p, p});
    out["rss_slope"] = to_numpy(found.rss_slope, {k});
    out["rss_bend"] = to_numpy(found.rss_bend, {k, k});
    out["to_internal"] = to_numpy(found.to_internal, {k, k});
    out["internal_theta"] = to_numpy(internal);
    return out;
}

py::dict products(const ProblemObject& self) {
    const DesignCross& design = self.design();
    const CovarianceProducts found =
        without_gil([&] { return covariance_products(design, self.problem()->reml, ctrl_c()); });
    if (!found.finite) require_ok(Status::not_positive_definite);
    const py::ssize_t k = design.layout().n_theta();
    py::dict out;
    out["square"] = to_numpy(found.square, {k});
    out["trace"] = to_numpy(found.trace, {k});
    out["product"] = to_numpy(found.product, {k, k});
    out["to_internal"] = to_numpy(map_to_internal(design, directions_of(design.layout())), {k, k});
    return out;
}

// ((X'H^-1 X)^-1, r^2, d criterion / d theta) at an internal theta, the first in internal coordinates too.
py::tuple first_derivatives(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    response.check(self.design());
    const Index p = self.layout().p;
    if (theta.size() != self.layout().n_theta()) throw py::value_error("theta: wrong length");
    std::vector<double> covariance(p * p), gradient;
    double rss = 0.0;
    require_ok(without_gil([&] {
        Loan loan(self);
        Evaluator& evaluator = loan.evaluator();
        evaluator.load(response.response->values.data());
        const Status status = evaluator.evaluate(theta.data(), Order::gradient);
        if (status != Status::ok) return status;
        evaluator.fixed_covariance(covariance.data());
        gradient = evaluator.gradient();
        rss = evaluator.penalised_rss() * response.response->scale.scale * response.response->scale.scale;
        return status;
    }));
    return py::make_tuple(to_numpy(covariance, {p, p}), rss, to_numpy(gradient));
}

py::array_t<double> internal_theta(const ProblemObject& self, const Doubles& theta) {
    return to_numpy(self.internal_theta(theta));
}

// A (row-major p x p) with A'A = X'X in the user's coordinates: X~ = (X - 1 shift') / scale and 1 = X constant give
// X = X~ scale (I + constant shift' / (1 - shift'constant)), and L'L'' is X~'X~.
py::array_t<double> fixed_factor(const DesignObject& self) {
    const DesignCross& d = *self.design;
    const Coordinates& c = d.coordinates();
    const Index p = d.layout().p;
    std::vector<double> l(d.values.w_xx(), d.values.w_xx() + p * p);
    py::array_t<double> out({static_cast<py::ssize_t>(p), static_cast<py::ssize_t>(p)});
    if (!linalg::cholesky(p, l.data(), p)) require_ok(Status::not_positive_definite);
    double determinant = 1.0;
    for (Index k = 0; k < p && !c.constant.empty(); ++k) determinant -= c.constant[k] * c.x_shift[k];
    for (Index i = 0; i < p; ++i) {
        double* row = out.mutable_data() + i * p;
        double level = 0.0;
        for (Index k = 0; k < p; ++k) {
            row[k] = k < i ? 0.0 : l[i * p + k] * c.x_scale[k];
            if (!c.constant.empty()) level += row[k] * c.constant[k] / determinant;
        }
        for (Index k = 0; k < p; ++k) row[k] += level * c.x_shift[k];
    }
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
    m.def("covariance_products", &products, py::arg("problem"),
          "How alike the parts of the response's covariance matrix are, to the problem's criterion.");
    m.def("first_derivatives", &first_derivatives, py::arg("problem"), py::arg("response"), py::arg("internal_theta"),
          "(covariance of beta over sigma^2, penalised residual sum of squares, gradient) at an internal theta.");
    m.def("internal_theta", &internal_theta, py::arg("problem"), py::arg("theta"));
    m.def("fixed_factor", &fixed_factor, py::arg("design"), "A with A'A = X'WX over the kept columns of X.");
    m.def("information_cost", &cost, py::arg("problem"), "(order of the largest dense matrix, bytes of memory)");
}

}  // namespace ranef::bindings
