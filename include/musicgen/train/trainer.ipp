// Definitions of trainer.hpp.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "../core/error.hpp"
#include "../core/files.hpp"
#include "../core/random.hpp"
#include "../model/model_file.hpp"
#include "log.hpp"
#include "trainer.hpp"

namespace musicgen::inline MUSICGEN_ABI {

namespace presets {

MUSICGEN_INLINE TrainerOptions training(const Vocabulary& vocabulary) {
  TrainerOptions options;
  if (!vocabulary.has_beats()) return options;
  constexpr int window = 4096;  // two fifths of a POP909 song
  options.stages = stages::all_positions(window);
  options.stages[0].start_probability = 0.4;
  options.stages[0].end_probability = 0.1;
  options.batch = 2;
  options.schedule.learning_rate = 2e-3;
  options.augmentation = {.velocity = {-2, 2}, .leave_out = 0.1};
  options.validation_window = window;
  return options;
}

MUSICGEN_INLINE TrainerOptions fine_tuning(const Vocabulary& vocabulary) {
  TrainerOptions options = training(vocabulary);
  options.schedule.learning_rate /= 4;
  return options;
}

}  // namespace presets

namespace detail {

/// The random stream that chooses between true tokens and guesses.
inline constexpr std::uint64_t forcing_stream = std::uint64_t{1} << 62;

}  // namespace detail

template <Backend B>
Trainer<B>::Trainer(Model<B>& model, const Corpus& corpus, TrainerOptions options)
    : model_(model), corpus_(corpus), options_(std::move(options)) {
  if (model_.vocabulary() != corpus_.vocabulary())
    throw Error("training: the model's vocabulary is not the corpus's: open that with the model's");
  if (options_.stages.empty()) throw Error("training: there are no stages");
  for (const Stage& stage : options_.stages)  // now, not when the stage begins
    require_valid(batch_options(stage), corpus_.vocabulary());
  if (options_.validate_every < 1 || options_.validation_batches < 1)
    throw Error("training: validate_every and validation_batches have to be positive");
  if (options_.validation_window < 2)
    throw Error("training: validation_window is " + std::to_string(options_.validation_window) +
                ", expected at least 2");
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
    if (!file.empty()) AtomicFile probe(file);  // fails now if it cannot be written, not after an hour
}

template <Backend B>
bool Trainer<B>::resume() {
  const auto path = last_checkpoint(options_.checkpoint);
  if (!std::filesystem::exists(path)) return false;
  Checkpoint<B> checkpoint = load_checkpoint<B>(path);
  const ModelConfig& config = checkpoint.config;
  if (config.dimensions != model_.dimensions() || config.vocabulary != model_.config().vocabulary ||
      config.attention != model_.config().attention)
    throw file_error(path, "is of a model of other sizes, another vocabulary or another attention");
  TrainingState& state = checkpoint.state;
  if (state.stage >= options_.stages.size())
    throw file_error(
        path, "is in stage " + std::to_string(state.stage + 1) + " of " + std::to_string(options_.stages.size()));
  if (state.muon != (options_.optimizer.muon > 0))
    throw file_error(path, std::string("its moments are those of ") + (state.muon ? "Muon" : "AdamW alone") +
                               ", the run is to go on with " + (state.muon ? "AdamW alone" : "Muon"));
  std::optional<typename B::Parameters> best;  // read before anything is changed
  if (has_validation_ && state.best_validation < std::numeric_limits<double>::max() &&
      std::filesystem::exists(options_.checkpoint))
    best = read_parameters<B>(Safetensors::read(options_.checkpoint), model_.dimensions());
  state_ = std::move(state);
  model_.weights() = std::move(checkpoint.weights);
  m_ = std::move(checkpoint.m);
  v_ = std::move(checkpoint.v);
  last_.reset();
  best_ = std::move(best);
  saved_step_ = state_.step;
  if (state_.finished && options_.stages.size() > state_.stages) {  // stages have been added
    state_.finished = false;
    state_.stage = state_.stages - 1;
    enter_next_stage();
  }
  state_.stages = options_.stages.size();
  return true;
}

template <Backend B>
TrainingResult Trainer<B>::run(const Callback& callback) {
  take_last();
  model_.set_profile(corpus_.profile());
  start_ = Clock::now() - std::chrono::duration_cast<Clock::duration>(state_.time);
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
  if (has_validation_ && !has_best() && !options_.checkpoint.empty()) save_model(options_.checkpoint, model_);
  return take_best();
}

/// The fraction of the run that is over, by the nearer limit; 0 without limits.
template <Backend B>
double Trainer<B>::part_over() const {
  double part = 0;
  if (options_.steps > 0) part = static_cast<double>(state_.step) / static_cast<double>(options_.steps);
  if (options_.max_time.count() > 0) part = std::max(part, time() / options_.max_time);
  return part;
}

template <Backend B>
BatchOptions Trainer<B>::batch_options(const Stage& stage) const {
  return {.batch = options_.batch,
          .input_length = stage.input_length,
          .target_length = stage.target_length,
          .start_probability = stage.start_probability,
          .end_probability = stage.end_probability,
          .augmentation = options_.augmentation};
}

template <Backend B>
Progress Trainer<B>::step() {
  Schedule schedule = options_.schedule;
  if (stage().learning_rate > 0) schedule.learning_rate = stage().learning_rate;
  Progress progress{
      .stage = state_.stage + 1, .stage_name = stage().name, .learning_rate = schedule.at(state_.step, part_over())};
  const auto number = static_cast<std::uint64_t>(state_.step);
  sequences_.assign(make_batch(corpus_, Split::train, batch_options(stage()), state_.seed, number), model_.vocabulary(),
                    model_.dimensions().C > 0);
  if (stage().teacher_forcing < 1)
    sequences_.force(model_, stage().teacher_forcing, Random(state_.seed, detail::forcing_stream + number));
  learn(sequences_.view(), progress);

  progress.step = ++state_.step;
  ++state_.stage_step;
  progress.tokens = state_.tokens += sequences_.target_count();
  state_.recent_losses.push_back(progress.loss);
  if (state_.recent_losses.size() > smoothing_steps) state_.recent_losses.erase(state_.recent_losses.begin());
  progress.smoothed_loss = smoothed_loss();
  progress.time = time();
  return progress;
}

/// Updates the weights at progress.learning_rate and reports the loss and the gradient's norm.
template <Backend B>
void Trainer<B>::learn(const Sequences& batch, Progress& progress) {
  model_.forward_backward(batch);
  // The weights saved have just given a finite loss; a resumed run takes this step again.
  if (Clock::now() - last_save_ >= options_.save_interval) {
    if (!std::isfinite(model_.loss())) fail("the loss");
    save();
  }
  progress.gradient_norm =
      B::update(model_.weights(), model_.gradients(), m_, v_, state_.step + 1, progress.learning_rate,
                options_.optimizer);  // the first call that waits for a device
  progress.loss = model_.loss();
  if (!std::isfinite(progress.loss)) fail("the loss");
  if (!std::isfinite(progress.gradient_norm)) fail("the gradient");
}

/// The mean loss over fixed windows of the validation songs, on all positions in every stage, so that stages compare.
template <Backend B>
void Trainer<B>::validate(Progress& progress) {
  const BatchOptions windows{.batch = options_.batch,
                             .input_length = {1, 1},
                             .target_length = options_.validation_window - 1,
                             .start_probability = 0};
  double sum = 0;
  std::int64_t count = 0;
  for (int i = 0; i < options_.validation_batches; ++i) {
    sequences_.assign(validation_batch(corpus_, windows, static_cast<std::uint64_t>(i)), model_.vocabulary(),
                      model_.dimensions().C > 0);
    for (const auto nll : model_.nll(sequences_.view())) sum += static_cast<double>(nll);
    count += sequences_.target_count();
  }
  const double loss = sum / static_cast<double>(std::max<std::int64_t>(count, 1));
  if (!std::isfinite(loss)) fail("the validation loss");
  progress.validation_loss = loss;
  progress.best = loss < state_.best_validation;
  state_.validations_since_best = loss < state_.best_of_stage ? 0 : state_.validations_since_best + 1;
  state_.best_of_stage = std::min(loss, state_.best_of_stage);
  if (progress.best) {
    state_.best_validation = loss;
    state_.best_step = state_.step;
    best_ = model_.weights();
    if (!options_.checkpoint.empty()) save_model(options_.checkpoint, model_);
  }
  if (options_.early_stop > 0 && state_.validations_since_best >= options_.early_stop) state_.finished = true;
}

/// Whether there has been a validation.
template <Backend B>
bool Trainer<B>::has_best() const {
  return has_validation_ && state_.best_validation < std::numeric_limits<double>::max();
}

template <Backend B>
double Trainer<B>::smoothed_loss() const {
  double sum = 0;
  for (const double x : state_.recent_losses) sum += x;
  return sum / static_cast<double>(state_.recent_losses.size());
}

template <Backend B>
bool Trainer<B>::stage_is_over() const {
  const Stage& s = stage();
  return (s.leave_below > 0 && state_.recent_losses.size() == smoothing_steps && smoothed_loss() < s.leave_below) ||
         (s.max_steps > 0 && state_.stage_step >= s.max_steps);
}

template <Backend B>
void Trainer<B>::enter_next_stage() {
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

/// Writes the checkpoint to resume from; without validation songs to tell which model is best, also the model itself.
template <Backend B>
void Trainer<B>::save() {
  if (options_.checkpoint.empty()) return;
  state_.time = time();
  save_checkpoint<B>(last_checkpoint(options_.checkpoint), model_, m_, v_, state_);
  if (!has_validation_) save_model(options_.checkpoint, model_);
  last_save_ = Clock::now();
  saved_step_ = state_.step;
}

/// Gives the model the last weights, to go on with.
template <Backend B>
void Trainer<B>::take_last() {
  if (last_) model_.weights() = *last_;
  last_.reset();
}

/// Gives the model the best weights, and keeps the last ones.
template <Backend B>
TrainingResult Trainer<B>::take_best() {
  TrainingResult result{.steps = state_.step, .model_step = state_.step, .finished = state_.finished};
  if (!has_best() || !best_) return result;
  result.validation_loss = state_.best_validation;
  result.model_step = state_.best_step;
  last_ = model_.weights();
  model_.weights() = *best_;
  return result;
}

template <Backend B>
void Trainer<B>::fail(const std::string& what) const {
  const auto last = last_checkpoint(options_.checkpoint);
  throw Error("after " + std::to_string(state_.step) + " steps " + what + " is not finite" +
              (options_.checkpoint.empty() || saved_step_ < 0
                   ? ""
                   : "; the checkpoint of step " + std::to_string(saved_step_) + " is kept in " + last.string()));
}

}  // namespace musicgen::inline MUSICGEN_ABI
