#include <exception>
#include <new>
#include <string>

#include "bind_mmrm.hpp"
#include "bind_replicates.hpp"
#include "glmm.hpp"
#include "objects.hpp"
#include "ranef/cross/serialise.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "The compiled core: cross-products, plan, objective, optimiser. Internal; use the package ranef.";
    m.attr("__version__") = RANEF_VERSION;
    py::register_exception_translator([](std::exception_ptr failure) {
        try {
            if (failure) std::rethrow_exception(failure);
        } catch (const ranef::FieldError& error) {
            ranef::bindings::set_error("DataError", std::string("this pickle cannot be read: ") + error.what());
        } catch (const ranef::bindings::NoFactorisation& error) {
            ranef::bindings::set_error("ArgumentError", error.what());
        } catch (const std::bad_alloc&) {
            ranef::bindings::set_error("MemoryLimitError",
                                       "the system refused the memory this model needs: fit fewer levels or columns, or raise the limit "
                                       "(ulimit -v, a container's or a job's memory)");
        }
    });
    ranef::bindings::bind_text(m);
    ranef::bindings::bind_rows(m);
    ranef::bindings::bind_cross_products(m);
    ranef::bindings::bind_cross_sums(m);
    ranef::bindings::bind_row_sums(m);
    ranef::bindings::bind_optimum(m);
    ranef::bindings::bind_problem(m);
    ranef::bindings::bind_refit(m);
    ranef::bindings::bind_replicates(m);
    ranef::bindings::bind_information(m);
    ranef::bindings::bind_profile(m);
    ranef::bindings::bind_downdate(m);
    ranef::bindings::bind_groups(m);
    ranef::bindings::bind_weighted_sets(m);
    ranef::bindings::bind_iterative(m);
    ranef::bindings::bind_sparse(m);
    ranef::bindings::bind_families(m);
    ranef::bindings::bind_glmm(m);
    ranef::bindings::bind_threads(m);
    ranef::bindings::bind_mmrm(m);
}
