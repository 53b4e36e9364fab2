// Note-ons and note-offs for players.
#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <musicgen/sample/sampler.hpp>
#include <set>
#include <tuple>
#include <vector>

#include "sample/models.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

TEST_CASE("sample: events are those of the notes, in order of time") {
  const Model<> model = untrained();
  const MaxNoteLength short_notes{1s};
  Sampler notes(model, short_notes), events(model, short_notes);
  std::vector<Note> whole;
  while (whole.empty() || whole.back().end < 31) whole.push_back(notes.next_note());
  std::set<std::tuple<double, int, int>> sounding;
  std::vector<Note> found;
  std::chrono::duration<double> told{}, last{};
  while (told < 30s) {
    const auto until = told + 137ms;
    for (const NoteEvent& event : events.until(until)) {
      CHECK(event.time >= told - 1e-9s);  // at once, not when the note has ended
      CHECK(event.time < until);
      CHECK(event.time >= last);
      last = event.time;
      CHECK((event.velocity >= 1 && event.velocity <= 127));
      if (event.on) {
        found.push_back({event.time.count(), 0, event.pitch, event.velocity, event.track});
        continue;
      }
      const auto open = std::find_if(found.begin(), found.end(), [&](const Note& n) {
        return n.end == 0 && n.pitch == event.pitch && n.track == event.track;
      });
      REQUIRE(open != found.end());
      CHECK(open->velocity == event.velocity);
      open->end = event.time.count();
    }
    told = until;
  }
  std::size_t ended = 0;
  for (const Note& note : found) {
    if (note.end == 0) continue;
    CHECK(std::find(whole.begin(), whole.end(), note) != whole.end());
    ++ended;
  }
  CHECK(ended > 20);
  for (const Note& note : whole)
    if (note.end < 29.9) CHECK(std::find(found.begin(), found.end(), note) != found.end());
}

TEST_CASE("sample: events however they are asked for are the same, and none comes twice") {
  const Model<> model = untrained();
  Sampler at_once(model), by_blocks(model);
  const auto all = at_once.until(10s);
  const std::vector<NoteEvent> expected(all.begin(), all.end());
  std::vector<NoteEvent> found;
  for (int block = 1; block <= 1000; ++block) {
    const auto part = by_blocks.until(block * 10ms);
    found.insert(found.end(), part.begin(), part.end());
    CHECK(by_blocks.until(block * 10ms).empty());
  }
  CHECK(found == expected);
  CHECK(expected.size() > 20);
  CHECK(expected.front().time == 0s);
  CHECK(by_blocks.until(0s).empty());
}

TEST_CASE("sample: events after a prompt are the model's own, and its open notes end") {
  Sampler sampler(untrained(), MaxNoteLength{2s});
  sampler.prompt(score_of({{0, 500, 60}, {0, 3000, 64, 70, 1}}), 1s);
  const auto events = sampler.until(60s);
  REQUIRE(!events.empty());
  const auto ends =
      std::find_if(events.begin(), events.end(), [](const NoteEvent& e) { return e.pitch == 64 && e.track == 1; });
  REQUIRE(ends != events.end());
  CHECK_FALSE(ends->on);
  for (const NoteEvent& event : events) CHECK(event.time >= 500ms);
}

TEST_CASE("sample: an audio callback, as docs/generate.md has it") {
  Sampler sampler(untrained());
  struct Synth {
    int voices = 0, ons = 0;
    void note_on(int, int) { ++voices, ++ons; }
    void note_off(int) { --voices; }
    void render(float* to, std::size_t count) { std::fill_n(to, count, static_cast<float>(voices)); }
  } synth;
  constexpr double rate = 44100;
  std::size_t played = 0;  // frames
  const auto callback = [&](float* output, std::size_t frames) {
    std::size_t done = 0;
    for (const NoteEvent& event :
         sampler.until(std::chrono::duration<double>(static_cast<double>(played + frames) / rate))) {
      const double frame = event.time.count() * rate - static_cast<double>(played);
      const auto at = std::clamp(static_cast<std::size_t>(std::max(frame, 0.0)), done, frames);
      synth.render(output + done, at - done);
      done = at;
      event.on ? synth.note_on(event.pitch, event.velocity) : synth.note_off(event.pitch);
    }
    synth.render(output + done, frames - done);
    played += frames;
  };
  std::vector<float> block(512);
  for (int i = 0; i < 1000; ++i) callback(block.data(), block.size());
  CHECK(synth.ons > 20);
  CHECK(synth.voices == sampler.so_far().sounding());
}
