// Models on disk: safetensors with PyTorch's names for the weights, everything else as JSON in the metadata.
// docs/formats.md has the whole of it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../core/error.hpp"
#include "../core/json.hpp"
#include "../model.hpp"
#include "progress.hpp"
#include "safetensors.hpp"
#include "stages.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Version of the files written; older ones load.
inline constexpr int checkpoint_version = 3;

namespace detail {

/// The member `key` of an object.
template <class T>
T json_field(const nlohmann::json& j, const char* key, const std::filesystem::path& file) {
  const auto found = j.find(key);
  auto value = found == j.end() ? std::nullopt : json_value<T>(*found);
  if (!value) throw file_error(file, std::string("the metadata lacks \"") + key + "\" or it has the wrong type");
  return std::move(*value);
}

inline constexpr std::array<const char*, 2> attention_value_names{"match", "successor"};

inline AttentionValue attention_value_of(const std::string& name, const std::filesystem::path& file) {
  for (std::size_t i = 0; i < attention_value_names.size(); ++i)
    if (name == attention_value_names[i]) return static_cast<AttentionValue>(i);
  throw file_error(file, "attention is \"" + name + "\", neither match nor successor");
}

inline nlohmann::json to_json(const ModelConfig& config) {
  const Dimensions& d = config.dimensions;
  const auto steps = [](std::optional<std::chrono::milliseconds> time) { return time ? time->count() / 10 : 0; };
  nlohmann::json j{{"version", checkpoint_version},
                   {"vocabulary_size", d.V},
                   {"embedding", d.E},
                   {"hidden", d.H},
                   {"layers", d.L},
                   {"programs", config.profile.programs},
                   {"canonical", config.canonical},
                   {"longest_note", steps(config.profile.max_note_length)},
                   {"usual_length", steps(config.profile.usual_length)},
                   {"usual_velocity", config.profile.usual_velocity.value_or(0)},
                   {"attention", attention_value_names[static_cast<std::size_t>(config.attention.value)]},
                   {"attention_scale", config.attention.scale}};
  if (config.vocabulary) j["vocabulary"] = config.vocabulary->names();
  return j;
}

/// Zero stands for what is not known, in files and nowhere else.
inline MusicProfile profile_from_json(const nlohmann::json& j, const std::filesystem::path& file) {
  MusicProfile profile{.programs = json_field<std::vector<int>>(j, "programs", file)};
  for (const int program : profile.programs)
    if (program < 0 || program > 127)
      throw file_error(file, "program " + std::to_string(program) + " is not in 0..127");
  for (const auto& [field, time] :
       {std::pair("longest_note", &profile.max_note_length), {"usual_length", &profile.usual_length}}) {
    const auto steps = j.contains(field) ? json_field<std::int64_t>(j, field, file) : 0;
    if (steps < 0 || steps > std::int64_t{1} << 40)
      throw file_error(file, std::string(field) + " is " + std::to_string(steps) + " steps");
    if (steps > 0) *time = std::chrono::milliseconds(10 * steps);
  }
  const int velocity = j.contains("usual_velocity") ? json_field<int>(j, "usual_velocity", file) : 0;
  if (velocity < 0 || velocity > 127)
    throw file_error(file, "usual_velocity is " + std::to_string(velocity) + ", not in 0..127");
  if (velocity > 0) profile.usual_velocity = velocity;
  return profile;
}

inline ModelConfig config_from_json(const nlohmann::json& j, const std::filesystem::path& file) {
  if (const int version = json_field<int>(j, "version", file); version > checkpoint_version)
    throw file_error(file, "is of version " + std::to_string(version) + ", this program reads up to " +
                               std::to_string(checkpoint_version));
  ModelConfig config;
  config.dimensions = {json_field<int>(j, "vocabulary_size", file), json_field<int>(j, "embedding", file),
                       json_field<int>(j, "hidden", file), json_field<int>(j, "layers", file)};
  config.canonical = json_field<bool>(j, "canonical", file);
  config.profile = profile_from_json(j, file);
  if (j.contains("attention"))
    config.attention.value = attention_value_of(json_field<std::string>(j, "attention", file), file);
  if (j.contains("attention_scale")) {
    config.attention.scale = json_field<float>(j, "attention_scale", file);
    if (!(config.attention.scale >= 1e-6f && config.attention.scale <= 1e6f))
      throw file_error(file, "attention_scale is " + std::to_string(config.attention.scale) + ", not 1e-6 to 1e6");
  }
  if (j.contains("vocabulary")) {
    try {
      config.vocabulary = Vocabulary::from_names(json_field<std::vector<std::string>>(j, "vocabulary", file));
    } catch (const Error& e) {
      throw file_error(file, e.what());
    }
    if (config.vocabulary->size() != config.dimensions.V)
      throw file_error(file, "the vocabulary has " + std::to_string(config.vocabulary->size()) +
                                 " tokens, \"vocabulary_size\" says " + std::to_string(config.dimensions.V));
  }
  return config;
}

/// Refuses sizes that the file's own tensors do not have, before memory for them is asked for.
template <class File>
void require_dimensions(const File& file, const Dimensions& d, const std::filesystem::path& path) {
  const auto require = [&](const std::string& name, const Shape& shape) {
    if (const Shape& found = file.entry(name).shape; found != shape)
      throw file_error(path,
                       "tensor \"" + name + "\" has shape " + to_string(found) + ", expected " + to_string(shape));
  };
  if (d.V <= 0 || d.E <= 0 || d.H <= 0 || d.L <= 0) throw file_error(path, "a size in the metadata is not positive");
  require("embed.weight", {d.V, d.E});
  require("combine_ctx.weight", {d.H, std::int64_t{2} * d.H});
  require("hidden2vocab.weight", {d.V, d.H});
  for (int l = 0; l < d.L; ++l) {
    require("gru.weight_ih_l" + std::to_string(l), {std::int64_t{3} * d.H, l == 0 ? d.E : d.H});
    require("gru.weight_hh_l" + std::to_string(l), {std::int64_t{3} * d.H, d.H});
  }
}

/// The tensors of `p`, their names after `prefix`.
template <class Parameters>
void add_tensors(Safetensors& file, const Parameters& p, const std::string& prefix = "",
                 Precision storage = Precision::fp32) {
  for (const auto& t : p.tensors()) {
    const std::span<const typename decltype(t.values)::value_type> values(t.values);
    if (storage == Precision::int8 && t.shape.size() == 2)
      file.add_int8(prefix + t.name, t.shape, values);
    else if (storage == Precision::bf16)
      file.add_bf16(prefix + t.name, t.shape, values);
    else
      file.add(prefix + t.name, t.shape, values);
  }
}

/// @throws Error  for a tensor that is missing, of another shape, or has a number that is not finite
template <Backend B>
typename B::Parameters read_parameters(const Safetensors& file, const Dimensions& d, const std::string& prefix = "") {
  auto p = B::HostParameters::zeros(d);
  for (auto& t : p.tensors()) {
    file.read_into(prefix + t.name, t.shape, t.values);
    if (!std::all_of(t.values.begin(), t.values.end(), [](auto x) { return std::isfinite(x); }))
      throw file_error(file.path(), "tensor \"" + prefix + t.name + "\" has a number that is not finite");
  }
  return B::from_host(std::move(p));
}

/// @throws Error  if the file is no model of this project
inline nlohmann::json musicgen_metadata(const Safetensors& file, const std::filesystem::path& path, const char* key) {
  const auto found = file.metadata().find(key);
  auto j = found == file.metadata().end() ? nlohmann::json() : parse_json(found->second);
  if (!j.is_object())
    throw file_error(path, std::string("its metadata has no \"") + key + "\": not written by musicgen");
  return j;
}

/// Where the run stood that wrote the file.
/// @throws Error  if the file has no such state, or one that cannot be
inline TrainingState training_state(const Safetensors& file, const std::filesystem::path& path) {
  nlohmann::json j = musicgen_metadata(file, path, "training");
  if (!j.contains("muon")) j["muon"] = false;  // there was no Muon when it was written
  TrainingState s;
  TrainingState::for_each_member(s,
                                 [&]<class T>(const char* name, T& member) { member = json_field<T>(j, name, path); });
  const auto in = [](auto x, auto most) { return x >= 0 && x <= most; };
  if (!in(s.step, std::int64_t{1} << 46) || !in(s.stage_step, s.step) || !in(s.tokens, std::int64_t{1} << 60) ||
      !in(s.seconds, 1e9) || !in(s.validations_since_best, 1 << 30) || s.stage >= s.stages ||
      s.recent_losses.size() > smoothing_steps)
    throw file_error(path, "the training state has a number that cannot be");
  return s;
}

}  // namespace detail

/// The model as a file in memory.
/// @param storage  of the weights: fp32 as they are (a model in double keeps its doubles), bf16 rounded to half the
/// bytes, int8 to a quarter (matrices; biases as they are)
/// @throws Error   in int8, for a weight that is not finite
template <Backend B>
Safetensors to_safetensors(const Model<B>& model, Precision storage = Precision::fp32) {
  Safetensors file;
  file.metadata()["musicgen"] = detail::to_json(model.config()).dump();
  detail::add_tensors(file, B::to_host(model.weights()), "", storage);
  return file;
}

/// @param path  only names the file in errors
template <Backend B = Cpu>
Model<B> from_safetensors(const Safetensors& file, const std::filesystem::path& path) {
  ModelConfig config = detail::config_from_json(detail::musicgen_metadata(file, path, "musicgen"), path);
  detail::require_dimensions(file, config.dimensions, path);
  auto weights = detail::read_parameters<B>(file, config.dimensions);
  return Model<B>(std::move(config), std::move(weights));
}

/// Writes the model in one step.
/// @param storage  as of to_safetensors()
/// @throws Error  as to_safetensors(), or if it cannot be written
template <Backend B>
void save_model(const std::filesystem::path& path, const Model<B>& model, Precision storage = Precision::fp32) {
  to_safetensors(model, storage).write(path);
}

/// @throws Error  naming the file and what is wrong with it
template <Backend B = Cpu>
Model<B> load_model(const std::filesystem::path& path) {
  return from_safetensors<B>(Safetensors::read(path), path);
}

}  // namespace musicgen::inline MUSICGEN_ABI
