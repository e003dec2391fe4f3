// The generalised models' part of the extension.
#pragma once

#include <memory>
#include <string>

#include "pybind.hpp"
#include "ranef/families/family.hpp"

namespace ranef::bindings {

struct GlmmObject;

void bind_families(py::module_& m);
void bind_glmm(py::module_& m);
void bind_glmm_criterion(py::module_& m);
// Methods of the model.
void bind_glmm_points(py::class_<GlmmObject>& glmm);
void bind_glmm_search(py::class_<GlmmObject>& glmm);
void bind_glmm_bootstrap(py::class_<GlmmObject>& glmm);

std::unique_ptr<Family> checked_family(const std::string& name, const std::string& link);

}  // namespace ranef::bindings
