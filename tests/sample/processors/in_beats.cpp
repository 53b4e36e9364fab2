// Processors in the language of beats, where the length of a step depends on the tempo.
#include <catch.hpp>
#include <chrono>
#include <cmath>
#include <musicgen/sample/presets.hpp>
#include <string>

#include "sample/puppet.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("processors in beats: density knows how long a step is") {
  const std::string slow = "^ | T60 F0 +60 v63 i0", fast = "^ | T120 F0 +60 v63 i0";
  CHECK(added(Density{-0.5f}, slow, "t12") == Approx(std::log(1 / 0.15) / 2));
  CHECK(added(Density{-0.5f}, fast, "t12") == Approx(std::log(0.5 / 0.15) / 2));
  CHECK(added(Density{-0.5f}, fast, "t48") == Approx(std::log(2 / 0.15) / 2));
  CHECK(added(Density{-0.5f}, fast, "+60") == 0);
}

TEST_CASE("processors in beats: rests and songs are measured in seconds, across a change of tempo") {
  // 4 beats of 1 s, then of 0.5 s.
  const std::string words = "^ | T60 F0 +60 v63 i0 t48 | T120 F0 t24";
  CHECK(added(MaxRest{2s}, words, "t12") == Approx(-3));
  CHECK(added(MaxRest{2s}, words, "+60") == 0);
  CHECK(added(MaxRest{5s}, words, "t12") == 0);
  CHECK(added(EndBias{4s}, words, "$") == Approx(0.2));
  CHECK(added(EndBias{40s}, words, "$") == Approx(-3));
}

TEST_CASE("processors in beats: songs end with a phrase, in its last bar or by the notes' ends after it") {
  const std::string phrase = "^ | T60 F0 PA L2 +60 v63 i0 t48 |", over = phrase + " t48 |";
  const EndBias bias{3s};
  CHECK(added(bias, "^ | T60 F0 PA L2 +60 v63 i0 t48", "$") == 0);
  CHECK(added(bias, phrase, "$") == Approx(0.2));
  CHECK(added(bias, phrase, "-60") == 0);
  CHECK(added(bias, over, "$") == Approx(1));
  CHECK(added(bias, over, "-60") == Approx(1));
  CHECK(added(bias, over, "PB") == 0);
}

TEST_CASE("processors in beats: what is about the grid of 10 ms has no effect") {
  const std::string words = "^ | T120 F0 +60 v63 i0 t1";
  for (const char* word : {"t1", "t2", "t48", "+61", "$"}) {
    CHECK(added(NearOnsetPenalty{5}, words, word) == 0);
    CHECK(added(TimingSharpness{5}, words, word) == 0);
  }
}

TEST_CASE("processors in beats: notes are ended by the clock") {
  const auto allowed = [](const std::string& words, const char* word) {
    std::vector<double> logits(static_cast<std::size_t>(beats().size()));
    const GrammarRules grammar(beats(), {.canonical = true});
    std::vector<std::uint8_t> mask(logits.size());
    SongState song;
    for (const Token token : tokens(beats(), words)) song.advance(beats()[token]);
    grammar.allowed(song, mask);
    for (std::size_t v = 0; v < logits.size(); ++v) logits[v] = mask[v] ? 0 : Logits::forbidden;
    const Logits view(logits, beats(), &grammar);
    MaxNoteLength{2s}.apply(view, song);
    return view.allows(beats().find(word));
  };
  const std::string at_60 = "^ | T60 F0 +60 v63 i0", at_120 = "^ | T120 F0 +60 v63 i0";
  CHECK(allowed(at_60, "t24"));
  CHECK_FALSE(allowed(at_60, "t25"));
  CHECK(allowed(at_120, "t48"));
  CHECK(allowed(at_60 + " t24", "-60"));
  CHECK_FALSE(allowed(at_60 + " t24", "+62"));
  CHECK(allowed(at_120 + " t48", "|"));  // the bar ends before the note does
  CHECK_FALSE(allowed(at_120 + " t48 |", "+62"));
}
