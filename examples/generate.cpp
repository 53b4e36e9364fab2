// Writes new songs, from nothing or from where a given one stops.
#include <charconv>
#include <iomanip>
#include <musicgen/core/text.hpp>
#include <musicgen/musicgen.hpp>
#include <set>

#include "machine.hpp"
#include "model.hpp"
#include "plan_options.hpp"
#include "program.hpp"
#include "render.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

namespace {

struct Options {
  fs::path model, out, prompt, picture, audio, tokens_file;
  double seconds = 0, prompt_seconds = 0;
  std::int64_t tokens = 0;
  int count = 1;
  bool no_grammar = false;
  SamplerOptions sampler;
  presets::Lifelike style = presets::lifelike_beats(MusicProfile());
  PlanOptions plan;
  std::vector<std::string> tracks;   // lists of numbers from 1
  std::vector<std::string> renamed;  // what to say about old names
  Machine machine;
};

/// How much songs differ from each other.
void vary(presets::Lifelike& style, double variation) {
  const auto amount = static_cast<float>(variation);
  style.get<Density>().variation = amount;
  style.get<PitchClassPrior>().variation = amount;
  style.get<VelocityTemperature>().variation = amount;
}

constexpr const char* old_names = "Old names";

/// Help without the old names of options. (Those of a group without a name are left out, too, and messages do not say
/// what they are called.)
struct HelpWithoutOldNames : CLI::Formatter {
  std::string make_group(std::string group, bool is_positional,
                         std::vector<const CLI::Option*> options) const override {
    return group == old_names ? "" : CLI::Formatter::make_group(group, is_positional, options);
  }
};

/// A name of before, not in the help: sets what the new one does, and says so.
template <class Set>
void add_renamed(CLI::App& app, Options& o, const std::string& old_name, const std::string& new_name, double low,
                 double high, Set set) {
  app.add_option_function<double>(old_name,
                                  [&o, old_name, new_name, set](const double& value) {
                                    set(value);
                                    o.renamed.push_back(old_name + " is now " + new_name);
                                  })
      ->check(number_in(low, high))
      ->group(old_names);
}

using OptionalTime = std::optional<std::chrono::duration<double>>;

/// @param seconds  0: none
void set_time(OptionalTime& to, double seconds) {
  to = std::chrono::duration<double>(seconds);
  if (seconds == 0) to.reset();
}

void add_number(CLI::App& app, const char* group, const std::string& name, float& to, double low, double high,
                const std::string& help) {
  app.add_option(name, to, help)->capture_default_str()->check(number_in(low, high))->group(group);
}

void add_renamed_options(CLI::App& app, Options& o) {
  app.formatter(std::make_shared<HelpWithoutOldNames>());
  const auto add = [&](const std::string& old_name, const std::string& new_name, double low, double high, auto set) {
    add_renamed(app, o, old_name, new_name, low, high, set);
  };
  presets::Lifelike& s = o.style;
  const auto number = [](float& to) { return [&to](double value) { to = static_cast<float>(value); }; };
  const auto time = [](OptionalTime& to) { return [&to](double value) { set_time(to, value); }; };
  add("--calm", "--density, with the sign turned", -10, 10,
      [&s](double value) { s.get<Density>().density = static_cast<float>(-value); });
  add("--variety", "--song-variation", 0, 10, [&s](double value) { vary(s, value); });
  add("--keep-key", "--pitch-class-prior", 0, 10, number(s.get<PitchClassPrior>().strength));
  add("--keep-loudness", "--velocity-prior", 0, 10, number(s.get<VelocityPrior>().strength));
  add("--keep-together", "--near-onset-penalty", 0, 10, number(s.get<NearOnsetPenalty>().penalty));
  add("--thin-chords", "--chord-size-penalty", -10, 10, number(s.get<ChordSizePenalty>().penalty));
  add("--keep-time", "--timing-sharpness", 0, 10, number(s.get<TimingSharpness>().sharpness));
  add("--longest-note", "--max-note-length", 1, 1e6, time(s.get<MaxNoteLength>().length));
  add("--ending-after", "--end-bias-after", 1, 1e6, time(s.get<EndBias>().after));
  add("--longest-rest", "--max-rest", 0, 1e6, time(s.get<MaxRest>().length));
}

/// How tokens are chosen.
void add_choice_options(CLI::App& app, Options& o) {
  const char* const group = "Choice of tokens";
  SamplerOptions& s = o.sampler;
  PitchSampling& pitch = o.style.get<PitchSampling>();
  app.add_option("--top-k", s.top_k, "choose among the k most probable tokens; 0: all")
      ->capture_default_str()
      ->check(whole_number_in(0, 1 << 20))
      ->group(group);
  const auto add = [&](const std::string& name, float& to, double low, double high, const std::string& help) {
    add_number(app, group, name, to, low, high, help);
  };
  add("--top-p", s.top_p, 1e-6, 1, "choose among the fewest that have this probability together; 1: all");
  add("--min-p", s.min_p, 0, 1, "leave out what is less probable than this part of the most probable; 0: none");
  add("--pitch-temperature", pitch.temperature, 1e-3, 100,
      "temperature of which pitch a note has, not of when it comes; 1: as the model says");
  add("--pitch-top-p", pitch.top_p, 1e-6, 1, "top-p of the same; 1: all");
  add("--pitch-min-p", pitch.min_p, 0, 1, "min-p of the same; 0: all");
  add("--velocity-temperature", o.style.get<VelocityTemperature>().temperature, 1e-3, 100,
      "what the temperature is multiplied by for how loud a note is; under 1: more even");
  app.add_flag("--no-grammar", o.no_grammar, "let the model write what makes no sense, too")->group(group);
}

/// What songs keep to.
void add_style_options(CLI::App& app, Options& o) {
  const char* const group = "Style (models of performances have other defaults)";
  presets::Lifelike& s = o.style;
  const auto add = [&](const std::string& name, float& to, double low, double high, const std::string& help) {
    add_number(app, group, name, to, low, high, help);
  };
  add("--density", s.get<Density>().density, -10, 10, "over 0: more notes a second, under 0: fewer; 0.1 can be heard");
  app.add_option_function<double>(
         "--song-variation", [&s](const double& value) { vary(s, value); },
         "how much songs differ: in density, in how strictly they keep their key and in how evenly they are played")
      ->default_str("0")
      ->check(number_in(0, 10))
      ->group(group);
  add("--pitch-class-prior", s.get<PitchClassPrior>().strength, 0, 10,
      "how much less likely pitch classes are that a song has hardly had of late; 0: as the model says");
  add("--velocity-prior", s.get<VelocityPrior>().strength, 0, 10,
      "how much velocities are drawn to the usual one of the music that the model learned from, if it knows it");
  add("--near-onset-penalty", s.get<NearOnsetPenalty>().penalty, 0, 10,
      "how much less likely notes are that begin just after another, and not with it; 0: as the model says");
  add("--chord-size-penalty", s.get<ChordSizePenalty>().penalty, -10, 10,
      "how much less likely a note is to begin together with two others or more; under 0: more likely");
  add("--timing-sharpness", s.get<TimingSharpness>().sharpness, 0, 10,
      "how much steadier the rhythm is: of time steps that are nearly equal the more probable come even more often; 0: "
      "as the model says");
  const auto add_time = [&](const std::string& name, OptionalTime& to, double low, const std::string& help) {
    return app
        .add_option_function<double>(
            name, [&to](const double& value) { set_time(to, value); }, help)
        ->check(number_in(low, 1e6))
        ->group(group);
  };
  add_time("--max-rest", s.get<MaxRest>().length, 0,
           "seconds without a new note from which on one becomes more and more likely; 0: as the model says");
  add_time("--max-note-length", s.get<MaxNoteLength>().length, 1,
           "seconds; by default that of the music that the model learned from");
  add_time("--end-bias-after", s.get<EndBias>().after, 1,
           "seconds from which on the song's end becomes more and more likely; by default from the usual length of the "
           "music that the model learned from, or somewhat before");
}

/// "1,3"; empty for what is no list of numbers of tracks
std::vector<int> numbers_in(const std::string& list) {
  std::vector<int> numbers;
  for (const char* at = list.c_str(); true; ++at) {
    int number = 0;
    const auto [rest, fault] = std::from_chars(at, list.c_str() + list.size(), number);
    if (fault != std::errc() || number < 1 || number > track_count) return {};
    numbers.push_back(number);
    at = rest;
    if (*at == '\0') return numbers;
    if (*at != ',') return {};
  }
}

CLI::Validator track_list() {
  return CLI::Validator(
      [](const std::string& text) {
        if (!numbers_in(text).empty()) return std::string();
        return '"' + text + "\" is not a list of whole numbers in 1 to " + std::to_string(track_count) + " such as 1,3";
      },
      "LIST");
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("--out", o.out, "the MIDI file to write; with --count NAME-1.mid, NAME-2.mid, ...")
      ->required()
      ->check(file_name());
  app.add_option("--model", o.model, "a model that `train` made; the bundled one if not given");
  app.add_option(
         "--seconds", o.seconds,
         "how long the song is to be, a prompt included; by default until the model ends it, ten minutes at most")
      ->check(number_in(0.01, 600000));
  app.add_option("--seed", o.sampler.seed, "equal seeds give equal songs")->capture_default_str()->check(seed_number());
  app.add_option("--count", o.count, "how many songs")->capture_default_str()->check(whole_number_in(1, 100000));
  app.add_option("--temperature", o.sampler.temperature, "under 1: safer, over 1: bolder, 0: always the most probable")
      ->capture_default_str()
      ->check(number_in(0, 100));
  o.plan.add(app);
  app.add_option("--tracks", o.tracks, R"(only notes on these of the model's tracks, from 1: "1,3")")
      ->check(track_list());
  app.add_option("--prompt", o.prompt, "a MIDI file to go on from; the song begins with it");
  app.add_option("--prompt-seconds", o.prompt_seconds, "how much of the prompt to take; all by default")
      ->check(number_in(0.01, 600000));
  app.add_option("--picture", o.picture,
                 "a piano roll of the song, with the bars, chords and phrases of its plan, or over that of the "
                 "prompt's file; PNG")
      ->group("Output");
  app.add_option("--audio", o.audio, "the song as sound, WAV")->group("Output");
  app.add_option("--save-tokens", o.tokens_file, "the tokens of the written song as text, one a line")->group("Output");
  app.add_option("--tokens", o.tokens, "end the song after so many tokens, if the model does not before")
      ->check(whole_number_in(2, std::int64_t{1} << 40))
      ->group("Output");
  add_style_options(app, o);
  add_choice_options(app, o);
  add_renamed_options(app, o);
  add_precision(app, o.sampler.precision, "of the weights: fewer bytes are faster, and change the music a little")
      ->group("Machine");
  o.machine.add_options(app);
  for (const char* name : {"--device", "--threads"}) app.get_option(name)->group("Machine");
}

/// "song.mid" -> "song-3.mid", where there are several.
fs::path numbered(const fs::path& file, int number, int count) {
  if (count == 1) return file;
  return file.parent_path() / (file.stem().string() + "-" + std::to_string(number) + file.extension().string());
}

/// The numbers of the tracks that have notes, which its score counts anew.
std::vector<int> tracks_of(const GeneratedSong& song, const Vocabulary& vocabulary) {
  std::set<int> tracks;
  for (const Token token : song.tokens)
    if (vocabulary[token].kind == TokenKind::track) tracks.insert(vocabulary[token].value);
  return {tracks.begin(), tracks.end()};
}

/// @param prompt  the whole file, and how much of it the song begins with
void write(const GeneratedSong& song, const Vocabulary& vocabulary, const Options& o, int number,
           const std::optional<Score>& prompt, std::chrono::duration<double> prompt_length) {
  const auto name = [&](const fs::path& file) { return numbered(file, number, o.count); };
  write_midi(name(o.out), song.score);
  // Said at once: the song is there, whatever becomes of its picture.
  std::cout << name(o.out).string() << ": " << std::fixed << std::setprecision(1) << song.score.duration() << " s, "
            << detail::counted(song.score.notes().size(), "note") << ", "
            << detail::counted(song.tokens.size(), "token") << '\n';
  if (song.score.notes().empty()) std::cerr << name(o.out).string() << ": the model wrote no note\n";
  if (!o.tokens_file.empty()) {
    // As `tokenize` reads the file: in canonical order, and without numbers for tracks that have no note in it. (In
    // beats it would have to find the plan that the song was written by.)
    std::string text;
    for (const Token token : vocabulary.has_beats() ? song.tokens : encode(song.score, vocabulary).tokens)
      text += vocabulary.name(token) + '\n';
    write_bytes(name(o.tokens_file), text);
  }
  if (!o.plan.save.empty()) write_bytes(name(o.plan.save), plan_json(plan_of(song.tokens, vocabulary)));
  const std::string title = name(o.out).filename().string();
  if (!o.picture.empty() && prompt)
    render_continuation(name(o.picture), song.score, tracks_of(song, vocabulary), *prompt, title,
                        prompt_length.count());
  else if (!o.picture.empty() && vocabulary.has_beats())
    render_analysis(name(o.picture), song.score,
                    analysis_of(plan_of(song.tokens, vocabulary), Seconds(song.score.duration())), title);
  else if (!o.picture.empty())
    render_picture(name(o.picture), song.score, title);
  if (!o.audio.empty()) render_audio(name(o.audio), song.score);
}

/// Finds out before the music is made that a file cannot be written, or would take another's place.
void probe_outputs(const Options& o) {
  std::vector<fs::path> written;
  for (const fs::path& file : {o.out, o.tokens_file, o.plan.save, o.picture, o.audio})
    for (int i = 1; i <= o.count && !file.empty(); ++i) written.push_back(numbered(file, i, o.count));
  require_distinct({o.model, o.prompt, o.plan.file}, written);
  for (int i = 1; i <= o.count; ++i) {
    require_midi(numbered(o.out, i, o.count));
    require_tokens(numbered(o.tokens_file, i, o.count));
    require_json(numbered(o.plan.save, i, o.count));
    require_png(numbered(o.picture, i, o.count));
    require_wav(numbered(o.audio, i, o.count));
  }
  for (const fs::path& file : {o.out, o.tokens_file, o.plan.save, o.picture, o.audio})
    if (!file.empty()) AtomicFile(numbered(file, 1, o.count));
  if (!o.picture.empty()) require_pictures();
  if (!o.audio.empty()) require_audio();
}

template <Backend B>
Score begin_with_prompt(Sampler<B>& sampler, const Options& o) {
  Score prompt = read_midi(o.prompt);
  for (const std::string& warning : prompt.warnings) std::cerr << "generate: " << warning << '\n';
  if (prompt.notes().empty()) throw file_error(o.prompt, "has no notes, drums apart, to go on from");
  try {
    sampler.prompt(prompt, std::chrono::duration<double>(o.prompt_seconds));
  } catch (const Error& error) {
    std::string reason = error.what();
    if (names_bundled_model(o.model) && reason.starts_with("no beat"))
      reason += std::string("; a model of performances can go on from it: --model ") + performance_model;
    throw file_error(o.prompt, reason);
  }
  return prompt;
}

/// The options' rules, and what the model knows of its music where the options do not say.
template <Backend B>
auto processors(const Options& o, const Model<B>& model) {
  const MusicProfile& profile = model.config().profile;
  ProcessorChain rules;
  if (!o.plan.key.empty() && !model.vocabulary().has_beats()) rules.push_back(Key::parse(o.plan.key));
  if (!o.tracks.empty()) {
    std::vector<int> tracks;
    for (const std::string& list : o.tracks)
      for (const int number : numbers_in(list)) {
        if (!profile.programs.empty() && number > std::ssize(profile.programs))
          throw CLI::ValidationError("--tracks", "the model has " + detail::counted(profile.programs.size(), "track") +
                                                     ", and no " + std::to_string(number));
        tracks.push_back(number - 1);
      }
    rules.push_back(Tracks(tracks));
  }
  presets::Lifelike style = o.style;
  const presets::Lifelike known = presets::lifelike(model);
  style.get<VelocityPrior>().usual = profile.usual_velocity;
  if (!style.get<MaxNoteLength>().length) style.get<MaxNoteLength>() = known.get<MaxNoteLength>();
  if (!style.get<EndBias>().after) style.get<EndBias>() = known.get<EndBias>();
  return Chain(std::move(rules), std::move(style));
}

/// What depends on the language that the model turns out to know.
/// @throws CLI::ValidationError  for options that it does not have
void settle(Options& o, const Vocabulary& vocabulary, const std::vector<std::string>& arguments) {
  o.sampler.grammar = !o.no_grammar;
  if (!vocabulary.has_beats()) {
    if (const std::string option = o.plan.given(); !option.empty())
      throw CLI::ValidationError(option, "the model has no plan: it learned performances, not beats");
    // The command line once more, over the defaults of this language.
    Options again;
    again.style = presets::lifelike(MusicProfile());
    CLI::App app;
    add_options(app, again);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    o.style = again.style;
    return;
  }
  if (o.no_grammar) throw CLI::ValidationError("--no-grammar", "is for models of performances");
  o.sampler.plan = o.plan.request();
}

template <Backend B>
void generate(Options& o, const std::vector<std::string>& arguments) {
  const auto model = given_model<B>(o.model);
  settle(o, model.vocabulary(), arguments);
  probe_outputs(o);
  Sampler sampler(model, processors(o, model), o.sampler);
  for (const std::string& warning : sampler.warnings())
    std::cerr << (names_bundled_model(o.model) ? "the bundled model" : o.model.string()) << ": " << warning << '\n';
  std::optional<Score> prompt;
  if (!o.prompt.empty()) prompt = begin_with_prompt(sampler, o);

  Length length = Length::in_tokens(o.tokens);
  if (o.seconds > 0) length.time = std::chrono::duration<double>(o.seconds);
  // In beats each song has more to attend to than the weights that songs side by side share.
  const int side_by_side = model.vocabulary().has_beats() ? 1 : 32;
  for (int done = 0; done < o.count;) {
    for (const GeneratedSong& song : sampler.generate(std::min(side_by_side, o.count - done), length))
      write(song, *model.config().vocabulary, o, ++done, prompt, sampler.prompt_length());
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes new music with a trained model");
  Options options;
  add_options(app, options);
  return run_program(app, argc, argv, [&] {
    if (options.prompt.empty() && options.prompt_seconds > 0)
      throw CLI::ValidationError("--prompt-seconds", "goes with --prompt");
    for (const std::string& renamed : options.renamed) std::cerr << "generate: " << renamed << '\n';
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    options.machine.run([&]<Backend B>(B) { generate<B>(options, arguments); }, options.sampler.precision,
                        [&] { return runs_on_cpu_only(options.model); });
  });
}
