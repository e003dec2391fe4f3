#include <memory>
#include <mutex>
#include <optional>

#include "objects.hpp"
#include "ranef/cross/cross_sums.hpp"

namespace ranef::bindings {
namespace {

// (columns, 4): mean, variance, lowest, highest.
std::vector<ColumnMoments> read_moments(const Doubles& given, py::ssize_t columns) {
    if (given.ndim() != 2 || given.shape(0) != columns || given.shape(1) != 4)
        throw py::value_error("moments: four numbers for each of " + std::to_string(columns) + " columns");
    std::vector<ColumnMoments> out;
    for (py::ssize_t k = 0; k < columns; ++k) out.push_back({given.at(k, 0), given.at(k, 1), given.at(k, 2), given.at(k, 3)});
    return out;
}

CrossSums make_sums(const RowsObject& shape, const Doubles& x, const std::vector<Doubles>& z, const Doubles& y,
                    int first_shifted) {
    const Rows& rows = *shape.rows;
    RowMoments moments;
    moments.x = read_moments(x, rows.p());
    if (z.size() != rows.factors.size()) throw py::value_error("z: one array of moments per factor");
    for (std::size_t f = 0; f < z.size(); ++f) moments.z.push_back(read_moments(z[f], rows.factors[f].shape.width));
    moments.y = read_moments(y, 1).front();
    return CrossSums(rows, moments, first_shifted);
}

// What the next rows must have in common with those the sums began with.
struct Shape {
    int p;
    std::vector<std::pair<Index, int>> factors;

    explicit Shape(const Rows& rows) : p(rows.p()) {
        for (const FactorRows& factor : rows.factors) factors.emplace_back(factor.shape.levels, factor.shape.width);
    }
    bool operator==(const Shape& other) const { return p == other.p && factors == other.factors; }
};

// One thread at a time: whoever waits does so without the GIL, which the one at work needs to listen for Ctrl-C.
struct SumsObject {
    std::optional<CrossSums> sums;
    const Shape shape;
    std::mutex one;

    SumsObject(CrossSums given, Shape of) : sums(std::move(given)), shape(std::move(of)) {}

    CrossSums& open() {
        if (!sums) throw py::value_error("these sums are finished");
        return *sums;
    }
    template <class Use>
    auto locked(const Use& use) {
        const py::gil_scoped_release release;
        const std::lock_guard<std::mutex> lock(one);
        return use(open());
    }
};

void add_rows(SumsObject& self, const RowsObject& rows, const Doubles& y) {
    if (!(Shape(*rows.rows) == self.shape)) throw py::value_error("rows: other columns or levels than the sums have");
    rows.check_response(y);
    self.locked([&](CrossSums& sums) { sums.add(*rows.rows, y.data(), ctrl_c()); });
}

void add_sums(SumsObject& self, SumsObject& other) {
    if (!(other.shape == self.shape)) throw py::value_error("other: sums of other columns or levels");
    if (&self == &other) throw py::value_error("other: the same sums");
    const py::gil_scoped_release release;
    const std::scoped_lock lock(self.one, other.one);
    self.open().add(other.open());
}

py::tuple finish(SumsObject& self) {
    return design_and_response(self.locked([&](CrossSums& open) {
        CrossSums sums = std::move(open);
        self.sums.reset();
        return std::move(sums).finish();
    }));
}

}  // namespace

void bind_cross_sums(py::module_& m) {
    py::class_<SumsObject>(m, "CrossSums", "Cross-products of rows that come in batches.")
        .def(py::init([](const RowsObject& shape, const Doubles& x, const std::vector<Doubles>& z, const Doubles& y,
                         int first_shifted) {
                 return std::make_unique<SumsObject>(make_sums(shape, x, z, y, first_shifted), Shape(*shape.rows));
             }),
             py::arg("shape"), py::arg("x"), py::arg("z"), py::arg("y"), py::arg("first_shifted") = 0,
             "Moments (columns x 4: mean, variance, lowest, highest) of X, of each factor's columns, of the response.")
        .def_property_readonly("n", [](SumsObject& self) { return self.locked([](CrossSums& sums) { return sums.n(); }); })
        .def_property_readonly("must_keep_origin", [](SumsObject& self) { return self.locked([](CrossSums& sums) { return sums.must_keep_origin(); }); },
                               "Columns of X to be summed again as they are before `finish`; 0 when it is right.")
        .def("add", &add_rows, py::arg("rows"), py::arg("y"), "Adds a batch of rows and its response.")
        .def("merge", &add_sums, py::arg("other"), "Adds other sums with the same moments.")
        .def("finish", &finish, "(DesignCross, ResponseCross) of all rows; the sums are used up.");
}

}  // namespace ranef::bindings
