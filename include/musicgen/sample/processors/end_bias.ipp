// Definitions of end_bias.hpp.
#pragma once

#include <algorithm>
#include <cmath>

#include "../settings.hpp"
#include "end_bias.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void EndBias::apply(Logits logits, const SongState& song) const {
  if (!after || !std::isfinite(after->count())) return;
  const auto seconds = [](std::int64_t steps) { return static_cast<double>(steps) * step_seconds; };
  const double early = std::min(0.0, seconds(song.steps()) - std::min(after->count() / 4, 30.0));
  const double late = std::max(0.0, seconds(song.steps() - song.prompt_steps()) - after->count());
  logits.add(logits.vocabulary().end(), (early + late) / 5);
}

MUSICGEN_INLINE void EndBias::check() const {
  detail::require_option(!after || after->count() > 0, "end_bias_after", "over 0");
}

}  // namespace musicgen::inline MUSICGEN_ABI
