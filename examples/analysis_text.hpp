// An analysis in a few lines, and as JSON.
#pragma once

#include <cmath>
#include <cstddef>
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

inline void print_analysis(std::ostream& out, const musicgen::Analysis& analysis) {
  if (!analysis.has_beat()) {
    out << "no beat: " << analysis.no_beat << '\n';
    return;
  }
  std::ptrdiff_t downbeats = 0;
  for (const musicgen::Beat& beat : analysis.beats) downbeats += beat.place == 0;
  out << to_string(analysis.meter) << ", " << std::fixed << std::setprecision(1) << analysis.tempo
      << " beats a minute, " << analysis.beats.size() << " beats, " << downbeats << " bars";
  if (downbeats > 0) out << " from " << std::setprecision(2) << analysis.downbeats().front().count() << " s";
  out << '\n';
}
