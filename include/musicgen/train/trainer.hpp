// Training: stage after stage, validating, saving as it goes, resuming as if it had never stopped.
//
// Everything in a step is a function of the seed, the step and what the checkpoint holds, so a resumed run has the same
// losses as an uninterrupted one, bit for bit (a limit in time apart: it moves the learning rate with the clock).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "../backend/backend.hpp"
#include "../backend/cpu/cpu.hpp"
#include "../core/config.hpp"
#include "../data/augment.hpp"
#include "../data/batches.hpp"
#include "../data/corpus.hpp"
#include "../model/model.hpp"
#include "checkpoint.hpp"
#include "progress.hpp"
#include "sequences.hpp"
#include "stages.hpp"

namespace musicgen::inline MUSICGEN_ABI {

/// How a model is trained.
struct TrainerOptions {
  std::vector<Stage> stages = stages::all_positions();
  int batch = 8;  ///< sequences in a step: small ones make many steps, which teach more than large ones
  Schedule schedule{};
  OptimizerOptions optimizer{.weight_decay = 0.01, .muon = 3};
  Augmentation augmentation{};  ///< of training windows
  std::uint64_t seed = 1;
  Precision products = Precision::fp32;  ///< of weights with what they meet: fp32, or bf16 (see Model::set_products)

  std::int64_t steps = 0;                     ///< of the whole run; 0: no limit
  std::chrono::duration<double> max_time{0};  ///< of the whole run; 0: no limit

  int validate_every = 100;  ///< steps
  int validation_batches = 8;
  int validation_window = 256;  ///< tokens of a validation window, at least 2
  int early_stop = 0;           ///< validations of a stage in a row without improvement that end the run; 0: none do

  std::filesystem::path
      checkpoint{};  ///< the best model; beside it "NAME.last.safetensors", to resume from. Empty: none
  std::chrono::duration<double> save_interval{20};  ///< between checkpoints
  std::filesystem::path log{};                      ///< JSON lines, one a step; empty: none
};

namespace presets {

/// For a model of this vocabulary. Of performances: TrainerOptions as they are. Of beats: long windows, of which many
/// begin or end with their song, as a plan does; velocities a little louder or softer; and each kind of the plan's
/// words left out of a tenth of the windows, so that the model can do without.
[[nodiscard]] TrainerOptions training(const Vocabulary& vocabulary);

/// For a model that has learned other music (`bundled_model()`, say): the same with a quarter of the learning rate,
/// since what is there is to be changed, not drowned.
/// @param vocabulary  the model's
[[nodiscard]] TrainerOptions fine_tuning(const Vocabulary& vocabulary = Vocabulary::standard());

}  // namespace presets

/// What a run has come to.
struct TrainingResult {
  std::int64_t steps = 0;                   ///< of the whole run, earlier parts included
  std::int64_t model_step = 0;              ///< after how many of them the model's weights were those that it has now
  std::optional<double> validation_loss{};  ///< of these, nats/token, if they are the best of the run
  bool finished = false;                    ///< the stages, or an early stop, ended it: resuming would not go on
};

/// Trains a model in place. For one thread, which needs the model to itself; the thread pool does the work.
template <Backend B = Cpu>
class Trainer {
 public:
  using Callback = std::function<bool(const Progress&)>;

  /// Starts from the model's present weights.
  /// @param model   kept by reference, as the corpus is: both must outlive the trainer
  /// @throws Error  for a corpus whose vocabulary is not the model's, an output that cannot be written, no stages,
  ///                batches that cannot be, of any stage (see require_valid(BatchOptions, Vocabulary)), or windows for
  ///                validation that cannot be
  Trainer(Model<B>& model, const Corpus& corpus, TrainerOptions options);
  Trainer(Model<B>&, const Corpus&&, TrainerOptions) = delete;
  Trainer(Model<B>&&, const Corpus&, TrainerOptions) = delete;
  Trainer(Model<B>&&, const Corpus&&, TrainerOptions) = delete;

  /// Goes on from `last_checkpoint(options.checkpoint)`: weights, moments, place.
  /// @return  false if there is none
  /// @throws Error  if it is damaged, of another model, or of a run with another optimizer
  bool resume();

  /// Trains until the stages or the limits are over, or until the callback says false.
  ///
  /// The model learns the corpus's profile. Afterwards its weights are the best of the run, those with the lowest loss
  /// on the validation songs; without such songs, or before the first validation, the last ones. They are what the file
  /// `options.checkpoint` holds. Another run() goes on from the last ones, as resume() does.
  /// @param callback  called after every step; may be empty
  /// @throws Error    if a loss is not finite: the last checkpoint is kept, the model's weights are the last
  TrainingResult run(const Callback& callback = {});

  /// Of the last step.
  const TrainingState& state() const { return state_; }

 private:
  using Clock = std::chrono::steady_clock;

  const Stage& stage() const { return options_.stages[state_.stage]; }
  std::chrono::duration<double> time() const { return Clock::now() - start_; }
  double part_over() const;
  bool limit_reached() const { return part_over() >= 1; }
  BatchOptions batch_options(const Stage& stage) const;
  void learn(const Sequences& batch, Progress& progress);
  Progress step();
  void validate(Progress& progress);
  bool has_best() const;
  double smoothed_loss() const;
  bool stage_is_over() const;
  bool out_of_patience() const { return stage().patience > 0 && state_.validations_since_best >= stage().patience; }
  void enter_next_stage();
  void save();
  void take_last();
  TrainingResult take_best();
  [[noreturn]] void fail(const std::string& what) const;

  Model<B>& model_;
  const Corpus& corpus_;
  TrainerOptions options_;
  typename B::Parameters m_, v_;  // the optimizer's moments
  TrainingState state_;
  std::optional<typename B::Parameters> best_;  // weights, if they are known
  std::optional<typename B::Parameters> last_;  // while the model has the best ones
  TrainingSequences sequences_;
  bool has_validation_ = false;
  Clock::time_point start_, last_save_;
  std::int64_t saved_step_ = -1;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "trainer.ipp"
#endif
