// Checkpoints, from which training runs resume: a model's file with the optimizer's moments and the state of the run.
// docs/formats.md describes the format.
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

/// A stopped run.
template <Backend B>
struct Checkpoint {
  ModelConfig config;
  TrainingState state;
  typename B::Parameters weights, m, v;  ///< m, v: the optimizer's moments
};

/// @throws Error  if it is not a checkpoint, or damaged
template <Backend B>
[[nodiscard]] Checkpoint<B> load_checkpoint(const std::filesystem::path& path);

/// Writes the checkpoint atomically. Any program that reads models can read it.
/// @throws Error  if it cannot be written
template <Backend B>
void save_checkpoint(const std::filesystem::path& path, const Model<B>& model, const typename B::Parameters& m,
                     const typename B::Parameters& v, const TrainingState& state);

/// The state of the run that wrote the file; nothing if it is only a model's file.
/// @throws Error  for an invalid state
[[nodiscard]] std::optional<TrainingState> training_state(const Safetensors& file);

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "checkpoint.ipp"
#endif
