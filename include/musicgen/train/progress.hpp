// Where a training run stands: what a callback is shown, what the log and the checkpoint keep.
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

/// After a step. Losses are in nats/token.
struct Progress {
  std::int64_t step = 0;  ///< steps done
  std::size_t stage = 1;  ///< from 1
  std::string stage_name;
  double loss = 0;                              ///< of this step's batch
  double smoothed_loss = 0;                     ///< mean of the stage's last steps, `smoothing_steps` at most
  std::optional<double> validation_loss = {};   ///< in steps that validate
  bool best = false;                            ///< this validation is the lowest so far
  double learning_rate = 0, gradient_norm = 0;  ///< norm before clipping
  std::int64_t tokens = 0;                      ///< targets learned from so far
  std::chrono::duration<double> time{0};        ///< of training so far, earlier parts of a resumed run included
};

/// "step 1200  stage all positions  loss 1.934  validation 1.921 *  12.40 M tokens  840 s"
std::ostream& operator<<(std::ostream& out, const Progress& progress);

/// All that decides how a run goes on, weights and moments apart. Batches are a function of the seed and the step.
struct TrainingState {
  std::uint64_t seed = 1;
  std::int64_t step = 0, stage_step = 0, tokens = 0;
  std::size_t stage = 0, stages = 1;  ///< at hand, from 0; how many the run has
  std::chrono::duration<double> time{0};
  std::vector<double> recent_losses;  ///< of the stage, `smoothing_steps` at most
  double best_validation = std::numeric_limits<double>::max(), best_of_stage = std::numeric_limits<double>::max();
  std::int64_t best_step = 0;      ///< that best_validation is of; 0: none yet, or not known
  int validations_since_best = 0;  ///< of the stage
  bool finished = false;           ///< by its own end, not a callback
  bool muon = false;               ///< matrices of hidden units have learned by Muon
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "progress.ipp"
#endif
