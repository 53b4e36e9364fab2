// A user's own processors, and chains of them.
#include <musicgen/sample/processor.hpp>

#include <algorithm>
#include <catch.hpp>
#include <chrono>
#include <musicgen/midi.hpp>
#include <musicgen/sample/sampler.hpp>
#include <string>
#include <vector>

#include "sample/models.hpp"
#include "sample/rules.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;
using namespace std::chrono_literals;

namespace {

// ---- those of docs/sampling.md ----

/// No two equal pitches in a row.
struct NoRepeats {
  void apply(Logits logits, const SongState& song) {
    if (song.last_note()) logits.forbid(logits.vocabulary().note_on(song.last_note()->pitch));
  }
};

/// A low note that is struck again whenever it has ended; the first one begins the song.
struct Drone {
  int pitch = 36;
  void apply(Logits logits, const SongState& song) {
    const int word = pitch - song.transposition();  // in beats, tokens are those of C major or A minor
    const Token on = logits.vocabulary().note_on(word);
    if (song.sounding_tracks(word) == 0 && logits.allows(on)) logits.only(on);
  }
};

/// Only white keys after some bars.
struct WhiteKeysLater {
  int bars = 8;
  std::chrono::duration<double> bar = 2s;
  void apply(Logits logits, const SongState& song) {
    if (song.time() < bars * bar) return;
    for (const Token on : logits.tokens(TokenKind::note_on))
      if (Key{0}.forbids({TokenKind::note_on, song.pitch_heard(logits.vocabulary()[on].value)})) logits.forbid(on);
  }
};

/// At most so many notes per second of the song; the rest of the second is silent.
struct FewNotes {
  int most = 3;  // a setting
  struct Second {
    long number = 0;
    int notes = 0;
  };  // of each song
  Second song{};
  static long second_of(const SongState& state) { return static_cast<long>(state.time().count()); }
  void apply(Logits logits, const SongState& state) {
    if (song.number == second_of(state) && song.notes >= most) logits.forbid(TokenKind::note_on);
  }
  void observe(TokenEvent token, const SongState& state) {
    if (song.number != second_of(state)) song = {second_of(state), 0};
    if (token.kind == TokenKind::note_on) ++song.notes;
  }
};

// ---- for these tests alone ----

struct Counting {
  int strength = 0;
  int song = 0;
  void apply(Logits, const SongState&) {}
  void observe(TokenEvent, const SongState&) { ++song; }
};

struct HasBegun {
  std::uint64_t begun = 0;  // not a song's state
  void apply(Logits, const SongState&) {}
  void begin(const SongState& song) { begun = 100 + song.number(); }
};

struct Nothing {};

}  // namespace

TEST_CASE("processor: the concept takes what it should") {
  STATIC_REQUIRE(LogitsProcessor<NoRepeats>);
  STATIC_REQUIRE(LogitsProcessor<Key>);
  STATIC_REQUIRE(LogitsProcessor<AnyProcessor>);
  STATIC_REQUIRE(LogitsProcessor<ProcessorChain>);
  STATIC_REQUIRE(LogitsProcessor<presets::Lifelike>);
  STATIC_REQUIRE_FALSE(LogitsProcessor<Nothing>);
  STATIC_REQUIRE_FALSE(LogitsProcessor<int>);
  STATIC_REQUIRE_FALSE(LogitsProcessor<std::unique_ptr<NoRepeats>>);
}

TEST_CASE("processor: no two equal pitches in a row") {
  const Model<> model = untrained();
  const auto repeats = [](const GeneratedSong& song) {
    const Vocabulary vocabulary = Vocabulary::standard();
    int count = 0, last = -1;
    for (const Token token : song.tokens)
      if (const TokenEvent m = vocabulary[token]; m.kind == TokenKind::note_on) {
        count += m.value == last;
        last = m.value;
      }
    return count;
  };
  // Few pitches, so that they would repeat.
  Sampler with(model, Chain(NoRepeats(), PitchRange{60, 63})), without(model, PitchRange{60, 63});
  int found = 0;
  for (const GeneratedSong& song : with.generate(5, 20s)) {
    CHECK(repeats(song) == 0);
    CHECK(song.score.notes().size() > 10);
    CHECK(read_by_the_rules(song.tokens, model.vocabulary(), true).fault == "");
  }
  for (const GeneratedSong& song : without.generate(5, 20s)) found += repeats(song);
  CHECK(found > 20);
}

TEST_CASE("processor: a drone") {
  Sampler sampler(untrained(), Drone());
  for (const GeneratedSong& song : sampler.generate(3, 10s)) {
    CHECK(read_by_the_rules(song.tokens, Vocabulary::standard(), true).fault == "");
    const std::vector<Note> notes = song.score.notes();
    double sounded = 0;
    std::size_t others = 0;
    for (const Note& note : notes) {
      if (note.pitch == 36) sounded += note.end - note.start;
      others += note.pitch != 36;
    }
    CHECK(notes.front().pitch == 36);
    CHECK(sounded > 9);
    CHECK(others > 0);
  }
}

TEST_CASE("processor: white keys alone after bar 8") {
  Sampler sampler(untrained(), WhiteKeysLater{.bars = 2});
  int black = 0;
  for (const GeneratedSong& song : sampler.generate(5, 12s))
    for (const Note& note : song.score.notes()) {
      const bool is_black = Key{0}.forbids({TokenKind::note_on, note.pitch});
      CHECK_FALSE((is_black && note.start >= 4));
      black += is_black;
    }
  CHECK(black > 10);
}

TEST_CASE("processor: what it forbids stays forbidden, where songs have to rest for it") {
  Sampler sampler(untrained(), FewNotes{2});
  for (const GeneratedSong& song : sampler.generate(6, 20s)) {
    CHECK(read_by_the_rules(song.tokens, Vocabulary::standard(), true).fault == "");  // put in order
    std::vector<int> per_second(30);
    for (const Note& note : song.score.notes()) ++per_second[static_cast<std::size_t>(note.start + 1e-9)];
    for (const int notes : per_second) CHECK(notes <= 3);  // the first note begins a song put in order, at 0
    CHECK(song.score.notes().size() > 8);
  }
  // In a stream nothing is put in order.
  std::vector<int> per_second(100);
  Sampler stream(untrained(), FewNotes{2});
  for (const NoteEvent& event : stream.until(60s))
    if (event.on) ++per_second[static_cast<std::size_t>(event.time.count() + 1e-9)];
  for (const int notes : per_second) CHECK(notes <= 2);
}

TEST_CASE("processor: a stop is kept to") {
  const Rule stop([](Logits logits, const SongState& song) {
    if (song.time() >= 3s) logits.forbid(TokenKind::note_on);
  });
  Sampler sampler(untrained(), stop);
  for (const GeneratedSong& song : sampler.generate(10, 10s))
    for (const Note& note : song.score.notes()) CHECK(note.start < 3);
  int late = 0;
  for (const NoteEvent& event : sampler.until(60s)) late += event.on && event.time >= 3s;
  CHECK(late == 0);
  CHECK(sampler.so_far().sounding() == 0);
  CHECK_THROWS_WITH(
      [&] {
        for (;;) sampler.next_note();
      }(),
      Catch::Contains("for an hour no note"));
}

TEST_CASE("processor: what belongs to a song begins anew with it, what is asked for stays") {
  Model<> model = untrained();
  model.weights().head.b2[model.vocabulary().end()] = 6;
  Sampler sampler(model, Chain(Counting{7}, few_notes()));
  int songs = 0, tokens = 0;
  while (songs < 5) {
    const Token token = sampler.next();
    ++tokens;
    CHECK(sampler.processor<Counting>().song == tokens + 1);  // and `^`
    CHECK(sampler.processor<Counting>().song == sampler.so_far().position());
    if (token != model.vocabulary().end()) continue;
    ++songs;
    tokens = 0;
  }
  CHECK(sampler.processor<Counting>().strength == 7);
}

TEST_CASE("processor: a snapshot has what belongs to the song, and not what is asked for") {
  Sampler sampler(untrained(), Chain(Counting{1}));
  for (int i = 0; i < 20; ++i) sampler.next();
  const auto snapshot = sampler.snapshot();
  sampler.processor<Counting>().strength = 2;
  for (int i = 0; i < 20; ++i) sampler.next();
  CHECK(sampler.processor<Counting>().song == 41);
  sampler.restore(snapshot);
  CHECK(sampler.processor<Counting>().song == 21);
  CHECK(sampler.processor<Counting>().strength == 2);
}

TEST_CASE("processor: is told that a song begins, with its number") {
  Sampler sampler(untrained(), HasBegun());
  sampler.next();
  CHECK(sampler.processor<HasBegun>().begun == 100);
  static_cast<void>(sampler.generate(3, 1s));
  CHECK(sampler.processor<HasBegun>().begun == 100);  // songs use copies
}

TEST_CASE("processor: chains within chains, known when compiling or not, are the same") {
  const Model<> model = untrained();
  ProcessorChain at_run_time;
  at_run_time.push_back(NoRepeats());
  at_run_time.push_back(ProcessorChain({Density{-0.5f}, AnyProcessor(Key{2})}));
  Sampler a(model, Chain(NoRepeats(), Density{-0.5f}, Key{2})), b(model, at_run_time),
      c(model, AnyProcessor(Chain(Chain(NoRepeats(), Density{-0.5f}), Key{2})));
  const auto song = a.generate(1, 10s).front().tokens;
  CHECK(b.generate(1, 10s).front().tokens == song);
  CHECK(c.generate(1, 10s).front().tokens == song);
  for (Sampler<>* sampler : {&a, &b, &c}) {
    CHECK(sampler->processor<Density>().density == -0.5f);
    CHECK(sampler->processor<Key>().tonic == 2);
    CHECK_THROWS_WITH(sampler->processor<MaxRest>(), Catch::Contains("none of its processors"));
  }
  CHECK(&a.processor<Chain<NoRepeats, Density, Key>>().get<Density>() == &a.processor<Density>());
}

TEST_CASE("processor: a snapshot of other processors is refused") {
  const Model<> model = untrained();
  Sampler a(model, Key{0}), b(model, NoRepeats()), c(model, ProcessorChain({Key{0}})),
      d(model, ProcessorChain({Key{0}, AnyProcessor(NoRepeats())}));
  a.next();
  CHECK_THROWS_WITH(b.restore(a.snapshot()), Catch::Contains("other processors"));
  CHECK_THROWS_WITH(d.restore(c.snapshot()), Catch::Contains("other processors"));
}

TEST_CASE("processor: copies are independent") {
  AnyProcessor one = Density{1};
  AnyProcessor two = one;
  static_cast<Density*>(two.find(typeid(Density)))->density = 2;
  CHECK(static_cast<Density*>(one.find(typeid(Density)))->density == 1);
  one = two;
  CHECK(static_cast<Density*>(one.find(typeid(Density)))->density == 2);
  CHECK(one.find(typeid(Key)) == nullptr);
}
