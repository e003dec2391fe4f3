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
    return py::make_tuple(d.n, shapes_state(d.layout), coordinates_state(d.coordinates), d.factor_order, d.kept,
                          d.sum_log_weights, array_of(d.g), array_of(d.a_ptr), array_of(d.a_col), array_of(d.a_val),
                          array_of(d.a_x), array_of(d.w_pattern.col_ptr), array_of(d.w_pattern.row_idx), array_of(d.w_val),
                          array_of(d.w_x), array_of(d.w_xx));
}

DesignObject design_from(const py::tuple& state) {
    if (state.size() != 16) throw py::value_error("these are no cross-products of a design");
    auto d = std::make_shared<DesignCross>();
    d->n = state[0].cast<Index>();
    d->layout = layout_from(state[1].cast<py::tuple>());
    d->coordinates = coordinates_from(state[2].cast<py::tuple>());
    d->factor_order = state[3].cast<std::vector<int>>();
    d->kept = state[4].cast<std::vector<int>>();
    d->sum_log_weights = state[5].cast<double>();
    d->g = vector_of<double>(state[6]);
    d->a_ptr = vector_of<Index>(state[7]);
    d->a_col = vector_of<std::int32_t>(state[8]);
    d->a_val = vector_of<double>(state[9]);
    d->a_x = vector_of<double>(state[10]);
    d->w_pattern.n = d->layout.q_rest;
    d->w_pattern.col_ptr = vector_of<Index>(state[11]);
    d->w_pattern.row_idx = vector_of<Index>(state[12]);
    d->w_val = vector_of<double>(state[13]);
    d->w_x = vector_of<double>(state[14]);
    d->w_xx = vector_of<double>(state[15]);
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
