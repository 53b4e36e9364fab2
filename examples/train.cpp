// Trains a model on a folder of MIDI files.
#include <atomic>
#include <concepts>
#include <csignal>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/musicgen.hpp>
#include <sstream>

#include "formatted.hpp"
#include "machine.hpp"
#include "model.hpp"
#include "program.hpp"

using namespace musicgen;

namespace {
std::atomic<bool> interrupted = false;

struct Options {
  std::filesystem::path data, init, cache, annotations;
  std::string preset = "small", stages;
  std::optional<int> hidden, layers, embedding, batch;
  std::optional<std::string> attention, optimizer;
  std::optional<double> learning_rate, attention_scale, leave_out;
  std::optional<Language> language;
  std::vector<int> transpose, velocity;  // empty: not given
  std::vector<double> tempo;
  double minutes = 0, save_seconds = 20;
  bool resume = false;
  Machine machine;
  TrainerOptions trainer;
};

void add_music_options(CLI::App& app, Options& o) {
  app.add_option("--data", o.data, "a folder of MIDI files, POP909, MAESTRO, or one MIDI file")
      ->required()
      ->check(file_name());
  app.add_option_function<std::string>(
         "--language",
         [&o](const std::string& name) { o.language = name == "beats" ? Language::beats : Language::performance; },
         "what songs are learned as. beats: bars, key, tempo, phrases and chords beside the notes, on the CPU alone; "
         "performance: notes and time. If not given, that of the model to start from; for a new one beats if half of "
         "the songs keep to a beat (original: performance)")
      ->check(CLI::IsMember({"performance", "beats"}));
  app.add_option("--annotations", o.annotations,
                 "in beats: a folder with POP909's annotations, to write its songs down by")
      ->check(file_name());
  app.add_option("--leave-out", o.leave_out,
                 "in beats: the probability of leaving each of key, tempo, metre, phrases and chords out of a window; "
                 "0.1 (original: 0) if not given")
      ->check(number_in(0, 1));
  app.add_option("--transpose", o.transpose, "as performances: lowest and highest number of semitones to move songs by")
      ->expected(2)
      ->check(whole_number_in(-60, 60));
  app.add_option("--tempo", o.tempo, "as performances: lowest and highest factor to play them faster by: 0.95 1.05")
      ->expected(2)
      ->check(number_in(0.1, 10));
  app.add_option("--velocity", o.velocity,
                 "lowest and highest number of the 31 velocities to play them louder by; in beats -2 2 (original: 0 0) "
                 "if not given")
      ->expected(2)
      ->check(whole_number_in(-30, 30));
  app.add_option("--cache", o.cache, "a file that keeps the tokenized data from one run to the next");
}

void add_model_options(CLI::App& app, Options& o) {
  const CLI::Validator positive = whole_number_in(1, 1 << 20);
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
  app.add_option("--init", o.init,
                 "start from this model's weights (fine-tuning); \"bundled\": those of the bundled model");
}

void add_options(CLI::App& app, Options& o) {
  TrainerOptions& t = o.trainer;
  add_music_options(app, o);
  app.add_option("--out", t.checkpoint, "the model to write; beside it NAME.last.safetensors, to resume from")
      ->required()
      ->check(file_name());
  add_model_options(app, o);
  app.add_option("--batch", o.batch, "sequences in a step; 8 (in beats: 2, original: 32) if not given")
      ->check(whole_number_in(1, 65535));
  app.add_option("--steps", t.steps, "end after so many steps, those before a --resume among them")
      ->check(whole_number_in(1, std::int64_t{1} << 40));
  app.add_option("--minutes", o.minutes,
                 "end after so much time, that before a --resume included; 20 if neither this nor --steps is given")
      ->check(number_in(1e-9, 1e9));
  app.add_option("--stages", o.stages,
                 "original, all-positions (windows of 512 tokens, in beats of 4096), or a JSON file with a list of "
                 "stages");
  app.add_option("--learning-rate", o.learning_rate,
                 "the highest; 2e-3 (original: 1e-4) if not given, a quarter of it with --init")
      ->check(number_in(1e-9, 1e9));
  app.add_option("--seed", t.seed, "equal seeds give equal models, if --steps is the limit")
      ->capture_default_str()
      ->check(seed_number());
  add_precision(app, t.products, "of the products: bf16 is for GPUs, and slower on most processors", {"fp32", "bf16"});
  app.add_flag(
      "--resume", o.resume,
      "go on from NAME.last.safetensors, with the same options as before; after the end of a run, with a larger "
      "--minutes or --steps, which count the whole run. Without --resume a model of that name is replaced");
  app.add_option("--log", t.log, "JSON lines, one a step");
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

std::vector<Stage> stages_of(const Options& o, const TrainerOptions& preset) {
  const bool original = o.stages.empty() ? o.preset == "original" : o.stages == "original";
  if (original) return stages::original();
  return o.stages.empty() || o.stages == "all-positions" ? preset.stages : stages::from_file(o.stages);
}

Augmentation augmentation_of(const Options& o, const TrainerOptions& preset) {
  Augmentation change = preset.augmentation;
  if (!o.transpose.empty()) change.transpose = {o.transpose[0], o.transpose[1]};
  if (!o.tempo.empty()) change.tempo = {o.tempo[0], o.tempo[1]};
  if (!o.velocity.empty()) change.velocity = {o.velocity[0], o.velocity[1]};
  change.leave_out = o.leave_out.value_or(change.leave_out);
  return change;
}

void choose_training(Options& o, const Vocabulary& vocabulary) {
  TrainerOptions& t = o.trainer;
  const bool original = o.preset == "original";
  const TrainerOptions preset = original ? TrainerOptions{} : presets::training(vocabulary);
  t.stages = stages_of(o, preset);
  t.augmentation = augmentation_of(o, preset);
  t.validation_window = preset.validation_window;
  t.batch = o.batch.value_or(original ? 32 : preset.batch);
  t.schedule = preset.schedule;
  if (original) {
    t.schedule = {.learning_rate = 1e-4, .warmup_steps = 0, .final_fraction = 1};
    t.optimizer.weight_decay = 0;
  }
  if (o.optimizer.value_or(original ? "adamw" : "muon") == "adamw") t.optimizer.muon = 0;
  if (!o.init.empty()) t.schedule.learning_rate /= 4;  // as presets::fine_tuning() has it
  t.schedule.learning_rate = o.learning_rate.value_or(t.schedule.learning_rate);
  t.max_time = std::chrono::duration<double, std::ratio<60>>(t.steps == 0 && o.minutes == 0 ? 20 : o.minutes);
  t.save_interval = std::chrono::duration<double>(o.save_seconds);
}

const char* as(Language language) {
  return language == Language::beats ? "in beats" : "as performances";
}

/// Refuses options that mean nothing in a language.
void require_fitting(const Options& o, Language language) {
  const auto require = [&](bool holds, const char* option, const std::string& why) {
    if (!holds) throw CLI::ValidationError(option, why + ", and songs are learned " + as(language));
  };
  const std::string beats = "is for the language of beats";
  const bool in_beats = language == Language::beats;
  require(in_beats || o.annotations.empty(), "--annotations", beats);
  require(in_beats || !o.leave_out, "--leave-out", beats);
  const std::string performances = "is for the language of performances";
  require(!in_beats || o.transpose.empty() || o.transpose == std::vector{0, 0}, "--transpose", performances);
  require(!in_beats || o.tempo.empty() || o.tempo == std::vector{1.0, 1.0}, "--tempo", performances);
}

/// That of the model to start from, or the one asked for, or else the one that suits the songs; says which and why if
/// it is not asked for.
/// @param resuming  `given` is what the run had come to, not what it was to start from
template <Backend B>
Language choose_language(const Options& o, const std::optional<Model<B>>& given, bool resuming) {
  const auto say = [](Language language, const std::string& why) {
    std::cout << as(language) << ": " << why << std::endl;
    return language;
  };
  if (given) {
    const Language language = language_of(given->vocabulary());
    const std::string which = resuming ? "the model to go on with" : "the model to start from";
    if (!o.language) return say(language, "the language of " + which);
    if (*o.language != language) throw CLI::ValidationError("--language", which + " knows songs " + as(language));
  }
  if (o.language) return *o.language;
  if (o.preset == "original") return say(Language::performance, "the original's language");
  if (!std::same_as<B, Cpu>) return say(Language::performance, "models in beats run on the CPU alone");
  const BeatCount count = count_beats(list_files(o.data));
  if (count.songs == 0) return Language::performance;  // and reading them all will say why
  std::ostringstream why;
  why << count;
  return say(count.language(), why.str());
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

/// That all outputs can be written, and take the place of nothing but models.
void require_outputs(const Options& o) {
  const auto last = last_checkpoint(o.trainer.checkpoint);
  require_distinct({o.data, o.init, o.stages, o.annotations}, {o.trainer.checkpoint, last, o.trainer.log, o.cache});
  for (const auto& file : {o.trainer.checkpoint, last, o.trainer.log, o.cache}) require_writable(file);
  if (o.resume) return;
  require_model(o.trainer.checkpoint);
  require_model(last);
}

/// Where it computes.
template <Backend B>
std::string place() {
#ifdef MUSICGEN_HAS_CUDA
  if constexpr (std::same_as<B, Cuda>) return cuda::device_name();
#endif
  return detail::counted(static_cast<std::size_t>(thread_pool().threads()), "thread");
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

/// What the run is to start from or, if `resuming`, to go on with.
template <Backend B>
std::optional<Model<B>> given_model(const Options& o, bool resuming) {
  const auto last = last_checkpoint(o.trainer.checkpoint);
  if (resuming && !o.init.empty())
    std::cout << "going on from " << last.string() << ": --init has been read when the run began\n";
  if (resuming) return load_model<B>(last);
  if (o.init.empty()) return std::nullopt;
  return ::given_model<B>(o.init);
}

CorpusOptions reading_of(const Options& o, const Vocabulary& vocabulary) {
  CorpusOptions reading{.vocabulary = vocabulary};
  if (!o.cache.empty()) reading.cache = o.cache;
  if (!o.annotations.empty()) reading.annotations = o.annotations;
  return reading;
}

/// Reads the songs, and tells what they are. The bundled model knows beats alone: where songs have none, it names the
/// other one.
Corpus open_corpus(const Options& o, const Vocabulary& vocabulary) {
  const std::string learns_these =
      std::string("--init ") + performance_model + " learns songs without a beat, as performances";
  const bool bundled = o.init == "bundled" && vocabulary.has_beats();
  try {
    Corpus corpus = Corpus::open(o.data, reading_of(o, vocabulary));
    std::cout << corpus << '\n';
    if (bundled && corpus.skipped().size() > corpus.songs().size()) std::cout << learns_these << '\n';
    return corpus;
  } catch (const Error& error) {
    const std::string reason = error.what();
    if (!bundled || reason.find("no beat") == std::string::npos) throw;
    throw Error(reason + "; " + learns_these);
  }
}

/// Trains, and tells how it goes and what it has come to.
template <Backend B>
void run(Trainer<B>& trainer, const std::filesystem::path& checkpoint) {
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
  std::cout << (interrupted ? "stopped" : "finished") << " at step " << result.steps << ": " << checkpoint.string()
            << ", the model of step " << result.model_step;
  if (result.validation_loss) std::cout << ", validation loss " << formatted("%.3f", *result.validation_loss);
  std::cout << std::endl;
}

template <Backend B>
void train(Options& o) {
  require_outputs(o);
  const auto last = last_checkpoint(o.trainer.checkpoint);
  const bool resuming = o.resume && std::filesystem::exists(last);
  const std::optional<Model<B>> given = given_model<B>(o, resuming);
  const Language language = choose_language(o, given, resuming);
  require_fitting(o, language);
  const Vocabulary vocabulary = given ? given->vocabulary() : vocabulary_of(language);
  choose_training(o, vocabulary);
  const Corpus corpus = open_corpus(o, vocabulary);
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
  run(trainer, o.trainer.checkpoint);
}
}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains a model on MIDI files");
  Options options;
  add_options(app, options);
  return run_program(app, argc, argv, [&] {
    const auto require_ascending = [](const char* name, const auto& range) {
      if (!range.empty() && range[0] > range[1]) throw CLI::ValidationError(name, "the lowest is over the highest");
    };
    require_ascending("--transpose", options.transpose);
    require_ascending("--tempo", options.tempo);
    require_ascending("--velocity", options.velocity);
    if (options.language) require_fitting(options, *options.language);  // known before anything is read
    const auto on_cpu_only = [&] {
      const auto last = last_checkpoint(options.trainer.checkpoint);
      if (options.resume && std::filesystem::exists(last)) return runs_on_cpu_only(last);
      if (options.init.empty()) return options.language == Language::beats;
      return runs_on_cpu_only(options.init);
    };
    options.machine.run([&]<Backend B>(B) { train<B>(options); }, Precision::fp32, on_cpu_only);
  });
}
