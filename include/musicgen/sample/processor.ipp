// Definitions of processor.hpp.
#pragma once

#include "../core/error.hpp"
#include "processor.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void detail::refuse_other_processors() {
  throw Error("sampler: the snapshot is of a sampler with other processors");
}

}  // namespace musicgen::inline MUSICGEN_ABI
