// Definitions of stages.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <nlohmann/json.hpp>
#include <numbers>
#include <string_view>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/json.hpp"
#include "stages.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace stages {

namespace detail {

inline Stage stage_from_json(const nlohmann::json& j, std::size_t number, const std::filesystem::path& file) {
  const auto bad = [&](const std::string& what) {
    return file_error(file, "stage " + std::to_string(number) + ": " + what);
  };
  if (!j.is_object()) throw bad("is not a JSON object");
  Stage s;
  s.name = std::to_string(number);
  const auto length_range = [&](const nlohmann::json& value) -> std::array<int, 2> {
    const auto range =
        musicgen::detail::json_value<std::vector<int>>(value.is_array() ? value : nlohmann::json{value, value});
    if (!range || range->size() != 2) throw bad("\"input_length\" is neither a whole number nor two, or too large");
    return {(*range)[0], (*range)[1]};
  };
  for (const auto& [key, value] : j.items()) {
    const auto takes_number = [&, &key = key, &value = value]<class T>(const char* name, T& field) {
      if (key != name) return false;
      const auto found = musicgen::detail::json_value<T>(value);
      if (!found) throw bad("\"" + key + "\" is not a" + (std::integral<T> ? " whole" : "") + " number, or too large");
      if (*found < 0 || *found > T(1'000'000'000)) throw bad("\"" + key + "\" is out of range");
      field = *found;
      return true;
    };
    if (key == "name" && value.is_string())
      s.name = value.get<std::string>();
    else if (key == "input_length")
      s.input_length = length_range(value);
    else if (!takes_number("target_length", s.target_length) &&
             !takes_number("start_probability", s.start_probability) &&
             !takes_number("end_probability", s.end_probability) &&
             !takes_number("teacher_forcing", s.teacher_forcing) && !takes_number("leave_below", s.leave_below) &&
             !takes_number("patience", s.patience) && !takes_number("max_steps", s.max_steps) &&
             !takes_number("learning_rate", s.learning_rate))
      throw bad("\"" + key +
                "\" is not one of name (a text), input_length, target_length, start_probability, end_probability, "
                "teacher_forcing, leave_below, patience, max_steps, learning_rate");
  }
  if (s.input_length[0] < 1 || s.input_length[1] < s.input_length[0] || s.input_length[1] > 1 << 20)
    throw bad("\"input_length\" is out of order or out of range");
  if (s.target_length < 1 || s.target_length > 1 << 20) throw bad("\"target_length\" is out of range");
  if (s.start_probability > 1 || s.end_probability > 1 || s.teacher_forcing > 1) throw bad("a probability is over 1");
  return s;
}

}  // namespace detail

MUSICGEN_INLINE std::vector<Stage> original() {
  std::vector<Stage> all{
      {.name = "one",
       .input_length = {32, 32},
       .target_length = 1,
       .start_probability = 0,
       .leave_below = 2.5,
       .patience = 20},
      {.name = "two", .input_length = {50, 50}, .target_length = 12, .leave_below = 1.7, .patience = 20},
      {.name = "three", .input_length = {100, 100}, .target_length = 50, .leave_below = 1.1, .patience = 20},
      {.name = "four", .input_length = {100, 1000}, .target_length = 50}};
  for (Stage& stage : all) stage.end_probability = 0;
  return all;
}

MUSICGEN_INLINE std::vector<Stage> all_positions(int tokens) {
  return {{.name = "all positions", .input_length = {1, 1}, .target_length = tokens - 1}};
}

MUSICGEN_INLINE std::vector<Stage> from_file(const std::filesystem::path& file) {
  const auto bytes = read_bytes(file);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const auto j = musicgen::detail::parse_json(text);
  if (j.is_discarded()) throw file_error(file, musicgen::detail::json_fault(text));
  if (!j.is_array() || j.empty()) throw file_error(file, "is not a list of stages");
  std::vector<Stage> all;
  for (const auto& stage : j) all.push_back(detail::stage_from_json(stage, all.size() + 1, file));
  return all;
}

}  // namespace stages

MUSICGEN_INLINE double Schedule::at(std::int64_t step, double part) const {
  const double rise =
      warmup_steps > 0 ? std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(warmup_steps)) : 1;
  const double fall = (1 + std::cos(std::numbers::pi * std::clamp(part, 0.0, 1.0))) / 2;
  return learning_rate * rise * (final_fraction + (1 - final_fraction) * fall);
}

}  // namespace musicgen::inline MUSICGEN_ABI
