#include "pair_sums_object.hpp"
#include "ranef/base/packed.hpp"
#include "ranef/cross/rank.hpp"

namespace ranef::bindings {
namespace {

using Matrix = py::array_t<double, py::array::f_style>;
using mmrm::PairSums;
using mmrm::RowOrder;
using mmrm::VisitRows;

// Rows of subjects at visits, and the arrays that had to be converted.
struct GivenRows {
    VisitRows rows;
    Doubles weights;
    Codes group;

    // Without their columns.
    GivenRows(Index n, const Codes& subject, const Codes& visit, const py::object& groups_of_rows, const py::object& given_weights,
              int subjects, int visits, int groups) {
        if (visits > mmrm::most_visits) throw py::value_error("visits: too many");
        rows.n = n;
        rows.subjects = subjects;
        rows.visits = visits;
        rows.groups = groups;
        rows.subject = codes(subject, subjects, "subject");
        rows.visit = codes(visit, visits, "visit");
        if (!groups_of_rows.is_none()) {
            group = groups_of_rows.cast<Codes>();
            rows.group = codes(group, groups, "group");
        }
        if (!given_weights.is_none()) {
            weights = given_weights.cast<Doubles>();
            if (weights.size() != n) throw py::value_error("weights: one per row");
            rows.weights = weights.data();
        }
    }

private:
    const std::int32_t* codes(const Codes& given, int levels, const char* what) const {
        if (given.size() != rows.n) throw py::value_error(std::string(what) + ": one code per row");
        for (Index i = 0; i < rows.n; ++i)
            if (given.data()[i] < 0 || given.data()[i] >= levels) throw py::value_error(std::string(what) + ": out of range");
        return given.data();
    }
};

py::object row_pair(const Index* rows) { return rows[0] < 0 ? py::object(py::none()) : py::make_tuple(rows[0], rows[1]); }

// Rows of a part of the data, the response their last column, and what they add up to as they are.
py::dict part_sums(const Matrix& columns, const py::object& weights, const Codes& subject, const Codes& visit, const Codes& group,
                   int subjects, int visits, int groups) {
    if (columns.ndim() != 2 || columns.shape(1) < 1) throw py::value_error("columns: a matrix");
    GivenRows given(columns.shape(0), subject, visit, group, weights, subjects, visits, groups);
    VisitRows& rows = given.rows;
    rows.p = static_cast<int>(columns.shape(1)) - 1;
    rows.x = columns.data();
    rows.y = columns.data() + rows.p * rows.n;
    RowOrder order;
    std::unique_ptr<const PairSums> sums;
    without_gil([&] {
        order = mmrm::order_rows(rows);
        if (order.usable()) sums = std::make_unique<const PairSums>(rows, order, ctrl_c());
    });
    py::list found;
    std::vector<double> scratch;
    if (sums)
        for (const mmrm::Pattern& pattern : sums->patterns()) {
            const auto m = static_cast<Index>(pattern.visits.size());
            const py::array_t<double> own({packed_size(m), sums->size()}, sums->of(pattern, scratch));
            found.append(py::make_tuple(pattern.group, py::tuple(py::cast(pattern.visits)), pattern.subjects, own));
        }
    py::dict out;
    out["duplicate"] = row_pair(order.duplicate);
    out["divided"] = row_pair(order.divided);
    out["patterns"] = found;
    return out;
}

// From sums that were added up elsewhere: a list of (group, visits, subjects), and of each its pairs x size.
PairSumsObject sums_of_parts(int visits, int groups, Index rows, double sum_log_weights, const std::vector<int>& kept,
                             const py::list& patterns, const py::list& pairs, const std::vector<double>& x_shift,
                             const std::vector<double>& x_scale, const std::vector<double>& constant, double y_shift, double y_scale) {
    mmrm::PairTotals totals{visits, groups, rows, sum_log_weights, kept, {}, {}, {}, {y_shift, y_scale}};
    if (x_shift.size() != kept.size() || x_scale.size() != kept.size()) throw py::value_error("x: one entry per kept column");
    totals.coordinates.x_shift = x_shift;
    totals.coordinates.x_scale = x_scale;
    totals.coordinates.constant = constant;
    const Index size = packed_size(static_cast<Index>(kept.size()) + 1);
    if (patterns.size() != pairs.size()) throw py::value_error("pairs: one array per pattern");
    for (std::size_t k = 0; k < patterns.size(); ++k) {
        const auto [group, seen, subjects] = patterns[k].cast<std::tuple<int, std::vector<int>, Index>>();
        const auto own = pairs[k].cast<Doubles>();
        for (std::size_t i = 0; i < seen.size(); ++i)
            if (seen[i] < 0 || seen[i] >= visits || (i > 0 && seen[i] <= seen[i - 1])) throw py::value_error("patterns: visits rise");
        if (group < 0 || group >= groups) throw py::value_error("patterns: group out of range");
        if (own.size() != size * packed_size(static_cast<Index>(seen.size()))) throw py::value_error("pairs: of another size");
        totals.patterns.push_back({group, seen, subjects, 0});
        totals.sums.insert(totals.sums.end(), own.data(), own.data() + own.size());
    }
    PairSumsObject out;
    out.sums = std::make_shared<const PairSums>(std::move(totals));
    return out;
}

PairSumsObject make_pair_sums(const Matrix& x, const py::object& constant, const Doubles& y, const py::object& weights,
                              const Codes& subject, const Codes& visit, const py::object& group, int subjects, int visits, int groups,
                              Index limit) {
    GivenRows given(y.size(), subject, visit, group, weights, subjects, visits, groups);
    VisitRows& rows = given.rows;
    if (x.ndim() != 2 || x.shape(0) != rows.n) throw py::value_error("x: one row per value of y");
    rows.p = static_cast<int>(x.shape(1));
    rows.x = x.data();
    rows.y = y.data();
    Doubles one;
    if (!constant.is_none()) {
        one = constant.cast<Doubles>();
        if (one.size() != rows.p) throw py::value_error("constant: one entry per column of x");
        rows.constant = one.data();
    }
    const py::gil_scoped_release release;
    PairSumsObject out;
    out.order = mmrm::order_rows(rows);
    if (out.order.usable()) out.sums = std::make_shared<const PairSums>(rows, out.order, limit, ctrl_c());
    out.order.row.clear();
    out.order.start.clear();
    return out;
}

py::list patterns(const PairSumsObject& self) {
    py::list out;
    for (const mmrm::Pattern& pattern : self.sums->patterns())
        out.append(py::make_tuple(pattern.group, pattern.visits, pattern.subjects));
    return out;
}

std::vector<int> independent(const Matrix& gram) {
    const auto p = static_cast<int>(gram.shape(0));
    if (gram.ndim() != 2 || gram.shape(1) != p) throw py::value_error("gram: a square matrix");
    return independent_columns(std::vector<double>(gram.data(), gram.data() + gram.size()), p);
}

}  // namespace

void bind_pair_sums(py::module_& m) {
    py::class_<PairSumsObject>(m, "PairSums", "Products of rows by pattern of missing visits and pair of visits.")
        .def(py::init(&make_pair_sums), py::arg("x"), py::arg("constant"), py::arg("y"), py::arg("weights"), py::arg("subject"),
             py::arg("visit"), py::arg("group"), py::arg("subjects"), py::arg("visits"), py::arg("groups"), py::arg("limit"))
        .def_property_readonly("duplicate", [](const PairSumsObject& self) { return row_pair(self.order.duplicate); })
        .def_property_readonly("divided", [](const PairSumsObject& self) { return row_pair(self.order.divided); })
        .def_property_readonly("kept", [](const PairSumsObject& self) { return self.sums->kept(); })
        .def_property_readonly("coordinates", [](const PairSumsObject& self) {
            const Coordinates& own = self.sums->coordinates();
            return py::make_tuple(own.x_shift, own.x_scale, own.constant);
        })
        .def_property_readonly("by_rows", [](const PairSumsObject& self) { return self.sums->by_rows(); })
        .def_property_readonly("size", [](const PairSumsObject& self) { return self.sums->size() * self.sums->pairs(); })
        .def_property_readonly("patterns", &patterns);

    m.def("part_sums", &part_sums, py::arg("columns"), py::arg("weights"), py::arg("subject"), py::arg("visit"),
          py::arg("group"), py::arg("subjects"), py::arg("visits"), py::arg("groups"),
          "Products of rows of a part of the data as they are, the response their last column, by pattern and pair.");
    m.def("pair_sums_of_parts", &sums_of_parts, py::arg("visits"), py::arg("groups"), py::arg("rows"), py::arg("sum_log_weights"),
          py::arg("kept"), py::arg("patterns"), py::arg("pairs"), py::arg("x_shift"), py::arg("x_scale"), py::arg("constant"),
          py::arg("y_shift"), py::arg("y_scale"), "Pair sums that were added up elsewhere.");
    m.def("independent_columns", &independent, py::arg("gram"), "Matrix that are no combinations of those before.");
}

}  // namespace ranef::bindings
