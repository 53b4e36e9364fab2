// Says how well a model knows songs, as one JSON object.
#include <musicgen/musicgen.hpp>

#include "machine.hpp"
#include "program.hpp"

using namespace musicgen;

int main(int argc, char** argv) {
  CLI::App app("Writes a model's likelihood of songs to the standard output, as JSON");
  std::filesystem::path model_file, data;
  std::string split = "all";
  std::size_t files = 0;
  Precision precision = Precision::fp32;
  int window = 2048;
  Machine machine;
  app.add_option("--model", model_file, "a model that `train` made")->required();
  app.add_option("--data", data, "a folder of MIDI files, POP909, MAESTRO, or one MIDI file")->required();
  app.add_option("--split", split, "train, validation, test or all")
      ->capture_default_str()
      ->check(CLI::IsMember({"train", "validation", "test", "all"}));
  app.add_option("--files", files, "only the first so many songs, by path")->check(CLI::Range(1, 1 << 30));
  const auto* precision_given =
      add_precision(app, precision, "judge as the sampler sees it: weights in this precision, attention over a window");
  const auto* window_given = app.add_option("--window", window, "the same, attention over the last so many tokens")
                                 ->check(CLI::Range(1, 1 << 24));
  machine.add_options(app);

  const auto evaluate = [&]<Backend B>(B) {
    auto model = load_model<B>(model_file);
    const Corpus corpus = Corpus::open(data, {.vocabulary = model.vocabulary()});
    std::vector<const Song*> songs;
    for (const Song& song : corpus.songs())
      if (split == "all" || split == to_string(song.split)) songs.push_back(&song);
    if (songs.empty()) throw file_error(data, "has no songs for " + split);
    if (files > 0) songs.resize(std::min(songs.size(), files));

    const bool sampled = precision_given->count() + window_given->count() > 0;
    const Likelihood l =
        sampled ? total(sampled_likelihoods(model, songs, precision, window)) : likelihood(model, songs);
    const nlohmann::ordered_json result{{"songs", l.songs},
                                        {"tokens", l.tokens},
                                        {"notes", l.notes},
                                        {"seconds", l.seconds},
                                        {"nats_per_token", l.nats_per_token()},
                                        {"nats_per_note", l.nats_per_note()},
                                        {"bits_per_second", l.bits_per_second()},
                                        {"masked_nats_per_token", l.masked_nats_per_token()},
                                        {"masked_nats_per_note", l.masked_nats_per_note()},
                                        {"masked_bits_per_second", l.masked_bits_per_second()},
                                        {"skipped_files", corpus.skipped().size()}};
    std::cout << result.dump(2) << '\n';
  };
  return run_program(app, argc, argv, [&] { machine.run(evaluate, precision); });
}
