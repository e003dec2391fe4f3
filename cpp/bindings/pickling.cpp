#include "pickling.hpp"

namespace ranef::bindings {
namespace {

template <class T>
py::array_t<T> array_of(const std::vector<T>& values) {
    return py::array_t<T>(static_cast<py::ssize_t>(values.size()), values.data());
}

template <class T>
std::vector<T> vector_of(const py::handle& object) {
    const auto array = object.cast<py::array_t<T, py::array::c_style | py::array::forcecast>>();
    return std::vector<T>(array.data(), array.data() + array.size());
}

py::tuple shapes_state(const Layout& layout) {
    py::list factors;
    for (const Factor& factor : layout.factors) {
        py::list blocks;
        for (const Block& b : factor.blocks) blocks.append(py::make_tuple(b.first, b.width, b.intercept, b.theta_first));
        factors.append(py::make_tuple(factor.levels, factor.width, blocks));
    }
    return py::make_tuple(factors, layout.p);
}

Layout layout_from(const py::tuple& state) {
    std::vector<Factor> factors;
    for (const py::handle& item : state[0].cast<py::list>()) {
        const auto given = item.cast<py::tuple>();
        Factor factor{given[0].cast<Index>(), given[1].cast<int>(), {}};
        for (const py::handle& one : given[2].cast<py::list>()) {
            const auto b = one.cast<py::tuple>();
            factor.blocks.push_back({b[0].cast<int>(), b[1].cast<int>(), b[2].cast<int>(), b[3].cast<int>()});
        }
        factors.push_back(std::move(factor));
    }
    return Layout(std::move(factors), state[1].cast<int>());
}

py::tuple coordinates_state(const Coordinates& c) {
    return py::make_tuple(c.x_shift, c.x_scale, c.constant, c.z_shift, c.z_scale);
}

Coordinates coordinates_from(const py::tuple& state) {
    using Doubles = std::vector<double>;
    using Lists = std::vector<Doubles>;
    return {state[0].cast<Doubles>(), state[1].cast<Doubles>(), state[2].cast<Doubles>(), state[3].cast<Lists>(),
            state[4].cast<Lists>()};
}

}  // namespace

py::tuple design_state(const DesignObject& object) {
    const DesignCross& d = *object.design;
    return py::make_tuple(d.n, shapes_state(d.layout()), coordinates_state(d.coordinates()), d.factor_order(), d.kept(),
                          d.sum_log_weights, array_of(d.pattern->a_ptr), array_of(d.pattern->a_col),
                          array_of(d.pattern->w.col_ptr), array_of(d.pattern->w.row_idx), array_of(d.values.numbers));
}

DesignObject design_from(const py::tuple& state) {
    if (state.size() != 11) throw py::value_error("these are no cross-products of a design");
    Basis basis{layout_from(state[1].cast<py::tuple>()), coordinates_from(state[2].cast<py::tuple>()),
                state[3].cast<std::vector<int>>(), state[4].cast<std::vector<int>>()};
    SparsePattern w{basis.layout.q_rest, vector_of<Index>(state[8]), vector_of<Index>(state[9])};
    auto d = std::make_shared<DesignCross>(std::make_shared<const Pattern>(
        std::move(basis), vector_of<Index>(state[6]), vector_of<std::int32_t>(state[7]), std::move(w)));
    d->n = state[0].cast<Index>();
    d->sum_log_weights = state[5].cast<double>();
    std::vector<double> numbers = vector_of<double>(state[10]);
    if (numbers.size() != d->values.numbers.size()) throw py::value_error("these are no cross-products of a design");
    d->values.numbers = std::move(numbers);
    return {d};
}

py::tuple response_state(const ResponseObject& object) {
    const ResponseCross& response = *object.response;
    return py::make_tuple(array_of(response.values), response.scale.shift, response.scale.scale);
}

ResponseObject response_from(const py::tuple& state) {
    if (state.size() != 3) throw py::value_error("these are no cross-products of a response");
    return {std::make_shared<const ResponseCross>(
        ResponseCross{vector_of<double>(state[0]), {state[1].cast<double>(), state[2].cast<double>()}})};
}

}  // namespace ranef::bindings
