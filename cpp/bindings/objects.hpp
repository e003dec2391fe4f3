// What the Python objects hold: the core's const data behind shared pointers, and the arrays that views point into.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "pybind.hpp"
#include "ranef/cross_products.hpp"
#include "ranef/fit.hpp"
#include "ranef/plan.hpp"
#include "ranef/rows.hpp"

namespace ranef::bindings {

struct RowsObject {
    std::shared_ptr<Rows> rows;
    std::vector<py::object> arrays;  // keeps the viewed memory alive
};

struct DesignObject {
    std::shared_ptr<const DesignCross> design;
};

struct ResponseObject {
    std::shared_ptr<const ResponseCross> response;
};

// A problem and the workspaces its calls have used: as many as there were concurrent callers.
class ProblemObject {
public:
    explicit ProblemObject(std::shared_ptr<const Problem> problem) : problem_(std::move(problem)) {}

    const std::shared_ptr<const Problem>& problem() const { return problem_; }
    const DesignCross& design() const { return *problem_->design; }
    const Layout& layout() const { return problem_->design->layout; }

    std::unique_ptr<Workspace> borrow() {
        {
            const std::lock_guard<std::mutex> lock(mutex_);
            if (!idle_.empty()) {
                std::unique_ptr<Workspace> workspace = std::move(idle_.back());
                idle_.pop_back();
                return workspace;
            }
        }
        return std::make_unique<Workspace>(problem_);
    }
    void give_back(std::unique_ptr<Workspace> workspace) {
        const std::lock_guard<std::mutex> lock(mutex_);
        idle_.push_back(std::move(workspace));
    }

    double criterion(double internal, const ResponseCross& response) const {
        return internal + design().coordinates.criterion_offset(problem_->reml, design().n, layout().p, response.scale);
    }

    // The user's theta, checked, in internal coordinates.
    std::vector<double> internal_theta(const Doubles& theta) const {
        if (theta.ndim() != 1 || theta.size() != layout().n_theta())
            throw py::value_error("theta must have " + std::to_string(layout().n_theta()) + " entries, got " +
                                  std::to_string(theta.size()));
        std::vector<double> internal(layout().n_theta());
        for (py::ssize_t i = 0; i < theta.size(); ++i)
            if (!std::isfinite(theta.data()[i])) throw py::value_error("theta must be finite");
        design().coordinates.theta_to_internal(layout(), theta.data(), internal.data());
        return internal;
    }

private:
    std::shared_ptr<const Problem> problem_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Workspace>> idle_;
};

// Evaluates at a user's theta and hands the workspace to `use`; RuntimeError naming the status when it fails.
template <class Use>
void evaluate_at(ProblemObject& self, const ResponseObject& response, const Doubles& theta, Order order, const Use& use) {
    const std::vector<double> internal = self.internal_theta(theta);
    Status status;
    std::unique_ptr<Workspace> workspace;
    {
        const py::gil_scoped_release release;
        workspace = self.borrow();
        workspace->evaluator().load(response.response->values.data());
        status = workspace->evaluator().evaluate(internal.data(), order);
    }
    if (status == Status::ok) use(*workspace);
    self.give_back(std::move(workspace));
    if (status != Status::ok) throw std::runtime_error(describe(status));
}

}  // namespace ranef::bindings
