// Definitions of checkpoint.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "../core/error.hpp"
#include "../model/json_fields.hpp"
#include "../model/model_file.hpp"
#include "checkpoint.hpp"
#include "stages.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace detail {

/// Calls visit(name, member) for each member except the time, with its name in the checkpoint.
template <class State, class Visit>
void for_each_member(State& s, Visit&& visit) {
  visit("seed", s.seed);
  visit("step", s.step);
  visit("stage_step", s.stage_step);
  visit("tokens", s.tokens);
  visit("stage", s.stage);
  visit("stages", s.stages);
  visit("recent_losses", s.recent_losses);
  visit("best_validation", s.best_validation);
  visit("best_of_stage", s.best_of_stage);
  visit("best_step", s.best_step);
  visit("validations_since_best", s.validations_since_best);
  visit("finished", s.finished);
  visit("muon", s.muon);
}

inline std::string to_metadata(const TrainingState& state) {
  nlohmann::json j{{"seconds", state.time.count()}};
  for_each_member(state, [&](const char* name, const auto& member) { j[name] = member; });
  return j.dump();
}

inline TrainingState parse_state(const std::string& text, const std::filesystem::path& file) {
  nlohmann::json j = parse_metadata_entry(text, "training", file);
  if (!j.contains("muon")) j["muon"] = false;        // written before there was Muon
  if (!j.contains("best_step")) j["best_step"] = 0;  // written before it was kept
  TrainingState s;
  for_each_member(s, [&]<class T>(const char* name, T& member) { member = json_field<T>(j, name, file); });
  const double seconds = json_field<double>(j, "seconds", file);
  s.time = std::chrono::duration<double>(seconds);
  const auto in = [](auto x, auto most) { return x >= 0 && x <= most; };
  if (!in(s.step, std::int64_t{1} << 46) || !in(s.stage_step, s.step) || !in(s.tokens, std::int64_t{1} << 60) ||
      !in(seconds, 1e9) || !in(s.best_step, s.step) || !in(s.validations_since_best, 1 << 30) || s.stage >= s.stages ||
      s.recent_losses.size() > smoothing_steps)
    throw file_error(file, "the training state has a number that cannot be");
  return s;
}

}  // namespace detail

MUSICGEN_INLINE std::filesystem::path last_checkpoint(std::filesystem::path checkpoint) {
  const auto extension = checkpoint.extension();
  return checkpoint.replace_extension(".last" + extension.string());
}

template <Backend B>
Checkpoint<B> load_checkpoint(const std::filesystem::path& path) {
  const Safetensors file = Safetensors::read(path);
  ModelConfig config = config_of(file);
  auto state = training_state(file);
  if (!state) throw file_error(path, "its metadata has no \"training\": a model, and no checkpoint of a run");
  const Dimensions d = config.dimensions;
  return {std::move(config), std::move(*state), read_parameters<B>(file, d), read_parameters<B>(file, d, "adam.m."),
          read_parameters<B>(file, d, "adam.v.")};
}

template <Backend B>
void save_checkpoint(const std::filesystem::path& path, const Model<B>& model, const typename B::Parameters& m,
                     const typename B::Parameters& v, const TrainingState& state) {
  Safetensors file = to_safetensors(model);
  file.metadata()["training"] = detail::to_metadata(state);
  add_parameters<B>(file, m, "adam.m.");
  add_parameters<B>(file, v, "adam.v.");
  file.write(path);
}

MUSICGEN_INLINE std::optional<TrainingState> training_state(const Safetensors& file) {
  const auto found = file.metadata().find("training");
  if (found == file.metadata().end()) return std::nullopt;
  return detail::parse_state(found->second, file.path());
}

}  // namespace musicgen::inline MUSICGEN_ABI
