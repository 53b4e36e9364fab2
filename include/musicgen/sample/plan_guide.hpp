// Keeps a song in the language of beats to the plan that is asked for, and sees to it that every song has one.
//
// It takes away from what the grammar allows, and never all of it: a word that has to come is the only one left, so
// nothing is drawn and rejected. What has to come:
//
//   in the first bar     key, tempo, metre, phrase and chord, those asked for or, of each kind, one of the model's
//   at a bar line        tempo and metre that change there; the phrase of the form
//   on a beat            the chord that changes there, and at each phrase's beginning the one in force
//   after the plan       the notes' ends and `$`
//
// A word that has been asked for comes nowhere else: with a tempo given, none but those asked for. Chords without a key
// leave the keys whose scales hold the most of them. `$` does not come before the last bar of a plan that ends. In a
// stream, which does not end, the plan begins anew.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "../core/config.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/vocabulary.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
struct TokenMask;
}

/// Threads may ask one at once.
class PlanGuide {
 public:
  /// From which bars on the parts of a plan hold: those of a song that goes on from a prompt come after it.
  struct Start {
    std::int32_t form = 0, chords = 0;
  };

  /// @throws Error  as require_valid(), or for what the vocabulary has no words for
  PlanGuide(const Vocabulary& vocabulary, PlanRequest plan);

  /// @param song   after the prompt
  /// @throws Error  if what is asked for contradicts the prompt
  void require_fits(const SongState& song) const;
  [[nodiscard]] static Start start_after(const SongState& song);

  /// Allocates nothing.
  /// @param endless  whether the song must not end
  /// @param allowed  (V) by the grammar; what the plan does not allow becomes 0
  void apply(const SongState& song, const Start& start, bool endless, std::span<std::uint8_t> allowed) const;

  [[nodiscard]] const PlanRequest& plan() const { return plan_; }

 private:
  struct Moment;

  void require_words(const Vocabulary& vocabulary) const;
  void leave_what_is_asked(const Moment& now, const detail::TokenMask& mask) const;
  void leave_lengths(const Moment& now, const detail::TokenMask& mask) const;
  void leave_chords(const Moment& now, const detail::TokenMask& mask) const;
  void leave_ends(const Moment& now, const detail::TokenMask& mask) const;
  void require_what_is_due(const Moment& now, const detail::TokenMask& mask) const;
  [[nodiscard]] int chord_at(const Moment& now, int beat) const;

  Vocabulary vocabulary_;
  PlanRequest plan_;
  std::array<bool, 24> keys_;                // those that may come
  std::vector<std::int32_t> phrase_starts_;  // bars, of each phrase of the form, and where the last one ends
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "plan_guide.ipp"
#endif
