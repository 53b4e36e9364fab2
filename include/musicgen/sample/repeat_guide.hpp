// Keeps bars that repeat to the melody that they repeat (tokens/repeats.hpp).
//
// `R` says what the melody of a bar is: the onsets of the first track in the same bar of the last phrase with the same
// letter. In such a bar they come where they came there, and no others do on that track or a lower one:
//
//   on the step of one    notes that end, then that note on that track; no time passes before it
//   before the next one   time passes no further; higher tracks play as they like
//
// A note that may not come, because a rule forbids it, is left out. Drawn note by note instead, with nine of ten right,
// a melody of eight notes comes back one time in two.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "../core/config.hpp"
#include "../tokens/grammar.hpp"
#include "../tokens/song_state.hpp"
#include "../tokens/vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {
struct TokenMask;
}

/// The melody of one song so far. A copy is a snapshot. Allocates nothing.
class RepeatGuide {
 public:
  /// @param song  after the token
  void observe(TokenEvent token, const SongStep& step, const SongState& song);

  /// Forbids what would leave the melody that the bar repeats, and `R` where there is nothing to repeat.
  /// @param allowed  (V) by the grammar and the plan
  void apply(const GrammarRules& rules, const SongState& song, std::span<std::uint8_t> allowed) const;

 private:
  struct Onset {
    std::uint16_t bar;  ///< the lowest 16 bits
    std::uint8_t step, pitch;
  };
  struct Phrase {
    std::int32_t start = 0;  ///< bar
    std::int32_t bars = 0;
  };

  static constexpr std::size_t letter_slots = 64, kept_onsets = 2048, max_bar_onsets = 96;
  static std::size_t slot(std::uint8_t letter) { return letter % letter_slots; }

  [[nodiscard]] std::int32_t repeated_bar(const SongState& song) const;
  template <class Take>
  std::size_t for_each_repeated(const SongState& song, Take&& take) const;
  void begin_repeat(const SongState& song);
  void begin_note(const SongState& song);
  [[nodiscard]] bool is_due(std::uint32_t i, const SongState& song) const {
    return i < count_ && bar_[i].step == song.place().bar_steps;
  }
  [[nodiscard]] std::optional<int> due_pitch(const GrammarRules& rules, const detail::TokenMask& mask,
                                             const SongState& song) const;
  void keep_to_melody(const GrammarRules& rules, const detail::TokenMask& mask, const SongState& song) const;
  void keep_time(const detail::TokenMask& mask, const SongState& song) const;
  void keep_to_track(const detail::TokenMask& mask, const SongState& song) const;

  std::array<Phrase, letter_slots> latest_{}, before_{};  // of each letter
  std::array<Onset, kept_onsets> melody_{};               // the last ones, in a ring
  std::uint32_t played_ = 0;                              // onsets in all
  std::array<Onset, max_bar_onsets> bar_{};               // what the present bar repeats
  std::uint32_t count_ = 0, next_ = 0;                    // of those
  int track_ = track_count;                               // of the melody: the lowest that has played
};
static_assert(std::is_trivially_copyable_v<RepeatGuide> && sizeof(RepeatGuide) < 10 * 1024);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "repeat_guide.ipp"
#endif
