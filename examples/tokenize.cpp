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

/// Tokens from a text of words separated by white space.
std::vector<Token> read_tokens(const std::string& name, const Vocabulary& vocabulary) {
  const auto bytes = read_input(name);
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
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
  app.add_option(
         "--language", language,
         "performance: time in steps of 10 ms; beats: bars, key, tempo, phrases and chords, time in twelfths of a "
         "quarter note")
      ->capture_default_str()
      ->check(CLI::IsMember({"performance", "beats"}))
      ->excludes(words);

  return run_program(app, argc, argv, [&] {
    if (decoding == out.empty()) throw CLI::ValidationError("OUT", "goes with --decode, and only with it");
    const Vocabulary vocabulary = !vocabulary_file.empty() ? read_vocabulary(vocabulary_file)
                                  : language == "beats"    ? Vocabulary::beats()
                                                           : Vocabulary::standard();
    if (decoding) {
      require_distinct({in, vocabulary_file}, {out});
      require_midi(out);
      DecodeReport report;
      write_midi(out, decode(read_tokens(in, vocabulary), vocabulary, {}, &report));
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
