// A song does not fall silent.
//
//   x(tN) -= s      s: the seconds over `length` that no note has begun
//
// After one note that is far too soft, or an end that was not meant, a model that may not end the song yet writes
// nothing but time steps, for 12 s and more in one song of 300. With 4 s, 99 of 100 songs have no rest over 5.3 s
// (docs/results.md). Whether a note ends then, or begins, or the song ends, is as the model says it.
#pragma once

#include <chrono>
#include <optional>

#include "../../core/config.hpp"
#include "../../tokens/song_state.hpp"
#include "../logits.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct MaxRest {
  std::optional<std::chrono::duration<double>> length{};  ///< over 0; none: as the model says

  void apply(Logits logits, const SongState& song) const;
  void check() const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "max_rest.ipp"
#endif
