// Says how songs that a model wrote differ from real ones, and what of them it has copied.
#include <chrono>
#include <musicgen/core/files.hpp>
#include <musicgen/core/text.hpp>
#include <musicgen/core/thread_pool.hpp>
#include <musicgen/musicgen.hpp>

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
  for (const fs::path& file : {o.json, o.picture})
    if (!file.empty()) AtomicFile{file};
  if (!o.picture.empty()) require_pictures();
}

void compare_songs(const Options& o) {
  set_threads(o.threads);
  probe_outputs(o);
  const Corpus written = Corpus::from_folder(o.generated), data = Corpus::open(o.data);
  std::optional<Corpus> real;
  if (!o.real.empty()) real = Corpus::open(o.real);
  tell("generated", written);
  tell("data", data);
  if (real) tell("real", *real);

  std::vector<const Song*> generated, learned;
  for (const Song& song : written.songs()) generated.push_back(&song);
  for (const Song& song : data.songs())
    if (song.split == Split::train) learned.push_back(&song);
  const auto distinct = distinct_songs(data.songs(), Split::train);
  const auto held_out = real ? distinct_songs(real->songs()) : distinct_songs(data.songs(), Split::validation);
  const std::size_t count = std::min({generated.size(), held_out.size(), distinct.size()});
  if (count < 2)
    throw Error("two songs of each kind are the least, and there are: generated, " + std::to_string(generated.size()) +
                " in " + o.generated.string() + "; real and not learned from, " + std::to_string(held_out.size()) +
                " in " + (real ? o.real : o.data).string() + "; learned from, " + std::to_string(distinct.size()) +
                " in " + o.data.string() + (real ? "" : " (--real names others that it has not learned from)"));

  const Vocabulary& vocabulary = data.vocabulary();
  const auto some = [&](const auto& songs) { return beginnings(evenly_chosen(songs, count), o.seconds, vocabulary); };
  Report report{.seconds = o.seconds, .compared = count, .learned = learned.size()};
  report.statistics = compare_statistics(some(held_out), some(generated), some(distinct), vocabulary);
  std::vector<const Song*> all = generated;
  all.insert(all.end(), held_out.begin(), held_out.end());
  report.generated = originality(beginnings(all, o.seconds, vocabulary), learned, vocabulary);
  const auto middle = report.generated.begin() + std::ssize(generated);
  report.held_out.assign(middle, report.generated.end());
  report.generated.erase(middle, report.generated.end());

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
