// A generalised linear mixed model of the core, and how one is made of rows and of another model.
#pragma once

#include "glmm.hpp"
#include "objects.hpp"
#include "ranef/laplace/problem.hpp"

namespace ranef::bindings {

struct GlmmObject {
    std::shared_ptr<const GlmmProblem> problem;
    std::shared_ptr<const Cells> alike;              // rows that are alike but for their responses
    std::shared_ptr<const LaplacePattern> unsplit;   // their pattern; null for a family whose cells are split
    double constant = 0.0;                           // the log-likelihood's part that depends on the data alone
    bool good = true;                                // whether every response was one of the family's, see keep_sums()
};

// The numbers of an array that must have so many, or a ValueError that says what is `wrong`.
std::vector<double> numbers_of(const Doubles& array, Index count, const char* wrong = "wrong number of parameters");
// The same of an optional array; none for None.
std::vector<double> optional_numbers(const py::object& array, Index count, const char* wrong);

GlmmObject make_glmm(const RowsObject& rows, const DesignObject& design, const std::string& family, const std::string& link,
                     const Doubles& y, const py::object& trials, const py::object& weights, const py::object& offset, bool expected,
                     int nodes, const py::object& zeta, bool zeta_offset);

// The model of another response of the same rows; `recount`: with other trials or weights too.
GlmmObject with_response(const GlmmObject& self, const Doubles& y, const py::object& trials, const py::object& weights, bool recount);

// The model of rows that are cells already, with what they keep; of a Gaussian family no two may be alike.
GlmmObject with_sums(const GlmmObject& self, const Doubles& count, const Doubles& first, const Doubles& second, double constant);

// The model with a cell for every row, to draw single rows.
GlmmObject by_rows(const GlmmObject& self);

// The same cells with another approximation, and with another prior.
GlmmObject variant(const GlmmObject& self, bool expected, int nodes, const py::object& prior);

}  // namespace ranef::bindings
