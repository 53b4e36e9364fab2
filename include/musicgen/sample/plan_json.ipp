// Definitions of plan_json.hpp.
#pragma once

#include <nlohmann/json.hpp>

#include "../core/error.hpp"
#include "../core/json.hpp"
#include "../core/text.hpp"
#include "plan_json.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// A value of a plan.
/// @throws Error  unless it has the type
template <class T>
T plan_value(const nlohmann::json& value, const std::string& name, const std::string& type) {
  const auto found = json_value<T>(value);
  if (!found) throw Error("plan: \"" + name + "\" has to be " + type);
  return *found;
}

/// A member of an element of a list of changes.
/// @throws Error  if it is missing or has another type, or for unknown members
template <class T>
T change_value(const nlohmann::json& change, const std::string& list, const std::string& member,
               const std::string& type) {
  if (!change.is_object() || !change.contains(member))
    throw Error("plan: an element of \"" + list + "\" lacks \"" + member + "\"");
  for (const auto& [name, value] : change.items())
    if (name != "bar" && name != list && !(list == "chords" && (name == "beat" || name == "chord")))
      throw Error("plan: an element of \"" + list + "\" has an unknown member \"" + printable(name) + "\"");
  return plan_value<T>(change.at(member), member, type);
}
inline int place_of(const nlohmann::json& change, const std::string& list, const std::string& member) {
  const int place = change_value<int>(change, list, member, "a whole number");
  if (place < 1) throw Error("plan: \"" + member + "\" is counted from 1");
  return place - 1;
}

inline void read_chords(const nlohmann::json& value, PlanRequest& plan) {
  if (value.is_string()) {
    plan.chords = chord_a_bar(value.get<std::string>());
    plan.chord_bars = static_cast<int>(plan.chords.size());
    return;
  }
  if (!value.is_array()) throw Error(R"(plan: "chords" has to be a text such as "C G Am F", or a list)");
  for (const auto& chord : value) {
    const int bar = place_of(chord, "chords", "bar");
    const int beat = chord.contains("beat") ? place_of(chord, "chords", "beat") : 0;
    plan.chords.push_back(
        {bar, beat, musicgen::parse_chord(change_value<std::string>(chord, "chords", "chord", "a text"))});
  }
}

inline void read_part(const std::string& name, const nlohmann::json& value, PlanRequest& plan) {
  if (name == "key") {
    plan.key = Key::parse(plan_value<std::string>(value, name, "a text"));
  } else if (name == "tempo" && value.is_array()) {
    for (const auto& change : value)
      plan.tempos.push_back({place_of(change, name, "bar"), change_value<int>(change, name, name, "a whole number")});
  } else if (name == "tempo") {
    plan.tempos = {{0, plan_value<int>(value, name, "a whole number, or a list")}};
  } else if (name == "meter" && value.is_array()) {
    for (const auto& change : value)
      plan.meters.push_back(
          {place_of(change, name, "bar"), parse_meter(change_value<std::string>(change, name, name, "a text"))});
  } else if (name == "meter") {
    plan.meters = {{0, parse_meter(plan_value<std::string>(value, name, "a text, or a list"))}};
  } else if (name == "form") {
    plan.form = parse_form(plan_value<std::string>(value, name, "a text"));
  } else if (name == "chords") {
    read_chords(value, plan);
  } else if (name == "bars") {
    plan.bars = plan_value<int>(value, name, "a whole number");
    if (plan.bars < 1) throw Error("plan: \"bars\" has to be at least 1");
  } else {
    throw Error("plan: \"" + printable(name) +
                "\" is no part of one: they are key, tempo, meter, form, chords and bars");
  }
}

inline std::string key_name(const Key& key) {
  return std::string(pitch_class_name(key.tonic)) + (key.minor ? " minor" : " major");
}

/// The value, if it never changes; otherwise the list of its changes.
template <class Changes, class Value>
nlohmann::ordered_json changes_json(const Changes& changes, const char* name, const Value& value) {
  if (changes.size() == 1) return value(changes[0]);
  auto list = nlohmann::ordered_json::array();
  for (const auto& change : changes) list.push_back({{"bar", change.bar + 1}, {name, value(change)}});
  return list;
}

/// Whether the chords are one per bar, and repeat.
inline bool are_a_bar_each(const PlanRequest& plan) {
  for (std::size_t i = 0; i < plan.chords.size(); ++i)
    if (plan.chords[i].bar != static_cast<int>(i) || plan.chords[i].beat != 0) return false;
  return plan.chord_bars == static_cast<int>(plan.chords.size());
}

inline nlohmann::ordered_json chords_json(const PlanRequest& plan) {
  if (are_a_bar_each(plan)) {
    std::string text;
    for (const PlanRequest::Chord& chord : plan.chords) text += (text.empty() ? "" : " ") + chord_name(chord.chord);
    return text;
  }
  if (plan.chord_bars > 0) throw Error("plan: chords that come again are one a bar in JSON");
  auto list = nlohmann::ordered_json::array();
  for (const PlanRequest::Chord& chord : plan.chords)
    list.push_back({{"bar", chord.bar + 1}, {"beat", chord.beat + 1}, {"chord", chord_name(chord.chord)}});
  return list;
}

}  // namespace detail

MUSICGEN_INLINE PlanRequest parse_plan(std::string_view json) {
  const nlohmann::json object = detail::parse_json(json);
  if (object.is_discarded()) throw Error("plan: " + detail::json_fault(json));
  if (!object.is_object()) throw Error("plan: is not a JSON object");
  PlanRequest plan;
  for (const auto& [name, value] : object.items()) detail::read_part(name, value, plan);
  require_valid(plan);
  return plan;
}

MUSICGEN_INLINE std::string plan_json(const PlanRequest& plan) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  if (plan.key) object["key"] = detail::key_name(*plan.key);
  if (!plan.tempos.empty())
    object["tempo"] =
        detail::changes_json(plan.tempos, "tempo", [](const Plan::Tempo& tempo) { return tempo.quarters; });
  if (!plan.meters.empty())
    object["meter"] = detail::changes_json(plan.meters, "meter", [](const Plan::Bars& change) {
      return to_string(meters[static_cast<std::size_t>(change.meter)]);
    });
  std::string form;
  for (const Plan::Phrase& phrase : plan.form)
    form += (form.empty() ? "" : " ") + std::string(1, phrase.letter) + std::to_string(phrase.bars);
  if (!form.empty()) object["form"] = form;
  if (!plan.chords.empty()) object["chords"] = detail::chords_json(plan);
  if (plan.bars > 0) object["bars"] = plan.bars;
  return object.dump(2) + "\n";
}

}  // namespace musicgen::inline MUSICGEN_ABI
