#include <catch.hpp>
#include <cmath>
#include <musicgen/sample/sampler.hpp>
#include <set>

#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

bool in_c_major(int pitch) {
  return std::set<int>{0, 2, 4, 5, 7, 9, 11}.count(pitch % 12) == 1;
}

/// The words that a bias rules out.
std::set<std::string> ruled_out(const Vocabulary& vocabulary, const Bias& bias) {
  REQUIRE(bias.size() == static_cast<std::size_t>(vocabulary.size()));
  std::set<std::string> words;
  for (Token t = 0; t < vocabulary.size(); ++t)
    if (const float b = bias[static_cast<std::size_t>(t)]; b == never)
      words.insert(vocabulary.name(t));
    else
      CHECK(b == 0);
  return words;
}

/// Every note of songs and of a stream, under grammars and vocabularies of all kinds.
template <class Holds>
void check_notes(const std::function<Bias(const Vocabulary&)>& bias, Holds holds) {
  for (const Vocabulary& vocabulary : {Vocabulary::standard(), vocabulary_with_holes()})
    for (const bool canonical : {true, false}) {
      Sampler sampler(untrained(vocabulary, 3, canonical), {.bias = bias(vocabulary)});
      std::size_t notes = 0;
      for (const Length& length : {Length(5s), Length::in_tokens(300)})
        for (const GeneratedSong& song : sampler.generate(6, length)) {
          const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, canonical);
          REQUIRE(reading.fault == "");
          for (const StepNote& n : reading.notes) CHECK(holds(n.pitch, n.track));
          notes += reading.notes.size();
        }
      CHECK(notes > 30);
      for (int i = 0; i < 40; ++i) {
        const Note note = sampler.next_note();
        CHECK(holds(note.pitch, note.track));
      }
    }
}

}  // namespace

TEST_CASE("bias: longer steps are likelier by a power of their length, and nothing else is") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Bias bias = longer_steps(vocabulary, 0.5f);
  const auto of = [&](const std::string& word) { return bias[static_cast<std::size_t>(vocabulary.find(word))]; };
  CHECK(of("t15") == Approx(0).margin(1e-6));
  CHECK(of("t60") == Approx(std::log(2)));
  CHECK(of("t1") == Approx(-std::log(15) / 2));
  CHECK(of("+60") == 0);
  CHECK(of("$") == 0);
  CHECK(longer_steps(vocabulary, -0.5f)[static_cast<std::size_t>(vocabulary.find("t60"))] == Approx(-std::log(2)));
}

TEST_CASE("bias: velocities are the less likely the further they are from the usual one") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Bias bias = usual_loudness(vocabulary, 79, 0.5f);
  const auto of = [&](const std::string& word) { return bias[static_cast<std::size_t>(vocabulary.find(word))]; };
  CHECK(of("v79") == 0);
  CHECK(of("v119") == Approx(-2));
  CHECK(of("v39") == Approx(-2));
  CHECK(of("+60") == 0);
  CHECK(of("t15") == 0);
}

TEST_CASE("bias: a range leaves the note ons within it") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const auto words = ruled_out(vocabulary, only_range(vocabulary, 48, 72));
  CHECK(words.size() == 128 - 25);
  CHECK(words.count("+47") == 1);
  CHECK(words.count("+48") == 0);
  CHECK(words.count("+72") == 0);
  CHECK(words.count("+73") == 1);
}

TEST_CASE("bias: a key leaves its seven pitch classes") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const auto classes = [&](const Bias& bias) {
    std::set<int> left;
    for (int p = 0; p < 128; ++p)
      if (bias[static_cast<std::size_t>(vocabulary.note_on(p))] == 0) left.insert(p % 12);
    return left;
  };
  using Set = std::set<int>;
  CHECK(classes(only_key(vocabulary, 0)) == Set{0, 2, 4, 5, 7, 9, 11});
  CHECK(classes(only_key(vocabulary, 9, true)) == Set{0, 2, 4, 5, 7, 9, 11});  // A minor has C major's
  CHECK(classes(only_key(vocabulary, 2)) == Set{1, 2, 4, 6, 7, 9, 11});
  CHECK(classes(only_key(vocabulary, -3, true)) == classes(only_key(vocabulary, 9, true)));
  CHECK(ruled_out(vocabulary, only_key(vocabulary, 2)) == ruled_out(vocabulary, only_key(vocabulary, 14)));
  CHECK(classes(only_pitch_classes(vocabulary, std::array{60, -1})) == Set{0, 11});
  for (const std::string& word : ruled_out(vocabulary, only_key(vocabulary, 5))) CHECK(word[0] == '+');
}

TEST_CASE("bias: tracks, and two wishes at once") {
  const Vocabulary vocabulary = vocabulary_with_holes();  // with tracks 0, 2 and 5
  using Set = std::set<std::string>;
  CHECK(ruled_out(vocabulary, only_tracks(vocabulary, std::array{0, 1, 99, -1})) == Set{"i2", "i5"});
  const Bias both = combined(only_tracks(vocabulary, std::array{0, 2}), only_range(vocabulary, 41, 80));
  CHECK(ruled_out(vocabulary, both) == Set{"i5", "+40"});
  const Bias sum = combined({1, never, 2}, {3, 4, never});
  CHECK(sum == Bias{4, never, never});
}

TEST_CASE("bias: a sampler keeps to tracks") {
  check_notes(
      [](const Vocabulary& v) {
        return only_tracks(v, std::array{0, 1});
      },
      [](int, int track) { return track <= 1; });
}

TEST_CASE("bias: a sampler keeps to a key") {
  check_notes([](const Vocabulary& v) { return only_key(v, 0); }, [](int pitch, int) { return in_c_major(pitch); });
}

TEST_CASE("bias: a sampler keeps to a range, even of one note") {
  check_notes([](const Vocabulary& v) { return only_range(v, 55, 66); },
              [](int pitch, int) { return pitch >= 55 && pitch <= 66; });
  check_notes([](const Vocabulary& v) { return only_range(v, 64, 64); }, [](int pitch, int) { return pitch == 64; });
}

TEST_CASE("bias: a sampler keeps to several wishes") {
  check_notes(
      [](const Vocabulary& v) {
        return combined(only_tracks(v, std::array{0}), combined(only_key(v, 0), only_range(v, 60, 71)));
      },
      [](int pitch, int track) { return track == 0 && pitch >= 60 && pitch <= 71 && in_c_major(pitch); });
}

TEST_CASE("bias: holds without the grammar, too") {
  const Vocabulary vocabulary = Vocabulary::standard();
  Sampler sampler(untrained(), {.grammar = false, .bias = only_key(vocabulary, 0)});
  for (int i = 0; i < 3000; ++i) {
    const TokenEvent m = vocabulary[sampler.next()];
    if (m.kind == TokenKind::note_on) CHECK(in_c_major(m.value));
  }
}

TEST_CASE("bias: gaps on a coarser grid end a song in time") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Bias tenths =
      bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::time && m.value % 10 != 0; });
  Sampler sampler(untrained(), {.bias = tenths});
  for (const GeneratedSong& song : sampler.generate(20, 1234ms)) {
    const ReadSong reading = read_by_the_rules(song.tokens, vocabulary, true);
    CHECK(reading.fault == "");
    for (const StepNote& n : reading.notes) {
      CHECK(n.start % 10 == 0);
      CHECK(n.end % 10 == 0);
    }
    CHECK(song.score.duration() <= 1.31);  // what began at 1.2 s lasts a tenth
  }
}

TEST_CASE("bias: a song without an end lasts until it is cut, and notes end whatever the bias") {
  const Vocabulary vocabulary = Vocabulary::standard();
  Sampler endless(untrained(),
                  {.bias = bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::end; })});
  for (const GeneratedSong& song : endless.generate(5, Length::in_tokens(400))) CHECK(song.tokens.size() > 390);

  Sampler held(untrained(),
               {.bias = bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::note_off; })});
  std::size_t ended = 0;
  for (int i = 0; i < 600; ++i) ended += vocabulary[held.next()].kind == TokenKind::note_off;
  CHECK(ended > 0);
}

TEST_CASE("bias: one that leaves no note to play, or is of another size, is an error that names it") {
  const Vocabulary vocabulary = Vocabulary::standard();
  const Model<> model = untrained();
  for (const bool grammar : {true, false}) {
    const auto sampler_with = [&](Bias bias) { Sampler(model, {.grammar = grammar, .bias = std::move(bias)}); };
    CHECK_THROWS_WITH(sampler_with(only_tracks(vocabulary, {})), Catch::Contains("bias"));
    CHECK_THROWS_WITH(sampler_with(only_range(vocabulary, 72, 48)), Catch::Contains("bias"));
    CHECK_THROWS_WITH(sampler_with(Bias(405, never)), Catch::Contains("bias"));
    CHECK_THROWS_WITH(sampler_with(bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::time; })),
                      Catch::Contains("bias"));
    CHECK_THROWS_WITH(
        sampler_with(bias_against(vocabulary, [](TokenEvent m) { return m.kind == TokenKind::velocity; })),
        Catch::Contains("bias"));
    CHECK_THROWS_WITH(sampler_with(Bias(404)), Catch::Contains("bias"));
    CHECK_THROWS_WITH(sampler_with(Bias(405, std::nanf(""))), Catch::Contains("bias"));
    CHECK_NOTHROW(sampler_with(Bias(405, 2)));
  }
}
