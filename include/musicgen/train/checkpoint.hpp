// What a training run needs to go on where another stopped: a model's file with the optimizer's moments and the state
// of the run. docs/formats.md has the whole of it.
#pragma once

#include <filesystem>
#include <optional>

#include "../backend/backend.hpp"
#include "../core/config.hpp"
#include "../model/model.hpp"
#include "../model/safetensors.hpp"
#include "progress.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// "run.safetensors" -> "run.last.safetensors"
[[nodiscard]] std::filesystem::path last_checkpoint(std::filesystem::path checkpoint);

/// A run that has stopped.
template <Backend B>
struct Checkpoint {
  ModelConfig config;
  TrainingState state;
  typename B::Parameters weights, m, v;  ///< m, v: the optimizer's moments
};

/// @throws Error  if it is no checkpoint, or a damaged one
template <Backend B>
[[nodiscard]] Checkpoint<B> load_checkpoint(const std::filesystem::path& path);

/// Writes it in one step. Any program that reads models reads it, too.
/// @throws Error  if it cannot be written
template <Backend B>
void save_checkpoint(const std::filesystem::path& path, const Model<B>& model, const typename B::Parameters& m,
                     const typename B::Parameters& v, const TrainingState& state);

/// Where the run stood that wrote the file; nothing if it is the file of a model alone.
/// @throws Error  for a state that cannot be
[[nodiscard]] std::optional<TrainingState> training_state(const Safetensors& file);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "checkpoint.ipp"
#endif
