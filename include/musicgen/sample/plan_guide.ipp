// Definitions of plan_guide.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../tokens/grammar.hpp"
#include "plan_guide.hpp"
#include "token_mask.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Where a song stands, in the plan's terms.
struct PlanGuide::Moment {
  const SongState& song;
  const SongState::Place& place;
  const Start& start;
  bool endless;
  std::int32_t bar;          // of the song, from 0
  std::int32_t length;       // of the plan, bars; 0: it has no end
  std::int32_t phrases_bar;  // of what `length` counts, from its beginning; under 0 in the rest of a prompt's phrase
  bool is_over;              // the song has to end here

  bool is_last_bar() const { return !endless && length > 0 && phrases_bar == length - 1; }
  bool needs_phrase() const { return GrammarRules::needs_phrase(song); }
  bool phrase_begins() const {
    return place.bar_steps == 0 && place.phrase_bar == 0 &&
           (place.last == TokenKind::phrase_bars || place.last == TokenKind::repeat);
  }
};

namespace detail {

/// The notes of a chord's triad that a key's scale lacks.
inline int notes_outside(int chord, const Key& key) {
  if (chord == no_chord) return 0;
  ChordSpan triad;
  triad.root = chord / triad_count;
  triad.quality = static_cast<ChordQuality>(1 + chord % triad_count);
  int outside = 0;
  for (int pitch = 0; pitch < 12; ++pitch)
    if (triad.contains(pitch) && key.forbids({TokenKind::note_on, pitch})) ++outside;
  return outside;
}

/// The key that is asked for; else those whose scales lack the fewest notes of the chords that are.
inline std::array<bool, 24> keys_for(const PlanRequest& plan) {
  std::array<int, 24> lacking{};
  for (int word = 0; word < 24; ++word) {
    const Key key{word % 12, word >= 12};
    for (const PlanRequest::Chord& chord : plan.chords)
      lacking[static_cast<std::size_t>(word)] += notes_outside(chord.chord, key);
  }
  const int fewest = *std::min_element(lacking.begin(), lacking.end());
  std::array<bool, 24> keys{};
  for (int word = 0; word < 24; ++word) {
    const auto k = static_cast<std::size_t>(word);
    keys[k] = plan.key ? word == key_word(*plan.key) : lacking[k] == fewest;
  }
  return keys;
}

}  // namespace detail

MUSICGEN_INLINE PlanGuide::PlanGuide(const Vocabulary& vocabulary, PlanRequest plan)
    : vocabulary_(vocabulary), plan_(std::move(plan)), keys_(detail::keys_for(plan_)), phrase_starts_{0} {
  require_valid(plan_);
  if (!plan_.empty() && !vocabulary.has_beats())
    throw Error("the model has no plan: it counts time in seconds, not in beats");
  require_words(vocabulary);
  for (const Plan::Phrase& phrase : plan_.form) phrase_starts_.push_back(phrase_starts_.back() + phrase.bars);
}

MUSICGEN_INLINE void PlanGuide::require_words(const Vocabulary& vocabulary) const {
  const auto require = [&](TokenKind kind, int value) {
    if (vocabulary.find(kind, value) == no_token)
      throw Error("the model's vocabulary lacks \"" + Vocabulary::to_name({kind, value}) + "\"");
  };
  if (plan_.key) require(TokenKind::key, key_word(*plan_.key));
  for (const Plan::Tempo& tempo : plan_.tempos) {
    require(TokenKind::tempo, tempo.quarters / 4);
    require(TokenKind::fine_tempo, tempo.quarters % 4);
  }
  for (const Plan::Bars& change : plan_.meters) require(TokenKind::meter, change.meter);
  for (const Plan::Phrase& phrase : plan_.form) {
    require(TokenKind::phrase, phrase.letter);
    require(TokenKind::phrase_bars, phrase.bars);
  }
  for (int bars = 1; plan_.bars > 0 && bars <= std::min(plan_.bars, max_phrase_bars); ++bars)
    require(TokenKind::phrase_bars, bars);
  // In which key is not known.
  for (const PlanRequest::Chord& chord : plan_.chords)
    for (int moved = 0; moved < 12; ++moved) require(TokenKind::chord, transposed_chord(chord.chord, moved));
}

MUSICGEN_INLINE void PlanGuide::require_fits(const SongState& song) const {
  const SongState::Place& place = song.place();
  if (place.bars == 0) return;
  const auto require = [](bool fits, const std::string& what, const std::string& asked) {
    if (!fits) throw Error("the plan asks for " + asked + ", and the prompt has another " + what);
  };
  if (plan_.key) require(place.key == key_word(*plan_.key), "key", "a key");
  for (const Plan::Tempo& tempo : plan_.tempos)
    require(tempo.bar == 0 && place.tempo == tempo.quarters, "tempo",
            std::to_string(tempo.quarters) + " quarters a minute");
  for (const Plan::Bars& change : plan_.meters)
    require(change.bar == 0 && place.meter == change.meter, "metre",
            to_string(meters[static_cast<std::size_t>(change.meter)]));
  if (plan_.ends() && place.phrase == 0)
    throw Error("the plan asks for phrases, and the prompt has none to go on from");
  const std::int32_t after = place.bars - (song.bar_left() > 0 ? 1 : 0);
  if (plan_.bars > 0 && plan_.bars <= after)
    throw Error("the prompt has " + detail::counted(after, "bar") + ", and the whole song is to have " +
                std::to_string(plan_.bars));
}

MUSICGEN_INLINE PlanGuide::Start PlanGuide::start_after(const SongState& song) {
  const SongState::Place& place = song.place();
  if (place.bars == 0) return {};
  return {place.bars - 1 + place.bars_left, place.bars};
}

MUSICGEN_INLINE void PlanGuide::apply(const SongState& song, const Start& start, bool endless,
                                      std::span<std::uint8_t> allowed) const {
  const detail::TokenMask mask{vocabulary_, allowed};
  if (!song.at_free_position()) return;
  if (song.place().bars == 0) return mask.forbid(TokenKind::end);  // a song has a bar at least
  if (song.bar_left() == 0) return;                                // only a bar line may come
  Moment now{song, song.place(), start, endless, song.place().bars - 1, 0, 0, false};
  now.length = plan_.length();
  now.phrases_bar = plan_.bars > 0 ? now.bar : now.bar - start.form;
  now.is_over = !endless && now.length > 0 && now.phrases_bar >= now.length;
  if (endless && now.length > 0 && now.phrases_bar > 0) now.phrases_bar %= now.length;
  leave_what_is_asked(now, mask);
  leave_lengths(now, mask);
  leave_chords(now, mask);
  leave_ends(now, mask);
  require_what_is_due(now, mask);
}

/// Key, tempo and metre, those asked for where they are asked for and no others.
MUSICGEN_INLINE void PlanGuide::leave_what_is_asked(const Moment& now, const detail::TokenMask& mask) const {
  if (now.place.bar_steps > 0) return;
  mask.forbid_if(TokenKind::key, [&](int key) { return !keys_[static_cast<std::size_t>(key)]; });
  const auto here = [&](const auto& change) { return change.bar == now.bar; };
  if (!plan_.tempos.empty()) {
    const auto tempo = std::find_if(plan_.tempos.begin(), plan_.tempos.end(), here);
    const int quarters = tempo == plan_.tempos.end() ? -4 : tempo->quarters;
    mask.only(TokenKind::tempo, quarters / 4);
    if (now.place.last == TokenKind::tempo && quarters > 0) mask.only(TokenKind::fine_tempo, quarters % 4);
  }
  if (!plan_.meters.empty()) {
    const auto change = std::find_if(plan_.meters.begin(), plan_.meters.end(), here);
    mask.only(TokenKind::meter, change == plan_.meters.end() ? -1 : change->meter);
  }
}

/// Phrases of the form; without one, those that end with the song at the latest.
MUSICGEN_INLINE void PlanGuide::leave_lengths(const Moment& now, const detail::TokenMask& mask) const {
  if (now.place.bar_steps > 0 || now.phrases_bar < 0) return;
  if (plan_.bars > 0) {
    const std::int32_t left = plan_.bars - now.phrases_bar;
    mask.forbid_if(TokenKind::phrase_bars, [&](int bars) { return bars > left; });
  } else if (!plan_.form.empty() && !now.is_over) {
    const auto next = std::upper_bound(phrase_starts_.begin(), phrase_starts_.end() - 1, now.phrases_bar) - 1;
    const Plan::Phrase& phrase = plan_.form[static_cast<std::size_t>(next - phrase_starts_.begin())];
    mask.only(TokenKind::phrase, phrase.letter);
    mask.only(TokenKind::phrase_bars, phrase.bars);
  }
}

/// The token of the chord that is asked for on a beat of this bar; -1 where none is yet.
MUSICGEN_INLINE int PlanGuide::chord_at(const Moment& now, int beat) const {
  std::int32_t bar = now.bar - now.start.chords;
  const std::int32_t again = plan_.chord_bars > 0 ? plan_.chord_bars : now.endless ? now.length : 0;
  if (bar < 0) return -1;
  const bool has_come = again > 0 && bar >= again;
  if (again > 0) bar %= again;
  const auto after = std::upper_bound(plan_.chords.begin(), plan_.chords.end(), std::pair(bar, beat),
                                      [](const auto& place, const PlanRequest::Chord& chord) {
                                        return place < std::pair(std::int32_t{chord.bar}, chord.beat);
                                      });
  if (after == plan_.chords.begin() && !has_come) return -1;
  const PlanRequest::Chord& chord = after == plan_.chords.begin() ? plan_.chords.back() : *(after - 1);
  return transposed_chord(chord.chord, -now.song.transposition());
}

/// Chords that are asked for, where they begin; time passes no further than to the next.
MUSICGEN_INLINE void PlanGuide::leave_chords(const Moment& now, const detail::TokenMask& mask) const {
  if (plan_.chords.empty()) return;
  const Meter meter = now.song.meter();
  const int beat = now.place.bar_steps / beat_steps(meter);
  const int chord = chord_at(now, beat);
  mask.only(TokenKind::chord, chord == now.place.chord && !now.phrase_begins() ? -1 : chord);
  for (int later = beat + 1; later < meter.beats; ++later) {
    if (chord_at(now, later) == chord) continue;
    const int left = later * beat_steps(meter) - now.place.bar_steps;
    mask.forbid_if(TokenKind::time, [&](int steps) { return steps > left; });
    break;
  }
}

/// What ends a song: `$`, and the notes' ends between two phrases, after which no other phrase may come.
MUSICGEN_INLINE void PlanGuide::leave_ends(const Moment& now, const detail::TokenMask& mask) const {
  if (now.needs_phrase() && now.is_over) {
    for (auto kind = TokenKind::key; kind <= TokenKind::chord;
         kind = static_cast<TokenKind>(static_cast<int>(kind) + 1))
      mask.forbid(kind);
    return;
  }
  const bool goes_on = now.endless || now.length > 0;
  if (!goes_on || now.is_over || now.is_last_bar()) return;
  if (now.needs_phrase() && !mask.allows_any(TokenKind::phrase)) return;  // nothing else is left
  mask.forbid(TokenKind::end);
}

/// Where words of the plan have to come, leaves them and those that may stand before them.
MUSICGEN_INLINE void PlanGuide::require_what_is_due(const Moment& now, const detail::TokenMask& mask) const {
  using enum TokenKind;
  const bool is_first = now.bar == 0 && now.place.bar_steps == 0;
  const bool goes_on = now.endless || now.length > 0;
  for (const auto& [kind, is_due] : {std::pair{key, is_first},
                                     {tempo, is_first || !plan_.tempos.empty()},
                                     {meter, is_first || !plan_.meters.empty()},
                                     {phrase, is_first || (now.needs_phrase() && goes_on)},
                                     {chord, is_first || !plan_.chords.empty()}}) {
    if (!is_due || !mask.allows_any(kind)) continue;  // those asked for are left only where they are due
    for (Token token = 0; token < vocabulary_.size(); ++token)
      if (const TokenKind other = vocabulary_[token].kind; other < bar || other > kind) mask.forbid(token);
    return;
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
