// The machine's memory.
#pragma once

namespace ranef {

// Most of the physical memory, in bytes; infinite where the system does not tell.
double machine_memory();

}  // namespace ranef
