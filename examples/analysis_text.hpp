// An analysis in a few lines, and as JSON.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <musicgen/analyze.hpp>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

/// One object: "beats" and "downbeats" (seconds), "meter", "tempo" (beats a minute), "key" (the one longest in force),
/// "keys", "chords", "phrases" (lists of {"start", "end", "label"}); what there is none of is empty or null, and
/// "no_beat" then says why.
inline std::string analysis_json(const musicgen::Analysis& analysis) {
  using nlohmann::ordered_json;
  const auto seconds = [](musicgen::Seconds time) { return std::round(time.count() * 1e6) / 1e6; };
  const auto spans = [&](const auto& all) {
    ordered_json list = ordered_json::array();
    for (const auto& span : all)
      list.push_back({{"start", seconds(span.start)}, {"end", seconds(span.end)}, {"label", span.label()}});
    return list;
  };
  ordered_json object{{"beats", ordered_json::array()}, {"downbeats", ordered_json::array()}};
  for (const musicgen::Beat& beat : analysis.beats) object["beats"].push_back(seconds(beat.time));
  for (const musicgen::Seconds time : analysis.downbeats()) object["downbeats"].push_back(seconds(time));
  const auto known = [&](auto value) { return analysis.has_beat() ? ordered_json(value) : ordered_json(); };
  object["meter"] = known(to_string(analysis.meter));
  object["tempo"] = known(std::round(analysis.tempo * 1000) / 1000);
  const musicgen::KeySpan* key = analysis.main_key();
  object["key"] = key != nullptr ? ordered_json(key->label()) : ordered_json();
  object["keys"] = spans(analysis.keys);
  object["chords"] = spans(analysis.chords);
  object["phrases"] = spans(analysis.phrases);
  if (!analysis.has_beat()) object["no_beat"] = analysis.no_beat;
  return object.dump();
}

/// "Eb:min 0:00-2:10, ..."
inline void print_keys(std::ostream& out, const musicgen::Analysis& analysis) {
  const auto clock = [](musicgen::Seconds time) {
    const auto whole = std::max<std::int64_t>(0, std::llround(time.count()));
    return std::to_string(whole / 60) + (whole % 60 < 10 ? ":0" : ":") + std::to_string(whole % 60);
  };
  out << "key:";
  for (const musicgen::KeySpan& key : analysis.keys)
    out << (&key == &analysis.keys.front() ? " " : ", ") << key.label() << ' ' << clock(key.start) << '-'
        << clock(key.end);
  out << '\n';
}

/// A line a phrase: "A8 Eb:min | Ab:min Bb:maj | ...", bars between strokes, the chord in force where none begins.
inline void print_chords(std::ostream& out, const musicgen::Analysis& analysis) {
  std::size_t chord = 0;
  for (const musicgen::PhraseSpan& phrase : analysis.phrases) {
    out << "  " << phrase.label() << phrase.bars();
    for (int bar = phrase.first_bar; bar < phrase.end_bar; ++bar) {
      const int first = analysis.bars[static_cast<std::size_t>(bar)].first_beat;
      const int end = analysis.bars[static_cast<std::size_t>(bar)].end_beat;
      out << (bar == phrase.first_bar ? "  " : " | ");
      while (chord + 1 < analysis.chords.size() && analysis.chords[chord].end_beat <= first) ++chord;
      for (std::size_t k = chord; k < analysis.chords.size() && analysis.chords[k].first_beat < end; ++k)
        out << (k == chord ? "" : " ") << analysis.chords[k].label();
    }
    out << '\n';
  }
}

/// A few lines: metre and tempo, keys, the form, and the chords of each phrase.
inline void print_analysis(std::ostream& out, const musicgen::Analysis& analysis) {
  if (!analysis.has_beat()) {
    out << "no beat: " << analysis.no_beat << '\n';
    return;
  }
  out << to_string(analysis.meter) << ", " << std::fixed << std::setprecision(1) << analysis.tempo
      << " beats a minute, " << analysis.beats.size() << " beats in " << analysis.bars.size() << " bars";
  if (const auto downbeats = analysis.downbeats(); !downbeats.empty())
    out << ", the first downbeat at " << std::setprecision(2) << downbeats.front().count() << " s";
  out << '\n';
  if (!analysis.keys.empty()) print_keys(out, analysis);
  out << "form: " << analysis.form() << '\n';
  print_chords(out, analysis);
}
