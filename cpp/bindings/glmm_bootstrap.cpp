#include <atomic>

#include "beside.hpp"
#include "glmm_object.hpp"
#include "ranef/laplace/resample.hpp"

namespace ranef::bindings {
namespace {

struct GlmmBootstrap {
    std::shared_ptr<const GlmmProblem> problem;
    Resampling how;
    Beside beside;
    std::atomic<bool> cancelled{false};
    std::vector<double> out;
    Index made = 0;
};

std::shared_ptr<GlmmBootstrap> glmm_bootstrap(const GlmmObject& self, const Doubles& truth, std::uint64_t key, Index first,
                                              Index count, int threads, const py::object& correction) {
    const Index n = self.problem->parameters();
    auto work = std::make_shared<GlmmBootstrap>();
    work->problem = self.problem;
    Resampling& how = work->how;
    how.truth = numbers_of(truth, n);
    how.key = key;
    how.first = first;
    how.count = count;
    how.threads = threads;
    how.cancelled = &work->cancelled;
    how.settings.correction = optional_numbers(correction, n * n, "correction: a square matrix of the parameters");
    how.settings.certify = false;
    return work;
}

// `width` numbers of each replicate, a row each. Fewer rows than asked for after Ctrl-C. run(work) says how many were made.
template <class Run>
py::array_t<double> records(const std::shared_ptr<GlmmBootstrap>& work, Index width, Run run) {
    work->out.resize(work->how.count * width);
    {
        const py::gil_scoped_release release;
        run_beside([work, run] { work->made = run(*work); }, [work] { work->cancelled = true; });
    }
    return py::array_t<double>({work->made, width}, work->out.data());
}

// Refits to drawn responses, see resample.hpp.
py::array_t<double> bootstrap(const GlmmObject& self, const Doubles& truth, std::uint64_t key, Index first, Index count, int threads,
                              const py::object& eta, const py::object& correction) {
    const auto work = glmm_bootstrap(self, truth, key, first, count, threads, correction);
    work->how.eta = optional_numbers(eta, self.problem->cells().n, "eta: one per cell");
    const auto run = [](GlmmBootstrap& w) { return resample(*w.problem, w.how, w.out.data()); };
    return records(work, resample_width(*self.problem), run);
}

// Criteria of two models of the same rows, refitted to responses drawn from the first.
py::array_t<double> bootstrap_both(const GlmmObject& self, const GlmmObject& other, const Doubles& truth, const Doubles& start,
                                   bool larger, std::uint64_t key, Index first, Index count, int threads, const Doubles& trials,
                                   const py::object& correction) {
    const auto work = glmm_bootstrap(self, truth, key, first, count, threads, correction);
    const std::size_t n = self.problem->cells().cell_of.size();
    if (other.problem->cells().cell_of.size() != n || static_cast<std::size_t>(trials.size()) != n)
        throw py::value_error("models of different rows");
    Beside& beside = work->beside;
    beside.problem = other.problem;
    beside.start = numbers_of(start, other.problem->parameters(), "wrong number of parameters of the other model");
    beside.larger = larger;
    find_parts(*self.problem, trials.data(), beside);
    const auto run = [](GlmmBootstrap& w) { return resample_both(*w.problem, w.how, w.beside, w.out.data()); };
    return records(work, 2, run);
}

}  // namespace

void bind_glmm_bootstrap(py::class_<GlmmObject>& glmm) {
    glmm.def("bootstrap", &bootstrap, py::arg("truth"), py::arg("key"), py::arg("first"), py::arg("count"), py::arg("threads"),
             py::arg("eta") = py::none(), py::arg("correction") = py::none())
        .def("bootstrap_both", &bootstrap_both, py::arg("other"), py::arg("truth"), py::arg("start"), py::arg("larger"),
             py::arg("key"), py::arg("first"), py::arg("count"), py::arg("threads"), py::arg("trials"),
             py::arg("correction") = py::none());
}

}  // namespace ranef::bindings
