#include "glmm_object.hpp"

#include <numeric>

#include "ranef/laplace/quadrature.hpp"

namespace ranef::bindings {

std::vector<double> numbers_of(const Doubles& array, Index count, const char* wrong) {
    if (array.size() != count) throw py::value_error(wrong);
    return {array.data(), array.data() + count};
}

std::vector<double> optional_numbers(const py::object& array, Index count, const char* wrong) {
    return array.is_none() ? std::vector<double>() : numbers_of(array.cast<Doubles>(), count, wrong);
}

namespace {

// A column of the rows that may be None; `keep` holds its numbers.
const double* optional_column(const py::object& array, Index n, const char* what, Doubles& keep) {
    if (array.is_none()) return nullptr;
    keep = array.cast<Doubles>();
    if (keep.size() != n) throw py::value_error(std::string(what) + ": wrong number of rows");
    return keep.data();
}

// Views of a response's arrays, which the object keeps alive.
struct GivenResponse {
    Doubles y, kept_trials, kept_weights;
    RowResponses rows;

    GivenResponse(Index n, const Doubles& given, const py::object& trials, const py::object& weights) : y(given) {
        if (y.size() != n) throw py::value_error("responses: wrong number of rows");
        rows.n = n;
        rows.y = y.data();
        rows.trials = optional_column(trials, n, "trials", kept_trials);
        rows.weights = optional_column(weights, n, "weights", kept_weights);
    }
};

std::shared_ptr<const LaplacePattern> pattern_of(const Cells& cells, const Layout& layout) {
    return std::make_shared<const LaplacePattern>(make_laplace_pattern(cells, layout, ctrl_c()));
}

// The problem's cells where rows of different responses share them.
void take_alike(GlmmObject& object, GlmmProblem& problem) {
    if (!object.unsplit) object.unsplit = pattern_of(*object.alike, problem.layout());
    problem.merged = object.alike;
    problem.places = object.unsplit;
}

// The problem's cells of rows that are equal in `first` and `second` too.
void take_split(const GlmmObject& object, GlmmProblem& problem, const double* first, const double* second) {
    problem.merged = std::make_shared<const Cells>(split_cells(*object.alike, *problem.design, first, second, ctrl_c()));
    problem.places = pattern_of(*problem.merged, problem.layout());
}

// Brings a response into a problem whose cells are those of `object`: by address, with no search but for split cells.
// Counts that are there stay: trials and weights are the rows' own.
void take_response(GlmmObject& object, GlmmProblem& problem, const RowResponses& rows) {
    const std::string& name = problem.family_name;
    KeptSums& kept = problem.responses;
    if (problem.family->sums()) {
        take_alike(object, problem);
        const Cells& cells = problem.cells();
        if (kept.count.empty()) keep_counts(name, rows, cells.cell_of.data(), cells.n, kept.count);
        object.good = keep_sums(name, rows, cells.cell_of.data(), cells.n, kept, &object.constant);
        return;
    }
    std::vector<double> first, second, constants;
    object.good = keep_rows(name, rows, first, second, constants);
    object.constant = std::accumulate(constants.begin(), constants.end(), 0.0);
    take_split(object, problem, first.data(), second.data());
    const Cells& cells = problem.cells();
    keep_counts(name, rows, cells.cell_of.data(), cells.n, kept.count);
    kept.first.resize(cells.n);
    kept.second.resize(cells.n);
    for (Index i = 0; i < rows.n; ++i) {
        kept.first[cells.cell_of[i]] = first[i];
        kept.second[cells.cell_of[i]] = second[i];
    }
}

// A copy of the object with a problem of its own, which change(object, problem) makes of the other one. Without the GIL.
template <class Change>
GlmmObject changed(const GlmmObject& self, const Change& change) {
    const py::gil_scoped_release release;
    GlmmObject object = self;
    auto problem = std::make_shared<GlmmProblem>(*self.problem);
    change(object, *problem);
    object.problem = std::move(problem);
    return object;
}

}  // namespace

GlmmObject make_glmm(const RowsObject& rows, const DesignObject& design, const std::string& family, const std::string& link,
                     const Doubles& y, const py::object& trials, const py::object& weights, const py::object& offset, bool expected,
                     int nodes, const py::object& zeta, bool zeta_offset) {
    const Index n = rows.rows->n;
    const GivenResponse given(n, y, trials, weights);
    Doubles kept_offset;
    const double* offsets = optional_column(offset, n, "offset", kept_offset);
    Doubles zetas;  // columns of zeta, a row each
    if (!zeta.is_none()) zetas = zeta.cast<Doubles>();
    const ZetaColumns second{zetas.data(), zeta.is_none() ? 0 : static_cast<int>(zetas.shape(0)), zeta_offset};
    if (second.count > 0 && (zetas.ndim() != 2 || zetas.shape(1) != n))
        throw py::value_error("zeta: a row for each column, n numbers each");
    auto problem = std::make_shared<GlmmProblem>();
    problem->family = checked_family(family, link);
    problem->family_name = kept_name(family);
    problem->design = design.design;
    problem->expected = expected;
    problem->nodes = nodes;
    const Layout& layout = design.design->layout();
    if (nodes < 0 || nodes > most_nodes) throw py::value_error("nodes: between 0 and " + std::to_string(most_nodes));
    if (nodes > 1 && (layout.factors.size() != 1 || layout.factors[0].width > most_quadrature_columns))
        throw py::value_error("nodes: one factor of few columns only");
    GlmmObject object;
    const py::gil_scoped_release release;
    object.alike = std::make_shared<const Cells>(merge_rows(*rows.rows, *design.design, offsets, second, ctrl_c()));
    take_response(object, *problem, given.rows);
    object.problem = std::move(problem);
    return object;
}

GlmmObject with_response(const GlmmObject& self, const Doubles& y, const py::object& trials, const py::object& weights, bool recount) {
    const GivenResponse given(static_cast<Index>(self.alike->cell_of.size()), y, trials, weights);
    return changed(self, [&](GlmmObject& object, GlmmProblem& problem) {
        if (recount) problem.responses.count.clear();
        take_response(object, problem, given.rows);
    });
}

GlmmObject with_sums(const GlmmObject& self, const Doubles& count, const Doubles& first, const Doubles& second, double constant) {
    const Index n = static_cast<Index>(self.alike->cell_of.size());
    if (count.size() != n || first.size() != n || second.size() != n) throw py::value_error("sums: wrong number of rows");
    const double *counts = count.data(), *firsts = first.data(), *seconds = second.data();
    return changed(self, [&](GlmmObject& object, GlmmProblem& problem) {
        const bool sums = problem.family->sums();
        if (sums) take_alike(object, problem);
        else take_split(object, problem, firsts, seconds);
        const Cells& cells = problem.cells();
        KeptSums& kept = problem.responses;
        for (std::vector<double>* part : {&kept.count, &kept.first, &kept.second}) part->assign(cells.n, 0.0);
        for (Index i = 0; i < n; ++i) {
            const std::uint32_t c = cells.cell_of[i];
            kept.count[c] += counts[i];
            kept.first[c] = sums ? kept.first[c] + firsts[i] : firsts[i];
            kept.second[c] = sums ? kept.second[c] + seconds[i] : seconds[i];
        }
        object.constant = constant;
        object.good = true;
    });
}

GlmmObject by_rows(const GlmmObject& self) {
    return changed(self, [&](GlmmObject& object, GlmmProblem& problem) {
        const std::size_t n = self.alike->cell_of.size();
        std::vector<double> number(n);
        std::iota(number.begin(), number.end(), 0.0);
        take_split(object, problem, number.data(), number.data());
        const Cells &from = self.problem->cells(), &cells = problem.cells();
        KeptSums& kept = problem.responses;
        kept.count.assign(n, 1.0);
        kept.first.assign(n, 0.0);
        kept.second.resize(n);
        for (std::size_t i = 0; i < n; ++i) kept.second[cells.cell_of[i]] = self.problem->responses.second[from.cell_of[i]];
    });
}

GlmmObject variant(const GlmmObject& self, bool expected, int nodes, const py::object& prior) {
    const Index p = self.problem->layout().p;
    const std::vector<double> given = optional_numbers(prior, p * p, "prior: wrong number of rows");
    return changed(self, [&](GlmmObject&, GlmmProblem& problem) {
        problem.expected = expected;
        problem.nodes = nodes;
        problem.prior = given;
    });
}

}  // namespace ranef::bindings
