#include "glmm.hpp"
#include "ranef/families/kept.hpp"

namespace ranef::bindings {

std::unique_ptr<Family> checked_family(const std::string& name, const std::string& link) {
    std::unique_ptr<Family> family = make_family(name, link);
    if (!family) throw py::value_error("no family '" + name + "' with link '" + link + "'");
    return family;
}

namespace {

// Log-likelihood and derivatives of cells at eta, by name.
py::dict kernels(const std::string& name, const std::string& link, double psi, const Doubles& count, const Doubles& first,
                 const Doubles& second, const Doubles& eta, const Doubles& zeta) {
    const auto family = checked_family(name, link);
    family->set_dispersion(psi);
    const Index n = eta.size();
    const bool with_zeta = family->zeta() != Zeta::none;
    if (count.size() != n || first.size() != n || second.size() != n || (with_zeta && zeta.size() != n))
        throw py::value_error("arrays of different lengths");
    const CellView cells{n, count.data(), first.data(), second.data(), with_zeta ? zeta.data() : nullptr};
    std::vector<double> s(n), w(n), w1(n), l4(n), dl(n), ds(n), dw(n), expected(n), expected1(n), mu(n), mu1(n);
    std::vector<double> value(n);
    for (Index i = 0; i < n; ++i)
        value[i] = family->score(cells.part(i, 1), eta.data() + i, s.data() + i, w.data() + i);
    family->third(cells, eta.data(), s.data(), w.data(), w1.data());
    family->fourth(cells, eta.data(), l4.data());
    family->expected(cells, eta.data(), expected.data(), expected1.data());
    family->mean(n, eta.data(), mu.data(), mu1.data());
    if (family->dispersed()) family->dispersion(cells, eta.data(), dl.data(), ds.data(), dw.data());
    py::dict out;
    out["value"] = to_numpy(value);
    out["s"] = to_numpy(s);
    out["w"] = to_numpy(w);
    out["w1"] = to_numpy(w1);
    out["l4"] = to_numpy(l4);
    out["expected"] = to_numpy(expected);
    out["expected1"] = to_numpy(expected1);
    out["mean"] = to_numpy(mu);
    out["mean1"] = to_numpy(mu1);
    if (family->dispersed()) {
        out["dl"] = to_numpy(dl);
        out["ds"] = to_numpy(ds);
        out["dw"] = to_numpy(dw);
    }
    if (with_zeta) {
        family->along_zeta(cells, eta.data(), dl.data(), ds.data(), dw.data());
        out["dl_zeta"] = to_numpy(dl);
        out["ds_zeta"] = to_numpy(ds);
        out["dw_zeta"] = to_numpy(dw);
    }
    return out;
}

// What single rows keep of their responses: count, first and second, and the part of the log-likelihood that depends on
// the data alone.
py::tuple kept_rows(const std::string& family, const Doubles& y, const py::object& trials, const py::object& weights) {
    const Index n = y.size();
    Doubles kept[2];
    const auto data = [&](const py::object& given, int place) -> const double* {
        if (given.is_none()) return nullptr;
        kept[place] = given.cast<Doubles>();
        if (kept[place].size() != n) throw py::value_error("arrays of different lengths");
        return kept[place].data();
    };
    const RowResponses rows{n, y.data(), data(trials, 0), data(weights, 1)};
    std::vector<double> first, second, constants, count(n, 1.0);
    keep_rows(family, rows, first, second, constants);
    if (const double* each = family == "binomial" ? rows.trials : rows.weights) count.assign(each, each + n);
    return py::make_tuple(to_numpy(count), to_numpy(first), to_numpy(second), to_numpy(constants));
}

}  // namespace

void bind_families(py::module_& m) {
    m.def("family_kernels", &kernels, py::arg("family"), py::arg("link"), py::arg("psi"), py::arg("count"), py::arg("first"),
          py::arg("second"), py::arg("eta"), py::arg("zeta") = Doubles(),
          "Log-likelihood of cells and its derivatives in the linear predictor, the log-dispersion and zeta.");
    m.def("kept_rows", &kept_rows, py::arg("family"), py::arg("y"), py::arg("trials") = py::none(), py::arg("weights") = py::none(),
          "What single rows keep of their responses: count, first, second, and what depends on the data alone.");
}

}  // namespace ranef::bindings
