// Internal: a plan as events of a MIDI file: tempo, time and key signatures, phrases as markers, chords as texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../midi/score.hpp"
#include "plan.hpp"
#include "song_state.hpp"
#include "vocabulary.hpp"

namespace musicgen::inline MUSICGEN_ABI::detail {

/// Ticks per step; 480 per quarter note.
inline constexpr int step_ticks = 40;

/// The sharps (positive) or flats (negative) of a key of TokenKind::key; in major Db and Gb rather than C# and F#.
[[nodiscard]] constexpr int sharps_of(int key) {
  constexpr std::array<int, 12> major{0, -5, 2, -3, 4, -1, -6, 1, -4, 3, -2, 5};
  return major[static_cast<std::size_t>(key < 12 ? key : (key + 3) % 12)];
}

/// Collects the tokens of a plan as they come.
class PlanEvents {
 public:
  /// @param song  the song after the token
  void take(TokenEvent token, const SongState& song) {
    const std::int64_t tick = song.steps() * step_ticks;
    switch (token.kind) {
      case TokenKind::fine_tempo:
        tempos_.push_back({tick, static_cast<std::uint32_t>(microseconds_a_quarter(song.place().tempo))});
        break;
      case TokenKind::meter:
        times_.push_back({tick, song.meter().beats, song.meter().unit});
        break;
      case TokenKind::key:
        keys_.push_back({tick, sharps_of(token.value), token.value >= 12});
        break;
      case TokenKind::phrase:
        markers_.push_back({tick, std::string(1, static_cast<char>(token.value))});
        break;
      case TokenKind::chord:
        chords_.push_back({tick, MetaType::text, chord_name(transposed_chord(token.value, song.transposition()))});
        break;
      default:
        break;
    }
  }

  [[nodiscard]] TempoMap tempo() const {
    return TempoMap(static_cast<std::uint16_t>(step_ticks * steps_a_quarter), tempos_);
  }
  /// Moves everything but the tempo into a score.
  void move_to(Score& score) {
    score.time_signatures = std::move(times_);
    score.key_signatures = std::move(keys_);
    score.markers = std::move(markers_);
    score.texts = std::move(chords_);
  }

 private:
  std::vector<TempoChange> tempos_;
  std::vector<TimeSignature> times_;
  std::vector<KeySignature> keys_;
  std::vector<Marker> markers_;
  std::vector<MetaEvent> chords_;
};

}  // namespace musicgen::inline MUSICGEN_ABI::detail
