// Definitions of options.hpp.
#pragma once

#include <cmath>

#include "options.hpp"
#include "settings.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE int attention_window(const SamplerOptions& options, const Vocabulary& vocabulary) {
  return options.window.value_or(vocabulary.has_beats() ? 8192 : 2048);
}

MUSICGEN_INLINE void require_in_range(const SamplerOptions& options) {
  const auto require = detail::require_option;
  require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", "at least 0");
  require(options.top_k >= 0, "top_k", "at least 0");
  require(options.top_p > 0 && options.top_p <= 1, "top_p", "over 0 and at most 1");
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", "in 0..1");
  require(options.window.value_or(1) >= 1, "window", "at least 1");
}

}  // namespace musicgen::inline MUSICGEN_ABI
