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
#include "ranef/criterion/criterion.hpp"
#include "ranef/laplace/cell_design.hpp"
#include "ranef/laplace/further.hpp"
#include "ranef/laplace/system.hpp"

namespace ranef {

// Parameters are theta, beta and those of further.hpp, in internal coordinates, theta at the slots.
class LaplaceCriterion : public Criterion {
public:
    static constexpr Index many_cells = 2000;

    explicit LaplaceCriterion(const GlmmProblem& problem);
    LaplaceCriterion& operator=(const LaplaceCriterion&) = delete;
    // Another one where this one stands, to go on from there in another thread. Laplace's, whatever this is.
    LaplaceCriterion twin() const { return *this; }

    // Other coordinates of the same Lambda Lambda': the mode b stays, u = Lambda'Z's turns with the columns.
    void set_slots(const std::vector<ThetaSlot>& slots) override;
    // The decrement of Q below which the inner steps end; what is left enters the value and costs second order only.
    void set_inner_tolerance(double tolerance) { inner_tolerance_ = tolerance; }
    // Whether one inner step more is taken behind that, so that the gradient is at the mode to all its digits.
    void set_refined(bool refined) { refined_ = refined; }
    // Whether the next mode is looked for from the last one, not from that of the lowest point.
    void set_following(bool following) { following_ = following; }
    // Whether the last evaluation was here, at these slots.
    bool stands_at(const std::vector<double>& parameters) const { return valid_ && parameters == parameters_; }
    bool differentiated() const { return differentiated_; }  // since the last evaluation
    // Predict the mode of the next evaluation from the last Hessian again, whatever was evaluated since.
    void return_to_base() { factor_is_base_ = base_known_; }
    // Parameters without an evaluation: for what follows from them alone.
    void place(const double* parameters);

    using Criterion::evaluate;
    // Value and gradient.
    Status evaluate(const double* parameters) override;
    // The gradient is there; behind it comes g_D, then the Hessian: W as if fixed (average information), and the curvature of D
    // in theta.
    void differentiate(Order order) override;
    bool exact_hessian() const override { return false; }

    double work() const;  // multiplications of an evaluation, or little more
    // Whether an evaluation is long and cannot be divided among threads: then two may be made at a time.
    bool undivided() const { return layout_.factors.size() > 1 && cells_.n >= many_cells; }

    // Whether beta is found inside, for every theta, and is no parameter of the search.
    virtual bool profiles_beta() const { return false; }

    const std::vector<double>& parameters() const { return parameters_; }  // of the last evaluation
    void coefficients(double* b) const;                                    // b = Lambda u^
    // What the next term of the expansion adds to -2 log L: an estimate of the approximation's error.
    double second_order();
    // Lambda Omega^-1 Lambda' at the levels of a factor, levels x r x r.
    void conditional_variances(int factor, double* out);
    const std::vector<double>& eta() const { return eta_; }                              // of the cells
    const std::vector<double>& fixed_part() const { return fixed_; }                     // X beta + offset of the cells
    const std::vector<double>& weights() const { return w_; }
    const std::vector<double>& fixed_information() const { return fixed_information_; }  // X'V^-1X, with the Hessian
    const CellDesign& design() const { return design_; }
    const Family& family() const { return *family_; }
    CellView view() const { return further_.view(); }  // the responses, with zeta at the last parameters
    double penalty() const { return penalty_; }        // beta'P beta, part of the value
    void forget_mode();

protected:
    LaplaceCriterion(const LaplaceCriterion& other) = default;

    // A part's share of an evaluation: the state of its search for the mode, and what it adds up to.
    struct alignas(64) Share {
        Status status = Status::ok;
        double q = 0.0, decrement = 0.0, log_det = 0.0, value = 0.0;
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

    // The mode.
    void read(const double* parameters);
    void place_cells(const CellPart& part);
    void prepare_prediction(const double* parameters);
    void predict(const CellPart& part);
    double pass(const CellPart& part, const std::vector<double>& u);
    bool factor_step(const CellPart& part, Share& share);
    Status find_mode(const CellPart& part, Share& share);
    // A part's value and gradient behind its mode.
    virtual void finish(const CellPart& part, Share& share);
    void start_share(Share& share) const;
    void leverages(const Stretch& stretch, const double* weights, Share& share);
    void add_gradient(const Stretch& stretch, const double* score, const std::vector<double>* dl, Share& share);
    void theta_gradient(const CellPart& part, Share& share) const;
    void add_shares();
    void add_prior();
    // The Hessian.
    void working_products();
    void block_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const;
    void scalar_products(const CellPart& part, int extra, std::vector<double>& cross, std::vector<double>& a) const;
    struct BlockColumns;
    void weigh_columns(Index begin, Index n, BlockColumns& columns) const;
    void scatter_columns(Index begin, Index n, const BlockColumns& columns, std::vector<double>& cross) const;
    void small_products(const CellPart& part, std::vector<double>& cross, std::vector<double>& a) const;
    void theta_curvature();
    void take_covariance_gradient();
    void keep_base();
    // The second-order term.
    double cubes_by_level(const std::vector<double>& third);
    double cubes_by_draws(const std::vector<double>& third);

    const GlmmProblem& problem_;
    const Cells& cells_;
    OwnFamily family_;
    std::vector<Stretch> stretches_;  // of the cells, for passes of several loops
    std::vector<CellPart> parts_;
    std::vector<Share> shares_;
    CellDesign design_;
    LaplaceSystem system_;
    int k_, p_;  // thetas, fixed effects
    FurtherParameters further_;
    double cell_work_ = 160.0;  // multiplications a cell in an evaluation, in round numbers
    double inner_tolerance_ = 1e-11;
    bool refined_ = false, following_ = false, valid_ = false, differentiated_ = false;

    std::vector<double> parameters_, fixed_;
    std::vector<double> u_, step_, trial_u_, trial_;
    std::vector<double> eta_, s_, w_, w1_, h_, t_, r_, along_, work_;  // of the cells; h: leverages
    std::vector<double> g_lambda_, e_, rho_, adjoint_;                 // g_D Lambda; e = Z's, rho = Z'r
    double q_ = 0.0, penalty_ = 0.0;
    std::vector<double> fixed_information_;

    // Memory of predict() and differentiate().
    struct Scratch {
        std::vector<double> lambda, change, beta, further, moved, right, image;
        std::vector<double> cross, solved, a, bb, bt, block, block_gradient, divided;
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
