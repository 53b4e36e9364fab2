// Definitions of metadata.hpp.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "../core/error.hpp"
#include "json_fields.hpp"
#include "metadata.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

inline constexpr std::array<const char*, 2> attention_value_names{"match", "successor"};

inline AttentionValue attention_value_of(const std::string& name, const std::filesystem::path& file) {
  for (std::size_t i = 0; i < attention_value_names.size(); ++i)
    if (name == attention_value_names[i]) return static_cast<AttentionValue>(i);
  throw file_error(file, "attention is \"" + name + "\", neither match nor successor");
}

/// In files, and only there, zero means "unknown".
inline MusicProfile parse_profile(const nlohmann::json& j, const std::filesystem::path& file) {
  MusicProfile profile{.programs = json_field<std::vector<int>>(j, "programs", file)};
  for (const auto& [field, time] :
       {std::pair("longest_note", &profile.max_note_length), {"usual_length", &profile.usual_length}}) {
    const auto steps = j.contains(field) ? json_field<std::int64_t>(j, field, file) : 0;
    constexpr std::int64_t most = std::int64_t{1} << 40;  // more would overflow in milliseconds
    if (steps < -most || steps > most)
      throw file_error(file, std::string(field) + " is " + std::to_string(steps) + " steps");
    if (steps != 0) *time = std::chrono::milliseconds(10 * steps);
  }
  const int velocity = j.contains("usual_velocity") ? json_field<int>(j, "usual_velocity", file) : 0;
  if (velocity != 0) profile.usual_velocity = velocity;
  if (j.contains("sustain")) profile.sustain = json_field<bool>(j, "sustain", file);
  return profile;
}

inline AttentionOptions parse_attention(const nlohmann::json& j, const std::filesystem::path& file) {
  AttentionOptions attention;
  if (j.contains("attention"))
    attention.value = attention_value_of(json_field<std::string>(j, "attention", file), file);
  if (j.contains("attention_scale")) attention.scale = json_field<float>(j, "attention_scale", file);
  return attention;
}

inline std::optional<Vocabulary> parse_vocabulary(const nlohmann::json& j, const std::filesystem::path& file) {
  if (!j.contains("vocabulary")) return std::nullopt;
  const auto names = json_field<std::vector<std::string>>(j, "vocabulary", file);
  try {
    return Vocabulary::from_names(names);
  } catch (const Error& e) {
    throw file_error(file, e.what());
  }
}

}  // namespace detail

MUSICGEN_INLINE std::string to_metadata(const ModelConfig& config) {
  const Dimensions& d = config.dimensions;
  const auto steps = [](std::optional<std::chrono::milliseconds> time) { return time ? time->count() / 10 : 0; };
  nlohmann::json j{{"version", model_file_version},
                   {"vocabulary_size", d.V},
                   {"embedding", d.E},
                   {"hidden", d.H},
                   {"layers", d.L},
                   {"programs", config.profile.programs},
                   {"canonical", config.canonical},
                   {"longest_note", steps(config.profile.max_note_length)},
                   {"usual_length", steps(config.profile.usual_length)},
                   {"usual_velocity", config.profile.usual_velocity.value_or(0)},
                   {"attention", detail::attention_value_names[static_cast<std::size_t>(config.attention.value)]},
                   {"attention_scale", config.attention.scale}};
  if (d.C > 0) j["contexts"] = d.C;
  if (d.copies) j["copies"] = true;
  if (config.profile.sustain) j["sustain"] = *config.profile.sustain;
  if (config.vocabulary) j["vocabulary"] = config.vocabulary->names();
  return j.dump();
}

MUSICGEN_INLINE ModelConfig parse_metadata(std::string_view text, const std::filesystem::path& file) {
  const nlohmann::json j = parse_metadata_entry(text, "musicgen", file);
  if (const int version = json_field<int>(j, "version", file); version > model_file_version)
    throw file_error(file, "is of version " + std::to_string(version) + ", this program reads up to " +
                               std::to_string(model_file_version));
  ModelConfig config;
  config.dimensions = {json_field<int>(j, "vocabulary_size", file), json_field<int>(j, "embedding", file),
                       json_field<int>(j, "hidden", file), json_field<int>(j, "layers", file)};
  if (j.contains("contexts")) config.dimensions.C = json_field<int>(j, "contexts", file);
  if (j.contains("copies")) config.dimensions.copies = json_field<bool>(j, "copies", file);
  config.canonical = json_field<bool>(j, "canonical", file);
  config.profile = detail::parse_profile(j, file);
  config.attention = detail::parse_attention(j, file);
  config.vocabulary = detail::parse_vocabulary(j, file);
  try {
    require_valid(config);  // as for any model, but with the file's name
  } catch (const Error& e) {
    throw file_error(file, e.what());
  }
  return config;
}

MUSICGEN_INLINE void require_dimensions(const std::function<Shape(const std::string&)>& shape_of, const Dimensions& d,
                                        const std::filesystem::path& file) {
  const auto require = [&](const std::string& name, const Shape& shape) {
    if (const Shape found = shape_of(name); found != shape)
      throw file_error(file,
                       "tensor \"" + name + "\" has shape " + to_string(found) + ", expected " + to_string(shape));
  };
  if (d.V <= 0 || d.E <= 0 || d.H <= 0 || d.L <= 0) throw file_error(file, "a size in the metadata is not positive");
  require("embed.weight", {std::int64_t{d.V} + d.C, d.E});
  require("combine_ctx.weight", {d.H, std::int64_t{2} * d.H});
  require("hidden2vocab.weight", {d.outputs(), d.H});
  for (int l = 0; l < d.L; ++l) {
    require("gru.weight_ih_l" + std::to_string(l), {std::int64_t{3} * d.H, l == 0 ? d.E : d.H});
    require("gru.weight_hh_l" + std::to_string(l), {std::int64_t{3} * d.H, d.H});
  }
}

}  // namespace musicgen::inline MUSICGEN_ABI
