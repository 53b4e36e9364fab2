// Shows what is in a file: a model's configuration, or a song's tracks, beats, keys, chords and phrases.
#include <iomanip>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/musicgen.hpp>

#include "analysis_text.hpp"
#include "program.hpp"
#include "render.hpp"

using namespace musicgen;

namespace {

void inspect_model(const std::filesystem::path& file) {
  const Safetensors tensors = Safetensors::read(file);
  const auto model = from_safetensors(tensors);
  const ModelConfig& config = model.config();
  const Dimensions& d = config.dimensions;
  std::cout << "model: embedding " << d.E << ", hidden " << d.H << ", layers " << d.L << ", " << model.parameter_count()
            << " parameters\nvocabulary: " << d.V << " tokens, "
            << (config.canonical ? "in canonical order" : "not in canonical order") << "\nattention over "
            << config.attention << "\nprograms:";
  for (const int program : config.profile.programs) std::cout << ' ' << program;
  std::cout << '\n';
  if (const auto state = training_state(tensors))
    std::cout << "training: step " << state->step << ", stage " << state->stage + 1 << ", "
              << detail::counted(state->tokens, "token") << ", " << std::lround(state->time.count()) << " s\n";
  for (const auto& [name, entry] : tensors.entries())
    std::cout << "  " << std::left << std::setw(28) << name << entry.dtype << ' ' << to_string(entry.shape) << '\n';
}

void inspect_track(const Track& track, const std::string& number) {
  const std::string channel = track.channel == no_channel ? "-" : std::to_string(track.channel + 1);
  std::cout << "  " << std::setw(3) << number << "  channel " << std::setw(2) << channel << "  program " << std::setw(3)
            << track.program << "  " << std::setw(5) << track.notes.size() << (track.is_drums() ? " drum" : " note")
            << (track.notes.size() == 1 ? "" : "s");
  if (!track.events.empty()) std::cout << ", " << detail::counted(track.events.size(), "controller") << " and the like";
  if (!track.texts.empty()) std::cout << ", " << detail::counted(track.texts.size(), "text");
  if (!track.name.empty()) std::cout << "  " << detail::printable(track.name);
  std::cout << '\n';
}

void inspect_song(const Score& score, const Analysis& analysis) {
  const std::vector<Note> notes = score.notes();
  std::cout << "format " << score.format << ", division " << score.tempo.division() << ", "
            << detail::counted(score.tempo.changes().size(), "tempo change") << ", " << std::fixed
            << std::setprecision(1) << score.duration() << " s, " << detail::counted(notes.size(), "note")
            << ", not counting drums\n";
  if (!score.name.empty()) std::cout << "name: " << detail::printable(score.name) << '\n';
  for (const TimeSignature& time : score.time_signatures)
    std::cout << "  " << time.numerator << '/' << time.denominator << " from tick " << time.tick << '\n';
  for (const KeySignature& key : score.key_signatures)
    std::cout << "  " << std::abs(key.sharps) << (key.sharps < 0 ? " flats, " : " sharps, ")
              << (key.minor ? "minor" : "major") << ", from tick " << key.tick << '\n';
  for (const Marker& marker : score.markers)
    std::cout << "  \"" << detail::printable(marker.text) << "\" at tick " << marker.tick << '\n';
  int k = 0;
  for (const Track& track : score.tracks) inspect_track(track, track.is_melodic() ? "i" + std::to_string(k++) : "-");
  for (const std::string& warning : score.warnings) std::cout << "  warning: " << warning << '\n';
  print_analysis(std::cout, analysis);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Shows a model's configuration, or a song's tracks, beats, keys, chords and phrases");
  std::filesystem::path file;
  std::filesystem::path picture;
  bool json = false;
  app.add_option("FILE", file, "a model or a MIDI file")->required()->check(file_name());
  app.add_flag("--json", json, "a song's beats, keys, chords and phrases as one JSON object");
  app.add_option("--picture", picture, "a song's piano roll with bars, chords and phrases (PNG)")->check(file_name());
  return run_program(app, argc, argv, [&] {
    require_distinct({file}, {picture});
    require_png(picture);
    const auto bytes = read_bytes(file);
    const std::string head(bytes.begin(), bytes.begin() + std::min<std::ptrdiff_t>(4, std::ssize(bytes)));
    if (head != "MThd" && head != "RIFF" && !has_midi_extension(file)) {
      if (bytes.size() < 9 || bytes[8] != '{') throw file_error(file, "is neither a MIDI file nor a model");
      if (json || !picture.empty()) throw file_error(file, "is a model: --json and --picture are for songs");
      return inspect_model(file);
    }
    const Score score = read_midi(file);
    const Analysis analysis = analyze(score);
    if (!picture.empty()) render_analysis(picture, score, analysis, file.stem().string());
    if (json)
      std::cout << analysis_json(analysis) << '\n';
    else
      inspect_song(score, analysis);
  });
}
