// Training in the language of beats: contexts, copying, and a model that improves.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <musicgen/evaluate/likelihood.hpp>
#include <musicgen/tokens/context.hpp>
#include <musicgen/tokens/decoder.hpp>

#include "catch.hpp"
#include "data/corpora.hpp"
#include "runs.hpp"

using namespace musicgen;
using test::beats_corpus;

TEST_CASE("train: batches in beats say where each token is, from the middle of a song as from its beginning") {
  const Corpus corpus = beats_corpus(5);
  const Batch batch = make_batch(corpus, Split::train, {.batch = 4, .target_length = 60}, 3, 1);
  const int V = corpus.vocabulary().size();
  REQUIRE(batch.contexts.size() == batch.tokens.size() * Context::parts);
  for (int b = 0; b < batch.B; ++b) {
    const Window& window = batch.windows[static_cast<std::size_t>(b)];
    const auto& tokens = corpus.songs()[window.song].tokens;
    SongState song;
    for (std::size_t i = 0; i <= window.first + 10; ++i) song.advance(corpus.vocabulary()[tokens[i]]);
    const auto expected = Context::of(song.place(), V);
    const auto at = (static_cast<std::size_t>(b) * static_cast<std::size_t>(batch.length()) + 10) * Context::parts;
    CHECK(std::equal(expected.begin(), expected.end(), batch.contexts.begin() + static_cast<std::ptrdiff_t>(at)));
    for (const Token row : expected) CHECK((row >= V && row < V + Context::rows));
  }
  CHECK_THROWS_WITH(make_batch(corpus, Split::train, {.augmentation = {.transpose = {-1, 1}}}, 3, 1),
                    Catch::StartsWith("songs in beats have their key and tempo in their tokens"));
}

TEST_CASE("train: a model of beats learns from contexts, as it is validated with them") {
  const Corpus corpus = beats_corpus(3);
  ModelConfig config = presets::small(corpus);
  config.dimensions.E = 12;
  config.dimensions.H = 24;
  Model<> model(config, 3);
  auto& embedding = model.weights().embedding;  // contexts begin at zero
  for (int row = corpus.vocabulary().size(); row < corpus.vocabulary().size() + Context::rows; ++row)
    for (int e = 0; e < config.dimensions.E; ++e) embedding(row, e) = static_cast<float>((row + e) % 7 - 3);
  TrainerOptions options = test::runs::quick(1);
  const Stage& stage = options.stages[0];
  const Batch batch = make_batch(corpus, Split::train,
                                 {.batch = options.batch,
                                  .input_length = stage.input_length,
                                  .target_length = stage.target_length,
                                  .start_probability = stage.start_probability,
                                  .end_probability = stage.end_probability},
                                 options.seed, 0);
  const auto loss = [&](bool with_contexts) {
    TrainingSequences sequences;
    sequences.assign(batch, corpus.vocabulary(), with_contexts);
    double sum = 0;
    for (const float nll : model.nll(sequences.view())) sum += static_cast<double>(nll);
    return sum / static_cast<double>(sequences.target_count());
  };
  const double with = loss(true), without = loss(false);
  REQUIRE(std::abs(with - without) > 1e-3);
  double first = 0;
  Trainer trainer(model, corpus, options);
  trainer.run([&](const Progress& progress) {
    first = progress.loss;
    return true;
  });
  CHECK(first == Approx(with).epsilon(1e-5));
}

TEST_CASE("train: of songs in beats the profile tells seconds") {
  const Corpus corpus = beats_corpus(5);
  std::vector<double> lengths, longest;
  for (const Song& song : corpus.songs()) {
    const Score score = decode(song.tokens, corpus.vocabulary());
    lengths.push_back(score.duration());
    longest.push_back(0);
    for (const Note& note : score.notes()) longest.back() = std::max(longest.back(), note.end - note.start);
  }
  std::sort(lengths.begin(), lengths.end());
  std::sort(longest.begin(), longest.end());
  using Seconds = std::chrono::duration<double>;
  CHECK(Seconds(corpus.profile().usual_length.value()).count() == Approx(lengths[2]).margin(0.011));
  CHECK(Seconds(corpus.profile().max_note_length.value()).count() == Approx(longest[2]).margin(0.011));
}

TEST_CASE("train: a model of beats learns, and knows whole songs as its decoder does") {
  const Corpus corpus = beats_corpus(5);
  ModelConfig config = presets::small(corpus);
  CHECK(config.dimensions.C == Context::rows);
  CHECK(config.dimensions.copies);
  config.dimensions.E = 12;
  config.dimensions.H = 24;
  Model<> model(config, 3);
  const std::vector<const Song*> songs{&corpus.songs()[4]};
  const double before = likelihood(model, songs).nats_per_note();
  Trainer trainer(model, corpus, test::runs::quick(40));
  trainer.run([](const Progress&) { return true; });
  const Likelihood after = likelihood(model, songs);
  CHECK(after.nats_per_note() < before - 1);  // 33.9 from 36.2
  const auto words = std::count_if(songs[0]->tokens.begin(), songs[0]->tokens.end(),
                                   [&](Token token) { return corpus.vocabulary()[token].kind > TokenKind::bar; });
  CHECK(after.plan().tokens == words);
  CHECK((after.nats_per_note() + after.plan_nats_per_note()) * static_cast<double>(after.notes) == Approx(after.nats));
  const int window = static_cast<int>(songs[0]->tokens.size());
  const Likelihood decoded = total(sampled_likelihoods(model, songs, Precision::fp32, window));
  CHECK(decoded.nats_per_note() == Approx(after.nats_per_note()).epsilon(1e-4));
}

TEST_CASE("train: each language has its training, and fine-tuning a quarter of the learning rate") {
  const TrainerOptions usual, plain = presets::training(Vocabulary::standard());
  CHECK(plain.stages == usual.stages);
  CHECK(plain.batch == usual.batch);
  CHECK(plain.validation_window == usual.validation_window);
  CHECK(plain.augmentation.velocity == usual.augmentation.velocity);
  CHECK(plain.augmentation.leave_out == 0);
  const TrainerOptions beats = presets::training(Vocabulary::beats());
  REQUIRE(beats.stages.size() == 1);
  CHECK(beats.stages[0].input_length[1] + beats.stages[0].target_length == 4096);
  CHECK(beats.stages[0].start_probability == 0.4);
  CHECK(beats.stages[0].end_probability == 0.1);
  CHECK(beats.batch == 2);
  CHECK(beats.schedule.learning_rate == 2e-3);
  CHECK(beats.augmentation.velocity == std::array{-2, 2});
  CHECK(beats.augmentation.leave_out == 0.1);
  CHECK(beats.validation_window == 4096);
  CHECK(presets::fine_tuning().schedule.learning_rate == usual.schedule.learning_rate / 4);
  const TrainerOptions tuning = presets::fine_tuning(Vocabulary::beats());
  CHECK(tuning.schedule.learning_rate == 5e-4);
  CHECK(tuning.stages == beats.stages);
  CHECK(tuning.validation_window == 4096);
}

TEST_CASE("train: what a language does not know is refused before anything is learned") {
  const Corpus beats = beats_corpus(2), &performances = test::runs::corpus();
  ModelConfig config = presets::small(beats);
  config.dimensions.E = 8;
  config.dimensions.H = 16;
  Model<> of_beats(config), of_performances(test::runs::tiny());
  TrainerOptions options = test::runs::quick(1);
  options.augmentation.leave_out = 0.1;
  CHECK_THROWS_WITH(Trainer(of_performances, performances, options),
                    "songs without beats have no plan in their tokens: leave_out does not apply");
  CHECK_NOTHROW(Trainer(of_beats, beats, options));
  const Augmentation higher{.transpose = {0, 1}}, faster{.tempo = {1, 1.1}};
  for (const Augmentation& change : {higher, faster}) {
    options.augmentation = change;
    CHECK_NOTHROW(Trainer(of_performances, performances, options));
    CHECK_THROWS_WITH(Trainer(of_beats, beats, options),
                      "songs in beats have their key and tempo in their tokens: transpose and tempo do not apply");
  }
  CHECK_NOTHROW(require_valid(BatchOptions{}, Vocabulary::beats()));
  CHECK_THROWS_WITH(require_valid(BatchOptions{.batch = 0}, Vocabulary::beats()), Catch::StartsWith("batch is 0"));
  // The vocabulary is checked first.
  CHECK_THROWS_WITH(Trainer(of_beats, performances, options),
                    "training: the model's vocabulary is not the corpus's: open that with the model's");
}
