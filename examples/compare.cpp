// Says how songs that a model wrote differ from real ones, and what of them it has copied.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/musicgen.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "comparison.hpp"
#include "formatted.hpp"
#include "program.hpp"
#include "render.hpp"

using namespace musicgen;
namespace fs = std::filesystem;

namespace {

struct Options {
  fs::path generated, data, real, json, picture;
  double seconds = 60;
  int threads = 0;
};

void add_options(CLI::App& app, Options& o) {
  app.add_option("--generated", o.generated, "a folder of MIDI files that a model wrote")
      ->required()
      ->check(file_name());
  app.add_option("--data", o.data, "what it has learned from: a folder of MIDI files, POP909 or MAESTRO")
      ->required()
      ->check(file_name());
  app.add_option("--real", o.real,
                 "real songs that it has not learned from; by default the validation split of --data, a tenth of it");
  app.add_option("--seconds", o.seconds, "how much of each song to compare, from its beginning")
      ->capture_default_str()
      ->check(number_in(1, 600000));
  app.add_option("--json", o.json, "all figures, and those of each song, as JSON");
  app.add_option("--picture", o.picture, "the distributions of the statistics, PNG");
  app.add_option("--threads", o.threads, "0: as many as the machine has; results do not depend on it")
      ->capture_default_str()
      ->check(whole_number_in(0, 1024));
}

/// Songs, and the files that they are from.
class Music {
 public:
  Music(Corpus corpus, const Listing& listing) : songs(std::move(corpus)), sustain_(applies_sustain(listing, {})) {
    for (const MidiFile& file : listing.files) files_.emplace(file.name, file.path);
  }

  const Corpus songs;

  /// The beginning of a song as its file has it, with beats and all.
  Score beginning(const Song& song, double seconds) const {
    const Score score = read_midi(files_.at(song.name), {.sustain = sustain_});
    return beginning_of(score, std::chrono::duration<double>(seconds));
  }

 private:
  std::map<std::string, fs::path> files_;  // by the songs' names
  bool sustain_;
};

std::vector<Measures> measures_of(const Music& music, const std::vector<const Song*>& songs, double seconds) {
  std::vector<Measures> all(songs.size());
  thread_pool().parallel_for(std::ssize(songs), [&](std::int64_t i) {
    const auto at = static_cast<std::size_t>(i);
    all[at] = measures(music.beginning(*songs[at], seconds));
  });
  return all;
}

std::vector<Song> beginnings(const std::vector<const Song*>& songs, double seconds, const Vocabulary& vocabulary) {
  std::vector<Song> all;
  for (const Song* song : songs) all.push_back(beginning_of(*song, std::chrono::duration<double>(seconds), vocabulary));
  return all;
}

/// "generated: 100 songs; skipped 1, the first a.mid: ..."
void tell(const char* what, const Corpus& corpus) {
  std::cout << what << ": " << detail::counted(corpus.songs().size(), "song");
  if (const auto& skipped = corpus.skipped(); !skipped.empty())
    std::cout << "; skipped " << skipped.size() << ", the first " << skipped[0].file.string() << ": "
              << skipped[0].reason;
  std::cout << '\n';
}

/// Finds out before the work is done that a file cannot be written, or would take another's place.
void probe_outputs(const Options& o) {
  std::error_code fault;
  if (!o.real.empty() && fs::equivalent(o.real, o.data, fault))
    throw CLI::ValidationError("--real", "is --data itself: real songs have to be others");
  require_distinct({o.generated, o.data, o.real}, {o.json, o.picture});
  require_png(o.picture);
  require_json(o.json);
  for (const fs::path& file : {o.json, o.picture})
    if (!file.empty()) AtomicFile{file};
  if (!o.picture.empty()) require_pictures();
}

/// The songs that are compared, one version of each.
struct ChosenSongs {
  std::vector<const Song*> generated, held_out, learned;
  std::size_t count;  ///< of each kind, where there have to be equally many
};

ChosenSongs choose_songs(const Music& written, const Music& data, const Music& real, const Options& o) {
  ChosenSongs chosen{
      {},
      distinct_songs(real.songs.songs(), o.real.empty() ? std::optional(Split::validation) : std::nullopt),
      distinct_songs(data.songs.songs(), Split::train),
      0};
  for (const Song& song : written.songs.songs()) chosen.generated.push_back(&song);
  chosen.count = std::min({chosen.generated.size(), chosen.held_out.size(), chosen.learned.size()});
  if (chosen.count < 2)
    throw Error("two songs of each kind are the least, and there are: generated, " +
                std::to_string(chosen.generated.size()) + " in " + o.generated.string() +
                "; real and not learned from, " + std::to_string(chosen.held_out.size()) + " in " +
                (o.real.empty() ? o.data : o.real).string() + "; learned from, " +
                std::to_string(chosen.learned.size()) + " in " + o.data.string() +
                (o.real.empty() ? " (--real names others that it has not learned from)" : ""));
  return chosen;
}

/// Equally many songs of each kind.
void compare_averages(Report& report, const ChosenSongs& chosen, const Music& written, const Music& data,
                      const Music& real) {
  const auto some = [&](const auto& songs) { return evenly_chosen(songs, report.compared); };
  const Vocabulary& vocabulary = data.songs.vocabulary();
  const auto heaps = [&](const std::vector<const Song*>& songs) {
    std::vector<Statistics> all;
    for (const Song& song : beginnings(songs, report.seconds, vocabulary))
      all.push_back(statistics(notes_of(song, vocabulary)));
    return all;
  };
  report.statistics = compare_figures(
      statistic_list,
      ThreeSets<Statistics>{heaps(some(chosen.held_out)), heaps(some(chosen.generated)), heaps(some(chosen.learned))});
  ThreeSets<Measures>& music = report.music;
  music = {measures_of(real, some(chosen.held_out), report.seconds),
           measures_of(written, some(chosen.generated), report.seconds),
           measures_of(data, some(chosen.learned), report.seconds)};
  set_position_overlaps(music.held_out, music.generated);
  set_position_overlaps(music.held_out, music.learned);
  report.measures = compare_figures(measure_list, music);
}

/// All generated and all held-out songs; as many learned ones as there are generated.
TwoSampleTests compare_minutes(const ChosenSongs& chosen, double seconds, const Vocabulary& vocabulary) {
  const auto minutes = [&](const std::vector<const Song*>& songs, std::size_t first_number) {
    return minutes_of(beginnings(songs, seconds, vocabulary), vocabulary, first_number);
  };
  const std::size_t held_out = chosen.held_out.size(), generated = chosen.generated.size();
  const auto real = minutes(chosen.held_out, 0);
  return {test_of(real, minutes(chosen.generated, held_out)),
          test_of(real, minutes(evenly_chosen(chosen.learned, generated), held_out))};
}

Report report_on(const Music& written, const Music& data, const Music& real, const Options& o) {
  const ChosenSongs chosen = choose_songs(written, data, real, o);
  const Vocabulary& vocabulary = data.songs.vocabulary();
  std::vector<const Song*> learned;  // with all versions
  for (const Song& song : data.songs.songs())
    if (song.split == Split::train) learned.push_back(&song);
  Report report{.seconds = o.seconds, .compared = chosen.count, .learned = learned.size()};
  compare_averages(report, chosen, written, data, real);
  report.two_sample = compare_minutes(chosen, o.seconds, vocabulary);
  std::vector<const Song*> all = chosen.generated;
  all.insert(all.end(), chosen.held_out.begin(), chosen.held_out.end());
  report.generated = originality(beginnings(all, o.seconds, vocabulary), learned, vocabulary);
  const auto middle = report.generated.begin() + std::ssize(chosen.generated);
  report.held_out.assign(middle, report.generated.end());
  report.generated.erase(middle, report.generated.end());
  return report;
}

void compare_songs(const Options& o) {
  set_threads(o.threads);
  probe_outputs(o);
  const Music written(Corpus::from_folder(o.generated), list_folder(o.generated));
  const Music data(Corpus::open(o.data), list_files(o.data));
  std::optional<Music> real;
  if (!o.real.empty()) real.emplace(Corpus::open(o.real), list_files(o.real));
  tell("generated", written.songs);
  tell("data", data.songs);
  if (real) tell("real", real->songs);

  const Report report = report_on(written, data, real ? *real : data, o);
  print(std::cout, report);
  if (!o.json.empty()) write_bytes(o.json, to_json(report).dump(2) + '\n');
  if (!o.picture.empty()) draw(o.picture, report);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Compares songs that a model wrote with real ones, and looks for what it has copied");
  Options options;
  add_options(app, options);
  return run_program(app, argc, argv, [&] { compare_songs(options); });
}
