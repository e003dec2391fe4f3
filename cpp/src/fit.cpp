#include "ranef/fit.hpp"

#include <algorithm>
#include <cmath>

#include "ranef/linalg.hpp"
#include "ranef/start.hpp"

namespace ranef {
namespace {

// A row of Lambda whose own part is below this (internal scale, where residual and columns have unit size) is a
// candidate for an exact zero; the criterion decides.
constexpr double snap_size = 2e-3;
constexpr double snap_loss = 1e-9;        // of the criterion, what the exact zero may cost
constexpr double perturbation = 1e-6;     // of a zero diagonal, to read g_D off g_D Lambda
constexpr double false_boundary = 1e-6;   // a multiplier below minus this, in units of the criterion, is escaped from
constexpr double positive_curvature = -1e-6;  // scaled eigenvalues above this certify a minimum (zero: flat directions)
constexpr double stationary = 1e-4;       // decrement below which the gradient counts as zero: 5e-9 of the criterion
constexpr int most_escapes = 6;
constexpr double difference_step = 1e-5;  // relative, for differences of the exact gradient
constexpr double confirm_within = 0.25;   // how well the seen curvature must agree with the model's
constexpr Index large_rest = 400;         // remaining columns beyond which an evaluation is dear

// The criterion as the optimiser sees it. Near a singular covariance a Cholesky factor whose small pivot stands above
// large entries makes a curved valley (only their norm matters); with the rows reordered by decreasing pivots there is
// none. So the rows are repivoted whenever that happens; the criterion depends on D = Lambda Lambda' alone.
class PivotedCriterion final : public SmoothFunction {
public:
    explicit PivotedCriterion(Evaluator& evaluator, const Layout& layout) : evaluator_(evaluator), layout_(layout) {}
    ~PivotedCriterion() override { evaluator_.set_slots(layout_.theta); }

    Status evaluate(const double* theta) override { return evaluator_.evaluate(theta, Order::hessian); }
    double value() const override { return evaluator_.value(); }
    const std::vector<double>& gradient() const override { return evaluator_.gradient(); }
    const std::vector<double>& hessian() const override { return evaluator_.hessian(); }
    bool exact_hessian() const override { return evaluator_.exact_hessian(); }

    bool change_coordinates(double* theta) override {
        std::vector<ThetaSlot> slots = evaluator_.slots();
        bool changed = false;
        for (std::size_t f = 0; f < layout_.factors.size(); ++f)
            for (const Block& block : layout_.factors[f].blocks)
                if (block.width > 1) changed = repivot(block, theta + block.theta_first, slots.data() + block.theta_first) || changed;
        if (changed) evaluator_.set_slots(slots);
        return changed;
    }

private:
    // The block's thetas are the columns of a lower triangle whose row i is row order[i] of the block.
    static bool repivot(const Block& block, double* theta, ThetaSlot* slots) {
        const int w = block.width;
        const double* column = theta;
        bool poor = false;
        for (int c = 0; c < w && !poor; column += w - c, ++c)
            for (int i = 1; i < w - c; ++i) poor = poor || std::fabs(column[0]) < poor_pivot * std::fabs(column[i]);
        if (!poor) return false;
        std::vector<int> order(w);
        for (int i = 0; i < w; ++i) order[i] = slots[i].row - block.first;  // the first column holds every row
        std::vector<double> l(w * w, 0.0), d(w * w, 0.0);
        const double* value = theta;
        for (int c = 0; c < w; ++c)
            for (int i = c; i < w; ++i) l[c * w + i] = *value++;
        for (int j = 0; j < w; ++j)
            for (int i = 0; i < w; ++i)
                for (int c = 0; c < w; ++c) d[j * w + i] += l[c * w + i] * l[c * w + j];
        // Cholesky with complete pivoting. The triangle is rotated rather than refactored from D so that small pivots
        // keep their digits: rows are taken in the order that D's pivots give.
        std::vector<int> rows(w);
        for (int i = 0; i < w; ++i) rows[i] = i;
        for (int k = 0; k < w; ++k) {
            int best = k;
            for (int i = k + 1; i < w; ++i)
                if (d[rows[i] * w + rows[i]] > d[rows[best] * w + rows[best]]) best = i;
            std::swap(rows[k], rows[best]);
            const double pivot = d[rows[k] * w + rows[k]];
            if (!(pivot > 0.0)) break;
            for (int j = k + 1; j < w; ++j)
                for (int i = k + 1; i < w; ++i)
                    d[rows[j] * w + rows[i]] -= d[rows[k] * w + rows[i]] * d[rows[k] * w + rows[j]] / pivot;
        }
        bool same = true;
        for (int i = 0; i < w; ++i) same = same && rows[i] == i;
        if (same) return false;
        std::vector<double> permuted(w * w);
        for (int c = 0; c < w; ++c)
            for (int i = 0; i < w; ++i) permuted[c * w + i] = l[c * w + rows[i]];
        lower_triangle(w, permuted.data());
        double* out = theta;
        for (int c = 0; c < w; ++c)
            for (int i = c; i < w; ++i) *out++ = permuted[c * w + i];
        ThetaSlot* slot = slots;
        for (int c = 0; c < w; ++c)
            for (int i = c; i < w; ++i, ++slot) {
                slot->row = block.first + order[rows[i]];
                slot->column = block.first + c;
            }
        return true;
    }

    static constexpr double poor_pivot = 0.5;
    Evaluator& evaluator_;
    const Layout& layout_;
};

// Applies `change` to every block's own w x w triangle of Lambda.
template <class Change>
void for_blocks(const Layout& layout, std::vector<double>& lambda, const Change& change) {
    std::vector<double> part;
    for (std::size_t f = 0; f < layout.factors.size(); ++f) {
        const int r = layout.factors[f].width;
        double* whole = lambda.data() + layout.lambda_offset[f];
        for (std::size_t b = 0; b < layout.factors[f].blocks.size(); ++b) {
            const Block& block = layout.factors[f].blocks[b];
            const int w = block.width;
            part.resize(w * w);
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) part[c * w + a] = whole[(block.first + c) * r + block.first + a];
            change(static_cast<int>(f), static_cast<int>(b), w, part.data());
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) whole[(block.first + c) * r + block.first + a] = part[c * w + a];
        }
    }
}

// Nonnegative diagonal by flipping columns: the criterion does not change, the gradient's signs do.
bool flip_columns(int w, double* l) {
    bool flipped = false;
    for (int c = 0; c < w; ++c)
        if (l[c * w + c] < 0.0) {
            flipped = true;
            for (int a = c; a < w; ++a) l[c * w + a] = -l[c * w + a];
        }
    return flipped;
}

}  // namespace

Workspace::Workspace(std::shared_ptr<const Problem> problem)
    : problem_(std::move(problem)),
      layout_(problem_->design->layout),
      evaluator_(make_evaluator(*problem_)),
      newton_(layout_.n_theta()),
      lambda_(layout_.lambda_size) {}

NewtonResult Workspace::descend(std::vector<double>& theta, const FitSettings& settings, Optimum& optimum) {
    NewtonSettings newton = settings.newton;
    newton.max_evaluations -= optimum.evaluations;
    NewtonResult result;
    bool permuted = false;
    {
        PivotedCriterion criterion(*evaluator_, layout_);
        result = newton_.minimise(criterion, theta.data(), newton);
        layout_.unpack(evaluator_->slots(), theta.data(), lambda_.data());
        permuted = evaluator_->is_permuted();
    }
    optimum.evaluations += result.evaluations;
    optimum.status = result.status;
    optimum.gradient_norm = result.decrement;
    if (permuted) {
        for_blocks(layout_, lambda_, [](int, int, int w, double* l) { lower_triangle(w, l); });
        layout_.pack(lambda_.data(), theta.data());
    }
    bool flipped = permuted;
    for_blocks(layout_, lambda_, [&](int, int, int w, double* l) { flipped = flip_columns(w, l) || flipped; });
    if (flipped && (result.status == Status::ok || result.status == Status::stalled)) {
        layout_.pack(lambda_.data(), theta.data());
        evaluator_->evaluate(theta.data(), Order::hessian);
        ++optimum.evaluations;
    }
    return result;
}

// Replaces small pivots by exact zeros where the criterion allows it; true when theta changed.
bool Workspace::snap(std::vector<double>& theta, Optimum& optimum) {
    layout_.unpack(theta.data(), lambda_.data());
    bool candidate = false;
    for_blocks(layout_, lambda_, [&](int, int, int w, double* l) {
        bool small = false;
        for (int c = 0; c < w; ++c) small = small || (l[c * w + c] != 0.0 && std::fabs(l[c * w + c]) < snap_size);
        if (!small) return;
        candidate = true;
        for (int c = 0; c < w; ++c)
            if (std::fabs(l[c * w + c]) < snap_size) l[c * w + c] = 0.0;
        lower_echelon(w, l, 0.0);
    });
    if (!candidate) return false;
    std::vector<double> snapped(theta.size());
    layout_.pack(lambda_.data(), snapped.data());
    const double before = evaluator_->value();
    ++optimum.evaluations;
    if (evaluator_->evaluate(snapped.data(), Order::hessian) == Status::ok && evaluator_->value() <= before + snap_loss) {
        theta = snapped;
        return true;
    }
    evaluator_->evaluate(theta.data(), Order::hessian);
    ++optimum.evaluations;
    return false;
}

// g_D of every factor; where the evaluator has it only times a singular Lambda, from a slight perturbation.
void Workspace::covariance_gradient(const std::vector<double>& theta, std::vector<double>& g_d, int& evaluations) {
    bool known = true;
    for (std::size_t f = 0; f < layout_.factors.size(); ++f)
        known = known && evaluator_->covariance_gradient_known(static_cast<int>(f));
    if (!known) {
        std::vector<double> shifted = theta;
        for (std::size_t i = 0; i < theta.size(); ++i)
            if (layout_.theta[i].row == layout_.theta[i].column && std::fabs(theta[i]) < perturbation)
                shifted[i] = perturbation;
        evaluator_->evaluate(shifted.data(), Order::gradient);
        ++evaluations;
    }
    g_d = evaluator_->covariance_gradient();
    if (!known) {
        evaluator_->evaluate(theta.data(), Order::hessian);
        ++evaluations;
    }
}

// On the null space of each block's D: the smallest eigenvalue of g_D and its vector.
void Workspace::find_multipliers(const std::vector<double>& theta, Optimum& optimum, int& evaluations) {
    optimum.multipliers.clear();
    layout_.unpack(theta.data(), lambda_.data());
    bool singular = false;
    for_blocks(layout_, lambda_, [&](int, int, int w, double* l) {
        for (int c = 0; c < w; ++c) singular = singular || l[c * w + c] == 0.0;
    });
    if (!singular) return;
    std::vector<double> g_d;
    covariance_gradient(theta, g_d, evaluations);
    layout_.unpack(theta.data(), lambda_.data());
    for_blocks(layout_, lambda_, [&](int f, int b, int w, double* l) {
        // Null space of D = L L' by eigenvectors.
        std::vector<double> d(w * w), values(w);
        for (int j = 0; j < w; ++j)
            for (int i = 0; i < w; ++i)
                for (int c = 0; c < w; ++c) d[j * w + i] += l[c * w + i] * l[c * w + j];
        linalg::symmetric_eigen(w, d.data(), w, values.data());
        int null = 0;
        for (int c = 0; c < w; ++c) null += l[c * w + c] == 0.0;
        if (null == 0) return;
        const int r = layout_.factors[f].width, first = layout_.factors[f].blocks[b].first;
        const double* g = g_d.data() + layout_.lambda_offset[f];
        std::vector<double> restricted(null * null), eigen(null);
        for (int j = 0; j < null; ++j)
            for (int i = 0; i < null; ++i)
                for (int y = 0; y < w; ++y)
                    for (int x = 0; x < w; ++x)
                        restricted[j * null + i] += d[i * w + x] * g[(first + y) * r + first + x] * d[j * w + y];
        linalg::symmetric_eigen(null, restricted.data(), null, eigen.data());
        BoundaryMultiplier multiplier{f, b, eigen[0], std::vector<double>(w, 0.0)};
        for (int i = 0; i < null; ++i)
            for (int x = 0; x < w; ++x) multiplier.direction[x] += restricted[i] * d[i * w + x];
        optimum.multipliers.push_back(multiplier);
    });
}

// Steps off a boundary along a direction with a negative multiplier; true when the criterion fell.
bool Workspace::leave_false_boundary(std::vector<double>& theta, Optimum& optimum) {
    const BoundaryMultiplier* worst = nullptr;
    for (const BoundaryMultiplier& m : optimum.multipliers)
        if (m.value < -false_boundary && (!worst || m.value < worst->value)) worst = &m;
    if (!worst) return false;
    const double value = evaluator_->value();
    for (double size = 0.3; size > 1e-4; size *= 0.4) {
        std::vector<double> lambda(layout_.lambda_size);
        layout_.unpack(theta.data(), lambda.data());
        for_blocks(layout_, lambda, [&](int f, int b, int w, double* l) {
            if (f != worst->factor || b != worst->block) return;
            // D + size^2 v v' = [L, size v][L, size v]', retriangularised within w + 1 columns.
            std::vector<double> wide((w + 1) * (w + 1), 0.0);
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) wide[c * (w + 1) + a] = l[c * w + a];
            for (int a = 0; a < w; ++a) wide[w * (w + 1) + a] = size * worst->direction[a];
            lower_echelon(w + 1, wide.data(), 1e-14);
            for (int c = 0; c < w; ++c)
                for (int a = 0; a < w; ++a) l[c * w + a] = wide[c * (w + 1) + a];
        });
        std::vector<double> trial(theta.size());
        layout_.pack(lambda.data(), trial.data());
        ++optimum.evaluations;
        if (evaluator_->evaluate(trial.data(), Order::value) == Status::ok && evaluator_->value() < value) {
            theta = trial;
            ++optimum.escapes;
            return true;
        }
    }
    evaluator_->evaluate(theta.data(), Order::hessian);
    ++optimum.evaluations;
    return false;
}

Optimum Workspace::fit(const double* response, const double* start, const FitSettings& settings) {
    Optimum optimum;
    std::vector<double> theta(layout_.n_theta());
    evaluator_->load(response);
    if (start) std::copy(start, start + theta.size(), theta.begin());
    else moment_start(*problem_->design, response, theta.data());
    while (true) {
        NewtonResult result = descend(theta, settings, optimum);
        if (result.status != Status::ok && result.status != Status::stalled) break;
        if (snap(theta, optimum)) {
            // The other parameters may still move a little now that these are exactly zero.
            result = descend(theta, settings, optimum);
            if (result.status != Status::ok && result.status != Status::stalled) break;
        }
        find_multipliers(theta, optimum, optimum.evaluations);
        if (optimum.escapes >= most_escapes || !leave_false_boundary(theta, optimum)) break;
    }
    optimum.theta = theta;
    optimum.value = evaluator_->value();
    optimum.gradient = evaluator_->gradient();
    optimum.hessian = evaluator_->hessian();
    optimum.singular = !optimum.multipliers.empty();
    bool boundary_holds = true;
    for (const BoundaryMultiplier& m : optimum.multipliers) boundary_holds = boundary_holds && m.value >= -false_boundary;
    const bool finished = optimum.status == Status::ok || optimum.status == Status::stalled;
    optimum.converged = finished && boundary_holds && optimum.gradient_norm <= stationary;
    if (settings.certify && finished) certify(optimum);
    return optimum;
}

namespace {

// The Hessian over the free parameters, scaled to a unit diagonal so that its eigenvalues have no units.
struct ScaledHessian {
    std::vector<double> matrix, scale, values;  // matrix becomes the eigenvectors
    bool ok;

    ScaledHessian(const std::vector<double>& hessian, Index k, const std::vector<Index>& free)
        : matrix(free.size() * free.size()), scale(free.size()), values(free.size()) {
        const Index m = static_cast<Index>(free.size());
        for (Index i = 0; i < m; ++i) {
            const double diagonal = std::fabs(hessian[free[i] * k + free[i]]);
            scale[i] = diagonal > 0.0 ? 1.0 / std::sqrt(diagonal) : 1.0;
        }
        for (Index j = 0; j < m; ++j)
            for (Index i = 0; i < m; ++i) matrix[j * m + i] = hessian[free[j] * k + free[i]] * scale[i] * scale[j];
        ok = linalg::symmetric_eigen(m, matrix.data(), m, values.data());
    }
};

}  // namespace

// The Hessian on the free parameters: exact where the evaluator has it. Else, for small models, forward differences of
// the exact gradient; for large ones the optimiser's model of it, confirmed by one difference along its weakest
// direction (where a saddle or a ridge would show first), with all differences as the fall-back.
void Workspace::certify(Optimum& optimum) {
    const Index k = layout_.n_theta();
    layout_.unpack(optimum.theta.data(), lambda_.data());
    optimum.free.assign(k, 1);
    std::vector<Index> free;
    for (Index i = 0; i < k; ++i) {
        const ThetaSlot& slot = layout_.theta[i];
        const int r = layout_.factors[slot.factor].width;
        // A zero column of a singular Lambda: its entries are at the boundary.
        if (lambda_[layout_.lambda_offset[slot.factor] + Index{slot.column} * r + slot.column] == 0.0) optimum.free[i] = 0;
        else free.push_back(i);
    }
    if (free.empty()) return;
    if (!evaluator_->exact_hessian()) {
        const bool large = layout_.rest() > large_rest;
        if (!large || !confirm_weakest(optimum, free)) difference_hessian(optimum, free);
        ++optimum.certificate_evaluations;
        evaluator_->evaluate(optimum.theta.data(), Order::value);
    }
    const ScaledHessian scaled(optimum.hessian, k, free);
    optimum.eigenvalues = scaled.values;
    optimum.converged = optimum.converged && scaled.ok && scaled.values.front() > positive_curvature * scaled.values.back();
}

// change <- gradient(theta + step direction) - gradient(theta), the direction over all parameters.
bool Workspace::gradient_along(Optimum& optimum, const std::vector<double>& direction, double step,
                               std::vector<double>& change) {
    std::vector<double> theta = optimum.theta;
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += step * direction[i];
    ++optimum.certificate_evaluations;
    if (evaluator_->evaluate(theta.data(), Order::gradient) != Status::ok) return false;
    change = evaluator_->gradient();
    for (std::size_t i = 0; i < theta.size(); ++i) change[i] -= optimum.gradient[i];
    return true;
}

bool Workspace::confirm_weakest(Optimum& optimum, const std::vector<Index>& free) {
    const Index k = layout_.n_theta(), m = static_cast<Index>(free.size());
    const std::vector<double>& model = newton_.model();
    const ScaledHessian scaled(model, k, free);
    if (!scaled.ok || scaled.values[0] <= 0.0) return false;
    std::vector<double> direction(k, 0.0), change;
    double size = 0.0;
    for (Index i = 0; i < m; ++i) {
        direction[free[i]] = scaled.scale[i] * scaled.matrix[i];
        size = std::max(size, std::fabs(direction[free[i]]) / std::max(0.1, std::fabs(optimum.theta[free[i]])));
    }
    const double step = difference_step / size;
    if (!gradient_along(optimum, direction, step, change)) return false;
    const double found = linalg::dot(k, change.data(), direction.data()) / step;
    if (std::fabs(found - scaled.values[0]) > confirm_within * scaled.values[0]) return false;
    // Take over what was seen: the symmetric rank-one change that makes model * direction = change / step.
    optimum.hessian = model;
    std::vector<double> missing(k, 0.0);
    for (Index i = 0; i < m; ++i) {
        missing[free[i]] = change[free[i]] / step;
        for (Index j = 0; j < m; ++j) missing[free[i]] -= model[free[j] * k + free[i]] * direction[free[j]];
    }
    const double along = linalg::dot(k, missing.data(), direction.data());
    const double norm = linalg::dot(k, missing.data(), missing.data());
    if (along * along > 1e-6 * norm * linalg::dot(k, direction.data(), direction.data()))
        for (Index j = 0; j < k; ++j)
            for (Index i = 0; i < k; ++i) optimum.hessian[j * k + i] += missing[i] * missing[j] / along;
    return true;
}

void Workspace::difference_hessian(Optimum& optimum, const std::vector<Index>& free) {
    const Index k = layout_.n_theta();
    std::vector<double> direction(k, 0.0), change(k);
    for (Index j : free) {
        direction[j] = 1.0;
        const double step = difference_step * std::max(0.1, std::fabs(optimum.theta[j]));
        const bool ok = gradient_along(optimum, direction, step, change);
        for (Index i = 0; i < k; ++i) optimum.hessian[j * k + i] = ok ? change[i] / step : std::nan("");
        direction[j] = 0.0;
    }
    for (Index j : free)
        for (Index i : free) {
            if (i >= j) continue;
            const double mean = 0.5 * (optimum.hessian[j * k + i] + optimum.hessian[i * k + j]);
            optimum.hessian[j * k + i] = optimum.hessian[i * k + j] = mean;
        }
}

}  // namespace ranef
