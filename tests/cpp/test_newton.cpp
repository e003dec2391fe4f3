// The optimiser on functions whose minima are known.
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "ranef/optimum/newton.hpp"
#include "support.hpp"

using namespace ranef;
using namespace ranef::testing;

namespace {

using Vector = std::vector<double>;

// value, gradient and Hessian (column-major) at x; a status other than ok where the function is not defined.
struct Evaluation {
    Status status = Status::ok;
    double value = 0.0;
    Vector gradient, hessian;
};

class Function final : public SmoothFunction {
public:
    Function(std::function<Evaluation(const double*)> f, Index n, bool exact = true)
        : f_(std::move(f)), n_(n), exact_(exact) {}

    Status evaluate(const double* x) override {
        at.assign(x, x + n_);
        ++evaluations;
        fresh_ = true;
        Evaluation e = f_(x);
        if (e.status == Status::ok) last_ = std::move(e);
        return e.status;
    }
    void differentiate() override {
        CHECK(fresh_);  // once per evaluation
        fresh_ = false;
        ++derivatives;
    }
    double value() const override { return last_.value; }
    const Vector& gradient() const override { return last_.gradient; }
    const Vector& hessian() const override { return last_.hessian; }
    bool exact_hessian() const override { return exact_; }

    Vector at;
    int evaluations = 0, derivatives = 0;

private:
    std::function<Evaluation(const double*)> f_;
    Index n_;
    bool exact_, fresh_ = false;
    Evaluation last_;
};

Evaluation rosenbrock(const double* x) {
    const double a = 1.0 - x[0], b = x[1] - x[0] * x[0];
    return {Status::ok,
            a * a + 100.0 * b * b,
            {-2.0 * a - 400.0 * x[0] * b, 200.0 * b},
            {2.0 - 400.0 * (x[1] - 3.0 * x[0] * x[0]), -400.0 * x[0], -400.0 * x[0], 200.0}};
}

// Two minima at (0, +-1), a saddle between them at the origin.
Evaluation two_valleys(const double* x) {
    const double y = x[1];
    return {Status::ok, x[0] * x[0] - 2.0 * y * y + y * y * y * y, {2.0 * x[0], -4.0 * y + 4.0 * y * y * y},
            {2.0, 0.0, 0.0, -4.0 + 12.0 * y * y}};
}

NewtonResult minimise(Function& f, Vector& x, const NewtonSettings& settings = {}) {
    Newton newton(static_cast<Index>(x.size()));
    const NewtonResult result = newton.minimise(f, x.data(), settings);
    CHECK(result.evaluations == f.evaluations);
    if (result.status == Status::ok) CHECK(f.at == x);  // the function's state belongs to the answer
    return result;
}

}  // namespace

TEST_CASE("newton: Rosenbrock's valley") {
    for (const Vector& start : {Vector{-1.2, 1.0}, Vector{0.0, 0.0}, Vector{30.0, -20.0}, Vector{1.0, 1.0}}) {
        Function f(rosenbrock, 2);
        Vector x = start;
        const NewtonResult result = minimise(f, x);
        CHECK(result.status == Status::ok);
        CHECK(distance(x, Vector{1.0, 1.0}) < 1e-4);
        CHECK(f.value() < 1e-9);
        CHECK(0.5 * result.decrement * result.decrement <= 1e-10);
        CHECK(result.evaluations <= 80);
    }
}

TEST_CASE("newton: no derivatives of rejected steps where the Hessian is exact, of every step where it is learned") {
    for (const bool exact : {true, false}) {
        Function f(rosenbrock, 2, exact);
        Vector x{-1.2, 1.0};
        CHECK(minimise(f, x).status == Status::ok);
        if (exact) CHECK(f.derivatives < f.evaluations);
        else CHECK(f.derivatives == f.evaluations);
    }
}

TEST_CASE("newton: a quadratic takes one step, its minimum none") {
    const auto quadratic = [](const double* x) {
        const double a = x[0] - 0.25, b = x[1] + 0.5;
        return Evaluation{
            Status::ok, 2.0 * a * a + a * b + b * b, {4.0 * a + b, a + 2.0 * b}, {4.0, 1.0, 1.0, 2.0}};
    };
    Function f(quadratic, 2), g(quadratic, 2);
    Vector x{1.0, 0.0}, y{0.25, -0.5};
    CHECK(minimise(f, x).status == Status::ok);
    CHECK(f.evaluations == 2);
    CHECK(distance(x, y) < 1e-14);
    CHECK(minimise(g, y).evaluations == 1);
}

TEST_CASE("newton: leaves a saddle, even one it starts on") {
    for (const Vector& start : {Vector{1.0, 0.0}, Vector{0.0, 0.0}, Vector{0.5, 1e-9}}) {
        Function f(two_valleys, 2);
        Vector x = start;
        CHECK(minimise(f, x).status == Status::ok);
        CHECK(std::fabs(x[0]) < 1e-4);
        CHECK(std::fabs(std::fabs(x[1]) - 1.0) < 1e-4);
        CHECK(f.value() == doctest::Approx(-1.0));
    }
}

TEST_CASE("newton: one and many variables") {
    Function quartic([](const double* x) {
        const double d = x[0] - 3.0;
        return Evaluation{
            Status::ok, d * d * d * d + d * d, {4.0 * d * d * d + 2.0 * d}, {12.0 * d * d + 2.0}};
    }, 1);
    Vector x{-40.0};
    CHECK(minimise(quartic, x).status == Status::ok);
    CHECK(x[0] == doctest::Approx(3.0).epsilon(1e-4));

    const Index n = 40;  // beyond the inline kernels, badly scaled
    Function many([](const double* v) {
        Evaluation e{Status::ok, 0.0, Vector(n), Vector(n * n, 0.0)};
        for (Index i = 0; i < n; ++i) {
            const double weight = std::pow(10.0, static_cast<double>(i % 9) - 4.0),
                         d = v[i] - 0.1 * static_cast<double>(i);
            e.value += weight * (d * d + 0.25 * d * d * d * d);
            e.gradient[i] = weight * (2.0 * d + d * d * d);
            e.hessian[i * n + i] = weight * (2.0 + 3.0 * d * d);
        }
        return e;
    }, n);
    Vector start(n, 0.0);
    CHECK(minimise(many, start).status == Status::ok);
    CHECK(many.value() < 1e-8);
}

TEST_CASE("newton: an approximate Hessian, corrected on the way") {
    // The second derivative knows nothing of a part of the function as large as the part it knows.
    const auto halved = [](double part) {
        return [part](const double* x) {
            Evaluation e = rosenbrock(x);
            e.value += 3.0 * (x[0] - 1.0) * (x[0] - 1.0) + x[1] * x[1] - 2.0 * x[1];
            e.gradient[0] += 6.0 * (x[0] - 1.0);
            e.gradient[1] += 2.0 * x[1] - 2.0;
            for (double& h : e.hessian) h *= part;
            return e;
        };
    };
    for (const double part : {1.0, 0.5, 0.2, 2.0}) {
        CAPTURE(part);
        Function f(halved(part), 2, false);
        Vector x{-1.2, 1.0};
        const NewtonResult result = minimise(f, x);
        CHECK(result.status == Status::ok);
        CHECK(distance(x, Vector{1.0, 1.0}) < 1e-3);
        CHECK(result.evaluations < 120);
    }
    // On a quadratic, n corrections make the approximation exact.
    Function g([](const double* x) {
        const double a = x[0] - 1.0, b = x[1] - 2.0, c = x[2] + 1.0;
        return Evaluation{Status::ok, 2.0 * a * a + a * b + 3.0 * b * b + b * c + c * c,
                          {4.0 * a + b, a + 6.0 * b + c, b + 2.0 * c}, {1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0}};
    }, 3, false);
    Vector x{0.0, 0.0, 0.0};
    const NewtonResult result = minimise(g, x);
    CHECK(result.status == Status::ok);
    CHECK(distance(x, Vector{1.0, 2.0, -1.0}) < 1e-4);
    CHECK(result.evaluations <= 15);
}

TEST_CASE("newton: a ridge and a flat function converge") {
    Function ridge([](const double* x) {
        const double d = x[0] + x[1] - 1.0;
        return Evaluation{Status::ok, d * d, {2.0 * d, 2.0 * d}, {2.0, 2.0, 2.0, 2.0}};
    }, 2);
    Vector x{3.0, -7.0};
    CHECK(minimise(ridge, x).status == Status::ok);
    CHECK(x[0] + x[1] == doctest::Approx(1.0));
    Function flat(
        [](const double*) {
            return Evaluation{Status::ok, 5.0, {0.0, 0.0}, {0.0, 0.0, 0.0, 0.0}};
        },
        2);
    Vector y{3.0, -7.0};
    CHECK(minimise(flat, y).status == Status::ok);
    CHECK(y == Vector{3.0, -7.0});
}

TEST_CASE("newton: regions where the function fails are stepped around") {
    // -log x + x: undefined for x <= 0; a full Newton step from 3 lands there.
    Function barrier([](const double* x) {
        if (!(x[0] > 0.0)) return Evaluation{Status::not_positive_definite, 0.0, {}, {}};
        return Evaluation{Status::ok, x[0] - std::log(x[0]), {1.0 - 1.0 / x[0]}, {1.0 / (x[0] * x[0])}};
    }, 1);
    Vector x{3.0};
    CHECK(minimise(barrier, x).status == Status::ok);
    CHECK(x[0] == doctest::Approx(1.0).epsilon(1e-4));

    Vector outside{-1.0};
    CHECK(minimise(barrier = Function(
                       [](const double*) {
                           return Evaluation{Status::exact_fit, 0.0, {}, {}};
                       },
                       1),
                   outside)
              .status == Status::exact_fit);
    CHECK(outside == Vector{-1.0});

    // Defined at the start only: no step can be taken.
    Function point([](const double* v) {
        if (v[0] != 1.0) return Evaluation{Status::not_finite, 0.0, {}, {}};
        return Evaluation{Status::ok, 1.0, {1.0}, {1.0}};
    }, 1);
    Vector y{1.0};
    CHECK(minimise(point, y).status == Status::stalled);
    CHECK(y == Vector{1.0});
    CHECK(point.at == y);
}

TEST_CASE("newton: what is not finite ends the search") {
    const double nan = std::numeric_limits<double>::quiet_NaN(),
                 inf = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, inf, -inf})
        for (const bool exact : {true, false}) {
            Function gradient(
                [bad](const double*) {
                    return Evaluation{Status::ok, 1.0, {bad, 1.0}, {1.0, 0.0, 0.0, 1.0}};
                },
                2, exact);
            Vector x{1.0, 1.0};
            CHECK(minimise(gradient, x).status != Status::ok);
            Function hessian(
                [bad](const double*) {
                    return Evaluation{Status::ok, 1.0, {1.0, 1.0}, {bad, 0.0, 0.0, 1.0}};
                },
                2, exact);
            Vector y{1.0, 1.0};
            CHECK(minimise(hessian, y).status != Status::ok);
        }
}

TEST_CASE("newton: the limit on evaluations") {
    for (const int limit : {1, 2, 5, 10}) {
        Function f(rosenbrock, 2);
        Vector x{-1.2, 1.0};
        NewtonSettings settings;
        settings.max_evaluations = limit;
        const NewtonResult result = minimise(f, x, settings);
        CHECK(result.status == Status::max_evaluations);
        CHECK(f.evaluations <= limit + 1);  // one more when the last trial was worse
        CHECK(f.at == x);
        CHECK(f.value() == rosenbrock(x.data()).value);
    }
}

TEST_CASE("newton: interruption is asked for before every evaluation") {
    for (const int after : {0, 1, 4}) {
        Function f(rosenbrock, 2);
        Vector x{-1.2, 1.0};
        int asked = 0;
        const std::function<bool()> stop = [&] { return asked++ >= after; };
        NewtonSettings settings;
        settings.interrupted = &stop;
        CHECK(minimise(f, x, settings).status == Status::interrupted);
        CHECK(f.evaluations == after);
        CHECK(rosenbrock(x.data()).value <= rosenbrock(Vector{-1.2, 1.0}.data()).value);
    }
}

TEST_CASE("newton: one object minimises one function after another") {
    Newton newton(2);
    Function approximate([](const double* x) {
        Evaluation e = rosenbrock(x);
        for (double& h : e.hessian) h *= 0.3;
        return e;
    }, 2, false);
    Vector alone{-1.2, 1.0}, after{-1.2, 1.0}, other{2.0, 3.0};
    Function first(rosenbrock, 2), second(rosenbrock, 2);
    newton.minimise(first, alone.data(), {});
    newton.minimise(approximate, other.data(), {});
    newton.minimise(second, after.data(), {});
    CHECK(after == alone);
    CHECK(second.evaluations == first.evaluations);
}
