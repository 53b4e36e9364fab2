// Writes new songs, from nothing or from where a given one stops.
#include <iomanip>
#include <musicgen/musicgen.hpp>
#include <set>

#include "machine.hpp"
#include "model.hpp"
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
  SamplerOptions sampler = presets::lifelike();
  Machine machine;
};

/// How tokens are chosen.
void add_choice_options(CLI::App& app, SamplerOptions& s) {
  app.add_option("--temperature", s.temperature, "under 1: safer, over 1: bolder, 0: always the most probable")
      ->capture_default_str()
      ->check(number_in(0, 100));
  app.add_option("--top-k", s.top_k, "choose among the k most probable tokens; 0: all")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--top-p", s.top_p, "choose among the fewest that have this probability together; 1: all")
      ->capture_default_str()
      ->check(number_in(1e-6, 1));
  app.add_option("--min-p", s.min_p, "leave out what is less probable than this part of the most probable; 0: none")
      ->capture_default_str()
      ->check(number_in(0, 1));
  app.add_option("--pitch-temperature", s.pitch_temperature,
                 "temperature of which pitch a note has, not of when it comes; 1: as the model says")
      ->capture_default_str()
      ->check(number_in(1e-3, 100));
  app.add_option("--pitch-top-p", s.pitch_top_p, "top-p of the same; 1: all")
      ->capture_default_str()
      ->check(number_in(1e-6, 1));
  app.add_option("--pitch-min-p", s.pitch_min_p, "min-p of the same; 0: all")
      ->capture_default_str()
      ->check(number_in(0, 1));
  app.add_option("--velocity-temperature", s.velocity_temperature,
                 "what the temperature is multiplied by for how loud a note is; under 1: more even")
      ->capture_default_str()
      ->check(number_in(1e-3, 100));
  app.add_option("--calm", s.calm,
                 "over 0: longer time steps and fewer notes a second, under 0: more; 0.1 can be heard")
      ->capture_default_str()
      ->check(number_in(-10, 10));
  app.add_option("--keep-key", s.keep_key,
                 "how much less likely pitch classes are that a song has hardly had of late; 0: as the model says")
      ->capture_default_str()
      ->check(number_in(0, 10));
  app.add_option(
         "--keep-loudness", s.keep_loudness,
         "how much velocities are drawn to the usual one of the music that the model learned from, if it knows it")
      ->capture_default_str()
      ->check(number_in(0, 10));
  app.add_option("--keep-together", s.keep_together,
                 "how much less likely notes are that begin just after another, and not with it; 0: as the model says")
      ->capture_default_str()
      ->check(number_in(0, 10));
  app.add_option("--thin-chords", s.thin_chords,
                 "how much less likely a note is to begin together with two others or more; under 0: more likely")
      ->capture_default_str()
      ->check(number_in(-10, 10));
  app.add_option(
         "--keep-time", s.keep_time,
         "how much steadier the rhythm is: of time steps that are nearly equal the more probable come even more "
         "often; 0: as the model says")
      ->capture_default_str()
      ->check(number_in(0, 10));
  app.add_option("--variety", s.variety,
                 "how much songs differ: their calm, their --keep-key and how evenly they are played are times factors "
                 "of their own")
      ->capture_default_str()
      ->check(number_in(0, 10));
  app.add_option("--longest-note", s.longest_note, "seconds; by default that of the music that the model learned from")
      ->check(number_in(1, 1e6));
  app.add_option(
         "--ending-after", s.ending_after,
         "seconds from which on the song's end becomes more and more likely; by default the usual length of the "
         "music that the model learned from")
      ->check(number_in(1, 1e6));
  app.add_option("--longest-rest", s.longest_rest,
                 "seconds without a new note from which on one becomes more and more likely; 0: as the model says")
      ->capture_default_str()
      ->check(number_in(0, 1e6));
}

void add_options(CLI::App& app, Options& o) {
  app.add_option("--model", o.model, "a model that `train` made; the one that comes along if not given");
  app.add_option("--out", o.out, "the MIDI file to write; with --count NAME-1.mid, NAME-2.mid, ...")->required();
  app.add_option(
         "--seconds", o.seconds,
         "how long the song is to be, a prompt included; by default until the model ends it, ten minutes at most")
      ->check(number_in(0.01, 600000));
  app.add_option("--tokens", o.tokens, "end the song after so many tokens, if the model does not before")
      ->check(CLI::Range(std::int64_t{2}, std::int64_t{1} << 40));
  add_choice_options(app, o.sampler);
  app.add_option("--seed", o.sampler.seed, "equal seeds give equal songs")->capture_default_str()->check(seed_number());
  app.add_option("--count", o.count, "how many songs")->capture_default_str()->check(CLI::Range(1, 100000));
  app.add_option("--prompt", o.prompt, "a MIDI file to go on from; the song begins with it");
  app.add_option("--prompt-seconds", o.prompt_seconds, "how much of the prompt to take; all by default")
      ->check(number_in(0.01, 600000));
  app.add_option("--picture", o.picture, "a piano roll of the song, over that of the prompt's file; PNG");
  app.add_option("--audio", o.audio, "the song as sound, WAV");
  app.add_option("--save-tokens", o.tokens_file, "the tokens of the written song as text, one a line");
  app.add_flag("--no-grammar", o.no_grammar, "let the model write what makes no sense, too");
  add_precision(app, o.sampler.precision, "of the weights: fewer bytes are faster, and change the music a little");
  o.machine.add_options(app);
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
           const std::optional<Score>& prompt, double prompt_seconds) {
  const auto name = [&](const fs::path& file) { return numbered(file, number, o.count); };
  write_midi(name(o.out), song.score);
  if (!o.tokens_file.empty()) {
    // As `tokenize` reads the file: in canonical order, and without numbers for tracks that have no note in it.
    std::string text;
    for (const Token token : encode(song.score, vocabulary).tokens) text += vocabulary.name(token) + '\n';
    write_bytes(name(o.tokens_file), text);
  }
  const std::string title = name(o.out).filename().string();
  if (!o.picture.empty() && prompt)
    render_continuation(name(o.picture), song.score, tracks_of(song, vocabulary), *prompt, title, prompt_seconds);
  else if (!o.picture.empty())
    render_picture(name(o.picture), song.score, title);
  if (!o.audio.empty()) render_audio(name(o.audio), song.score);
  std::cout << name(o.out).string() << ": " << std::fixed << std::setprecision(1) << song.score.duration() << " s, "
            << song.score.notes().size() << " notes, " << song.tokens.size() << " tokens\n";
}

/// Finds out before the music is made that a file cannot be written, or would take another's place.
void probe_outputs(const Options& o) {
  std::vector<fs::path> written;
  for (const fs::path& file : {o.out, o.tokens_file, o.picture, o.audio})
    for (int i = 1; i <= o.count && !file.empty(); ++i) written.push_back(numbered(file, i, o.count));
  require_distinct({o.model, o.prompt}, written);
  for (const fs::path& file : {o.out, o.tokens_file, o.picture, o.audio})
    if (!file.empty()) AtomicFile(numbered(file, 1, o.count));
  if (!o.picture.empty()) require_pictures();
  if (!o.audio.empty()) require_audio();
}

template <Backend B>
Score begin_with_prompt(Sampler<B>& sampler, const Options& o) {
  Score prompt = read_midi(o.prompt);
  if (prompt.notes().empty()) throw file_error(o.prompt, "has no notes, drums apart, to go on from");
  try {
    sampler.prompt(prompt, o.prompt_seconds);
  } catch (const Error& error) {
    throw file_error(o.prompt, error.what());
  }
  return prompt;
}

template <Backend B>
void generate(Options& o) {
  o.sampler.grammar = !o.no_grammar;
  const auto model = given_model<B>(o.model);
  probe_outputs(o);
  Sampler sampler(model, o.sampler);
  std::optional<Score> prompt;
  if (!o.prompt.empty()) prompt = begin_with_prompt(sampler, o);

  Length length = Length::in_tokens(o.tokens);
  if (o.seconds > 0) length.seconds = o.seconds;
  constexpr int side_by_side = 32;
  for (int done = 0; done < o.count;) {
    for (const GeneratedSong& song : sampler.generate(std::min(side_by_side, o.count - done), length))
      write(song, *model.config().vocabulary, o, ++done, prompt, sampler.prompt_seconds());
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
    options.machine.run([&]<Backend B>(B) { generate<B>(options); }, options.sampler.precision);
  });
}
