// Where a training run stands: what a callback is shown, what the log and the checkpoint keep.
#pragma once

#include <cstdint>
#include <iomanip>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <sstream>
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
  double seconds = 0;                           ///< of training so far, earlier parts of a resumed run included
};

/// "step 1200  stage all positions  loss 1.934  validation 1.921 *  12.40 M tokens  840 s"
inline std::ostream& operator<<(std::ostream& out, const Progress& p) {
  std::ostringstream line;
  line << std::fixed << "step " << p.step << "  stage " << p.stage_name << "  loss " << std::setprecision(3)
       << p.smoothed_loss;
  if (p.validation_loss) line << "  validation " << *p.validation_loss << (p.best ? " *" : "");
  line << std::setprecision(2) << "  " << static_cast<double>(p.tokens) * 1e-6 << " M tokens  " << std::setprecision(0)
       << p.seconds << " s";
  return out << line.str();
}

/// One line of the log.
inline nlohmann::json to_json(const Progress& p) {
  nlohmann::json j{{"step", p.step},
                   {"stage", p.stage},
                   {"loss", p.loss},
                   {"smoothed_loss", p.smoothed_loss},
                   {"learning_rate", p.learning_rate},
                   {"gradient_norm", p.gradient_norm},
                   {"tokens", p.tokens},
                   {"seconds", p.seconds}};
  if (p.validation_loss) j["validation_loss"] = *p.validation_loss;
  return j;
}

/// All that decides how a run goes on, weights and moments apart. Batches are a function of the seed and the step.
struct TrainingState {
  std::uint64_t seed = 1;
  std::int64_t step = 0, stage_step = 0, tokens = 0;
  std::size_t stage = 0, stages = 1;  ///< at hand, from 0; how many the run has
  double seconds = 0;
  std::vector<double> recent_losses;  ///< of the stage, `smoothing_steps` at most
  double best_validation = std::numeric_limits<double>::max(), best_of_stage = std::numeric_limits<double>::max();
  int validations_since_best = 0;  ///< of the stage
  bool finished = false;           ///< by its own end, not a callback
  bool muon = false;               ///< matrices of hidden units have learned by Muon

  /// Calls visit(name, member) for each member, as the checkpoint has them.
  template <class State, class Visit>
  static void for_each_member(State& s, Visit&& visit) {
    visit("seed", s.seed);
    visit("step", s.step);
    visit("stage_step", s.stage_step);
    visit("tokens", s.tokens);
    visit("stage", s.stage);
    visit("stages", s.stages);
    visit("seconds", s.seconds);
    visit("recent_losses", s.recent_losses);
    visit("best_validation", s.best_validation);
    visit("best_of_stage", s.best_of_stage);
    visit("validations_since_best", s.validations_since_best);
    visit("finished", s.finished);
    visit("muon", s.muon);
  }
};

inline nlohmann::json to_json(const TrainingState& state) {
  nlohmann::json j;
  TrainingState::for_each_member(state, [&](const char* name, const auto& member) { j[name] = member; });
  return j;
}

}  // namespace musicgen::inline MUSICGEN_ABI
