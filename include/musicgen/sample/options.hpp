// Options of every sampler. All other settings belong to processors (processor.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How long a song is to be: a time, a number of tokens, or until the plan or the model ends it, but by itself no
/// longer than ten minutes.
/// With EndBias the model is more and more likely to end a song once it has the usual length of the training music. A
/// song is also cut if the model gets stuck and writes over a thousand tokens per second of music.
struct Length {
  Length() = default;
  /// A time, before which the model cannot end the song. Notes that still sound then are ended. In the language of
  /// beats, songs end with the last bar that fits; a song shorter than a bar is cut. A plan that says where the song
  /// ends may end it sooner.
  template <class Rep, class Period>
  Length(std::chrono::duration<Rep, Period> length) : time(length) {}
  /// At most so many tokens, not counting those that end notes still sounding.
  [[nodiscard]] static Length in_tokens(std::int64_t count) {
    Length length;
    length.tokens = count;
    return length;
  }

  std::optional<std::chrono::duration<double>> time{};  ///< over 0
  std::int64_t tokens = 0;                              ///< 0: not given
};

struct SamplerOptions {
  float temperature = 1;   ///< 0: always the most probable token
  int top_k = 0;           ///< choose among the k most probable; 0: all
  float top_p = 1;         ///< choose among the fewest that together have this probability; 1: all
  float min_p = 0;         ///< choose among those with at least this fraction of the largest probability; 0: all
  std::uint64_t seed = 1;  ///< equal seeds give equal songs
  Length length{};         ///< of song() and generate() when called without one
  /// How many earlier tokens attention sees; a step's memory and time grow with it. If not given: 2048, or 8192 in the
  /// language of beats, so that a chorus sees the one before.
  std::optional<int> window{};
  Precision precision = Precision::fp32;  ///< of the weights; fewer bytes are faster
  bool grammar = true;                    ///< only tokens that the grammar allows
  PlanRequest plan{};                     ///< of songs in the language of beats; the model writes what is not given
};

/// The attention window for a model with this vocabulary: as given, or the default.
[[nodiscard]] int attention_window(const SamplerOptions& options, const Vocabulary& vocabulary);

/// @throws Error  naming the option that is out of range; the plan is not checked
void require_in_range(const SamplerOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "options.ipp"
#endif
