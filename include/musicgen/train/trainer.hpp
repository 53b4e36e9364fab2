// Training in stages, with validation and checkpoints. A resumed run goes on as if it had never stopped.
//
// A step is a function of the seed, its number and what the checkpoint holds, so a resumed run has the same losses as
// an uninterrupted one, bit for bit (except with a time limit, which moves the learning rate with the clock).
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
  int batch = 8;  ///< sequences in a step; small batches make many steps, which teach more than large ones
  Schedule schedule{};
  OptimizerOptions optimizer{.weight_decay = 0.01, .muon = 3};
  Augmentation augmentation{};  ///< of training windows
  std::uint64_t seed = 1;
  Precision products = Precision::fp32;  ///< precision of products with weights: fp32 or bf16 (Model::set_products)

  std::int64_t steps = 0;                     ///< of the whole run; 0: no limit
  std::chrono::duration<double> max_time{0};  ///< of the whole run; 0: no limit

  int validate_every = 100;  ///< steps
  int validation_batches = 8;
  int validation_window = 256;  ///< tokens of a validation window, at least 2
  int early_stop = 0;           ///< consecutive validations of a stage without improvement that end the run; 0: never

  std::filesystem::path
      checkpoint{};  ///< the best model; next to it "NAME.last.safetensors", to resume from. Empty: none
  std::chrono::duration<double> save_interval{20};  ///< between checkpoints
  std::filesystem::path log{};                      ///< JSON lines, one per step; empty: none
};

namespace presets {

/// For a model with this vocabulary. For performances: the defaults of TrainerOptions. For beats: long windows, many of
/// which begin or end with their song, as a plan does; small changes of velocity; and each kind of plan token left out
/// of a tenth of the windows, so that the model can do without.
[[nodiscard]] TrainerOptions training(const Vocabulary& vocabulary);

/// For a model that has learned other music, such as `bundled_model()`: the same with a quarter of the learning rate,
/// to adapt what it has learned rather than overwrite it.
/// @param vocabulary  the model's
[[nodiscard]] TrainerOptions fine_tuning(const Vocabulary& vocabulary = Vocabulary::standard());

}  // namespace presets

/// The result of a run.
struct TrainingResult {
  std::int64_t steps = 0;                   ///< of the whole run, including earlier parts
  std::int64_t model_step = 0;              ///< the step that gave the model its present weights
  std::optional<double> validation_loss{};  ///< of these weights, nats/token, if they are the best of the run
  bool finished = false;                    ///< ended by its stages or an early stop: resuming would not go on
};

/// Trains a model in place. One thread at a time, which needs the model to itself; computes on the thread pool.
template <Backend B = Cpu>
class Trainer {
 public:
  using Callback = std::function<bool(const Progress&)>;

  /// Starts from the model's present weights.
  /// @param model   kept by reference, as is the corpus: both must outlive the trainer
  /// @throws Error  for a corpus with another vocabulary or without songs to train on, a checkpoint that cannot be
  ///                written, no stages, or invalid batches of any stage (see require_valid(BatchOptions, Vocabulary)),
  ///                validation options or products
  Trainer(Model<B>& model, const Corpus& corpus, TrainerOptions options);
  Trainer(Model<B>&, const Corpus&&, TrainerOptions) = delete;
  Trainer(Model<B>&&, const Corpus&, TrainerOptions) = delete;
  Trainer(Model<B>&&, const Corpus&&, TrainerOptions) = delete;

  /// Resumes from `last_checkpoint(options.checkpoint)`: weights, moments, state.
  /// @return  false if there is none
  /// @throws Error  if it is damaged, of another model, of a run with another optimizer, or in a stage that the options
  ///                lack
  bool resume();

  /// Trains until the stages are over, a limit is reached, or the callback returns false.
  ///
  /// The model gets the corpus's profile. Afterwards it has the best weights of the run, those with the lowest loss on
  /// the validation songs; without such songs, or before the first validation, the last ones. The file
  /// `options.checkpoint` holds the same weights. Another run() goes on from the last ones, as resume() does.
  /// @param callback  called after every step; may be empty
  /// @throws Error    if a loss, gradient or weight is not finite (the last checkpoint is kept, and the model has the
  ///                  last weights), or a file cannot be written
  TrainingResult run(const Callback& callback = {});

  /// After the last step.
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
  std::optional<typename B::Parameters> best_;  // best weights, if known
  std::optional<typename B::Parameters> last_;  // last weights, while the model has the best
  TrainingSequences sequences_;
  bool has_validation_ = false;
  Clock::time_point start_, last_save_;
  std::int64_t saved_step_ = -1;
};

}  // namespace musicgen::inline MUSICGEN_ABI

#ifndef MUSICGEN_COMPILED
#include "trainer.ipp"
#endif
