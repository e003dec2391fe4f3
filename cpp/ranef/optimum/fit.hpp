// From a start to an optimum with its certificate. Internal coordinates; the maps to the user's are coordinates.hpp's.
#pragma once

#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "ranef/criterion/evaluator.hpp"
#include "ranef/optimum/newton.hpp"
#include "ranef/plan/plan.hpp"

namespace ranef {

// A direction in which a singular covariance matrix could grow: at the optimum no step along it may pay.
struct BoundaryMultiplier {
    int factor;                      // core factor
    int block;                       // block of the factor
    double value;                    // smallest eigenvalue of g_D on the null space; negative: the boundary is false
    std::vector<double> direction;   // the null vector, over the block's columns
};

// What was looked at beside the descent from the moments.
struct SearchRecord {
    int starts = 1;       // descents, the one that found the optimum included
    int agreed = 1;       // of them ended at the optimum
    int scans = 0;        // lines through the optimum along which the criterion was looked at from afar
    int evaluations = 0;  // beside those of the descent that found the optimum
    double next = std::numeric_limits<double>::infinity();  // the lowest other end, above the optimum
};

// A column of random effects whose standard deviation may be another one far off.
struct WeakColumn {
    int factor, block, column;
};

struct Optimum {
    Status status = Status::ok;
    std::vector<double> theta;
    double value = 0.0;
    int evaluations = 0;               // by the optimiser, escapes from false boundaries included
    int certificate_evaluations = 0;   // to check the result
    double gradient_norm = 0.0;        // Newton decrement sqrt(g'H^-1 g) over the free parameters
    std::vector<double> gradient, hessian;  // at theta, all parameters
    std::vector<double> eigenvalues;   // of the Hessian on the free parameters, scaled to a unit diagonal
    std::vector<BoundaryMultiplier> multipliers;
    std::vector<char> free;            // parameters not fixed at a boundary
    int escapes = 0;
    bool singular = false, converged = false;
    SearchRecord search;
    std::shared_ptr<const Estimates> estimates;  // at theta; null for a fit without certificate, or without estimates
};

// Whether an optimiser came to an end of its own accord, at a point that has estimates.
inline bool finished(Status status) { return status == Status::ok || status == Status::stalled || status == Status::endless; }

struct FitSettings {
    NewtonSettings newton;
    bool certify = true;   // Hessian eigenvalues and multipliers; refits of replicates go without
    bool search = false;   // several starts, where the caller gives none and evaluations are cheap
};

// All mutable memory of one thread.
class Workspace {
public:
    explicit Workspace(std::shared_ptr<const Problem> problem);

    const Problem& problem() const { return *problem_; }
    Evaluator& evaluator() { return *evaluator_; }

    // start: internal theta, or null for the moment start and what settings.search adds. The response must outlive the call.
    Optimum fit(const double* response, const double* start, const FitSettings& settings);

    // Whether the evaluator has value and derivatives at the optimum that was found last: the certificate or a scan may
    // have needed it elsewhere.
    bool stands_at_optimum() const { return settled_; }

private:
    Optimum descend_from(std::vector<double> theta, const FitSettings& settings);
    void search(Optimum& best, const FitSettings& settings);        // where evaluations are cheap: several starts and scans
    bool scan_weakest(Optimum& best, const FitSettings& settings);  // where they are dear; true when it led lower
    bool explore(std::vector<double> theta, Optimum& best, const FitSettings& settings);
    std::vector<WeakColumn> weak_columns(const Optimum& best);
    bool scan(Optimum& best, const std::vector<WeakColumn>& columns, int points, const FitSettings& settings);
    double value_at(const std::vector<double>& theta, SearchRecord& record);
    void stand_at(const Optimum& optimum);
    NewtonResult descend(std::vector<double>& theta, const FitSettings& settings, Optimum& optimum);
    bool snap(std::vector<double>& theta, Optimum& optimum);
    bool snap_blocks(const std::vector<std::pair<int, int>>& blocks, double value, std::vector<double>& theta,
                     Optimum& optimum);
    void settle(const std::vector<double>& theta, Optimum& optimum);
    bool leave_false_boundary(std::vector<double>& theta, Optimum& optimum);
    void covariance_gradient(const std::vector<double>& theta, std::vector<double>& g_d, int& evaluations);
    void find_multipliers(const std::vector<double>& theta, Optimum& optimum, int& evaluations);
    void certify(Optimum& optimum, const FitSettings& settings);
    bool falls_without_end(const Optimum& optimum);
    bool confirm_weakest(Optimum& optimum, const std::vector<Index>& free);
    void difference_hessian(Optimum& optimum, const std::vector<Index>& free);
    bool gradient_along(Optimum& optimum, const std::vector<double>& direction, double step, std::vector<double>& change);

    std::shared_ptr<const Problem> problem_;
    const Layout& layout_;
    std::unique_ptr<Evaluator> evaluator_;
    Newton newton_;
    bool settled_ = false;           // whether the evaluator has value and derivatives at theta in the layout's coordinates
    bool model_is_current_ = false;  // whether the optimiser's Hessian is that of theta's own coordinates
    bool descended_ = false;         // whether the search left the optimiser's Hessian for that of another descent
    std::vector<double> lambda_;
};

}  // namespace ranef
