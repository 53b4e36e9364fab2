// Says how well a model knows songs, as one JSON object or as a table.
#include <musicgen/core/text.hpp>
#include <musicgen/musicgen.hpp>
#include <nlohmann/json.hpp>

#include "formatted.hpp"
#include "machine.hpp"
#include "model.hpp"
#include "program.hpp"

using namespace musicgen;

namespace {

nlohmann::ordered_json to_json(const Likelihood& l, std::size_t skipped) {
  nlohmann::ordered_json result{{"songs", l.songs},
                                {"tokens", l.tokens},
                                {"notes", l.notes},
                                {"seconds", l.seconds},
                                {"nats_per_token", l.nats_per_token()},
                                {"nats_per_note", l.nats_per_note()},
                                {"bits_per_second", l.bits_per_second()},
                                {"masked_nats_per_token", l.masked_nats_per_token()},
                                {"masked_nats_per_note", l.masked_nats_per_note()},
                                {"masked_bits_per_second", l.masked_bits_per_second()},
                                {"skipped_files", skipped}};
  if (l.plan().tokens > 0) {
    result["plan_nats_per_note"] = l.plan_nats_per_note();
    result["masked_plan_nats_per_note"] = l.masked_plan_nats_per_note();
  }
  for (std::size_t k = 0; k < token_kind_count; ++k)
    if (const KindLikelihood& kind = l.kinds[k]; kind.tokens > 0)
      result["kinds"][to_string(static_cast<TokenKind>(k))] = {
          {"tokens", kind.tokens}, {"nats", kind.nats}, {"masked_nats", kind.masked_nats}};
  return result;
}

void print(std::ostream& out, const Likelihood& l, std::size_t skipped) {
  out << detail::counted(l.songs, "song") << ", " << detail::counted(l.notes, "note")
      << formatted(", %.1f minutes; ", l.seconds / 60) << detail::counted(skipped, "file") << " skipped\n\n"
      << formatted("%-10s%12s%12s%12s%12s%12s\n", "", "tokens", "nats/token", "masked", "nats/note", "masked");
  const auto row = [&](const char* name, const KindLikelihood& of) {
    const double tokens = static_cast<double>(of.tokens), notes = static_cast<double>(l.notes);
    out << formatted("%-10s%12lld%12.3f%12.3f%12.3f%12.3f\n", name, static_cast<long long>(of.tokens), of.nats / tokens,
                     of.masked_nats / tokens, of.nats / notes, of.masked_nats / notes);
  };
  for (std::size_t k = 0; k < token_kind_count; ++k)
    if (l.kinds[k].tokens > 0) row(to_string(static_cast<TokenKind>(k)), l.kinds[k]);
  if (const KindLikelihood plan = l.plan(); plan.tokens > 0) {
    row("notes", {l.tokens - plan.tokens, l.nats - plan.nats, l.masked_nats - plan.masked_nats});
    row("plan", plan);
  }
  row("all", {l.tokens, l.nats, l.masked_nats});
  out << formatted("\n%.1f bits/s, masked %.1f\n", l.bits_per_second(), l.masked_bits_per_second());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Writes a model's likelihood of songs to the standard output, as JSON or as a table");
  std::filesystem::path model_file, data, annotations;
  std::string split = "all";
  std::size_t files = 0;
  Precision precision = Precision::fp32;
  int window = 2048;
  bool table = false;
  Machine machine;
  app.add_option("--model", model_file, "a model that `train` made, or \"bundled\"")->required()->check(file_name());
  app.add_option("--data", data, "a folder of MIDI files, POP909, MAESTRO, or one MIDI file")
      ->required()
      ->check(file_name());
  app.add_option("--annotations", annotations, "POP909's beats, keys, chords and phrases, in place of what is found")
      ->check(file_name());
  app.add_option("--split", split, "train, validation, test or all")
      ->capture_default_str()
      ->check(CLI::IsMember({"train", "validation", "test", "all"}));
  app.add_option("--files", files, "only the first so many songs, by path")->check(whole_number_in(1, 1 << 30));
  const auto* precision_given =
      add_precision(app, precision, "judge as the sampler sees it: weights in this precision, attention over a window");
  const auto* window_given = app.add_option("--window", window, "the same, attention over the last so many tokens")
                                 ->check(whole_number_in(1, 1 << 24));
  app.add_flag("--table", table, "a table for reading, in place of JSON");
  machine.add_options(app);

  const auto evaluate = [&]<Backend B>(B) {
    auto model = given_model<B>(model_file);
    CorpusOptions reading{.vocabulary = model.vocabulary()};
    if (!annotations.empty()) reading.annotations = annotations;
    const Corpus corpus = Corpus::open(data, reading);
    std::vector<const Song*> songs;
    for (const Song& song : corpus.songs())
      if (split == "all" || split == to_string(song.split)) songs.push_back(&song);
    if (songs.empty()) throw file_error(data, "has no songs for " + split);
    if (files > 0) songs.resize(std::min(songs.size(), files));

    const bool sampled = precision_given->count() + window_given->count() > 0;
    const Likelihood l =
        sampled ? total(sampled_likelihoods(model, songs, precision, window)) : likelihood(model, songs);
    if (table)
      print(std::cout, l, corpus.skipped().size());
    else
      std::cout << to_json(l, corpus.skipped().size()).dump(2) << '\n';
  };
  return run_program(app, argc, argv,
                     [&] { machine.run(evaluate, precision, [&] { return runs_on_cpu_only(model_file); }); });
}
