#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "objects.hpp"
#include "ranef/cross/accumulation.hpp"
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

// What the next rows must have in common with those the sums began with; there may be more levels.
struct Shape {
    int p;
    std::vector<int> widths;
    std::vector<Index> levels;

    explicit Shape(const Rows& rows) : p(rows.p()) {
        for (const FactorRows& factor : rows.factors) {
            widths.push_back(factor.shape.width);
            levels.push_back(factor.shape.levels);
        }
    }
    bool takes(const Shape& other) const {
        return p == other.p && widths == other.widths && std::equal(levels.begin(), levels.end(), other.levels.begin(), std::less_equal<>());
    }
};

// One thread at a time: whoever waits does so without the GIL, which the one at work needs to listen for Ctrl-C.
struct SumsObject {
    std::optional<CrossSums> sums;
    Shape shape;
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

void add_rows(SumsObject& self, const RowsObject& rows, const std::optional<Doubles>& y) {
    Shape shape(*rows.rows);
    if (y && (y->ndim() != 1 || y->size() != rows.rows->n)) throw py::value_error("y: one number per row");
    self.locked([&](CrossSums& sums) {
        if (!self.shape.takes(shape)) throw std::invalid_argument("rows: other columns or fewer levels than the sums have");
        sums.add(*rows.rows, y ? y->data() : nullptr, ctrl_c());
        self.shape = std::move(shape);
    });
}

void add_sums(SumsObject& self, SumsObject& other) {
    if (&self == &other) throw py::value_error("other: the same sums");
    const py::gil_scoped_release release;
    const std::scoped_lock lock(self.one, other.one);
    if (!self.shape.takes(other.shape) || self.shape.levels != other.shape.levels)
        throw std::invalid_argument("other: sums of other columns or levels");
    self.open().add(other.open());
}

py::tuple finish(SumsObject& self) {
    DesignObject design;
    ResponseObject response;
    self.locked([&](CrossSums& open) {
        CrossSums sums = std::move(open);
        self.sums.reset();
        CrossSums::Finished all = std::move(sums).finish();
        design.design = std::make_shared<const DesignCross>(std::move(all.design));
        response.response = std::make_shared<const ResponseCross>(std::move(all.response));
    });
    return py::make_tuple(design, response);
}

py::tuple collect(SumsObject& self) {
    CrossSums::Collected all;
    self.locked([&](CrossSums& open) {
        CrossSums sums = std::move(open);
        self.sums.reset();
        all = std::move(sums).collect();
    });
    py::list levels;
    for (const std::vector<Index>& own : all.levels) levels.append(py::array_t<Index>(static_cast<py::ssize_t>(own.size()), own.data()));
    return py::make_tuple(DesignObject{std::make_shared<const DesignCross>(std::move(all.design))}, levels);
}

py::tuple keep_columns(const DesignObject& all) {
    DesignCross kept;
    int unshifted = 0;
    {
        const py::gil_scoped_release release;
        Poll poll;
        kept = keep_independent(*all.design, poll);
        unshifted = unshifted_columns(kept.kept(), all.design->coordinates().constant);
    }
    return py::make_tuple(DesignObject{std::make_shared<const DesignCross>(std::move(kept))}, unshifted);
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
        .def("add", &add_rows, py::arg("rows"), py::arg("y"), "Adds a batch of rows and its response, if it has one.")
        .def("merge", &add_sums, py::arg("other"), "Adds other sums with the same moments.")
        .def("finish", &finish, "(DesignCross, ResponseCross) of all rows; the sums are used up.")
        .def("collect", &collect, "(DesignCross of all columns, levels met of the core's factors); the sums are used up.");
    m.def("keep_independent", &keep_columns, py::arg("design"),
          "(The design without columns that depend on earlier ones, number of first columns that must keep their origin for that.)");
}

}  // namespace ranef::bindings
