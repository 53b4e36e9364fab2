// The stages of a training run, which follow one another, and the learning rate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// A stage trains on windows of `input_length + target_length` tokens, with the loss on the last `target_length`. With
/// an input of one token the loss is on every position, and a step teaches the most.
struct Stage {
  std::string name = {};
  std::array<int, 2> input_length{1, 1};  ///< lowest and highest; drawn for each batch
  int target_length = 255;
  double start_probability = 0.01;  ///< that a window begins at the start of its song
  double end_probability = 0.03;    ///< that another ends with its song; else models hardly see `$` and do not stop
  double teacher_forcing = 1;       ///< probability that the next input is the true token, not the model's best guess

  // A stage is over when the first of these holds. The run ends with its last stage.
  double leave_below = 0;      ///< mean loss of the last `smoothing_steps` steps, nats/token; 0: never
  int patience = 0;            ///< validations in a row without improvement; 0: any number
  std::int64_t max_steps = 0;  ///< 0: no limit
  double learning_rate = 0;    ///< 0: the run's

  bool operator==(const Stage&) const = default;
};

/// Steps that a threshold averages, so that no single batch can trip it.
inline constexpr std::size_t smoothing_steps = 50;

namespace stages {

/// The original project's four stages. The first three also end when validation has not improved 20 times in a row:
/// only memorizing reaches 1.1 nats/token.
[[nodiscard]] std::vector<Stage> original();

/// One stage with the loss on all positions of windows of `tokens` tokens.
[[nodiscard]] std::vector<Stage> all_positions(int tokens = 512);

/// Stages from a JSON file: a list of objects with the members of `Stage`.
/// @throws Error  naming the file, the stage and the member
[[nodiscard]] std::vector<Stage> from_file(const std::filesystem::path& file);

}  // namespace stages

/// The learning rate over a run: linear warmup, then constant or a cosine decay.
struct Schedule {
  double learning_rate = 2e-3;
  std::int64_t warmup_steps = 100;
  double final_fraction = 0.02;  ///< of the learning rate, at the end of the decay; 1: constant

  /// @param step  from 0
  /// @param part  the fraction of the run that is over, 0..1
  [[nodiscard]] double at(std::int64_t step, double part) const;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "stages.ipp"
#endif
