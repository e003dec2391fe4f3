// -2 log L by Laplace's approximation, with its exact gradient and the average information of the working model.
//
//   Q(u) = -2 sum l_i(eta_i) + u'u,  u^ its minimum,  Omega = Lambda'Z'W Z Lambda + I at u^
//   d(theta, beta, psi) = Q(u^) + log|Omega|
//
// What depends on the responses alone (binomial coefficients and the like) is the caller's to add.
#pragma once

#include <memory>
#include <vector>

#include "ranef/base/parallel.hpp"
#include "ranef/base/status.hpp"
#include "ranef/laplace/further.hpp"
#include "ranef/laplace/system.hpp"

namespace ranef {

class LaplaceCriterion {
public:
    static constexpr Index many_cells = 2000;

    explicit LaplaceCriterion(const GlmmProblem& problem);
    virtual ~LaplaceCriterion() = default;
    LaplaceCriterion& operator=(const LaplaceCriterion&) = delete;
    // Another one where this one stands, to go on from there in another thread. Laplace's, whatever this is.
    LaplaceCriterion twin() const { return *this; }

    const std::vector<ThetaSlot>& slots() const { return slots_; }
    void set_slots(const std::vector<ThetaSlot>& slots);
    // The decrement of Q below which the inner steps end; what is left enters the value and costs second order only.
    void set_inner_tolerance(double tolerance) { inner_tolerance_ = tolerance; }
    // Whether one inner step more is taken behind that, so that the gradient is at the mode to all its digits.
    void set_refined(bool refined) { refined_ = refined; }
    // Whether the next mode is looked for from the last one, not from that of the lowest point.
    void set_following(bool following) { following_ = following; }
    // Whether the last evaluation was here, at these slots.
    bool stands_at(const std::vector<double>& parameters, const std::vector<ThetaSlot>& slots) const;
    bool differentiated() const { return differentiated_; }  // since the last evaluation
    // Predict the mode of the next evaluation from the last Hessian again, whatever was evaluated since.
    void return_to_base();
    // Parameters without an evaluation: for what follows from them alone.
    void place(const double* parameters);
    // X beta + offset + Z~u of the cells, at the parameters where it was placed.
    void linear_predictor(const double* u, double* eta) const;

    // Value and gradient at (theta, beta, further parameters), internal coordinates, theta at the slots.
    virtual Status evaluate(const double* parameters);
    // The Hessian there: W as if fixed (average information), and the curvature of D in theta.
    virtual void differentiate();

    double work() const;  // multiplications of an evaluation, or little more
    // Whether an evaluation is long and cannot be divided among threads: then two may be made at a time.
    bool undivided() const { return layout_.factors.size() > 1 && cells_.n >= many_cells; }

    // Whether beta is found inside, for every theta, and is no parameter of the search.
    virtual bool profiles_beta() const { return false; }

    const std::vector<double>& parameters() const { return parameters_; }  // of the last evaluation
    double value() const { return value_; }
    const std::vector<double>& gradient() const { return gradient_; }
    const std::vector<double>& hessian() const { return hessian_; }
    // d criterion / dLambda = 2 g_D Lambda: g_D Lambda, packed as Lambda.
    const std::vector<double>& covariance_gradient_lambda() const { return g_lambda_; }

    const std::vector<double>& lambda() const { return lambda_; }
    const std::vector<double>& mode() const { return u_; }          // u^
    void coefficients(double* b) const;                             // b = Lambda u^
    // What the next term of the expansion adds to -2 log L: an estimate of the approximation's error.
    double second_order();
    // Lambda Omega^-1 Lambda' at the levels of a factor, levels x r x r.
    void conditional_variances(int factor, double* out);
    const std::vector<double>& eta() const { return eta_; }         // of the cells
    const std::vector<double>& score() const { return s_; }
    const std::vector<double>& weights() const { return w_; }
    const std::vector<double>& leverages() const { return h_; }
    const std::vector<double>& whitened() const { return whitened_; }
    const std::vector<double>& fixed_information() const { return fixed_information_; }  // X'V^-1X, after differentiate()
    LaplaceSystem& system() { return system_; }
    const Family& family() const { return *family_; }
    CellView view() const { return further_.view(); }  // the responses, with zeta at the last parameters
    double penalty() const { return penalty_; }  // beta'P beta, part of the value
    Index inner_steps() const { return inner_steps_; }
    void forget_mode();

protected:
    LaplaceCriterion(const LaplaceCriterion& other) = default;

    // A part's share of an evaluation: the state of its search for the mode, and what it adds up to.
    struct alignas(64) Share {
        Status status = Status::ok;
        double q = 0.0, decrement = 0.0, log_det = 0.0, value = 0.0;
        Index inner_steps = 0;
        std::vector<double> g_lambda, beta_slope, further_slope, products;
    };

    // run(part, its share) of all parts, in threads.
    template <class Run>
    void in_parts(double work, const Run& run) {
        for_pieces(static_cast<Index>(parts_.size()), work * static_cast<double>(cells_.n),
                   [&](Index i) { run(parts_[i], shares_[i]); });
    }
    template <class Run>
    void in_stretches(const CellPart& part, const Run& run) const {
        for (Index s = part.first; s < part.last; ++s) run(stretches_[s]);
    }

    void add_prior();
    void prepare_prediction(const double* parameters);
    void predict(const CellPart& part);
    void read(const double* parameters);
    void place_cells(const CellPart& part);
    double pass(const CellPart& part, const std::vector<double>& u);
    Status find_mode(const CellPart& part, Share& share);
    bool factor_step(const CellPart& part, Share& share);
    void add_fixed_part(const Stretch& stretch, const double* beta, double* out) const;
    void whiten(const CellPart& part, const std::vector<double>& lambda, double* per_effect) const;
    void whitened_scores(const double* per_cell, double* out) const;
    void solve(double* per_effect);
    Index levels_begin(const CellPart& part, std::size_t factor) const { return factor == 0 ? part.level : 0; }
    Index levels_end(const CellPart& part, std::size_t factor) const { return factor == 0 ? part.level_end : layout_.factors[factor].levels; }
    void raw_scores(const double* per_cell, double* out) const;
    void add_raw_scores(const Stretch& stretch, const double* per_cell, double* out) const;
    void cell_inner(const double* per_effect, double* per_cell) const;
    void multiply(const Stretch& stretch, const std::vector<double>& bases, const double* per_effect, double* per_cell) const;
    double cubes_by_level(const std::vector<double>& third);
    double cubes_by_draws(const std::vector<double>& third);
    // A part's value and gradient behind its mode.
    virtual void finish(const CellPart& part, Share& share);
    void start_share(Share& share) const;
    void add_shares();
    void leverages(const Stretch& stretch, const double* weights, Share& share);
    void add_gradient(const Stretch& stretch, const double* score, const std::vector<double>* dl, Share& share);
    void theta_gradient(const CellPart& part, Share& share) const;
    void block_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const;
    void scalar_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const;
    struct BlockColumns;
    void weigh_columns(Index begin, Index n, BlockColumns& columns) const;
    void scatter_columns(Index begin, Index n, const BlockColumns& columns, std::vector<double>& cross) const;
    void small_products(const CellPart& part, std::vector<double>& cross, std::vector<double>& a) const;
    void working_products(Index size);
    void theta_curvature(Index size);
    void keep_base();
    void covariance_gradient(std::vector<double>& g_d, std::vector<char>& known) const;

    const GlmmProblem& problem_;
    const Cells& cells_;
    const Layout& layout_;
    OwnFamily family_;
    std::vector<Stretch> stretches_;  // of the cells, for passes of several loops
    std::vector<CellPart> parts_;
    std::vector<Share> shares_;
    LaplaceSystem system_;
    std::vector<ThetaSlot> slots_;
    std::vector<int> place_;  // first column of each factor within a cell's bases
    bool scalar_;                       // whether every random term has one column
    std::vector<std::int32_t> effect_;  // n x factors where scalar_: which random effect
    int k_, p_;
    FurtherParameters further_;
    double cell_work_ = 160.0;  // multiplications a cell in an evaluation, in round numbers
    double inner_tolerance_ = 1e-11;
    bool refined_ = false, following_ = false, valid_ = false, differentiated_ = false;
    Index inner_steps_ = 0;

    std::vector<double> parameters_, lambda_, whitened_, fixed_;
    std::vector<double> u_, step_, trial_u_, trial_;
    std::vector<double> eta_, s_, w_, w1_, h_, t_, r_, along_, work_;
    std::vector<double> g_lambda_, e_, rho_, adjoint_;
    double q_ = 0.0, value_ = 0.0, penalty_ = 0.0;
    std::vector<double> gradient_, hessian_, fixed_information_;

    // Memory of predict() and differentiate().
    struct Scratch {
        std::vector<double> lambda, change, moved, right, beta, image, cross, solved, a, bb, bt, g_d, block, block_gradient, divided;
        std::vector<double> further;
        std::vector<char> known;
    };
    mutable Scratch scratch_;

    // Where the last Hessian was computed: the mode is predicted from there.
    bool base_known_ = false, factor_is_base_ = false;
    std::vector<double> base_parameters_, base_lambda_, base_u_;
    // The lowest point so far, to start from after a step that was too long.
    double best_value_ = 0.0;
    bool best_known_ = false;
    std::vector<double> best_u_;
};

// Laplace's, the quadrature or the fast one, as the problem's number of nodes says.
std::unique_ptr<LaplaceCriterion> make_criterion(const GlmmProblem& problem);

}  // namespace ranef
