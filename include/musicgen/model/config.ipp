// Definitions of config.hpp.
#pragma once

#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../tokens/context.hpp"
#include "config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

MUSICGEN_INLINE void require_valid(const ModelConfig& config) {
  const Dimensions& d = config.dimensions;
  for (const auto& [size, name] : {std::pair(d.V, "vocabulary"), {d.E, "embedding"}, {d.H, "hidden"}, {d.L, "layers"}})
    if (size <= 0) throw Error(std::string("model: ") + name + " size is " + std::to_string(size) + ", not positive");
  if (config.vocabulary && config.vocabulary->size() != d.V)
    throw Error("model: vocabulary size is " + std::to_string(d.V) + ", but the vocabulary has " +
                std::to_string(config.vocabulary->size()) + " tokens");
  if (d.C < 0 || (config.vocabulary && d.C > 0 && d.C != Context::rows))
    throw Error("model: has " + std::to_string(d.C) + " context rows; this version needs " +
                std::to_string(Context::rows));
  if (const float scale = config.attention.scale; !(scale >= 1e-6f && scale <= 1e6f))
    throw Error("model: attention scale is " + std::to_string(scale) + ", not in 1e-6 to 1e6");
  require_valid(config.profile);
}

MUSICGEN_INLINE void require_valid(const MusicProfile& profile) {
  for (const int program : profile.programs)
    if (program < 0 || program > 127) throw Error("profile: program " + std::to_string(program) + " is not in 0..127");
  for (const auto& [time, name] :
       {std::pair(profile.max_note_length, "longest note"), {profile.usual_length, "usual length"}})
    if (time && time->count() <= 0)
      throw Error(std::string("profile: ") + name + " is " + std::to_string(time->count()) + " ms, not positive");
  if (const auto& velocity = profile.usual_velocity; velocity && (*velocity < 1 || *velocity > 127))
    throw Error("profile: usual velocity is " + std::to_string(*velocity) + ", not in 1..127");
}

namespace presets {

MUSICGEN_INLINE ModelConfig small(const Vocabulary& vocabulary) {
  const bool beats = vocabulary.has_beats();
  return {{vocabulary.size(), 96, 256, 2, beats ? Context::rows : 0, beats},
          vocabulary,
          {},
          true,
          AttentionValue::successor,
          narrow_embedding};
}

MUSICGEN_INLINE ModelConfig with_profile(ModelConfig config, const MusicProfile& profile) {
  config.profile = profile;
  return config;
}

MUSICGEN_INLINE ModelConfig original(const Vocabulary& vocabulary) {
  return {{vocabulary.size(), 32, 1028, 3}, vocabulary, {}, true};
}

}  // namespace presets

}  // namespace musicgen::inline MUSICGEN_ABI
