// Several starts, so that a local minimum is not called the optimum: small or unevenly weighted data have them. Where the
// criterion is curved in every direction nothing more is tried. Elsewhere what is tried is bounded by what an evaluation
// costs and by the number of rows: where it is dear, one start and a coarse scan of what is weakly determined.
#include <algorithm>
#include <cmath>

#include "ranef/optimum/boundary.hpp"
#include "ranef/optimum/fit.hpp"
#include "ranef/optimum/further_starts.hpp"
#include "ranef/model/lambda_blocks.hpp"
#include "ranef/base/linalg.hpp"
#include "ranef/plan/cost.hpp"

namespace ranef {
namespace {

constexpr double explored = 1e-3;     // predicted fall at which a descent that only explores stops
constexpr int most_explored = 60;     // evaluations of such a descent
constexpr double promising = 1.0;     // above the optimum, of the criterion: an end that is still worth a full descent
constexpr double same_value = 1e-6;   // ends whose criteria differ by less are one minimum
constexpr double gain = 1e-8;         // of the criterion, for which another end is preferred
constexpr double near = 0.2;          // relative difference of covariances within which an explored end is the optimum's own
constexpr int random_count = 24;      // random starts, where a theta has few rows: with more no first start led to another end
constexpr Index few_rows = 40;        // a theta
constexpr int most_rounds = 3;        // of scans, each from a lower minimum
constexpr double scan_first = 0.01, scan_last = 1e3;  // of a standard deviation, the residual being 1
constexpr int fine_scan = 12, coarse_scan = 7;        // points of a scan with zero, the coarse one where an evaluation is dear
// Curvature by relative changes of a row of Lambda, above which a minimum is alone: a standard error of 0.4. Of the small
// fits in benchmarks/studies/optima.py none of the 838 with more had a lower minimum (docs/numerics.md).
constexpr double curved = 12.0;
constexpr std::size_t most_minima = 6;  // on the lines of a scan, from which the optimiser starts
constexpr double part = 0.1;          // squared, of a weakly curved direction that makes a column weak

double largest_difference(const Layout& layout, const std::vector<double>& a, const std::vector<double>& b) {
    std::vector<double> l(layout.lambda_size), m(layout.lambda_size);
    layout.unpack(a.data(), l.data());
    layout.unpack(b.data(), m.data());
    double largest = 0.0;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        const double *lf = l.data() + layout.lambda_offset[f], *mf = m.data() + layout.lambda_offset[f];
        const auto entry = [r](const double* of, int i, int j) {
            double sum = 0.0;
            for (int c = 0; c < r; ++c) sum += of[c * r + i] * of[c * r + j];
            return sum;
        };
        for (int i = 0; i < r; ++i)
            for (int j = 0; j <= i; ++j) {
                const double size = std::sqrt((entry(lf, i, i) + entry(mf, i, i)) * (entry(lf, j, j) + entry(mf, j, j)));
                largest = std::max(largest, std::fabs(entry(lf, i, j) - entry(mf, i, j)) / (size + 0.01));
            }
    }
    return largest;
}

// A standard deviation of one column set to another size, its correlations kept; a column without variance gets one.
std::vector<double> resized(const Layout& layout, const std::vector<double>& theta, int factor, int block, int column, double size) {
    std::vector<double> lambda(layout.lambda_size), out(theta.size());
    layout.unpack(theta.data(), lambda.data());
    for_blocks(layout, lambda, [&](int f, int b, int w, double* l) {
        if (f != factor || b != block) return;
        double norm = 0.0;
        for (int c = 0; c < w; ++c) norm = std::hypot(norm, l[c * w + column]);
        if (norm == 0.0) {
            std::vector<double> unit(w, 0.0);
            unit[column] = 1.0;
            add_direction(w, l, unit.data(), size);
        } else {
            for (int c = 0; c < w; ++c) l[c * w + column] *= size / norm;
        }
    });
    layout.pack(lambda.data(), out.data());
    return out;
}

bool finished_or_spent(Status status) { return finished(status) || status == Status::max_evaluations; }

std::vector<WeakColumn> all_columns(const Layout& layout) {
    std::vector<WeakColumn> columns;
    for (int f = 0; f < static_cast<int>(layout.factors.size()); ++f)
        for (int b = 0; b < static_cast<int>(layout.factors[f].blocks.size()); ++b)
            for (int a = 0; a < layout.factors[f].blocks[b].width; ++a) columns.push_back({f, b, a});
    return columns;
}

}  // namespace

// The criterion's value at a theta, infinite where it has none.
double Workspace::value_at(const std::vector<double>& theta, SearchRecord& record) {
    ++record.evaluations;
    settled_ = false;
    return evaluator_->evaluate(theta.data(), Order::value) == Status::ok ? evaluator_->value()
                                                                          : std::numeric_limits<double>::infinity();
}

// Descends from a start, at first only far enough to see where it leads; true when `best` has been replaced.
bool Workspace::explore(std::vector<double> theta, Optimum& best, const FitSettings& settings) {
    FitSettings loose = settings;
    loose.newton.tolerance = explored;
    loose.newton.max_evaluations = std::min(most_explored, settings.newton.max_evaluations);
    SearchRecord record = best.search;
    descended_ = true;
    Optimum seen;
    const Status status = descend(theta, loose, seen).status;
    record.evaluations += seen.evaluations;
    const auto keep = [&] { best.search = record; return false; };
    if (!finished_or_spent(status)) return keep();
    ++record.starts;
    double value = evaluator_->value();
    const bool comparable = finished(best.status);
    // The optimum's own region, where nothing lies below it.
    const bool level = value > best.value - same_value && value < best.value + 2.0 * explored;
    if (comparable && level && largest_difference(layout_, theta, best.theta) < near) {
        ++record.agreed;
        return keep();
    }
    if (comparable && value > best.value + promising) {
        record.next = std::min(record.next, value);
        return keep();
    }
    Optimum end = descend_from(std::move(theta), settings);
    value = end.value;
    // An end that does not hold as a minimum replaces none that does: near an exact fit the criterion falls without bound.
    // It is remembered, as what lies below.
    const bool surer = end.converged && !best.converged && value < best.value + same_value;
    const bool lower = value < best.value - gain && finished(end.status) && (end.converged || !best.converged);
    if (!comparable || surer || lower) {
        record.evaluations += best.evaluations;
        if (!(value > best.value - same_value)) {
            if (!(record.next < value - same_value)) record.next = best.value;
            record.agreed = 0;
        }
        ++record.agreed;
        best = std::move(end);
        best.search = record;
        return true;
    }
    record.evaluations += end.evaluations;
    const bool below = value < best.value - same_value && finished_or_spent(end.status);
    if (below || (end.converged && value > best.value + same_value)) record.next = std::min(record.next, value);
    else if (value < best.value + same_value) ++record.agreed;
    return keep();
}

// The columns that take part in a direction in which the criterion is hardly curved, all of a block that is singular.
std::vector<WeakColumn> Workspace::weak_columns(const Optimum& best) {
    const Index k = layout_.n_theta();
    const std::vector<double>& model = evaluator_->exact_hessian() || !model_is_current_ ? best.hessian : newton_.model();
    layout_.unpack(best.theta.data(), lambda_.data());
    std::vector<double> size(k), scaled(k * k);
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = layout_.theta[i];
        const int r = layout_.factors[slot.factor].width;
        const double* l = lambda_.data() + layout_.lambda_offset[slot.factor];
        double squares = 0.0;
        for (int c = 0; c <= slot.row; ++c) squares += l[c * r + slot.row] * l[c * r + slot.row];
        size[i] = l[slot.column * r + slot.column] == 0.0 ? 0.0 : std::sqrt(squares);  // 0: a column of a singular matrix
    }
    for (Index j = 0; j < k; ++j)
        for (Index i = 0; i < k; ++i) scaled[j * k + i] = model[j * k + i] * size[i] * size[j] - (i == j ? curved : 0.0);
    std::vector<double> factor = scaled, values(k);
    if (linalg::cholesky(k, factor.data(), k)) return {};
    const bool known = linalg::symmetric_eigen(k, scaled.data(), k, values.data());
    std::vector<WeakColumn> columns;
    for (const WeakColumn& column : all_columns(layout_)) {
        bool weak = !known;
        for (Index i = 0; i < k; ++i) {
            const ThetaSlot& slot = layout_.theta[i];
            if (slot.factor != column.factor || slot.row != layout_.factors[slot.factor].blocks[column.block].first + column.column)
                continue;
            for (Index e = 0; e < k; ++e) weak = weak || (values[e] < 0.0 && scaled[e * k + i] * scaled[e * k + i] > part);
        }
        if (weak) columns.push_back(column);
    }
    return columns;
}

// The criterion along single standard deviations and every direction without variance, from near zero to large: a
// minimum on the way that is not the optimum's own is a start. True when one of them led lower.
bool Workspace::scan(Optimum& best, const std::vector<WeakColumn>& columns, int points, const FitSettings& settings) {
    struct Point {
        double value;
        std::vector<double> theta;
    };
    std::vector<Point> minima;
    const double ratio = std::pow(scan_last / scan_first, 1.0 / (points - 2));
    const auto look = [&](double own, const auto& at) {  // own: the size at the optimum
        std::vector<double> values, sizes{0.0};
        for (int i = 1; i < points; ++i) sizes.push_back(scan_first * std::pow(ratio, i - 1));
        for (const double size : sizes) values.push_back(size == own ? best.value : value_at(at(size), best.search));
        ++best.search.scans;
        for (int i = 0; i < points; ++i) {
            const double before = i > 0 ? values[i - 1] : std::numeric_limits<double>::infinity();
            const double after = i + 1 < points ? values[i + 1] : std::numeric_limits<double>::infinity();
            const bool apart = sizes[i] * ratio < own || sizes[i] > ratio * own;
            if (apart && values[i] < before && values[i] < after) minima.push_back({values[i], at(sizes[i])});
        }
    };
    const std::vector<double> theta = best.theta;
    std::vector<double> lambda(layout_.lambda_size);
    layout_.unpack(theta.data(), lambda.data());
    for_blocks(layout_, lambda, [&](int f, int b, int w, double* l) {
        for (const WeakColumn& weak : columns) {
            if (weak.factor != f || weak.block != b) continue;
            double own = 0.0;
            for (int c = 0; c < w; ++c) own = std::hypot(own, l[c * w + weak.column]);
            look(own, [&](double size) { return resized(layout_, theta, f, b, weak.column, size); });
        }
    });
    for (const BoundaryMultiplier& along : best.multipliers)
        if (along.direction.size() > 1) look(0.0, [&](double size) { return grown(layout_, theta, along, size); });
    std::sort(minima.begin(), minima.end(), [](const Point& a, const Point& b) { return a.value < b.value; });
    bool lower = false;
    for (std::size_t i = 0; i < minima.size() && i < most_minima; ++i) lower = explore(minima[i].theta, best, settings) || lower;
    return lower;
}

// The evaluator at an optimum that was left for others.
void Workspace::stand_at(const Optimum& optimum) {
    evaluator_->evaluate(optimum.theta.data(), Order::hessian);
    settled_ = true;
}

void Workspace::search(Optimum& best, const FitSettings& settings) {
    if (best.status == Status::interrupted || best.status == Status::exact_fit || weak_columns(best).empty()) return;
    const bool current = model_is_current_;
    descended_ = false;
    const int most = affordable_starts(*problem_);
    const auto try_all = [&](const std::vector<std::vector<double>>& starts) {
        for (const std::vector<double>& start : starts)
            if (best.search.starts < most) explore(start, best, settings);
    };
    try_all(further_starts(*problem_->design));
    const Index k = layout_.n_theta();
    const bool few = k > 1 && problem_->design->n < few_rows * k;
    if (few || (k > 1 && best.search.agreed < best.search.starts)) try_all(random_starts(layout_, random_count));
    const std::vector<WeakColumn> columns = all_columns(layout_);
    for (int round = 0; round < most_rounds && scan(best, columns, fine_scan, settings); ++round) {}
    if (finished(best.status)) stand_at(best);
    model_is_current_ = current && !descended_;
}

bool Workspace::scan_weakest(Optimum& best, const FitSettings& settings) {
    if (best.status == Status::interrupted || best.status == Status::exact_fit) return false;
    const std::vector<WeakColumn> weak = weak_columns(best);
    if (weak.empty()) return false;
    const bool lower = scan(best, weak, coarse_scan, settings);
    settled_ = false;  // a descent that led nowhere stands elsewhere
    if (!lower) return false;
    if (finished(best.status)) stand_at(best);
    model_is_current_ = false;
    return true;
}

}  // namespace ranef
