// Part of the library musicgen::compiled; only programs that link musicgen::cuda, too, may use it.
#define MUSICGEN_INSTANCE template
#include <musicgen/compiled/templates.hpp>

namespace musicgen {
MUSICGEN_CUDA_INSTANCES
}  // namespace musicgen
