// What each way to an evaluation would cost: the one model of work and memory that plans go by.
#pragma once

#include "ranef/plan/plan.hpp"

namespace ranef {

// Bytes of the plan and one workspace.
double class_bytes(const DesignCross& design, Index classes);
double dense_bytes(const DesignCross& design);
// `factor` numbers for the factor and its inverse; the pattern of S, both of its triangles and the positions of its entries
// in the factor; T, S and N on the pattern; where every product of W and of a level's columns lands.
double sparse_bytes(const DesignCross& design, double factor, double entries);
constexpr double sparse_bytes_per_entry = 8.0 * 11.0;  // of the pattern, were there no fill

// Of a fit by iterations, sixteen probes side by side: memory, and seconds on two cores of the year 2024.
double iterative_bytes(const DesignCross& design);
double iterative_seconds(const DesignCross& design);
// Seconds of a fit by a dense Schur complement there.
double dense_seconds(const DesignCross& design);

// What is stored for a factor and its inverse once its panels are known (some of their entries are none of L), with
// the scratch of the largest panel that has rows below it.
double factor_numbers(const PanelLayout& panels);

// Whether an evaluation by that many classes is predicted to take less time than one group by group.
bool classes_pay(const DesignCross& design, Index classes);

// Multiplications of an evaluation that has been planned, or little more.
double evaluation_work(const Problem& problem);

// Starts that a search for the optimum may take: as many as it wants for small data, fewer as evaluations and rows grow.
int affordable_starts(const Problem& problem);

// Whether the products of the leading factor's blocks (DenseCurvature) cost no more than a few evaluations: then the Hessian
// is exact.
bool exact_hessian_pays(const DesignCross& design);

}  // namespace ranef
