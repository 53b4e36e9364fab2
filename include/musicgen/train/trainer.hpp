// Training: stage after stage, validating, saving as it goes, resuming as if it had never stopped.
//
// Everything in a step is a function of the seed, the step and what the checkpoint holds, so a resumed run has the same
// losses as an uninterrupted one, bit for bit (a limit in minutes apart: it moves the learning rate with the clock).
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../core/config.hpp"
#include "../data/batches.hpp"
#include "../data/corpus.hpp"
#include "../model.hpp"
#include "checkpoint.hpp"
#include "log.hpp"
#include "progress.hpp"
#include "sequences.hpp"
#include "stages.hpp"

namespace musicgen::inline MUSICGEN_ABI {

struct TrainerOptions {
  std::vector<Stage> stages = stages::all_positions();
  int batch = 8;  ///< sequences in a step: small ones make many steps, which teach more than large ones
  Schedule schedule{};
  OptimizerOptions optimizer{.weight_decay = 0.01, .muon = 3};
  Augmentation augmentation{};  ///< of training windows
  std::uint64_t seed = 1;
  Precision products = Precision::fp32;  ///< of weights with what they meet: fp32, or bf16 (see Model::set_products)

  std::int64_t steps = 0;  ///< of the whole run; 0: no limit
  double minutes = 0;      ///< of the whole run; 0: no limit

  int validate_every = 100;  ///< steps
  int validation_batches = 8;
  int early_stop = 0;  ///< validations of a stage in a row without improvement that end the run; 0: none do

  std::filesystem::path
      checkpoint{};             ///< the best model; beside it "NAME.last.safetensors", to resume from. Empty: none
  double save_seconds = 20;     ///< between checkpoints
  std::filesystem::path log{};  ///< JSON lines, one a step; empty: none
};

/// "run.safetensors" -> "run.last.safetensors"
inline std::filesystem::path last_checkpoint(std::filesystem::path checkpoint) {
  const auto extension = checkpoint.extension();
  return checkpoint.replace_extension(".last" + extension.string());
}

template <Backend B>
class Trainer {
 public:
  using Callback = std::function<bool(const Progress&)>;

  /// Starts from the model's present weights.
  /// @param model   trained in place; kept by reference, as the corpus is
  /// @throws Error  for a corpus whose vocabulary is not the model's, an output that cannot be written, no stages
  Trainer(Model<B>& model, const Corpus& corpus, TrainerOptions options)
      : model_(model), corpus_(corpus), options_(std::move(options)) {
    if (options_.stages.empty()) throw Error("training: there are no stages");
    if (options_.batch < 1) throw Error("training: batch is " + std::to_string(options_.batch) + ", not positive");
    if (options_.validate_every < 1 || options_.validation_batches < 1)
      throw Error("training: validate_every and validation_batches have to be positive");
    if (model_.vocabulary() != corpus_.vocabulary())
      throw Error("training: the model's vocabulary is not the corpus's");
    model_.set_products(options_.products);
    state_.seed = options_.seed;
    state_.stages = options_.stages.size();
    state_.muon = options_.optimizer.muon > 0;
    m_ = B::zeros(model_.dimensions());
    v_ = B::zeros(model_.dimensions());
    if (corpus_.indices(Split::train).empty()) throw Error("training: the corpus has no songs to train on");
    has_validation_ = !corpus_.indices(Split::validation).empty();
    for (const auto& file :
         {options_.checkpoint, options_.checkpoint.empty() ? "" : last_checkpoint(options_.checkpoint)})
      if (!file.empty()) AtomicFile probe(file);  // it can be written: known now, not after an hour
  }

  /// Goes on from `last_checkpoint(options.checkpoint)`: weights, moments, place.
  /// @return  false if there is none
  /// @throws Error  if it is damaged, of another model, or of a run with another optimizer
  bool resume() {
    const auto path = last_checkpoint(options_.checkpoint);
    if (!std::filesystem::exists(path)) return false;
    const Safetensors file = Safetensors::read(path);
    const auto config = detail::config_from_json(detail::musicgen_metadata(file, path, "musicgen"), path);
    if (config.dimensions != model_.dimensions() || config.vocabulary != model_.config().vocabulary ||
        config.attention != model_.config().attention)
      throw file_error(path, "is of a model of other sizes, another vocabulary or another attention");
    TrainingState state = detail::training_state(file, path);
    if (state.stage >= options_.stages.size())
      throw file_error(
          path, "is in stage " + std::to_string(state.stage + 1) + " of " + std::to_string(options_.stages.size()));
    if (state.muon != (options_.optimizer.muon > 0))
      throw file_error(path, std::string("its moments are those of ") + (state.muon ? "Muon" : "AdamW alone") +
                                 ", the run is to go on with " + (state.muon ? "AdamW alone" : "Muon"));
    state_ = std::move(state);
    model_.weights() = detail::read_parameters<B>(file, model_.dimensions());
    m_ = detail::read_parameters<B>(file, model_.dimensions(), "adam.m.");
    v_ = detail::read_parameters<B>(file, model_.dimensions(), "adam.v.");
    saved_step_ = state_.step;
    if (state_.finished && options_.stages.size() > state_.stages) {  // some have been added
      state_.finished = false;
      state_.stage = state_.stages - 1;
      enter_next_stage();
    }
    state_.stages = options_.stages.size();
    return true;
  }

  /// Trains until the stages or the limits are over, or until the callback says false.
  /// @param callback  called after every step; may be empty
  /// @throws Error    if a loss is not finite: the last checkpoint is kept
  void run(const Callback& callback = {}) {
    start_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(state_.seconds));
    TrainingLog log(options_.log, state_.step);
    last_save_ = Clock::now();
    bool go_on = !limit_reached();
    while (go_on && !state_.finished) {
      Progress progress = step();
      const bool stage_over = stage_is_over();
      const bool last = limit_reached();
      if (has_validation_ && (stage_over || last || state_.step % options_.validate_every == 0)) validate(progress);
      if ((stage_over || out_of_patience()) && !state_.finished) enter_next_stage();
      log.write(progress);
      go_on = (!callback || callback(progress)) && !last;
    }
    if (!std::isfinite(B::squared_norm(model_.weights()))) fail("a weight");
    save();
    const bool none_is_best_yet = has_validation_ && state_.best_validation == std::numeric_limits<double>::max();
    if (none_is_best_yet && !options_.checkpoint.empty()) save_model(options_.checkpoint, model_);
  }

  const TrainingState& state() const { return state_; }

 private:
  using Clock = std::chrono::steady_clock;

  const Stage& stage() const { return options_.stages[state_.stage]; }
  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  /// The part of the run that is over, by whichever limit is nearer; 0 without limits.
  double part_over() const {
    double part = 0;
    if (options_.steps > 0) part = static_cast<double>(state_.step) / static_cast<double>(options_.steps);
    if (options_.minutes > 0) part = std::max(part, seconds() / (60 * options_.minutes));
    return part;
  }
  bool limit_reached() const { return part_over() >= 1; }

  BatchOptions batch_options() const {
    return {.batch = options_.batch,
            .input_length = stage().input_length,
            .target_length = stage().target_length,
            .start_probability = stage().start_probability,
            .end_probability = stage().end_probability,
            .augmentation = options_.augmentation};
  }

  Progress step() {
    Schedule schedule = options_.schedule;
    if (stage().learning_rate > 0) schedule.learning_rate = stage().learning_rate;
    const double learning_rate = schedule.at(state_.step, part_over());

    sequences_.assign(
        make_batch(corpus_, Split::train, batch_options(), state_.seed, static_cast<std::uint64_t>(state_.step)),
        model_.vocabulary());
    if (stage().teacher_forcing < 1)
      sequences_.force(model_, stage().teacher_forcing,
                       Random(state_.seed, forcing_stream + static_cast<std::uint64_t>(state_.step)));
    const Sequences batch = sequences_.view();
    model_.forward_backward(batch);
    // What is saved has just given a finite loss; this step will be taken again after resuming.
    if (std::chrono::duration<double>(Clock::now() - last_save_).count() >= options_.save_seconds) {
      if (!std::isfinite(model_.loss())) fail("the loss");
      save();
    }
    const double norm = B::update(model_.weights(), model_.gradients(), m_, v_, state_.step + 1, learning_rate,
                                  options_.optimizer);  // the first to wait, where a device computes
    const double loss = model_.loss();
    if (!std::isfinite(loss)) fail("the loss");
    if (!std::isfinite(norm)) fail("the gradient");

    ++state_.step;
    ++state_.stage_step;
    state_.tokens += sequences_.target_count();
    state_.recent_losses.push_back(loss);
    if (state_.recent_losses.size() > smoothing_steps) state_.recent_losses.erase(state_.recent_losses.begin());
    return {.step = state_.step,
            .stage = state_.stage + 1,
            .stage_name = stage().name,
            .loss = loss,
            .smoothed_loss = smoothed_loss(),
            .learning_rate = learning_rate,
            .gradient_norm = norm,
            .tokens = state_.tokens,
            .seconds = seconds()};
  }

  [[noreturn]] void fail(const std::string& what) const {
    const auto last = last_checkpoint(options_.checkpoint);
    throw Error("after " + std::to_string(state_.step) + " steps " + what + " is not finite" +
                (options_.checkpoint.empty() || saved_step_ < 0
                     ? ""
                     : "; the checkpoint of step " + std::to_string(saved_step_) + " is kept in " + last.string()));
  }

  double smoothed_loss() const {
    double sum = 0;
    for (const double x : state_.recent_losses) sum += x;
    return sum / static_cast<double>(state_.recent_losses.size());
  }

  bool stage_is_over() const {
    const Stage& s = stage();
    return (s.leave_below > 0 && state_.recent_losses.size() == smoothing_steps && smoothed_loss() < s.leave_below) ||
           (s.max_steps > 0 && state_.stage_step >= s.max_steps);
  }
  bool out_of_patience() const { return stage().patience > 0 && state_.validations_since_best >= stage().patience; }

  void enter_next_stage() {
    if (state_.stage + 1 == options_.stages.size()) {
      state_.finished = true;
      return;
    }
    ++state_.stage;
    state_.stage_step = 0;
    state_.recent_losses.clear();
    state_.best_of_stage = std::numeric_limits<double>::max();
    state_.validations_since_best = 0;
  }

  void validate(Progress& progress);
  void save();

  static constexpr std::uint64_t forcing_stream = std::uint64_t{1} << 62;

  Model<B>& model_;
  const Corpus& corpus_;
  TrainerOptions options_;
  typename B::Parameters m_, v_;  // Adam's moments
  TrainingState state_;
  TrainingSequences sequences_;
  bool has_validation_ = false;
  Clock::time_point start_, last_save_;
  std::int64_t saved_step_ = -1;
};

/// The mean loss over fixed windows of the validation songs, on all positions whatever the stage, so that stages
/// compare.
template <Backend B>
void Trainer<B>::validate(Progress& progress) {
  const BatchOptions windows{
      .batch = options_.batch, .input_length = {1, 1}, .target_length = 255, .start_probability = 0};
  double sum = 0;
  std::int64_t count = 0;
  for (int i = 0; i < options_.validation_batches; ++i) {
    sequences_.assign(validation_batch(corpus_, windows, static_cast<std::uint64_t>(i)), model_.vocabulary());
    for (const auto nll : model_.nll(sequences_.view())) sum += static_cast<double>(nll);
    count += sequences_.target_count();
  }
  const double loss = sum / static_cast<double>(std::max<std::int64_t>(count, 1));
  if (!std::isfinite(loss)) fail("the validation loss");
  progress.validation_loss = loss;
  progress.best = loss < state_.best_validation;
  state_.validations_since_best = loss < state_.best_of_stage ? 0 : state_.validations_since_best + 1;
  state_.best_of_stage = std::min(loss, state_.best_of_stage);
  state_.best_validation = std::min(loss, state_.best_validation);
  if (progress.best && !options_.checkpoint.empty()) save_model(options_.checkpoint, model_);
  if (options_.early_stop > 0 && state_.validations_since_best >= options_.early_stop) state_.finished = true;
}

/// Writes what resuming needs; and the model itself, where there are no validation songs to tell which is best.
template <Backend B>
void Trainer<B>::save() {
  if (options_.checkpoint.empty()) return;
  state_.seconds = seconds();
  Safetensors file = to_safetensors(model_);
  file.metadata()["training"] = to_json(state_).dump();
  detail::add_tensors(file, B::to_host(m_), "adam.m.");
  detail::add_tensors(file, B::to_host(v_), "adam.v.");
  file.write(last_checkpoint(options_.checkpoint));
  if (!has_validation_) save_model(options_.checkpoint, model_);
  last_save_ = Clock::now();
  saved_step_ = state_.step;
}

}  // namespace musicgen::inline MUSICGEN_ABI
