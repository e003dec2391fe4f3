// What is estimated at a theta, on the user's scale.
#pragma once

#include <vector>

#include "objects.hpp"

namespace ranef::bindings {

// Factors in the order given to Rows.
py::dict estimates_on_users_scale(const ProblemObject& self, const ResponseCross& response, const Estimates& found,
                                  const std::vector<double>& internal_theta);

}  // namespace ranef::bindings
