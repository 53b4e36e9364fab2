// Shows a MIDI file as tokens or as notes, and turns tokens into a MIDI file.
#include <iomanip>
#include <iterator>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/midi.hpp>
#include <musicgen/tokens/decoder.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <sstream>

#include "program.hpp"
#include "vocabulary.hpp"

using namespace musicgen;

/// The bytes of a file, or of the standard input for "-".
std::vector<unsigned char> read_input(const std::string& name) {
  if (name != "-") return read_bytes(name);
  return std::vector<unsigned char>(std::istreambuf_iterator<char>(std::cin), {});
}

/// Whether a text of tokens has bar lines, which only songs in beats have.
bool has_bars(const std::string& text) {
  std::istringstream words(text);
  return std::find(std::istream_iterator<std::string>(words), {}, "|") != std::istream_iterator<std::string>();
}

/// Tokens from a text of words separated by white space.
/// @param name  of its file, for errors
std::vector<Token> read_tokens(const std::string& text, const Vocabulary& vocabulary, const std::string& name) {
  std::istringstream lines(text);
  std::vector<Token> tokens;
  std::string line, word;
  for (int number = 1; std::getline(lines, line); ++number)
    for (std::istringstream words(line); words >> word;) {
      tokens.push_back(vocabulary.find(word));
      if (tokens.back() == no_token)
        throw file_error(name,
                         "line " + std::to_string(number) + ": \"" + detail::printable(word, 20) + "\" is not a token");
    }
  return tokens;
}

/// Reports on stderr what in the tokens was against the grammar.
void tell(const DecodeReport& report) {
  if (report == DecodeReport{}) return;
  std::cerr << "tokenize: tokens skipped: " << report.stray;
  if (report.stray > 0) std::cerr << ", the first is number " << report.first_stray + 1;
  std::cerr << "; notes struck again while they sounded: " << report.restruck
            << "; notes still open at the end: " << report.open << '\n';
}

Encoded encode_file(const Score& score, const Vocabulary& vocabulary, const std::string& name) {
  try {
    return vocabulary.has_beats() ? encode(score, plan_of(analyze(score)), vocabulary) : encode(score, vocabulary);
  } catch (const Error& error) {
    throw file_error(name, error.what());
  }
}

int main(int argc, char** argv) {
  CLI::App app("Writes a MIDI file's tokens to the standard output, one a line");
  std::string in, out, vocabulary_file, language = "performance";
  MidiReadOptions reading;
  bool notes = false, decoding = false;
  app.add_option("IN", in, "a MIDI file; with --decode a text of tokens; - is the standard input")
      ->required()
      ->check(file_name());
  app.add_option("OUT", out, "with --decode: the MIDI file to write");
  auto* decode_flag = app.add_flag("--decode", decoding, "turn the tokens in IN into the MIDI file OUT");
  app.add_flag("--notes", notes, "notes, one a line: start and end in seconds, pitch, velocity, track")
      ->excludes(decode_flag);
  app.add_flag("--strict", reading.strict, "refuse a MIDI file with faults")->excludes(decode_flag);
  app.add_flag("--sustain", reading.sustain, "let the sustain pedal lengthen notes")->excludes(decode_flag);
  auto* words =
      app.add_option("--vocabulary", vocabulary_file, "a JSON list of tokens to use instead of the standard 405");
  const CLI::Option* language_option =
      app.add_option(
             "--language", language,
             "performance: time in steps of 10 ms; beats: bars, key, tempo, phrases and chords, time in twelfths of a "
             "quarter note (with --decode by default if the tokens have bar lines)")
          ->capture_default_str()
          ->check(CLI::IsMember({"performance", "beats"}))
          ->excludes(words);

  return run_program(app, argc, argv, [&] {
    const bool language_given = language_option->count() > 0;
    if (decoding == out.empty()) throw CLI::ValidationError("OUT", "goes with --decode, and only with it");
    const Vocabulary vocabulary = !vocabulary_file.empty() ? read_vocabulary(vocabulary_file)
                                  : language == "beats"    ? Vocabulary::beats()
                                                           : Vocabulary::standard();
    if (decoding) {
      require_distinct({in, vocabulary_file}, {out});
      require_midi(out);
      const auto bytes = read_input(in);
      const std::string text(bytes.begin(), bytes.end());
      const bool in_beats = vocabulary_file.empty() && !language_given && has_bars(text);
      const Vocabulary& written_in = in_beats ? Vocabulary::beats() : vocabulary;
      DecodeReport report;
      write_midi(out, decode(read_tokens(text, written_in, in), written_in, {}, &report));
      return tell(report);
    }
    const Score score = parse_midi(read_input(in), in, reading);
    if (notes) {
      std::cout << std::fixed << std::setprecision(9);
      for (const Note& n : score.notes())
        std::cout << n.start << ' ' << n.end << ' ' << n.pitch << ' ' << n.velocity << ' ' << n.track << '\n';
      return;
    }
    const Encoded encoded = encode_file(score, vocabulary, in);
    for (const Token token : encoded.tokens) std::cout << vocabulary.name(token) << '\n';
    const EncodeReport& report = encoded.report;
    if (report.dropped_notes > 0)
      std::cerr << "tokenize: notes without tokens left out: " << report.dropped_notes
                << ", tracks beyond the sixteenth: " << report.dropped_tracks << '\n';
  });
}
