// Definitions of plan_request.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../core/text.hpp"
#include "../tokens/song_state.hpp"
#include "plan_request.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

inline void require_plan(bool holds, const std::string& otherwise) {
  if (!holds) throw Error("plan: " + otherwise);
}

inline bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

inline void require_phrase(const Plan::Phrase& phrase) {
  require_plan(is_letter(phrase.letter), "a phrase has a letter from A to Z or a to z");
  require_plan(phrase.bars >= 1 && phrase.bars <= max_phrase_bars,
               std::string("phrase ") + phrase.letter + " has " + counted(phrase.bars, "bar") + ", and may have 1 to " +
                   std::to_string(max_phrase_bars));
}

/// For tempos or metres: the first one must hold from the beginning, and they must be in order.
template <class Change>
void require_order(const std::vector<Change>& changes, const std::string& what) {
  for (std::size_t i = 0; i < changes.size(); ++i)
    require_plan(
        i == 0 ? changes[i].bar == 0 : changes[i].bar > changes[i - 1].bar,
        i == 0 ? "the first " + what + " is that of the first bar" : "the " + what + "s are not in order of bars");
}

inline void require_chords(const PlanRequest& plan) {
  std::pair before{0, -1};
  for (const PlanRequest::Chord& chord : plan.chords) {
    require_plan(chord.chord >= 0 && chord.chord <= no_chord, "chord " + std::to_string(chord.chord) + " is none");
    require_plan(chord.bar >= 0 && chord.beat >= 0 && std::pair(chord.bar, chord.beat) > before,
                 "the chords are not in order of bars and beats");
    before = {chord.bar, chord.beat};
  }
  require_plan(plan.chord_bars >= 0, "chords come again after 1 bar or more");
  require_plan(plan.chord_bars == 0 || before.first < plan.chord_bars,
               "a chord of bar " + std::to_string(before.first + 1) + " does not come where the chords are those of " +
                   counted(plan.chord_bars, "bar"));
}

}  // namespace detail

namespace detail {

/// @throws Error  for a change after the song's end, if the end is known
inline void require_within_song(const PlanRequest& plan) {
  const int bars = plan.length();
  const auto require = [&](const auto& changes, const char* name) {
    if (bars > 0 && !changes.empty())
      require_plan(changes.back().bar < bars, std::string("a ") + name + " in bar " +
                                                  std::to_string(changes.back().bar + 1) + " of a song of " +
                                                  counted(bars, "bar"));
  };
  require(plan.tempos, "tempo");
  require(plan.meters, "metre");
  if (plan.chord_bars == 0) require(plan.chords, "chord");
}

}  // namespace detail

MUSICGEN_INLINE int PlanRequest::length() const {
  return std::accumulate(form.begin(), form.end(), bars,
                         [](int sum, const Plan::Phrase& phrase) { return sum + phrase.bars; });
}

MUSICGEN_INLINE void require_valid(const PlanRequest& plan) {
  using detail::require_plan;
  for (const Plan::Tempo& tempo : plan.tempos)
    require_plan(tempo.quarters >= min_tempo && tempo.quarters <= max_tempo,
                 "a tempo of " + std::to_string(tempo.quarters) + " is not in " + std::to_string(min_tempo) + ".." +
                     std::to_string(max_tempo) + " quarters a minute");
  detail::require_order(plan.tempos, "tempo");
  for (const Plan::Bars& change : plan.meters)
    require_plan(change.meter >= 0 && change.meter < static_cast<int>(meters.size()),
                 "metre number " + std::to_string(change.meter) + " is none");
  detail::require_order(plan.meters, "metre");
  for (const Plan::Phrase& phrase : plan.form) detail::require_phrase(phrase);
  detail::require_chords(plan);
  require_plan(plan.bars >= 0 && plan.bars <= 1'000'000, "a song of " + detail::counted(plan.bars, "bar"));
  require_plan(plan.bars == 0 || plan.form.empty(),
               "a form and a number of bars both say how long the song is: give one");
  detail::require_within_song(plan);
}

MUSICGEN_INLINE int parse_meter(std::string_view text) {
  std::string known;
  for (std::size_t i = 0; i < meters.size(); ++i) {
    const std::string name = to_string(meters[i]);
    if (detail::trimmed(text) == name) return static_cast<int>(i);
    known += (i == 0 ? "" : ", ") + name;
  }
  throw Error("a metre is one of " + known + "; this is none: \"" + detail::printable(text) + "\"");
}

MUSICGEN_INLINE std::vector<Plan::Phrase> parse_form(std::string_view text) {
  constexpr std::string_view digits = "0123456789";
  const auto refuse = [&](std::string_view rest) {
    throw Error(R"(a form is phrases such as "i4 A8 B8", a letter each and how many bars; this is none: ")" +
                detail::printable(rest) + "\"");
  };
  std::vector<Plan::Phrase> form;
  for (std::string_view rest = detail::trimmed(text); !rest.empty(); rest = detail::trimmed(rest)) {
    const std::size_t end = std::min(rest.find_first_not_of(digits, 1), rest.size());
    Plan::Phrase phrase{rest[0], 0};
    for (const char digit : rest.substr(1, end - 1)) phrase.bars = std::min(10 * phrase.bars + (digit - '0'), 9999);
    if (!detail::is_letter(rest[0]) || end == 1) refuse(rest);
    detail::require_phrase(phrase);
    form.push_back(phrase);
    rest.remove_prefix(end);
  }
  if (form.empty()) refuse(text);
  return form;
}

namespace detail {

/// Removes `word` from the beginning of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view word) {
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  return true;
}

/// Whether a text consists of notes added to a triad: "7", "maj7", "(add9)", "7b9"...
inline bool are_additions(std::string_view text) {
  constexpr std::array<std::string_view, 13> words{"maj", "Maj", "add", "13", "11", "6", "7",
                                                   "9",   "b",   "#",   "(",  ")",  ","};
  while (!text.empty())
    if (std::none_of(words.begin(), words.end(), [&](std::string_view word) { return take(text, word); }) &&
        !take(text, "5") && !take(text, "M") && !take(text, "2") && !take(text, "4"))
      return false;
  return true;
}

/// The quality that the text after the root describes; `none` if it is not a chord.
inline ChordQuality quality_of(std::string_view text) {
  using enum ChordQuality;
  const auto contains = [&](std::string_view word) { return text.find(word) != text.npos; };
  // The suspension may be written before or after added notes: "sus4", "7sus4".
  for (const auto& [word, quality] :
       {std::pair<std::string_view, ChordQuality>{"sus2", sus2}, {"sus4", sus4}, {"sus", sus4}})
    if (const std::size_t at = text.find(word); at != text.npos)
      return are_additions(text.substr(0, at)) && are_additions(text.substr(at + word.size())) ? quality : none;
  const bool lower_fifth = contains("b5"), raised_fifth = contains("#5");
  constexpr std::array<std::pair<std::string_view, ChordQuality>, 11> names{{{"hdim", diminished},
                                                                             {"dim", diminished},
                                                                             {"aug", augmented},
                                                                             {"+", augmented},
                                                                             {"major", major},
                                                                             {"maj", major},
                                                                             {"minor", minor},
                                                                             {"min", minor},
                                                                             {"mi", minor},
                                                                             {"m", minor},
                                                                             {"-", minor}}};
  for (const auto& [name, quality] : names)
    if (take(text, name)) {
      if (!are_additions(text)) return none;
      return quality == minor && lower_fifth ? diminished : quality == major && raised_fifth ? augmented : quality;
    }
  if (text == "5" || !are_additions(text)) return none;
  return raised_fifth ? augmented : major;
}

}  // namespace detail

MUSICGEN_INLINE int parse_chord(std::string_view text) {
  constexpr std::string_view letters = "CDEFGAB";
  constexpr std::array<int, 7> classes{0, 2, 4, 5, 7, 9, 11};
  std::string_view rest = detail::trimmed(text);
  if (rest == "N" || rest == "N.C." || rest == "NC") return no_chord;
  const std::size_t letter = rest.empty() ? letters.npos : letters.find(rest[0]);
  if (letter != letters.npos) {
    int root = classes[letter];
    rest.remove_prefix(1);
    if (detail::take(rest, "#"))
      ++root;
    else if (detail::take(rest, "b"))
      --root;
    rest = rest.substr(0, rest.find('/'));  // without the bass
    detail::take(rest, ":");
    if (const ChordQuality quality = detail::quality_of(rest); quality != ChordQuality::none)
      return (root + 12) % 12 * triad_count + static_cast<int>(quality) - 1;
  }
  throw Error(R"(a chord is a letter from A to G, perhaps with # or b, and what it is, such as "C", "Am", "G7", )" +
              std::string(R"("F#dim", "Bbsus4" or "A:min", or N for none; this is none: ")") + detail::printable(text) +
              "\"");
}

MUSICGEN_INLINE std::vector<PlanRequest::Chord> chord_a_bar(std::string_view text) {
  constexpr std::string_view between = " \t\n,|";
  std::vector<PlanRequest::Chord> chords;
  for (std::size_t from = 0; (from = text.find_first_not_of(between, from)) != text.npos;) {
    const std::size_t end = std::min(text.find_first_of(between, from), text.size());
    chords.push_back({static_cast<int>(chords.size()), 0, parse_chord(text.substr(from, end - from))});
    from = end;
  }
  if (chords.empty()) throw Error("chords are such as \"C G Am F\", one a bar; there is none");
  return chords;
}

MUSICGEN_INLINE PlanRequest first_bars(PlanRequest plan, int bars) {
  const auto is_later = [&](const auto& change) { return change.bar >= bars; };
  std::erase_if(plan.tempos, is_later);
  std::erase_if(plan.meters, is_later);
  if (plan.chord_bars == 0) std::erase_if(plan.chords, is_later);
  plan.bars = std::min(plan.bars, bars);
  for (Plan::Phrase& phrase : plan.form) {
    phrase.bars = std::min(phrase.bars, bars);
    bars -= phrase.bars;
  }
  std::erase_if(plan.form, [](const Plan::Phrase& phrase) { return phrase.bars == 0; });
  return plan;
}

MUSICGEN_INLINE PlanRequest plan_of(std::span<const Token> tokens, const Vocabulary& vocabulary) {
  PlanRequest plan;
  SongState song;
  int bars = 0;  // in which time passes
  for (const Token token : tokens) {
    const TokenEvent word = vocabulary[token];
    song.advance(word);
    if (word.kind == TokenKind::time) bars = song.place().bars;
    const SongState::Place& place = song.place();
    const int bar = place.bars - 1;
    switch (word.kind) {
      case TokenKind::key:
        plan.key = Key{word.value % 12, word.value >= 12};
        break;
      case TokenKind::fine_tempo:
        plan.tempos.push_back({bar, place.tempo});
        break;
      case TokenKind::meter:
        plan.meters.push_back({bar, word.value});
        break;
      case TokenKind::phrase_bars:
        plan.form.push_back({static_cast<char>(place.phrase), word.value});
        break;
      case TokenKind::chord:
        if (const int chord = transposed_chord(word.value, song.transposition());
            plan.chords.empty() || plan.chords.back().chord != chord)
          plan.chords.push_back({bar, place.bar_steps / beat_steps(song.meter()), chord});
        break;
      default:
        break;
    }
  }
  return first_bars(std::move(plan), bars);
}

}  // namespace musicgen::inline MUSICGEN_ABI
