#include "musicgen/data/augment.hpp"

#include <algorithm>
#include <array>
#include <catch.hpp>
#include <cmath>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "corpora.hpp"
#include "musicgen/tokens/decoder.hpp"
#include "musicgen/tokens/grammar.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

const Vocabulary standard = Vocabulary::standard();

/// A whole song with a change applied.
std::vector<Token> changed(const std::vector<Token>& song, const AugmentationDraw& change,
                           const Vocabulary& vocabulary = standard) {
  std::vector<Token> out(3 * song.size() + 1000);
  augment_tokens(song, vocabulary, change, out);
  const auto end = std::find(out.begin(), out.end(), no_token);
  REQUIRE(end != out.end());
  REQUIRE(std::count(end, out.end(), no_token) == out.end() - end);
  out.erase(end, out.end());
  return out;
}

std::string changed(const std::string& song, const AugmentationDraw& change) {
  return text(standard, changed(tokens(standard, song), change));
}

bool is_canonical(const std::vector<Token>& song, const Vocabulary& vocabulary = standard) {
  Grammar grammar(vocabulary, {.canonical = true});
  for (const Token token : song) {
    if (!grammar.allows(token)) return false;
    grammar.advance(token);
  }
  return grammar.ended();
}

/// When each note-on and note-off comes, in steps.
std::vector<std::int64_t> times(const std::vector<Token>& song) {
  std::vector<std::int64_t> all;
  std::int64_t now = 0;
  for (const Token token : song) {
    const auto [kind, value] = standard[token];
    if (kind == TokenKind::time) now += value;
    if (kind == TokenKind::note_on || kind == TokenKind::note_off) all.push_back(now);
  }
  return all;
}

}  // namespace

TEST_CASE("data: no change changes nothing") {
  for (const Song& song : random_songs(20, 1)) CHECK(changed(song.tokens, {}) == song.tokens);
}

TEST_CASE("data: transposition moves pitches alone") {
  CHECK(changed("^ +60 v63 i0 +64 v10 i1 t50 -60 i0 -64 i1 $", {.transpose = 5}) ==
        "^ +65 v63 i0 +69 v10 i1 t50 -65 i0 -69 i1 $");
  for (const Song& song : random_songs(10, 2))
    if (can_transpose(song.pitches, -1, pitches_of(standard)))
      CHECK(changed(changed(song.tokens, {.transpose = -1}), {.transpose = 1}) == song.tokens);
}

TEST_CASE("data: a song is transposed only as far as it stays in the vocabulary") {
  const auto pitches = song_of("^ +60 v63 i0 +120 v63 i0 t1 -60 i0 -120 i0 $").pitches;
  const auto all = pitches_of(standard);
  CHECK(all.all());
  for (int by = -127; by <= 127; ++by) CHECK(can_transpose(pitches, by, all) == (by >= -60 && by <= 7));

  // Without 50, 60 (which cannot end) and 61 (which cannot start).
  const auto holes = pitches_of(vocabulary_with_holes());
  CHECK(holes.count() == 41 - 3);
  std::bitset<pitch_count> one;
  one.set(55);
  for (int by = -20; by <= 30; ++by)
    CHECK(can_transpose(one, by, holes) == (by >= -15 && by <= 25 && by != -5 && by != 5 && by != 6));
  CHECK(can_transpose({}, 100, holes));
}

TEST_CASE("data: velocities move in their list and stop at its ends") {
  CHECK(changed("^ +60 v10 i0 +61 v63 i0 +62 v127 i0 t1 -60 i0 -61 i0 -62 i0 $", {.velocity = 2}) ==
        "^ +60 v15 i0 +61 v71 i0 +62 v127 i0 t1 -60 i0 -61 i0 -62 i0 $");
  CHECK(changed("^ +60 v10 i0 +61 v63 i0 +62 v127 i0 t1 -60 i0 -61 i0 -62 i0 $", {.velocity = -1}) ==
        "^ +60 v10 i0 +61 v59 i0 +62 v123 i0 t1 -60 i0 -61 i0 -62 i0 $");
  const Vocabulary holes = vocabulary_with_holes();  // v31 v63 v95 v127
  const auto song = tokens(holes, "^ +70 v31 i0 +71 v95 i0 t1 -70 i0 -71 i0 $");
  CHECK(text(holes, changed(song, {.velocity = 1}, holes)) == "^ +70 v63 i0 +71 v127 i0 t1 -70 i0 -71 i0 $");
  CHECK(text(holes, changed(song, {.velocity = -99}, holes)) == "^ +70 v31 i0 +71 v31 i0 t1 -70 i0 -71 i0 $");
}

TEST_CASE("data: a tempo scales gaps and writes them as the encoder does") {
  CHECK(changed("^ +60 v63 i0 t50 -60 i0 $", {.tempo = 2}) == "^ +60 v63 i0 t25 -60 i0 $");
  CHECK(changed("^ +60 v63 i0 t100 t20 -60 i0 $", {.tempo = 2}) == "^ +60 v63 i0 t60 -60 i0 $");
  CHECK(changed("^ +60 v63 i0 t100 t20 -60 i0 $", {.tempo = 0.5}) == "^ +60 v63 i0 t100 t100 t40 -60 i0 $");
  CHECK(changed("^ +60 v63 i0 t50 -60 i0 $", {.tempo = 0.5}) == "^ +60 v63 i0 t100 -60 i0 $");
  CHECK(changed("^ +60 v63 i0 t1 -60 i0 $", {.tempo = 10}) == "^ +60 v63 i0 t1 -60 i0 $");
  // Gaps of 3 steps, halved: 1.5, 3, 4.5, 6 round to 2, 3, 5, 6.
  CHECK(changed("^ +60 v63 i0 t3 -60 i0 +60 v63 i0 t3 -60 i0 +60 v63 i0 t3 -60 i0 +60 v63 i0 t3 -60 i0 $",
                {.tempo = 2}) ==
        "^ +60 v63 i0 t2 -60 i0 +60 v63 i0 t1 -60 i0 +60 v63 i0 t2 -60 i0 +60 v63 i0 t1 -60 i0 $");
  // Gaps are at least one step; later gaps make up for the excess.
  CHECK(changed("^ +60 v63 i0 t1 -60 i0 +60 v63 i0 t1 -60 i0 +60 v63 i0 t1 -60 i0 +60 v63 i0 t13 -60 i0 $",
                {.tempo = 2}) ==
        "^ +60 v63 i0 t1 -60 i0 +60 v63 i0 t1 -60 i0 +60 v63 i0 t1 -60 i0 +60 v63 i0 t5 -60 i0 $");
}

TEST_CASE("data: a changed tempo does not drift") {
  for (const Song& song : random_songs(10, 3))
    for (const double tempo : {0.5, 0.8, 0.93, 0.999}) {  // slower: no gap gets too short
      const auto before = times(song.tokens), after = times(changed(song.tokens, {.tempo = tempo}));
      REQUIRE(after.size() == before.size());
      bool near = true;
      for (std::size_t i = 0; i < before.size(); ++i)
        near = near && std::abs(static_cast<double>(after[i]) - static_cast<double>(before[i]) / tempo) <= 0.5001;
      CHECK(near);
    }
}

TEST_CASE("data: every change of a song is canonical and plays the same notes") {
  Random random(5);
  const Augmentation range{.transpose = {-12, 12}, .tempo = {0.3, 3}, .velocity = {-9, 9}};
  for (const Vocabulary& vocabulary : {Vocabulary::standard(), vocabulary_with_holes()})
    for (const Song& song : random_songs(60, 4, vocabulary)) {
      const AugmentationDraw change = draw_augmentation(range, song, pitches_of(vocabulary), random);
      const auto tokens = changed(song.tokens, change, vocabulary);
      REQUIRE(is_canonical(tokens, vocabulary));
      const Song again = make_song("again", Split::train, tokens, {}, vocabulary);
      CHECK(again.notes == song.notes);
      CHECK((change.transpose < 0 ? song.pitches >> static_cast<std::size_t>(-change.transpose)
                                  : song.pitches << static_cast<std::size_t>(change.transpose)) == again.pitches);
    }
}

TEST_CASE("data: a shorter window is the beginning of a longer one") {
  for (const Song& song : random_songs(5, 6)) {
    const AugmentationDraw change{.transpose = 0, .tempo = 0.7, .velocity = 3};
    const auto whole = changed(song.tokens, change);
    for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 300); ++size) {
      std::vector<Token> window(size);
      augment_tokens(song.tokens, standard, change, window);
      REQUIRE(std::equal(window.begin(), window.end(), whole.begin()));
    }
  }
}

TEST_CASE("data: changes are drawn evenly from what is possible") {
  const Song song = song_of("^ +60 v63 i0 +126 v63 i0 t1 -60 i0 -126 i0 $");
  const Augmentation range{.transpose = {-3, 6}, .tempo = {0.9, 1.1}, .velocity = {-1, 2}};
  std::map<int, int> transpositions, velocities;
  double sum = 0, slowest = 9, fastest = 0;
  Random random(7);
  const int draws = 5000;
  for (int i = 0; i < draws; ++i) {
    const AugmentationDraw change = draw_augmentation(range, song, pitches_of(standard), random);
    ++transpositions[change.transpose];
    ++velocities[change.velocity];
    sum += change.tempo;
    slowest = std::min(slowest, change.tempo);
    fastest = std::max(fastest, change.tempo);
  }
  CHECK(transpositions.size() == 5);  // -3 to 1
  CHECK(transpositions.rbegin()->first == 1);
  for (const auto& [by, count] : transpositions) CHECK(std::abs(count - draws / 5) < 120);
  CHECK(velocities.size() == 4);
  for (const auto& [by, count] : velocities) CHECK(std::abs(count - draws / 4) < 130);
  CHECK(sum / draws == Approx(1).margin(0.005));
  CHECK(slowest >= 0.9);
  CHECK(slowest < 0.901);
  CHECK(fastest <= 1.1);
  CHECK(fastest > 1.099);

  CHECK(draw_augmentation({.transpose = {2, 9}}, song, pitches_of(standard), random).transpose == 0);
  CHECK(draw_augmentation({}, song, pitches_of(standard), random) == AugmentationDraw{});
}
