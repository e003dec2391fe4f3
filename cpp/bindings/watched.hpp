// Work beside its caller, as in beside.hpp, that says how far it is.
#pragma once

#include <functional>

namespace ranef::bindings {

// `watch` is called with the GIL every tenth of a second; what it throws ends the wait as Ctrl-C does.
void run_watched(std::function<void()> work, const std::function<void()>& cancel, const std::function<void()>& watch);

}  // namespace ranef::bindings
