// The version of the library; the build reads it from here.
#pragma once

#include "core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

inline constexpr const char* version = "0.1.0";  ///< major.minor.patch, as semantic versioning has them

}  // namespace musicgen::inline MUSICGEN_ABI
