#include <exception>
#include <new>
#include <string>

#include "glmm.hpp"
#include "objects.hpp"
#include "ranef/cross/serialise.hpp"

namespace ranef::bindings {

// Each in the file of its name; what takes an object of another class is bound after it.
void bind_text(py::module_& m);
void bind_rows(py::module_& m);
void bind_cross_products(py::module_& m);
void bind_cross_sums(py::module_& m);
void bind_row_sums(py::module_& m);
void bind_optimum(py::module_& m);
void bind_problem(py::module_& m);
void bind_refit(py::module_& m);
void bind_replicates(py::module_& m);
void bind_information(py::module_& m);
void bind_profile(py::module_& m);
void bind_downdate(py::module_& m);
void bind_groups(py::module_& m);
void bind_weighted_sets(py::module_& m);
void bind_iterative(py::module_& m);
void bind_sparse(py::module_& m);
void bind_threads(py::module_& m);
void bind_pair_sums(py::module_& m);
void bind_mmrm(py::module_& m);

}  // namespace ranef::bindings

PYBIND11_MODULE(_core, m) {
    using namespace ranef::bindings;
    m.doc() = "The compiled core: cross-products, plan, objective, optimiser. Internal; use the package ranef.";
    m.attr("__version__") = RANEF_VERSION;
    py::register_exception_translator([](std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const ranef::FieldError& error) {
            set_error("DataError", std::string("this pickle cannot be read: ") + error.what());
        } catch (const NoFactorisation& error) {
            set_error("ArgumentError", error.what());
        } catch (const ranef::PlanTooLarge& error) {
            set_error("MemoryLimitError", error.what());
        } catch (const std::bad_alloc&) {
            set_error("MemoryLimitError",
                      "the system refused the memory this model needs: fit fewer levels or columns, or raise the limit "
                      "(ulimit -v, a container's or a job's memory)");
        }
    });
    bind_text(m);
    bind_rows(m);
    bind_cross_products(m);
    bind_cross_sums(m);
    bind_row_sums(m);
    bind_optimum(m);
    bind_problem(m);
    bind_refit(m);
    bind_replicates(m);
    bind_information(m);
    bind_profile(m);
    bind_downdate(m);
    bind_groups(m);
    bind_weighted_sets(m);
    bind_iterative(m);
    bind_sparse(m);
    bind_families(m);
    bind_glmm(m);
    bind_threads(m);
    bind_pair_sums(m);
    bind_mmrm(m);
}
