#include <musicgen/sample/processors/key.hpp>

#include <array>
#include <catch.hpp>
#include <map>
#include <set>
#include <string>

#include "sample/listening.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

template <class P>
std::set<int> classes_left(const P& processor) {
  std::set<int> left;
  for (int p = 0; p < 128; ++p)
    if (!processor.forbids({TokenKind::note_on, p})) left.insert(p % 12);
  return left;
}

}  // namespace

TEST_CASE("key: leaves its seven pitch classes, and all that is no note on") {
  using Set = std::set<int>;
  CHECK(classes_left(Key{0}) == Set{0, 2, 4, 5, 7, 9, 11});
  CHECK(classes_left(Key{9, true}) == Set{0, 2, 4, 5, 7, 9, 11});  // A minor has C major's
  CHECK(classes_left(Key{2}) == Set{1, 2, 4, 6, 7, 9, 11});
  CHECK(classes_left(Key{-3, true}) == classes_left(Key{9, true}));
  CHECK(forbidden_words(Key{2}) == forbidden_words(Key{14}));
  CHECK(classes_left(PitchClasses(std::array{60, -1})) == Set{0, 11});
  for (const std::string& word : forbidden_words(Key{5})) CHECK(word[0] == '+');
}

TEST_CASE("key: is read as musicians write it") {
  const std::map<std::string, std::pair<int, bool>> known{
      {"Gb:maj", {6, false}}, {"Eb:min", {3, true}}, {"E minor", {4, true}},  {"C# major", {1, false}},
      {"Bb", {10, false}},    {"B", {11, false}},    {"b minor", {11, true}}, {"F#m", {6, true}},
      {"EM", {4, false}},     {"Ebm", {3, true}},    {"Cb", {11, false}},     {" a  MINOR ", {9, true}},
      {"bb min", {10, true}}, {"G maj", {7, false}}, {"B#", {0, false}}};
  for (const auto& [text, expected] : known) {
    INFO(text);
    const Key key = Key::parse(text);
    CHECK(key.tonic == expected.first);
    CHECK(key.minor == expected.second);
  }
  for (const char* bad : {"", "H", "C##", "C dorian", "major", "3", "Cminor7"}) {
    INFO(bad);
    CHECK_THROWS_WITH(Key::parse(bad), Catch::Contains("E minor") && Catch::Contains("\"" + std::string(bad) + "\""));
  }
}

TEST_CASE("key: a sampler keeps to it") {
  check_notes(Key{0}, [](int pitch, int) { return in_c_major(pitch); });
}

TEST_CASE("key: holds without the grammar, too") {
  const Vocabulary vocabulary = Vocabulary::standard();
  Sampler sampler(untrained(), Key{0}, {.grammar = false});
  int notes = 0;
  for (int i = 0; i < 3000; ++i)
    if (const TokenEvent m = vocabulary[sampler.next()]; m.kind == TokenKind::note_on) {
      CHECK(in_c_major(m.value));
      ++notes;
    }
  CHECK(notes > 100);
}

TEST_CASE("key: can be another while a stream plays, from the next note on") {
  Sampler sampler(untrained(), Chain(Key{0}));
  for (int i = 0; i < 30; ++i) CHECK(in_c_major(sampler.next_note().pitch));
  sampler.processor<Key>().tonic = 6;
  const double changed = sampler.so_far().time().count();
  int black = 0;
  for (int i = 0; i < 100; ++i) {
    const Note note = sampler.next_note();
    if (note.start <= changed) continue;
    CHECK(in_c_major(note.pitch - 6 + 12));
    black += !in_c_major(note.pitch);
  }
  CHECK(black > 20);
}
