// Learning in the language of beats: contexts, copying, and a model that gets better.
#include <algorithm>
#include <chrono>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/evaluate/likelihood.hpp>
#include <musicgen/tokens/context.hpp>
#include <musicgen/tokens/decoder.hpp>

#include "catch.hpp"
#include "runs.hpp"

using namespace musicgen;

namespace {

/// Composed songs, in beats of 120 a minute.
Corpus beats_corpus() {
  const Vocabulary vocabulary = Vocabulary::beats();
  std::vector<Song> songs;
  for (std::uint64_t i = 0; i < 5; ++i) {
    const Score score = compose(i);
    Analysis analysis = analyze(score);
    REQUIRE(analysis.has_beat());
    Encoded song = encode(score, plan_of(analysis), vocabulary);
    songs.push_back(make_song("song " + std::to_string(i), i == 4 ? Split::validation : Split::train,
                              std::move(song.tokens), std::move(song.programs), vocabulary));
  }
  return Corpus(std::move(songs), vocabulary);
}

}  // namespace

TEST_CASE("train: batches in beats say where each token is, from the middle of a song as from its beginning") {
  const Corpus corpus = beats_corpus();
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

TEST_CASE("train: of songs in beats the profile tells seconds") {
  const Corpus corpus = beats_corpus();
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
  const Corpus corpus = beats_corpus();
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
  CHECK(after.nats_per_note() < before - 1);  // 33.9, 36.2
  const int window = static_cast<int>(songs[0]->tokens.size());
  const Likelihood decoded = total(sampled_likelihoods(model, songs, Precision::fp32, window));
  CHECK(decoded.nats_per_note() == Approx(after.nats_per_note()).epsilon(1e-4));
}
