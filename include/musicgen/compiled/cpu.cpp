// Part of the library musicgen::compiled.
#define MUSICGEN_INSTANCE template
#include <musicgen/compiled/templates.hpp>

namespace musicgen {
MUSICGEN_CPU_INSTANCES
}  // namespace musicgen
