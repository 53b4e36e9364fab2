// Part of the library musicgen::compiled; only programs that link musicgen::cuda, too, may use it.
#ifndef MUSICGEN_HAS_CUDA
#define MUSICGEN_HAS_CUDA
#endif
#define MUSICGEN_DEFINING
#define MUSICGEN_INSTANCE template
#include <musicgen/compiled/templates.hpp>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {
MUSICGEN_CUDA_INSTANCES
}  // namespace musicgen::inline MUSICGEN_ABI
