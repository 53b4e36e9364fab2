#include "musicgen/midi/note_pairing.hpp"

#include <catch.hpp>

namespace {

using namespace musicgen;
using Notes = std::vector<TickNote>;

TEST_CASE("midi: a note-off ends the open notes of its pitch alone") {
  NotePairing pairing;
  pairing.on(0, 60, 70);
  pairing.on(5, 64, 80);
  pairing.off(10, 60);
  CHECK(pairing.still_on() == 1);
  pairing.off(20, 64);
  CHECK(pairing.still_on() == 0);
  CHECK(pairing.take() == Notes{{0, 10, 60, 70}, {5, 20, 64, 80}});
}

TEST_CASE("midi: a note-off ends every open note of its pitch that began earlier") {
  NotePairing pairing;
  pairing.on(0, 60, 70);
  pairing.on(5, 60, 71);
  pairing.on(5, 60, 72);
  CHECK(pairing.off(10, 60) == 0);
  CHECK(pairing.off(12, 60) == 0);  // ends nothing
  CHECK(pairing.take() == Notes{{0, 10, 60, 70}, {5, 10, 60, 71}, {5, 10, 60, 72}});
}

TEST_CASE("midi: a note struck again at the tick of a note-off goes on, whichever comes first") {
  const bool on_first = GENERATE(false, true);
  NotePairing pairing;
  pairing.on(0, 60, 70);
  if (on_first) pairing.on(10, 60, 80);
  CHECK(pairing.off(10, 60) == 0);
  if (!on_first) pairing.on(10, 60, 80);
  pairing.off(25, 60);
  CHECK(pairing.take() == Notes{{0, 10, 60, 70}, {10, 25, 60, 80}});
}

TEST_CASE("midi: a note of no length is dropped and counted") {
  NotePairing pairing;
  pairing.on(7, 60, 70);
  pairing.on(7, 60, 71);
  CHECK(pairing.off(7, 60) == 2);
  CHECK(pairing.still_on() == 0);
  pairing.on(9, 61, 70);
  CHECK(pairing.finish(9) == 1);
  CHECK(pairing.take().empty());
}

TEST_CASE("midi: notes come by start, then pitch, then order of striking") {
  NotePairing pairing;
  pairing.on(0, 64, 1);
  pairing.on(0, 60, 2);
  pairing.on(0, 64, 3);
  pairing.on(1, 10, 4);
  pairing.off(2, 10);
  pairing.off(3, 60);
  pairing.finish(9);
  CHECK(pairing.take() == Notes{{0, 3, 60, 2}, {0, 9, 64, 1}, {0, 9, 64, 3}, {1, 2, 10, 4}});
}

TEST_CASE("midi: the pedal holds notes until it comes up") {
  NotePairing pairing;
  pairing.on(0, 60, 70);
  pairing.pedal(5, true);
  pairing.off(10, 60);
  CHECK(pairing.still_on() == 0);  // only the pedal holds it
  pairing.on(12, 62, 70);
  CHECK(pairing.pedal(20, false) == 0);
  CHECK(pairing.still_on() == 1);
  pairing.off(30, 62);
  CHECK(pairing.take() == Notes{{0, 20, 60, 70}, {12, 30, 62, 70}});
}

TEST_CASE("midi: a pitch struck again under the pedal ends the older note") {
  const bool released = GENERATE(false, true);
  NotePairing pairing;
  pairing.pedal(0, true);
  pairing.on(0, 60, 70);
  if (released) pairing.off(10, 60);
  pairing.on(15, 60, 80);
  pairing.off(20, 60);
  pairing.finish(40);
  CHECK(pairing.take() == Notes{{0, 15, 60, 70}, {15, 40, 60, 80}});
}

TEST_CASE("midi: under the pedal a note let go at once still sounds") {
  NotePairing pairing;
  pairing.pedal(0, true);
  pairing.on(5, 60, 70);
  CHECK(pairing.off(5, 60) == 0);
  CHECK(pairing.pedal(30, false) == 0);
  CHECK(pairing.take() == Notes{{5, 30, 60, 70}});
}

TEST_CASE("midi: under the pedal, too, a note-off keeps the note of its own tick") {
  NotePairing pairing;
  pairing.on(0, 60, 70);
  pairing.on(10, 60, 80);
  pairing.pedal(10, true);
  pairing.off(10, 60);
  pairing.pedal(20, false);
  pairing.off(30, 60);
  CHECK(pairing.take() == Notes{{0, 10, 60, 70}, {10, 30, 60, 80}});
}

TEST_CASE("midi: a pedal pressed twice is one pedal, and one let go twice lets go once") {
  NotePairing pairing;
  pairing.pedal(0, false);
  pairing.on(0, 60, 70);
  pairing.pedal(1, true);
  pairing.off(2, 60);
  pairing.pedal(3, true);
  pairing.pedal(4, false);
  pairing.on(5, 60, 70);
  pairing.pedal(6, false);
  pairing.off(9, 60);
  CHECK(pairing.take() == Notes{{0, 4, 60, 70}, {5, 9, 60, 70}});
}

TEST_CASE("midi: no pattern of notes takes quadratic time") {
  constexpr int n = 400000;  // quadratic time would take hours
  NotePairing same_tick, pedalled;
  pedalled.pedal(0, true);
  for (int k = 0; k < n; ++k) {
    same_tick.on(1, 60, 1);
    pedalled.on(1, 60, 1);
  }
  same_tick.on(0, 61, 1);
  for (int k = 0; k < n; ++k) {
    same_tick.off(k < n / 2 ? 2 : 3, 60);
    pedalled.off(2, 60);
    pedalled.off(1, 61);
  }
  pedalled.finish(5);
  same_tick.finish(5);
  CHECK(same_tick.take().size() == n + 1);
  CHECK(pedalled.take().size() == n);
}

}  // namespace
