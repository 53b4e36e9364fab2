// The version of the library, by semantic versioning. The build reads it from here.
#pragma once

#include "core/config.hpp"

#define MUSICGEN_VERSION_MAJOR 0
#define MUSICGEN_VERSION_MINOR 1
#define MUSICGEN_VERSION_PATCH 0
/// For comparisons: 10203 is 1.2.3.
#define MUSICGEN_VERSION (MUSICGEN_VERSION_MAJOR * 10000 + MUSICGEN_VERSION_MINOR * 100 + MUSICGEN_VERSION_PATCH)

namespace musicgen::inline MUSICGEN_ABI {

inline constexpr const char* version = "0.1.0";  ///< the same as text

}  // namespace musicgen::inline MUSICGEN_ABI
