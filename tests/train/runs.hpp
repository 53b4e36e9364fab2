// Short runs of a small network on a few composed songs.
#pragma once

#include <cstdint>
#include <musicgen/data/composer.hpp>
#include <musicgen/data/corpus.hpp>
#include <musicgen/tokens/encoder.hpp>
#include <musicgen/train/trainer.hpp>
#include <string>
#include <utility>
#include <vector>

namespace musicgen::test::runs {

inline Corpus composed_corpus(bool with_validation = true) {
  const Vocabulary vocabulary = Vocabulary::standard();
  std::vector<Song> songs;
  for (std::uint64_t i = 0; i < 5; ++i) {
    Encoded song = encode(compose(i), vocabulary);
    songs.push_back(make_song("song " + std::to_string(i), i == 4 && with_validation ? Split::validation : Split::train,
                              std::move(song.tokens), std::move(song.programs), vocabulary));
  }
  return Corpus(std::move(songs));
}

inline const Corpus& corpus() {
  static const Corpus corpus = composed_corpus();
  return corpus;
}

inline ModelConfig tiny() {
  return {{405, 8, 16, 1}, corpus().vocabulary(), {}, true};
}

inline TrainerOptions quick(std::int64_t steps) {
  TrainerOptions o;
  o.stages = stages::all_positions(24);
  o.batch = 4;
  o.steps = steps;
  o.validate_every = 5;
  o.validation_batches = 1;
  o.schedule.warmup_steps = 5;
  return o;
}

struct Run {
  std::vector<double> losses, validations;
  std::vector<std::size_t> stages;
};
template <class Callback>
Run run(Trainer<Cpu>& trainer, Callback&& go_on) {
  Run result;
  trainer.run([&](const Progress& p) {
    result.losses.push_back(p.loss);
    result.stages.push_back(p.stage);
    if (p.validation_loss) result.validations.push_back(*p.validation_loss);
    return go_on(p);
  });
  return result;
}
inline Run run(Trainer<Cpu>& trainer) {
  return run(trainer, [](const Progress&) { return true; });
}

}  // namespace musicgen::test::runs
