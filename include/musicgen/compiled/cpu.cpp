// Part of the library musicgen::compiled.
#define MUSICGEN_DEFINING
#define MUSICGEN_INSTANCE template
#include <musicgen/compiled/templates.hpp>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_CPU_INSTANCES
}  // namespace musicgen::inline MUSICGEN_ABI
