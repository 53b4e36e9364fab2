// What every sampler can be asked for. What else there is to ask for, processors have (processor.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How long a song is to be: until the model ends it, which with EndBias it is more and more likely to do once a song
/// has had the usual length of its music, but no longer than ten minutes; or a time; or a number of tokens.
/// A model that has got stuck and writes over a thousand tokens a second of music is not listened to for ever.
struct Length {
  Length() = default;
  /// A time, for which the model's own end waits. Whatever sounds then is ended there. In the language of beats songs
  /// end with the last bar that fits into it; a song shorter than a bar is cut. A plan that says where the song ends
  /// ends it sooner.
  template <class Rep, class Period>
  Length(std::chrono::duration<Rep, Period> length) : time(length) {}
  /// So many tokens at most; what ends the notes that still sound comes on top.
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
  int top_k = 0;           ///< choose among so many; 0: all
  float top_p = 1;         ///< choose among the fewest that have this probability together; 1: all
  float min_p = 0;         ///< leave out what is less probable than this part of the most probable; 0: all
  std::uint64_t seed = 1;  ///< equal seeds give equal songs
  Length length{};         ///< of song() and generate() where they are given none
  /// Earlier tokens that attention sees; memory and time of a step grow with it. None: 2048, or for songs in the
  /// language of beats 8192, so that a chorus sees the one before.
  std::optional<int> window{};
  Precision precision = Precision::fp32;  ///< of the weights; fewer bytes are faster
  bool grammar = true;                    ///< only tokens that the grammar allows
  PlanRequest plan{};  ///< of songs in the language of beats; what of it is not given, the model writes
};

/// How many that is for a model of this vocabulary.
[[nodiscard]] int attention_window(const SamplerOptions& options, const Vocabulary& vocabulary);

/// @throws Error  naming the option that is out of range; the plan is not looked at
void require_in_range(const SamplerOptions& options);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "options.ipp"
#endif
