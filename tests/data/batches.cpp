#include "musicgen/data/batches.hpp"

#include <algorithm>
#include <catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "corpora.hpp"
#include "musicgen/tokens/grammar.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// Songs of different lengths, every third one for validation.
Corpus mixed_corpus(int songs, const Vocabulary& vocabulary = Vocabulary::standard()) {
  std::vector<Song> all = random_songs(songs, 50, vocabulary);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].split = i % 3 == 2 ? Split::validation : Split::train;
  return Corpus(all, vocabulary);
}

Corpus corpus_of_one(int notes) {
  return Corpus({song_of("song", scale(notes))});
}

const Augmentation everything{.transpose = {-6, 6}, .tempo = {0.4, 3}, .velocity = {-4, 4}};

/// Whether a row is its window of the song, unchanged.
bool is_original(const Batch& batch, int b, const Corpus& corpus) {
  const Window& window = batch.windows[static_cast<std::size_t>(b)];
  const auto& song = corpus.songs()[window.song].tokens;
  const auto row = batch.row(b);
  for (std::size_t t = 0; t < row.size(); ++t)
    if (row[t] != (window.first + t < song.size() ? song[window.first + t] : no_token)) return false;
  return window.change == AugmentationDraw{} &&
         window.sounding == sounding_at(corpus.songs()[window.song], corpus.vocabulary(), window.first);
}

std::vector<Token> gap(const Vocabulary& vocabulary, std::int64_t steps) {
  std::vector<Token> all;
  for (; steps > max_time_steps; steps -= max_time_steps) all.push_back(vocabulary.time(max_time_steps));
  if (steps > 0) all.push_back(vocabulary.time(static_cast<int>(steps)));
  return all;
}

/// A row after the shortest beginning that makes its window's notes sound: a song as far as it goes.
std::vector<Token> with_beginning(std::span<const Token> row, std::vector<SoundingNote> sounding,
                                  const Vocabulary& vocabulary) {
  if (row[0] == vocabulary.start()) return {row.begin(), row.end()};
  std::stable_sort(sounding.begin(), sounding.end(), [](auto& a, auto& b) {
    return std::tuple(-a.steps, a.track, a.pitch) < std::tuple(-b.steps, b.track, b.pitch);
  });
  std::vector<Token> song{vocabulary.start()};
  int age = sounding.empty() ? 0 : sounding[0].steps;
  for (const SoundingNote& n : sounding) {
    for (const Token token : gap(vocabulary, age - n.steps)) song.push_back(token);
    age = n.steps;
    song.insert(song.end(), {vocabulary.note_on(n.pitch), vocabulary.velocity(63), vocabulary.track(n.track)});
  }
  // The gap up to the window and the one at its start merge; a song begins with no gap.
  std::int64_t steps = age;
  auto from = row.begin();
  for (; from != row.end() && *from != no_token && vocabulary[*from].kind == TokenKind::time; ++from)
    steps += vocabulary[*from].value;
  if (!sounding.empty())
    for (const Token token : gap(vocabulary, steps)) song.push_back(token);
  song.insert(song.end(), from, row.end());
  return song;
}

}  // namespace

TEST_CASE("data: a batch follows from corpus, options, seed and step") {
  const Corpus corpus = mixed_corpus(12);
  const BatchOptions options{.batch = 8, .input_length = {1, 20}, .target_length = 30, .augmentation = everything};
  const Batch batch = make_batch(corpus, Split::train, options, 1, 10);
  CHECK(batch == make_batch(corpus, Split::train, options, 1, 10));
  CHECK(batch.B == 8);
  CHECK(batch.tokens.size() == static_cast<std::size_t>(8 * batch.length()));
  CHECK(batch.windows.size() == 8);
  CHECK(batch.windows != make_batch(corpus, Split::train, options, 2, 10).windows);
  CHECK(batch.windows != make_batch(corpus, Split::train, options, 1, 11).windows);

  // A row does not depend on the number of rows.
  BatchOptions larger = options;
  larger.batch = 11;
  const Batch more = make_batch(corpus, Split::train, larger, 1, 10);
  CHECK(std::equal(batch.tokens.begin(), batch.tokens.end(), more.tokens.begin()));
  CHECK(std::set<std::size_t>{more.windows[0].first, more.windows[1].first, more.windows[2].first}.size() > 1);
}

TEST_CASE("data: windows hold their songs' tokens from the start of a group on") {
  const Corpus corpus = mixed_corpus(12);
  const BatchOptions options{.batch = 16, .input_length = {1, 40}, .target_length = 60};
  for (const Split split : {Split::train, Split::validation})
    for (std::uint64_t step = 0; step < 50; ++step) {
      const Batch batch = make_batch(corpus, split, options, 3, step);
      for (int b = 0; b < batch.B; ++b) {
        const Window& window = batch.windows[static_cast<std::size_t>(b)];
        const Song& song = corpus.songs()[window.song];
        REQUIRE(is_original(batch, b, corpus));
        REQUIRE(song.split == split);
        REQUIRE(group_start(song, corpus.vocabulary(), window.first) == window.first);
        // At most two tokens are missing, unless the song is too short.
        const auto row = batch.row(b);
        REQUIRE((window.first == 0 || row[row.size() - 3] != no_token));
      }
    }
}

TEST_CASE("data: a song's windows cover it, its start and its end evenly") {
  const Corpus corpus = corpus_of_one(50);  // 302 tokens
  const Song& song = corpus.songs()[0];
  for (const int target : {1, 2, 3, 20, 255}) {
    const BatchOptions options{.batch = 64, .input_length = {5, 5}, .target_length = target, .start_probability = 0};
    std::map<std::size_t, int> starts;
    std::vector<int> covered(song.tokens.size());
    for (std::uint64_t step = 0; step < 200; ++step)
      for (const Window& window : make_batch(corpus, Split::train, options, 4, step).windows) {
        ++starts[window.first];
        for (std::size_t t = window.first;
             t < std::min(song.tokens.size(), window.first + 5 + static_cast<std::size_t>(target)); ++t)
          ++covered[t];
      }
    // Every start of a group that leaves room occurs, none much more often than its share.
    const std::size_t last = song.tokens.size() - 5 - static_cast<std::size_t>(target);
    for (std::size_t i = 0; i <= last; ++i)
      if (group_start(song, corpus.vocabulary(), i) == i) {
        INFO("target " << target << ", start " << i);
        CHECK(starts[i] > 0);
        CHECK(starts[i] < 12800 * 5 / static_cast<int>(last + 1) + 40);
      }
    INFO("target " << target);
    CHECK(std::count(covered.begin(), covered.end(), 0) <= (target < 3 ? 2 : 0));
  }
}

TEST_CASE("data: windows begin at the song's start as often as asked") {
  const Corpus corpus = mixed_corpus(9);
  for (const double probability : {0.0, 0.01, 0.3, 1.0}) {
    const BatchOptions options{
        .batch = 100, .input_length = {1, 1}, .target_length = 20, .start_probability = probability};
    int starts = 0;
    for (std::uint64_t step = 0; step < 100; ++step)
      for (const Window& window : make_batch(corpus, Split::train, options, 5, step).windows)
        starts += window.first == 0;
    const double expected = 10000 * probability;
    INFO(probability << ": " << starts);
    CHECK(std::abs(starts - expected) <= 4 * std::sqrt(expected * (1 - probability)) + 40);
  }
}

TEST_CASE("data: windows end at the song's end as often as asked, of those that do not begin at its start") {
  const Corpus corpus = mixed_corpus(9);
  for (const double probability : {0.0, 0.03, 0.5, 1.0}) {
    const BatchOptions options{.batch = 100,
                               .input_length = {1, 1},
                               .target_length = 20,
                               .start_probability = 0.2,
                               .end_probability = probability};
    const auto ends_of = [&](const BatchOptions& o) {
      int ends = 0;
      for (std::uint64_t step = 0; step < 100; ++step) {
        const Batch batch = make_batch(corpus, Split::train, o, 5, step);
        for (int b = 0; b < batch.B; ++b) {
          const auto row = batch.row(b);
          ends += std::count(row.begin(), row.end(), corpus.vocabulary().end()) > 0;
        }
      }
      return ends;
    };
    BatchOptions by_chance = options;
    by_chance.end_probability = 0;
    const double rest = ends_of(by_chance), expected = rest + (8000 - rest) * probability;
    const double ends = ends_of(options);
    INFO(probability << ": " << ends << " of " << expected << ", " << rest << " by chance");
    CHECK(rest < 1000);
    CHECK(std::abs(ends - expected) <= 5 * std::sqrt(expected * (1 - 0.8 * probability)) + 30);
  }
}

TEST_CASE("data: songs are drawn as often as they are long") {
  const Corpus corpus = mixed_corpus(9);
  std::map<std::size_t, int> drawn;
  for (std::uint64_t step = 0; step < 100; ++step)
    for (const Window& window : make_batch(corpus, Split::train, {.batch = 100, .target_length = 5}, 6, step).windows)
      ++drawn[window.song];
  for (const std::size_t song : corpus.indices(Split::train)) {
    const double expected = 1e4 * static_cast<double>(corpus.songs()[song].tokens.size()) /
                            static_cast<double>(corpus.size(Split::train).tokens);
    INFO(song << ": " << drawn[song] << " of " << expected);
    CHECK(std::abs(drawn[song] - expected) <= 4 * std::sqrt(expected) + 1);
  }
}

TEST_CASE("data: a batch has one input length, drawn from its range") {
  const Corpus corpus = mixed_corpus(9);
  std::map<int, int> lengths;
  for (std::uint64_t step = 0; step < 600; ++step)
    ++lengths[make_batch(corpus, Split::train, {.batch = 1, .input_length = {3, 8}, .target_length = 2}, 7, step)
                  .input_length];
  CHECK(lengths.size() == 6);
  CHECK(lengths.begin()->first == 3);
  for (const auto& [length, count] : lengths) CHECK(std::abs(count - 100) < 40);
}

TEST_CASE("data: short songs begin at their start and are filled up") {
  const Corpus corpus({song_of("^ +60 v63 i0 t10 -60 i0 $")});
  const Batch batch = make_batch(corpus, Split::train, {.batch = 2, .input_length = {1, 1}, .target_length = 10}, 8, 0);
  std::vector<Token> expected = corpus.songs()[0].tokens;
  expected.resize(11, no_token);
  for (int b = 0; b < 2; ++b) {
    CHECK(batch.windows[static_cast<std::size_t>(b)].first == 0);
    CHECK(std::equal(expected.begin(), expected.end(), batch.row(b).begin(), batch.row(b).end()));
  }
}

TEST_CASE("data: every row has a target") {
  // Songs of 9 to 72 tokens, full of gaps that lose tokens when played faster.
  std::vector<Song> songs;
  for (int i = 1; i <= 10; ++i) songs.push_back(song_of("song" + std::to_string(i), scale(i, 60, 1010)));
  const Corpus corpus(songs);
  for (const int input : {1, 2, 8, 9, 40, 71, 72, 73, 5000})
    for (const int target : {1, 2, 50})
      for (std::uint64_t step = 0; step < 40; ++step) {
        const Batch batch = make_batch(
            corpus, Split::train,
            {.batch = 8, .input_length = {input, input}, .target_length = target, .augmentation = {.tempo = {0.5, 2}}},
            9, step);
        REQUIRE(batch.input_length == std::min(input, 71));
        for (int b = 0; b < 8; ++b) REQUIRE(batch.row(b)[static_cast<std::size_t>(batch.input_length)] != no_token);
      }
}

TEST_CASE("data: only the training split is augmented") {
  const Corpus corpus = mixed_corpus(12);
  const BatchOptions options{.batch = 16, .input_length = {1, 1}, .target_length = 40, .augmentation = everything};
  const Batch train = make_batch(corpus, Split::train, options, 10, 0);
  CHECK(std::count_if(train.windows.begin(), train.windows.end(),
                      [](auto& w) { return w.change == AugmentationDraw{}; }) == 0);
  std::set<double> tempi;
  for (const Window& window : train.windows) tempi.insert(window.change.tempo);
  CHECK(tempi.size() == 16);
  for (const Batch& batch : {make_batch(corpus, Split::validation, options, 10, 0),
                             validation_batch(corpus, options, 0), validation_batch(corpus, options, 0, Split::train)})
    for (int b = 0; b < batch.B; ++b) CHECK(is_original(batch, b, corpus));
}

TEST_CASE("data: changed windows go on from what sounds as the canonical grammar wants") {
  for (const Vocabulary& vocabulary : {Vocabulary::standard(), vocabulary_with_holes()}) {
    const Corpus corpus = mixed_corpus(30, vocabulary);
    const BatchOptions options{.batch = 32,
                               .input_length = {1, 100},
                               .target_length = 100,
                               .start_probability = 0.05,
                               .augmentation = everything};
    int windows_in_sound = 0;
    for (std::uint64_t step = 0; step < 60; ++step) {
      const Batch batch = make_batch(corpus, Split::train, options, 11, step);
      for (int b = 0; b < batch.B; ++b) {
        const Window& window = batch.windows[static_cast<std::size_t>(b)];
        windows_in_sound += !window.sounding.empty();
        Grammar grammar(vocabulary, {.canonical = true});
        for (const Token token : with_beginning(batch.row(b), window.sounding, vocabulary)) {
          if (token == no_token) {
            REQUIRE(grammar.ended());
            continue;
          }
          INFO("step " << step << ", row " << b << ", " << vocabulary.name(token));
          REQUIRE(grammar.allows(token));
          grammar.advance(token);
        }
      }
    }
    CHECK(windows_in_sound > 60 * 16);
  }
}

TEST_CASE("data: validation windows are fixed and spread evenly") {
  const Corpus corpus = mixed_corpus(30);
  const BatchOptions options{.batch = 10, .input_length = {1, 9}, .target_length = 30, .start_probability = 1};
  std::map<std::size_t, int> drawn;
  std::set<std::pair<std::size_t, std::size_t>> places;
  std::set<int> lengths;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Batch batch = validation_batch(corpus, options, i);
    CHECK(batch == validation_batch(corpus, options, i));
    lengths.insert(batch.input_length);
    for (int b = 0; b < batch.B; ++b) {
      REQUIRE(is_original(batch, b, corpus));
      const Window& window = batch.windows[static_cast<std::size_t>(b)];
      CHECK(corpus.songs()[window.song].split == Split::validation);
      ++drawn[window.song];
      places.emplace(window.song, window.first);
    }
  }
  CHECK(lengths.size() == 9);
  CHECK(places.size() > 350);
  for (const std::size_t song : corpus.indices(Split::validation)) {
    const double share = static_cast<double>(corpus.songs()[song].tokens.size()) /
                         static_cast<double>(corpus.size(Split::validation).tokens);
    INFO(song << ": " << drawn[song] << " of " << 500 * share);
    CHECK(std::abs(drawn[song] - 500 * share) < 4);
  }
}

TEST_CASE("data: options out of range and splits without songs are errors") {
  const Corpus corpus = corpus_of_one(10);
  const auto refusal = [&](const BatchOptions& options) -> std::string {
    try {
      static_cast<void>(make_batch(corpus, Split::train, options, 0, 0));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(refusal({}) == "accepted");
  CHECK(refusal({.batch = 0}) == "batch is 0, expected 1 to 65535");
  CHECK(refusal({.batch = 65536}) == "batch is 65536, expected 1 to 65535");
  CHECK(refusal({.input_length = {0, 5}}) == "input_length is 0 to 5, expected a range of at least 1");
  CHECK(refusal({.input_length = {5, 4}}) == "input_length is 5 to 4, expected a range of at least 1");
  CHECK(refusal({.target_length = 0}) == "target_length is 0, expected at least 1");
  for (const double p : {-0.1, 1.1, nan}) {
    CHECK(refusal({.start_probability = p}) != "accepted");
    CHECK(refusal({.end_probability = p}) != "accepted");
  }
  CHECK(refusal({.augmentation = {.transpose = {3, 2}}}) == "transpose is 3 to 2, expected a range in -127 to 127");
  CHECK(refusal({.augmentation = {.transpose = {-128, 2}}}) != "accepted");
  for (const double t : {0.0, -1.0, 11.0, nan}) CHECK(refusal({.augmentation = {.tempo = {t, t}}}) != "accepted");
  CHECK(refusal({.augmentation = {.tempo = {1.1, 0.9}}}) != "accepted");
  CHECK(refusal({.augmentation = {.velocity = {1, 0}}}) != "accepted");
  CHECK_THROWS_WITH(validation_batch(corpus, {}, 0), "the corpus has no songs for validation");
  CHECK_THROWS_WITH(make_batch(corpus, Split::test, {}, 0, 0), "the corpus has no songs for test");
}
