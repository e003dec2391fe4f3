// What the Python objects hold: the core's const data behind shared pointers, and the arrays that views point into.
#pragma once

#include <cmath>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "beside.hpp"
#include "pybind.hpp"
#include "ranef/cross/cross_products.hpp"
#include "ranef/optimum/fit.hpp"
#include "ranef/plan/cost.hpp"
#include "ranef/plan/plan.hpp"
#include "ranef/rows/rows.hpp"

namespace ranef::bindings {

struct RowsObject {
    std::shared_ptr<Rows> rows;
    std::vector<py::object> arrays;  // keeps the viewed memory alive

    void check_response(const Doubles& y) const {
        if (y.ndim() != 1 || y.size() != rows->n)
            throw py::value_error("y must have " + std::to_string(rows->n) + " entries, got " + std::to_string(y.size()));
    }
};

struct DesignObject {
    std::shared_ptr<const DesignCross> design;

    DesignObject() = default;
    explicit DesignObject(DesignCross cross) : design(std::make_shared<const DesignCross>(std::move(cross))) {}
};

// Asked for what needs a factorisation of a problem that has none (cpp/ranef/iterative): an ArgumentError in Python.
struct NoFactorisation : std::exception {
    const char* what() const noexcept override {
        return "this needs a factorisation, and the model is solved by iterations (fit.plan says why): fit it with schur='dense'";
    }
};

struct ResponseObject {
    std::shared_ptr<const ResponseCross> response;

    ResponseObject() = default;
    explicit ResponseObject(ResponseCross cross) : response(std::make_shared<const ResponseCross>(std::move(cross))) {}

    void check(const DesignCross& design) const {
        if (static_cast<Index>(response->values.size()) != design.layout().n_coef() + 1)
            throw py::value_error("response: it is of another design");
    }
};

// The cross-products of a design and of a response with it, as functions of Python return both.
inline py::tuple design_and_response(CrossProducts products) {
    return py::make_tuple(DesignObject(std::move(products.design)), ResponseObject(std::move(products.response)));
}

// A workspace and what it was last fitted to, so that reading the estimates after a fit evaluates nothing again.
struct Session {
    std::unique_ptr<Workspace> workspace;
    std::shared_ptr<const ResponseCross> response;
    std::vector<double> theta;  // internal
    std::shared_ptr<const Estimates> estimates;  // of the response at theta, or null
    bool evaluated = false;                      // the evaluator itself stands there too

    void forget() {
        response = nullptr;
        estimates = nullptr;
        evaluated = false;
    }
    bool stands_at(const std::shared_ptr<const ResponseCross>& wanted, const std::vector<double>& at) const {
        if (response != wanted || theta.size() != at.size()) return false;
        for (std::size_t i = 0; i < at.size(); ++i)
            if (std::fabs(theta[i] - at[i]) > 1e-14 * (1.0 + std::fabs(at[i]))) return false;
        return true;
    }
};

// A problem and the workspaces its calls have used: as many as there were concurrent callers.
class ProblemObject {
public:
    explicit ProblemObject(std::shared_ptr<const Problem> problem) : problem_(std::move(problem)) {}

    const std::shared_ptr<const Problem>& problem() const { return problem_; }
    const DesignCross& design() const { return *problem_->design; }
    const Layout& layout() const { return problem_->design->layout(); }

    // Throws where there is none: the model is solved by iterations.
    Session borrow() {
        if (problem_->plan->schur == SchurKind::iterative) throw NoFactorisation();
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!idle_.empty()) {
                Session session = std::move(idle_.back());
                idle_.pop_back();
                return session;
            }
        }
        return {std::make_unique<Workspace>(problem_), nullptr, {}, nullptr, false};
    }
    void give_back(Session session) {
        const std::lock_guard<std::mutex> lock(mutex_);
        idle_.push_back(std::move(session));
    }

    double criterion(double internal, const ResponseCross& response) const {
        return internal + design().coordinates().criterion_offset(problem_->reml, design().n, layout().p, response.scale);
    }

    // The user's theta, checked, in internal coordinates.
    std::vector<double> internal_theta(const Doubles& theta) const {
        if (theta.ndim() != 1 || theta.size() != layout().n_theta())
            throw py::value_error("theta must have " + std::to_string(layout().n_theta()) + " entries, got " +
                                  std::to_string(theta.size()));
        std::vector<double> internal(layout().n_theta());
        for (py::ssize_t i = 0; i < theta.size(); ++i)
            if (!std::isfinite(theta.data()[i])) throw py::value_error("theta must be finite");
        design().coordinates().theta_to_internal(layout(), theta.data(), internal.data());
        return internal;
    }

private:
    std::shared_ptr<const Problem> problem_;
    std::mutex mutex_;
    std::vector<Session> idle_;
};

// A workspace for the length of a scope, with nothing remembered of where it stood.
class Loan {
public:
    explicit Loan(ProblemObject& problem) : problem_(problem), session_(problem.borrow()) { session_.forget(); }
    ~Loan() { problem_.give_back(std::move(session_)); }
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;

    Evaluator& evaluator() { return session_.workspace->evaluator(); }

private:
    ProblemObject& problem_;
    Session session_;
};

// One evaluation and everything it needs to stay alive when its caller is interrupted.
struct Evaluation {
    std::shared_ptr<const ResponseCross> response;
    std::vector<double> theta;  // internal
    Order order = Order::value;
    double variance = 0.0;      // of the residuals, internal: held; 0 where it is profiled
    std::function<void(Workspace&)> use;  // without the GIL, and with nothing of a caller who may have gone
    Session session{};
    Status status = Status::ok;

    void run() {
        if (order != Order::value || variance > 0.0 || !session.evaluated || !session.stands_at(response, theta)) {
            session.forget();
            session.workspace->evaluator().load(response->values.data());
            if (variance > 0.0) session.workspace->evaluator().dispersion().hold(variance);
            status = session.workspace->evaluator().evaluate(theta.data(), order);
        }
        if (status == Status::ok) use(*session.workspace);
        session.workspace->evaluator().dispersion().profile();
    }
};

// What `use` makes of the workspace after an evaluation at a user's theta, both beside the calling thread if they may take
// long; RuntimeError naming the status when it fails. `use` holds nothing by reference. A `sigma` above zero is held, else the
// residual variance is profiled.
template <class Use>
auto evaluate_at(ProblemObject& self, const ResponseObject& response, const Doubles& theta, Order order, Use use,
                 double sigma = 0.0) {
    response.check(self.design());
    const auto answer = std::make_shared<decltype(use(std::declval<Workspace&>()))>();
    const auto evaluation = std::make_shared<Evaluation>();
    evaluation->response = response.response;
    evaluation->theta = self.internal_theta(theta);
    evaluation->order = order;
    const double scaled = sigma / response.response->scale.scale;
    evaluation->variance = scaled * scaled;
    evaluation->use = [answer, use = std::move(use)](Workspace& w) { *answer = use(w); };
    {
        const py::gil_scoped_release release;
        evaluation->session = self.borrow();
        if (is_long(evaluation_work(*self.problem()))) run_beside([evaluation](const Caller&) { evaluation->run(); });
        else evaluation->run();
        evaluation->session.forget();
        self.give_back(std::move(evaluation->session));
    }
    require_ok(evaluation->status);
    return std::move(*answer);
}

// What is estimated at a theta: remembered when the last fit ended there.
inline std::shared_ptr<const Estimates> estimates_at(ProblemObject& self, const ResponseObject& response, const Doubles& theta) {
    Session last = self.borrow();
    const bool known = last.stands_at(response.response, self.internal_theta(theta));
    std::shared_ptr<const Estimates> found = known ? last.estimates : nullptr;
    self.give_back(std::move(last));
    if (!found)
        found = evaluate_at(self, response, theta, Order::value,
                            [](Workspace& w) { return std::make_shared<const Estimates>(w.evaluator().estimates()); });
    return found;
}

}  // namespace ranef::bindings
