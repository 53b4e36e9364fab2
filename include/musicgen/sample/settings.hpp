// Shared by processors: checks of settings, and how much songs differ in them. Internal.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "../core/config.hpp"
#include "../core/error.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// @throws Error  unless it holds
inline void require_option(bool holds, const char* option, const char* what) {
  if (!holds) throw Error(std::string("sampler: ") + option + " has to be " + what);
}

inline void require_within(float value, int low, int high, const char* option) {
  if (!(value >= static_cast<float>(low) && value <= static_cast<float>(high)))
    require_option(false, option, ("in " + std::to_string(low) + ".." + std::to_string(high)).c_str());
}

/// e^(variation deviation z), the factor of a song's strength.
inline float variation_factor(float variation, float deviation, float z) {
  return std::exp(std::clamp(variation * deviation * z, -5.0f, 5.0f));
}

}  // namespace musicgen::inline MUSICGEN_ABI::detail
