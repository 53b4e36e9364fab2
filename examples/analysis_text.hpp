// An analysis as a few lines of text, and as JSON.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <musicgen/analyze.hpp>
#include <musicgen/core/text.hpp>
#include <nlohmann/json.hpp>
#include <ostream>
#include <span>
#include <string>
#include <vector>

/// The beats from 0 s on, since the beat of a pick-up may begin before the file does.
inline std::span<const musicgen::Beat> beats_of_file(const musicgen::Analysis& analysis) {
  const std::span<const musicgen::Beat> beats(analysis.beats);
  return beats.subspan(!beats.empty() && beats[0].tick < 0 ? 1 : 0);
}

/// One object: "beats" and "downbeats" (seconds), "meter", "tempo" (beats a minute), "key" (the one in force longest),
/// "keys", "chords", "phrases" (lists of {"start", "end", "label"}). Without a beat they are empty or null, and
/// "no_beat" says why. Everything begins at 0 s or later: the beat of a pick-up that begins earlier is left out, and
/// spans that begin with it begin at 0.
inline std::string analysis_json(const musicgen::Analysis& analysis) {
  using nlohmann::ordered_json;
  const auto seconds = [](musicgen::Seconds time) { return std::round(std::max(0.0, time.count()) * 1e6) / 1e6; };
  const auto spans = [&](const auto& all) {
    ordered_json list = ordered_json::array();
    for (const auto& span : all)
      list.push_back({{"start", seconds(span.start)}, {"end", seconds(span.end)}, {"label", span.label()}});
    return list;
  };
  ordered_json object{{"beats", ordered_json::array()}, {"downbeats", ordered_json::array()}};
  for (const musicgen::Beat& beat : beats_of_file(analysis)) {
    object["beats"].push_back(seconds(beat.time));
    if (beat.place == 0) object["downbeats"].push_back(seconds(beat.time));
  }
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

/// One line per phrase: "A8 Eb:min | Ab:min Bb:maj | ...", with the current chord in bars where none begins.
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
  using musicgen::detail::counted;
  const auto beats = beats_of_file(analysis);
  out << to_string(analysis.meter) << ", " << std::fixed << std::setprecision(1) << analysis.tempo
      << " beats a minute, " << counted(beats.size(), "beat") << " in " << counted(analysis.bars.size(), "bar");
  const auto downbeat = std::find_if(beats.begin(), beats.end(), [](const auto& beat) { return beat.place == 0; });
  if (downbeat != beats.end())
    out << ", the first downbeat at " << std::setprecision(2) << downbeat->time.count() << " s";
  out << '\n';
  if (!analysis.keys.empty()) print_keys(out, analysis);
  out << "form: " << analysis.form() << '\n';
  print_chords(out, analysis);
}
