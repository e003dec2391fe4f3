// The loop over replicates, and its random numbers. Whoever passes an address vouches for the function behind it.
#include "pybind.hpp"
#include "ranef/refits/replicates.hpp"

namespace ranef::bindings {
namespace {

using Int64s = py::array_t<std::int64_t, py::array::c_style>;
using UInt64s = py::array_t<std::uint64_t, py::array::c_style>;

template <class Pointer>
Pointer pointer_to(std::uintptr_t address) {
    return reinterpret_cast<Pointer>(address);
}

// What every call has, and the arrays it points into.
struct Loop {
    Replicates all;
    DrawingCall draw;
    std::uintptr_t refit;
    UInt64s key;
    Reals start, table;
    Int64s kept;
};

Loop make_loop(std::uintptr_t problem, std::uintptr_t draw, std::uintptr_t refit, std::uintptr_t workspace, const UInt64s& key,
               Index origin, const Reals& start, Index batch, Index record_size, const Int64s& kept, std::uintptr_t statistic,
               Reals table) {
    if (key.size() != 2) throw py::value_error("key: two words");
    if (table.ndim() != 2) throw py::value_error("table: a matrix");
    if (batch < 1) throw py::value_error("batch: at least 1");
    const DrawingCall call{pointer_to<const void*>(problem), pointer_to<decltype(DrawingCall::function)>(draw)};
    Loop loop{{}, call, refit, key, start, table, kept};
    loop.all.problem = pointer_to<const RanefProblem*>(problem);
    loop.all.workspace = pointer_to<RanefWorkspace*>(workspace);
    loop.all.key = key.data();
    loop.all.origin = origin;
    loop.all.start = start.data();
    loop.all.batch = batch;
    loop.all.record_size = record_size;
    loop.all.kept = kept.data();
    loop.all.n_kept = kept.size();
    loop.all.statistic = pointer_to<decltype(Replicates::statistic)>(statistic);
    loop.all.table = table.mutable_data();
    loop.all.columns = table.shape(1);
    if (loop.all.columns - 1 != loop.all.n_kept && statistic == 0)
        throw py::value_error("table: one column for each number kept, and the status");
    return loop;
}

void check_range(const Loop& loop, Index first, Index stop) {
    if (first < 0 || stop > loop.table.shape(0)) throw py::value_error("rows of the table: out of range");
}

LevelFactors effects_of(const Reals& values, const Int64s& starts, const Int64s& widths, const Int64s& steps) {
    if (starts.size() != widths.size() + 1 || steps.size() != widths.size())
        throw py::value_error("starts: one more than widths and steps");
    return {values.data(), starts.data(), widths.data(), steps.data(), widths.size()};
}

template <bool refits>
void gram_draws(const Loop& loop, Index first, Index stop, const Reals& values, const Int64s& starts, const Int64s& widths,
                const Int64s& steps, const Reals& mean, const Int64s& order, const Reals& lower, double sigma, double df) {
    check_range(loop, first, stop);
    const GramDraw draw{effects_of(values, starts, widths, steps), mean.data(), mean.size(), order.data(), lower.data(),
                        lower.shape(0), lower.shape(1), sigma, df};
    const py::gil_scoped_release release;
    if (refits)
        refit_gram_draws(loop.all, pointer_to<RefitMany>(loop.refit), loop.draw, draw, first, stop);
    else
        sample_gram_draws(loop.all, loop.draw, draw, first, stop);
}

template <bool refits>
void row_draws(const Loop& loop, Index first, Index stop, const Reals& values, const Int64s& starts, const Int64s& widths,
               const Int64s& steps, const Codes& codes, const Reals& basis, const Reals& mean, const Reals& scale,
               Index response_size) {
    check_range(loop, first, stop);
    const RowDraw draw{effects_of(values, starts, widths, steps), codes.data(), basis.data(), mean.data(), scale.data(),
                       mean.size()};
    const py::gil_scoped_release release;
    if (refits)
        refit_row_draws(loop.all, pointer_to<RefitMany>(loop.refit), loop.draw, draw, response_size, first, stop);
    else
        sample_row_draws(loop.all, draw, first, stop);
}

template <bool refits>
void def_gram_draws(py::class_<Loop>& loop, const char* name) {
    loop.def(name, &gram_draws<refits>, py::arg("first"), py::arg("stop"), py::arg("values"), py::arg("starts"),
             py::arg("widths"), py::arg("steps"), py::arg("mean"), py::arg("order"), py::arg("lower"), py::arg("sigma"),
             py::arg("df"));
}

template <bool refits>
void def_row_draws(py::class_<Loop>& loop, const char* name) {
    loop.def(name, &row_draws<refits>, py::arg("first"), py::arg("stop"), py::arg("values"), py::arg("starts"), py::arg("widths"),
             py::arg("steps"), py::arg("codes"), py::arg("basis"), py::arg("mean"), py::arg("scale"), py::arg("response_size"));
}

void given_draws(const Loop& loop, Index first, Index stop, const Reals& draws) {
    check_range(loop, first, stop);
    const py::gil_scoped_release release;
    refit_given(loop.all, pointer_to<RefitMany>(loop.refit), draws.data(), draws.shape(1), first, stop);
}

void given_rows(const Loop& loop, Index first, Index stop, const Reals& responses) {
    check_range(loop, first, stop);
    const py::gil_scoped_release release;
    fit_given_rows(loop.all, pointer_to<FitRows>(loop.refit), responses.data(), responses.shape(1), first, stop);
}

// ---- random numbers, for tests of their laws

RandomStream open_stream(const UInt64s& key, std::uint64_t replicate) {
    if (key.size() != 2) throw py::value_error("key: two words");
    return RandomStream(key.data(), replicate);
}

template <class Number, class Next>
py::array_t<Number> several(Index count, const Next& next) {
    py::array_t<Number> out(count);
    for (Index i = 0; i < count; ++i) out.mutable_data()[i] = next();
    return out;
}

py::array_t<std::uint64_t> words_of(RandomStream& self, Index n) {
    return several<std::uint64_t>(n, [&] { return self.word(); });
}

py::array_t<double> uniforms_of(RandomStream& self, Index n) {
    return several<double>(n, [&] { return self.uniform(); });
}

py::array_t<double> normals_of(RandomStream& self, Index n) {
    return several<double>(n, [&] { return self.normal(); });
}

py::array_t<double> chi_squares_of(RandomStream& self, Index n, double df) {
    return several<double>(n, [&] { return self.chi_square(df); });
}

void bind_stream(py::module_& m) {
    py::class_<RandomStream>(m, "RandomStream", "The random numbers of one replicate.")
        .def(py::init(&open_stream), py::arg("key"), py::arg("replicate"))
        .def("words", &words_of, py::arg("n"))
        .def("uniforms", &uniforms_of, py::arg("n"))
        .def("normals", &normals_of, py::arg("n"))
        .def("fill_normal", [](RandomStream& self, Reals out) { self.fill_normal(out.mutable_data(), out.size()); },
             py::arg("out").noconvert())
        .def("chi_squares", &chi_squares_of, py::arg("n"), py::arg("df"));
    m.def("philox_block", &philox_block, py::arg("counter"), py::arg("key"));
    m.def("ziggurat", [] {
        const Ziggurat z;
        return py::make_tuple(to_numpy({z.edge.begin(), z.edge.end()}), to_numpy({z.inner.begin(), z.inner.end()}),
                              to_numpy({z.height.begin(), z.height.end()}));
    });
}

}  // namespace

void bind_replicates(py::module_& m) {
    py::class_<Loop> loop(m, "ReplicateLoop", "What the replicates of one thread have in common, and their table.");
    loop.def(py::init(&make_loop), py::kw_only(), py::arg("problem"), py::arg("draw"), py::arg("refit"), py::arg("workspace"),
             py::arg("key").noconvert(), py::arg("origin"), py::arg("start").noconvert(), py::arg("batch"),
             py::arg("record_size"), py::arg("kept").noconvert(), py::arg("statistic"), py::arg("table").noconvert())
        .def("refit_given", &given_draws, py::arg("first"), py::arg("stop"), py::arg("draws"))
        .def("fit_given_rows", &given_rows, py::arg("first"), py::arg("stop"), py::arg("responses"));
    def_gram_draws<true>(loop, "refit_gram_draws");
    def_gram_draws<false>(loop, "sample_gram_draws");
    def_row_draws<true>(loop, "refit_row_draws");
    def_row_draws<false>(loop, "sample_row_draws");
    bind_stream(m);
}

}  // namespace ranef::bindings
