// The two families that people fit most, with their canonical links.
#pragma once

#include <memory>

#include "ranef/families/family.hpp"

namespace ranef {

std::unique_ptr<Family> binomial_logit();
std::unique_ptr<Family> poisson_log();

}  // namespace ranef
