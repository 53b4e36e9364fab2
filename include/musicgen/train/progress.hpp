// The progress of a training run: what callbacks are shown, and what the log and the checkpoint keep.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "../core/config.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// Progress after a step. Losses are in nats/token.
struct Progress {
  std::int64_t step = 0;  ///< steps done
  std::size_t stage = 1;  ///< from 1
  std::string stage_name;
  double loss = 0;                              ///< of this step's batch
  double smoothed_loss = 0;                     ///< mean over the stage's last steps, at most `smoothing_steps`
  std::optional<double> validation_loss = {};   ///< of steps that validate
  bool best = false;                            ///< this validation is the lowest so far
  double learning_rate = 0, gradient_norm = 0;  ///< norm before clipping
  std::int64_t tokens = 0;                      ///< targets trained on so far
  std::chrono::duration<double> time{0};        ///< spent training so far, including earlier parts of a resumed run
};

/// "step 1200  stage all positions  loss 1.934  validation 1.921 *  12.40 M tokens  840 s"
std::ostream& operator<<(std::ostream& out, const Progress& progress);

/// Everything that determines how a run goes on, except weights and moments. Batches are a function of the seed and the
/// step.
struct TrainingState {
  std::uint64_t seed = 1;
  std::int64_t step = 0, stage_step = 0, tokens = 0;
  std::size_t stage = 0, stages = 1;  ///< current stage, from 0; stages in the run
  std::chrono::duration<double> time{0};
  std::vector<double> recent_losses;  ///< of the stage, at most `smoothing_steps`
  double best_validation = std::numeric_limits<double>::max(), best_of_stage = std::numeric_limits<double>::max();
  std::int64_t best_step = 0;      ///< step of best_validation; 0: none yet, or unknown
  int validations_since_best = 0;  ///< of the stage
  bool finished = false;           ///< by itself, not by a callback
  bool muon = false;               ///< the matrices of hidden units learn by Muon
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "progress.ipp"
#endif
