/* The table of functions that the loop over replicates calls by address: plain numbers, status codes, no exceptions.
   A problem is const and shared by all threads; a workspace belongs to one thread. */
#ifndef RANEF_C_API_H
#define RANEF_C_API_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct RanefProblem RanefProblem;
typedef struct RanefWorkspace RanefWorkspace;

enum RanefRecordStatus { RANEF_CONVERGED = 1, RANEF_SINGULAR = 2, RANEF_FAILED = 4 };

/* Coefficients and responses live in the internal (shifted, scaled) coordinates with one layout:
   [factor 0: level-major, r_0 numbers per level | factor 1 ... | X (p)] = q + p numbers; a response has one more, y'y. */

/* NULL when out of memory. */
RanefWorkspace* ranef_workspace_create(const RanefProblem* problem);
void ranef_workspace_destroy(RanefWorkspace* workspace);

/* out (q + p) <- C'C coef with C = [Z X]. Returns 0. */
int ranef_gram_multiply(const RanefProblem* problem, const double* coef, double* out);

/* Cross-products (q + p + 1) of a response given as n rows on the user's scale, offset subtracted. Returns 0, or -1
   when out of memory. */
int ranef_response_from_rows(const RanefProblem* problem, const double* y, double* response);

/* A record is what is kept of a fit, on the user's scale:
   [beta (p) | standard errors (p) | sigma | theta (user's order) | conditional modes (q, if the problem asks for them;
   the core's order of factors) | Satterthwaite's degrees of freedom, if the problem has a contrast: NaN where they take
   more than a refit | criterion | evaluations | status bits]. A failed fit has NaN in place of numbers. */
int ranef_record_size(const RanefProblem* problem);

/* Fits one response from start_theta (internal). Returns the status bits. */
int ranef_refit(const RanefProblem* problem, RanefWorkspace* workspace, const double* response,
                const double* start_theta, double* record);

/* How many replicates ranef_refit_many should get at a time: 1 where they have nothing to share. */
int ranef_batch_size(const RanefProblem* problem);

/* Fits replicates range[0] to range[1] - 1: their responses, and then their records, one after the other. Whatever the
   range, a replicate's record depends on its response and number alone. Returns 0; each record has its status bits. */
int ranef_refit_many(const RanefProblem* problem, RanefWorkspace* workspace, const double* responses, const int64_t* range,
                     const double* start_theta, double* records);

/* Fits one response given as n rows on the user's scale, offset subtracted; shifted and scaled for itself, and started
   from its own moments. Returns the status bits. */
int ranef_fit_rows(const RanefProblem* problem, RanefWorkspace* workspace, const double* y, double* record);

#ifdef __cplusplus
}
#endif

#endif
