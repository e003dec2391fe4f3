#include "glmm_object.hpp"

#include <numeric>

#include "ranef/laplace/quadrature.hpp"

namespace ranef::bindings {

const double* optional_data(const py::object& array, Index n, const char* what, Doubles& keep) {
    if (array.is_none()) return nullptr;
    keep = array.cast<Doubles>();
    if (keep.size() != n) throw py::value_error(std::string(what) + ": wrong number of rows");
    return keep.data();
}

namespace {

// Views of a response's arrays, which the object keeps alive.
struct GivenResponse {
    Doubles y, kept_trials, kept_weights;
    RowResponses rows;

    GivenResponse(Index n, const Doubles& given, const py::object& trials, const py::object& weights) : y(given) {
        if (y.size() != n) throw py::value_error("responses: wrong number of rows");
        rows = {n, y.data(), optional_data(trials, n, "trials", kept_trials), optional_data(weights, n, "weights", kept_weights)};
    }
};

// Brings a response into a problem whose cells are those of `object`: by address, with no search but for split cells.
// Counts that are there stay: trials and weights are the rows' own.
void take_response(GlmmObject& object, GlmmProblem& problem, const RowResponses& rows, bool split) {
    const std::string& name = problem.family_name;
    if (!split) {
        problem.merged = object.alike;
        if (!object.unsplit)
            object.unsplit = std::make_shared<const LaplacePattern>(make_laplace_pattern(*object.alike, problem.layout(), ctrl_c()));
        problem.places = object.unsplit;
        const Index n = problem.cells().n;
        const std::uint32_t* cell_of = problem.cells().cell_of.data();
        if (problem.responses.count.empty()) keep_counts(name, rows, cell_of, n, problem.responses.count);
        object.good = keep_sums(name, rows, cell_of, n, problem.responses, &object.constant);
        return;
    }
    std::vector<double> first, second, constants;
    object.good = keep_rows(name, rows, first, second, constants);
    object.constant = std::accumulate(constants.begin(), constants.end(), 0.0);
    problem.merged = std::make_shared<const Cells>(split_cells(*object.alike, *problem.design, first.data(), second.data(), ctrl_c()));
    problem.places = std::make_shared<const LaplacePattern>(make_laplace_pattern(*problem.merged, problem.layout(), ctrl_c()));
    const Cells& cells = problem.cells();
    keep_counts(name, rows, cells.cell_of.data(), cells.n, problem.responses.count);
    problem.responses.first.resize(cells.n);
    problem.responses.second.resize(cells.n);
    for (Index i = 0; i < rows.n; ++i) {
        problem.responses.first[cells.cell_of[i]] = first[i];
        problem.responses.second[cells.cell_of[i]] = second[i];
    }
}

}  // namespace

GlmmObject make_glmm(const RowsObject& rows, const DesignObject& design, const std::string& family, const std::string& link,
                     const Doubles& y, const py::object& trials, const py::object& weights, const py::object& offset, bool expected,
                     int nodes, const py::object& zeta, bool zeta_offset) {
    const Index n = rows.rows->n;
    const GivenResponse given(n, y, trials, weights);
    Doubles kept_offset;
    const double* offsets = optional_data(offset, n, "offset", kept_offset);
    Doubles zetas;  // columns of zeta, a row each
    if (!zeta.is_none()) zetas = zeta.cast<Doubles>();
    const ZetaColumns second{zetas.data(), zeta.is_none() ? 0 : static_cast<int>(zetas.shape(0)), zeta_offset};
    if (second.count > 0 && (zetas.ndim() != 2 || zetas.shape(1) != n)) throw py::value_error("zeta: a row for each column, n numbers each");
    auto problem = std::make_shared<GlmmProblem>();
    problem->family = make_family(family, link);
    if (!problem->family) throw py::value_error("no family '" + family + "' with link '" + link + "'");
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
    take_response(object, *problem, given.rows, !problem->family->sums());
    object.problem = std::move(problem);
    return object;
}

GlmmObject with_response(const GlmmObject& self, const Doubles& y, const py::object& trials, const py::object& weights, bool recount) {
    const GivenResponse given(static_cast<Index>(self.alike->cell_of.size()), y, trials, weights);
    const py::gil_scoped_release release;
    GlmmObject object = self;
    auto problem = std::make_shared<GlmmProblem>(*self.problem);
    if (recount) problem->responses.count.clear();
    take_response(object, *problem, given.rows, !problem->family->sums());
    object.problem = std::move(problem);
    return object;
}

GlmmObject with_sums(const GlmmObject& self, const Doubles& count, const Doubles& first, const Doubles& second, double constant) {
    const Index n = static_cast<Index>(self.alike->cell_of.size());
    if (count.size() != n || first.size() != n || second.size() != n) throw py::value_error("sums: wrong number of rows");
    const py::gil_scoped_release release;
    GlmmObject object = self;
    auto problem = std::make_shared<GlmmProblem>(*self.problem);
    const bool sums = problem->family->sums();
    problem->merged = sums ? object.alike
                           : std::make_shared<const Cells>(split_cells(*object.alike, *problem->design, first.data(), second.data(), ctrl_c()));
    problem->places = std::make_shared<const LaplacePattern>(make_laplace_pattern(*problem->merged, problem->layout(), ctrl_c()));
    const Cells& cells = problem->cells();
    KeptSums& kept = problem->responses;
    for (std::vector<double>* part : {&kept.count, &kept.first, &kept.second}) part->assign(cells.n, 0.0);
    for (Index i = 0; i < n; ++i) {
        const std::uint32_t c = cells.cell_of[i];
        kept.count[c] += count.data()[i];
        kept.first[c] = sums ? kept.first[c] + first.data()[i] : first.data()[i];
        kept.second[c] = sums ? kept.second[c] + second.data()[i] : second.data()[i];
    }
    object.constant = constant;
    object.good = true;
    object.problem = std::move(problem);
    return object;
}

GlmmObject by_rows(const GlmmObject& self) {
    const py::gil_scoped_release release;
    GlmmObject object = self;
    auto problem = std::make_shared<GlmmProblem>(*self.problem);
    const std::size_t n = self.alike->cell_of.size();
    std::vector<double> apart(n), none(n, 0.0), second(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) apart[i] = static_cast<double>(i);
    auto cells = std::make_shared<const Cells>(split_cells(*self.alike, *problem->design, apart.data(), none.data(), ctrl_c()));
    problem->places = std::make_shared<const LaplacePattern>(make_laplace_pattern(*cells, problem->layout(), ctrl_c()));
    const Cells& from = self.problem->cells();
    KeptSums kept;
    kept.count.assign(n, 1.0);
    kept.first.assign(n, 0.0);
    kept.second.resize(n);
    for (std::size_t i = 0; i < n; ++i) kept.second[cells->cell_of[i]] = self.problem->responses.second[from.cell_of[i]];
    problem->merged = std::move(cells);
    problem->responses = std::move(kept);
    object.problem = std::move(problem);
    return object;
}

GlmmObject variant(const GlmmObject& self, bool expected, int nodes, const py::object& prior) {
    GlmmObject object = self;
    auto problem = std::make_shared<GlmmProblem>(*self.problem);
    problem->expected = expected;
    problem->nodes = nodes;
    problem->prior.clear();
    Doubles kept_prior;
    const Index p = problem->layout().p;
    if (const double* given = optional_data(prior, p * p, "prior", kept_prior)) problem->prior.assign(given, given + p * p);
    object.problem = std::move(problem);
    return object;
}

}  // namespace ranef::bindings
