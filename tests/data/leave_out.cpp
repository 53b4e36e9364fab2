// Leaving out plan tokens during training in the language of beats.
#include <algorithm>
#include <catch.hpp>
#include <map>
#include <musicgen/analyze/analyze.hpp>
#include <musicgen/data/augment.hpp>
#include <musicgen/data/batches.hpp>
#include <musicgen/tokens/context.hpp>
#include <musicgen/tokens/grammar.hpp>
#include <set>
#include <string>
#include <vector>

#include "corpora.hpp"
#include "threads.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary vocabulary = Vocabulary::beats();
const LeftOut everything{.key = true, .tempo = true, .meter = true, .phrases = true, .chords = true};
constexpr Augmentation nothing_said{.velocity = {-2, 2}, .leave_out = 1};

std::string without(const std::string& song, const LeftOut& left_out) {
  return text(vocabulary, without_words(tokens(vocabulary, song), vocabulary, left_out));
}

/// The kinds of bar and plan tokens that occur.
std::set<TokenKind> words(std::span<const Token> tokens) {
  std::set<TokenKind> kinds;
  for (const Token token : tokens)
    if (token != no_token && vocabulary[token].kind >= TokenKind::bar) kinds.insert(vocabulary[token].kind);
  return kinds;
}

/// A window's song without what is left out.
std::vector<Token> left_of(const Corpus& corpus, const Window& window) {
  return without_words(corpus.songs()[window.song].tokens, vocabulary, window.change.left_out);
}

/// Whether a row's contexts are those of the song without what is left out.
bool contexts_agree(const Batch& batch, int b, const Corpus& corpus) {
  const Window& window = batch.windows[static_cast<std::size_t>(b)];
  std::vector<Token> song = left_of(corpus, window);
  const auto row = batch.row(b);
  song.resize(window.first);
  SongState state;
  for (const Token token : song) state.advance(vocabulary[token]);
  auto context =
      batch.contexts.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(b) * row.size() * Context::parts);
  for (const Token token : row) {
    if (token != no_token) state.advance(vocabulary[token]);
    const auto expected = Context::of(state.place(), vocabulary.size());
    if (!std::equal(expected.begin(), expected.end(), context)) return false;
    context += static_cast<std::ptrdiff_t>(Context::parts);
  }
  return true;
}

}  // namespace

TEST_CASE("data: words of a plan are left out by kind, and the gaps between them come together") {
  const std::string song =
      "^ | KEb T96 F2 M4/4 PA L1 CC:maj +60 v63 i0 t24 CG:maj t12 -60 i0 t12 | PB L1 CG:maj t48 | $";
  CHECK(without(song, {}) == song);
  CHECK(without(song, {.key = true}) ==
        "^ | T96 F2 M4/4 PA L1 CC:maj +60 v63 i0 t24 CG:maj t12 -60 i0 t12 | PB L1 CG:maj t48 | $");
  CHECK(without(song, {.tempo = true, .meter = true}) ==
        "^ | KEb PA L1 CC:maj +60 v63 i0 t24 CG:maj t12 -60 i0 t12 | PB L1 CG:maj t48 | $");
  // A chord repeated at the start of a phrase is written once.
  CHECK(without(song, {.phrases = true}) ==
        "^ | KEb T96 F2 M4/4 CC:maj +60 v63 i0 t24 CG:maj t12 -60 i0 t12 | t48 | $");
  CHECK(without(song, {.chords = true}) == "^ | KEb T96 F2 M4/4 PA L1 +60 v63 i0 t36 -60 i0 t12 | PB L1 t48 | $");
  CHECK(without(song, everything) == "^ | +60 v63 i0 t36 -60 i0 t12 | t48 | $");
  // What repeats, repeats a phrase.
  const std::string again = "^ | PA L1 +60 v63 i0 t48 | PA L1 R CC:maj -60 i0 +60 v63 i0 t48 | -60 i0 $";
  CHECK(without(again, {.phrases = true}) == "^ | +60 v63 i0 t48 | CC:maj -60 i0 +60 v63 i0 t48 | -60 i0 $");
  CHECK(without(again, {.chords = true}) == "^ | PA L1 +60 v63 i0 t48 | PA L1 R -60 i0 +60 v63 i0 t48 | -60 i0 $");
}

TEST_CASE("data: metres are left out of songs in 4/4 alone") {
  CHECK(without("^ | M4/4 +60 v63 i0 t12 -60 i0 $", {.meter = true}) == "^ | +60 v63 i0 t12 -60 i0 $");
  const std::string waltz = "^ | T96 F2 M3/4 +60 v63 i0 t12 -60 i0 $";
  CHECK(without(waltz, {.meter = true}) == waltz);
  const std::string later = "^ | M4/4 +60 v63 i0 t48 | M3/4 t12 -60 i0 $";
  CHECK(without(later, everything) == later);
  // A long gap is written as the encoder does: as many t48 as fit, then the rest.
  CHECK(without("^ | M8/4 +60 v63 i0 t12 CC:maj t48 CG:maj t12 -60 i0 $", {.chords = true}) ==
        "^ | M8/4 +60 v63 i0 t48 t24 -60 i0 $");
}

TEST_CASE("data: a song without words is what the encoder writes by a plan without them") {
  for (std::uint64_t number = 0; number < 10; ++number) {
    const Score score = compose(number);
    const PlacedPlan placed = plan_of(analyze(score));
    const GridSong song = quantize(score, placed, vocabulary);
    const std::vector<Token> whole = encode_notes(song.notes, placed.plan, vocabulary);
    Plan plan = placed.plan;
    plan.tempos.clear();
    CHECK(without_words(whole, vocabulary, {.tempo = true}) == encode_notes(song.notes, plan, vocabulary));
    plan.chords.clear();
    CHECK(without_words(whole, vocabulary, {.tempo = true, .chords = true}) ==
          encode_notes(song.notes, plan, vocabulary));
    plan.form.clear();
    CHECK(without_words(whole, vocabulary, {.tempo = true, .phrases = true, .chords = true}) ==
          encode_notes(song.notes, plan, vocabulary));
  }
}

TEST_CASE("data: nothing is left out unless asked for, nor for validation") {
  const Corpus corpus = beats_corpus(5);
  const BatchOptions plain{.batch = 4, .target_length = 200},
      asked{.batch = 4, .target_length = 200, .augmentation = nothing_said};
  for (std::uint64_t step = 0; step < 20; ++step) {
    const Batch batch = make_batch(corpus, Split::train, plain, 3, step);
    for (const Window& window : batch.windows) CHECK_FALSE(window.change.left_out.any());
    for (const Batch& validation :
         {make_batch(corpus, Split::validation, asked, 3, step), validation_batch(corpus, asked, step)})
      for (int b = 0; b < 4; ++b) {
        const Window& window = validation.windows[static_cast<std::size_t>(b)];
        const auto& song = corpus.songs()[window.song].tokens;
        CHECK(window.change == AugmentationDraw{});
        const auto row = validation.row(b);
        for (std::size_t t = 0; t < row.size(); ++t)
          REQUIRE(row[t] == (window.first + t < song.size() ? song[window.first + t] : no_token));
      }
  }
}

TEST_CASE("data: where everything is left out, bars are left, in songs as the grammar wants them") {
  const Corpus corpus = beats_corpus(5);
  BatchOptions options{.batch = 4, .target_length = 2000, .augmentation = nothing_said};
  for (std::uint64_t step = 0; step < 20; ++step) {
    options.start_probability = step < 10 ? 1 : 0;
    options.end_probability = step < 15 ? 0 : 1;
    const Batch batch = make_batch(corpus, Split::train, options, 3, step);
    for (int b = 0; b < batch.B; ++b) {
      const Window& window = batch.windows[static_cast<std::size_t>(b)];
      const auto row = batch.row(b);
      CHECK(window.change.left_out == everything);
      REQUIRE(words(row) == std::set{TokenKind::bar});
      CHECK(contexts_agree(batch, b, corpus));
      // The window is full, except for what starting on a group may cost at the song's end.
      const std::size_t left = left_of(corpus, window).size();
      const auto missing = static_cast<std::size_t>(std::count(row.begin(), row.end(), no_token));
      CHECK(missing <= (left > row.size() ? 2 : row.size() - left));
      if (window.first > 0) continue;
      Grammar grammar(vocabulary, {.canonical = true});
      for (const Token token : row) {
        if (token == no_token) break;
        REQUIRE(grammar.allows(token));
        grammar.advance(token);
      }
    }
  }
}

TEST_CASE("data: each kind of words is left out as often as asked, by itself") {
  const Corpus corpus = beats_corpus(5);
  const BatchOptions options{.batch = 100, .target_length = 20, .augmentation = {.leave_out = 0.3}};
  std::map<std::string, int> counts;
  for (std::uint64_t step = 0; step < 10; ++step) {
    const Batch batch = make_batch(corpus, Split::train, options, 3, step);
    for (int b = 0; b < batch.B; ++b) {
      REQUIRE(contexts_agree(batch, b, corpus));
      const LeftOut& gone = batch.windows[static_cast<std::size_t>(b)].change.left_out;
      counts["key"] += gone.key;
      counts["tempo"] += gone.tempo;
      counts["meter"] += gone.meter;
      counts["phrases"] += gone.phrases;
      counts["chords"] += gone.chords;
      counts["all but chords"] += gone.key && gone.phrases && !gone.chords;
    }
  }
  for (const char* kind : {"key", "tempo", "meter", "phrases", "chords"}) CHECK(std::abs(counts[kind] - 300) < 60);
  CHECK(std::abs(counts["all but chords"] - 63) < 35);
}

TEST_CASE("data: what is left out follows from seed, step and row, on any number of threads") {
  const Corpus corpus = beats_corpus(5);
  const BatchOptions options{.batch = 8, .target_length = 300, .augmentation = {.velocity = {-3, 3}, .leave_out = 0.5}};
  const Batch batch = make_batch(corpus, Split::train, options, 1, 10);
  for (const int threads : {1, 2, 3}) {
    const test::Threads pool(threads);
    CHECK(make_batch(corpus, Split::train, options, 1, 10) == batch);
  }
  CHECK(make_batch(corpus, Split::train, options, 2, 10).windows != batch.windows);
  CHECK(make_batch(corpus, Split::train, options, 1, 11).windows != batch.windows);
}

TEST_CASE("data: velocities of songs in beats are moved, and nothing else") {
  const Corpus corpus = beats_corpus(5);
  const BatchOptions options{.batch = 8, .target_length = 300, .augmentation = {.velocity = {2, 2}}};
  const Batch batch = make_batch(corpus, Split::train, options, 1, 1);
  int moved = 0;
  for (int b = 0; b < batch.B; ++b) {
    const Window& window = batch.windows[static_cast<std::size_t>(b)];
    const auto& song = corpus.songs()[window.song].tokens;
    for (std::size_t t = 0; t < batch.row(b).size(); ++t) {
      const Token before = song[window.first + t], now = batch.row(b)[t];
      const bool loudness =
          vocabulary[before].kind == TokenKind::velocity && vocabulary[now].kind == TokenKind::velocity;
      REQUIRE((loudness || before == now));
      moved += before != now;
    }
  }
  CHECK(moved > 100);
  // A gap of more than 48 steps takes several tokens.
  const auto waltz = tokens(vocabulary, "^ | M6/4 +60 v63 i0 t48 t12 -60 i0 $");
  std::vector<Token> out(waltz.size());
  augment_tokens(waltz, vocabulary, {.velocity = 1}, out);
  CHECK(text(vocabulary, out) == "^ | M6/4 +60 v67 i0 t48 t12 -60 i0 $");
}

TEST_CASE("data: a probability of leaving out is one, and for songs in beats") {
  const Corpus corpus = beats_corpus(2), performances({song_of("song", scale(10))});
  const auto batch = [&](const Corpus& songs, double p) {
    return make_batch(songs, Split::train, {.augmentation = {.leave_out = p}}, 3, 1);
  };
  CHECK_THROWS_WITH(batch(corpus, 1.5), "leave_out is 1.500000, expected 0 to 1");
  CHECK_THROWS_WITH(batch(corpus, -0.1), Catch::StartsWith("leave_out is"));
  CHECK_THROWS_WITH(batch(performances, 0.1),
                    "songs without beats have no plan in their tokens: leave_out does not apply");
  CHECK_NOTHROW(batch(performances, 0));
}
