// Trains a model on a folder of MIDI files.
#include <atomic>
#include <concepts>
#include <csignal>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/musicgen.hpp>

#include "formatted.hpp"
#include "machine.hpp"
#include "program.hpp"

using namespace musicgen;

namespace {
std::atomic<bool> interrupted = false;

struct Options {
  std::filesystem::path data, init, cache;
  std::string preset = "small", stages;
  std::optional<int> hidden, layers, embedding, batch;
  std::optional<std::string> attention, optimizer;
  std::optional<double> learning_rate, attention_scale;
  std::vector<int> transpose{0, 0}, velocity{0, 0};
  std::vector<double> tempo{1, 1};
  double minutes = 0, save_seconds = 20;
  bool resume = false;
  Machine machine;
  TrainerOptions trainer;
};

void add_options(CLI::App& app, Options& o) {
  const CLI::Validator positive = whole_number_in(1, 1 << 20);
  TrainerOptions& t = o.trainer;
  app.add_option("--data", o.data, "a folder of MIDI files, POP909, MAESTRO, or one MIDI file")
      ->required()
      ->check(file_name());
  app.add_option("--out", t.checkpoint, "the model to write; beside it NAME.last.safetensors, to resume from")
      ->required()
      ->check(file_name());
  app.add_option("--preset", o.preset,
                 "small (96/256/2) or original (32/1028/3, its attention, optimizer, stages and learning rate)")
      ->capture_default_str()
      ->check(CLI::IsMember({"small", "original"}));
  app.add_option("--hidden", o.hidden,
                 "hidden units, in place of the preset's; with --init, as many or more: new ones are added")
      ->check(positive);
  app.add_option("--layers", o.layers, "GRU layers, in place of the preset's")->check(positive);
  app.add_option("--embedding", o.embedding, "size of the embedding, in place of the preset's")->check(positive);
  app.add_option("--attention", o.attention,
                 "what it sums: outputs like the present one (match; original), or those after them (successor; small)")
      ->check(CLI::IsMember({"match", "successor"}));
  app.add_option("--attention-scale", o.attention_scale,
                 "what its scores are multiplied by; 1, or as the model to start from has it, if not given")
      ->check(number_in(1e-6, 1e6));
  app.add_option("--optimizer", o.optimizer,
                 "adamw (original), or muon, which learns matrices of hidden units in fewer steps (small)")
      ->check(CLI::IsMember({"adamw", "muon"}));
  app.add_option("--batch", o.batch, "sequences in a step; 8 (original: 32) if not given")
      ->check(whole_number_in(1, 65535));
  app.add_option("--steps", t.steps, "end after so many steps, those before a --resume among them")
      ->check(whole_number_in(1, std::int64_t{1} << 40));
  app.add_option("--minutes", o.minutes,
                 "end after so much time, that before a --resume included; 20 if neither this nor --steps is given")
      ->check(number_in(1e-9, 1e9));
  app.add_option("--stages", o.stages, "original, all-positions, or a JSON file with a list of stages");
  app.add_option("--learning-rate", o.learning_rate,
                 "the highest; 2e-3 (original: 1e-4) if not given, a quarter of it with --init")
      ->check(number_in(1e-9, 1e9));
  app.add_option("--transpose", o.transpose, "lowest and highest number of semitones to move songs by")
      ->expected(2)
      ->check(whole_number_in(-60, 60));
  app.add_option("--tempo", o.tempo, "lowest and highest factor to play them faster by: 0.95 1.05")
      ->expected(2)
      ->check(number_in(0.1, 10));
  app.add_option("--velocity", o.velocity, "lowest and highest number of the 31 velocities to play them louder by")
      ->expected(2)
      ->check(whole_number_in(-30, 30));
  app.add_option("--seed", t.seed, "equal seeds give equal models, if --steps is the limit")
      ->capture_default_str()
      ->check(seed_number());
  add_precision(app, t.products, "of the products: bf16 is for GPUs, and slower on most processors", {"fp32", "bf16"});
  app.add_flag(
      "--resume", o.resume,
      "go on from NAME.last.safetensors, with the same options as before; after the end of a run, with a larger "
      "--minutes or --steps, which count the whole run. Without --resume a model of that name is replaced");
  app.add_option("--init", o.init,
                 "start from this model's weights (fine-tuning); \"bundled\": those of the bundled model");
  app.add_option("--log", t.log, "JSON lines, one a step");
  app.add_option("--cache", o.cache, "a file that keeps the tokenized data from one run to the next");
  app.add_option("--save-seconds", o.save_seconds, "time between checkpoints")
      ->capture_default_str()
      ->check(number_in(1e-9, 1e9));
  o.machine.add_options(app);
}

AttentionValue attention_of(const std::string& name) {
  return name == "match" ? AttentionValue::match : AttentionValue::successor;
}

ModelConfig configuration(const Options& o, const Corpus& corpus) {
  ModelConfig config = o.preset == "small" ? presets::small(corpus) : presets::original(corpus);
  config.dimensions.H = o.hidden.value_or(config.dimensions.H);
  config.dimensions.L = o.layers.value_or(config.dimensions.L);
  config.dimensions.E = o.embedding.value_or(config.dimensions.E);
  if (o.attention) config.attention.value = attention_of(*o.attention);
  if (o.attention_scale) config.attention.scale = static_cast<float>(*o.attention_scale);
  // They pay with these; with matches and AdamW they cost, and with successors and AdamW they do neither.
  const bool narrow = config.attention.value == AttentionValue::successor && o.trainer.optimizer.muon > 0;
  config.initialization = narrow ? presets::narrow_embedding : Initialization{};
  return config;
}

void choose_training(Options& o) {
  TrainerOptions& t = o.trainer;
  const bool original = o.preset == "original";
  if (o.stages.empty()) o.stages = original ? "original" : "all-positions";
  t.stages = o.stages == "original"        ? stages::original()
             : o.stages == "all-positions" ? stages::all_positions()
                                           : stages::from_file(o.stages);
  t.batch = o.batch.value_or(original ? 32 : t.batch);
  if (original) {
    t.schedule = {.learning_rate = 1e-4, .warmup_steps = 0, .final_fraction = 1};
    t.optimizer.weight_decay = 0;
  }
  if (o.optimizer.value_or(original ? "adamw" : "muon") == "adamw") t.optimizer.muon = 0;
  if (!o.init.empty()) t.schedule.learning_rate /= 4;  // as presets::fine_tuning() has it
  t.schedule.learning_rate = o.learning_rate.value_or(t.schedule.learning_rate);
  t.augmentation = {.transpose = {o.transpose[0], o.transpose[1]},
                    .tempo = {o.tempo[0], o.tempo[1]},
                    .velocity = {o.velocity[0], o.velocity[1]}};
  t.max_time = std::chrono::duration<double, std::ratio<60>>(t.steps == 0 && o.minutes == 0 ? 20 : o.minutes);
  t.save_interval = std::chrono::duration<double>(o.save_seconds);
}

/// @param resuming  `given` is what the run had come to, not what it was to start from
template <Backend B>
Model<B> starting_model(const Options& o, const std::optional<Model<B>>& given, bool resuming, const Corpus& corpus) {
  if (!given) return Model<B>(configuration(o, corpus), o.trainer.seed);
  const Dimensions& d = given->dimensions();
  const std::string which = resuming ? "the model to go on with has " : "the model to start from has ";
  for (const auto& [wanted, found, grows, option, what] :
       {std::tuple(o.hidden, d.H, !resuming, "--hidden", "hidden unit"),
        {o.layers, d.L, false, "--layers", "layer"},
        {o.embedding, d.E, false, "--embedding", "number"}})
    if (const int size = wanted.value_or(found); size < found || (size > found && !grows))
      throw Error(std::string(option) + ": " + which + detail::counted(found, what) +
                  (grows ? ", and cannot have fewer" : ", and cannot have another number of them"));
  ModelConfig config = given->config();
  if (o.attention && attention_of(*o.attention) != config.attention.value)
    throw Error("--attention: " + which + "the other one");
  if (o.attention_scale) config.attention.scale = static_cast<float>(*o.attention_scale);
  return widened(Model<B>(std::move(config), given->weights()), o.hidden.value_or(d.H), o.trainer.seed);
}

/// Keeps a run from replacing what is no model.
void require_model(const std::filesystem::path& file) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(file, fault) || std::filesystem::file_size(file, fault) == 0) return;
  try {
    static_cast<void>(load_model(file));
  } catch (const Error&) {
    throw file_error(file, "is not a model: not overwritten");
  }
}

/// Finds out before the songs are read that a file cannot be written. Pipes are left alone: their readers would take
/// the attempt for the end. An empty name is none.
void require_writable(const std::filesystem::path& file) {
  namespace fs = std::filesystem;
  std::error_code fault;
  const fs::file_type type = fs::status(file, fault).type();
  if (!file.empty() && type != fs::file_type::fifo && type != fs::file_type::character) AtomicFile{file};
}

/// Where it computes.
template <Backend B>
std::string place() {
#ifdef MUSICGEN_HAS_CUDA
  if constexpr (std::same_as<B, Cuda>) return cuda::device_name();
#endif
  return std::to_string(thread_pool().threads()) + " threads";
}

/// Why a resumed run takes no step, if it takes none.
std::string nothing_left(const TrainingState& state, const TrainerOptions& o) {
  const std::string because = "\nnothing left to do: ";
  if (state.finished) return because + "the stages are over";
  if (o.steps > 0 && state.step >= o.steps)
    return because + "the limit of " + detail::counted(o.steps, "step") + " is reached; --steps counts the whole run";
  if (o.max_time.count() > 0 && state.time >= o.max_time)
    return because + "the limit of " + formatted("%g", o.max_time.count() / 60) +
           (o.max_time == std::chrono::minutes(1) ? " minute" : " minutes") +
           " is reached; --minutes counts the whole run";
  return "";
}

template <Backend B>
void train(Options& o) {
  choose_training(o);
  const auto last = last_checkpoint(o.trainer.checkpoint);
  require_distinct({o.data, o.init, o.stages}, {o.trainer.checkpoint, last, o.trainer.log, o.cache});
  for (const auto& file : {o.trainer.checkpoint, last, o.trainer.log, o.cache}) require_writable(file);
  if (!o.resume) {
    require_model(o.trainer.checkpoint);
    require_model(last);
  }
  std::optional<Model<B>> given;
  const bool resuming = o.resume && std::filesystem::exists(last);
  if (resuming)
    given = load_model<B>(last);
  else if (!o.init.empty())
    given = o.init == "bundled" ? bundled_model<B>() : load_model<B>(o.init);

  if (resuming && !o.init.empty())
    std::cout << "going on from " << last.string() << ": --init has been read when the run began\n";

  CorpusOptions reading;
  if (!o.cache.empty()) reading.cache = o.cache;
  if (given) reading.vocabulary = given->vocabulary();
  const Corpus corpus = Corpus::open(o.data, reading);
  std::cout << corpus << '\n';
  if (corpus.indices(Split::train).empty()) throw file_error(o.data, "has no songs to train on");
  if (corpus.indices(Split::validation).empty())
    std::cout << "no song is kept for validation: the model will be that of the last step\n";

  Model<B> model = starting_model<B>(o, given, resuming, corpus);
  const Dimensions& d = model.dimensions();
  std::cout << "embedding " << d.E << ", hidden " << d.H << ", layers " << d.L << ": " << model.parameter_count()
            << " parameters; attention over " << model.config().attention << ", "
            << (o.trainer.optimizer.muon > 0 ? "Muon" : "AdamW") << "; " << place<B>() << std::endl;
  Trainer trainer(model, corpus, o.trainer);
  if (o.resume) {
    if (trainer.resume())
      std::cout << "resumed at step " << trainer.state().step << nothing_left(trainer.state(), o.trainer) << std::endl;
    else
      std::cout << last.string() << " does not exist: a new run" << std::endl;
  }
  std::signal(SIGINT, [](int) { interrupted = true; });
  std::signal(SIGTERM, [](int) { interrupted = true; });
  std::chrono::duration<double> shown(-1e9);
  const TrainingResult result = trainer.run([&](const Progress& p) {
    if (p.validation_loss || p.time >= shown + std::chrono::seconds(10)) {
      std::cout << p << std::endl;
      shown = p.time;
    }
    return !interrupted;
  });
  std::cout << (interrupted ? "stopped" : "finished") << " at step " << result.steps << ": "
            << o.trainer.checkpoint.string() << ", the model of step " << result.model_step;
  if (result.validation_loss) std::cout << ", validation loss " << formatted("%.3f", *result.validation_loss);
  std::cout << std::endl;
}
}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains a model on MIDI files");
  Options options;
  add_options(app, options);
  return run_program(app, argc, argv, [&] {
    const auto require_ascending = [](const char* name, const auto& range) {
      if (range[0] > range[1]) throw CLI::ValidationError(name, "the lowest is over the highest");
    };
    require_ascending("--transpose", options.transpose);
    require_ascending("--tempo", options.tempo);
    require_ascending("--velocity", options.velocity);
    options.machine.run([&]<Backend B>(B) { train<B>(options); });
  });
}
