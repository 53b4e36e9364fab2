#include <musicgen/sample/repeat_guide.hpp>

#include <catch.hpp>
#include <map>
#include <musicgen/sample/sampler.hpp>
#include <set>
#include <utility>

#include "sample/models.hpp"
#include "tokens/songs.hpp"

using namespace musicgen;
using namespace musicgen::test;

namespace {

/// What may come after these words by grammar and melody.
std::string left(const std::string& words, std::span<const std::uint8_t> forbidden = {}) {
  const GrammarRules grammar(beats(), {.canonical = true}),
      stricter(beats(), {.canonical = true, .forbidden = forbidden});
  SongState song;
  RepeatGuide melody;
  for (const Token token : tokens(beats(), words)) {
    REQUIRE(grammar.allows(song, token));
    const TokenEvent event = beats()[token];
    const SongStep step = song.advance(event);
    melody.observe(event, step, song);
  }
  std::vector<std::uint8_t> allowed(static_cast<std::size_t>(beats().size()));
  stricter.allowed(song, allowed);
  melody.apply(stricter, song, allowed);
  return names_of(allowed);
}

/// Of a song's bars that repeat: how many there are, and how many have another melody than the bar they repeat.
struct Repeats {
  int all = 0, broken = 0;
};
Repeats repeats_of(std::span<const Token> song) {
  using Melody = std::set<std::pair<int, int>>;
  std::map<std::array<int, 3>, Melody> bars;  // by letter, time and bar in the phrase
  Repeats found;
  SongState state;
  for (const Token token : song) {
    const TokenEvent event = beats()[token];
    const SongState::Place before = state.place();
    const SongStep step = state.advance(event);
    const SongState::Place& place = state.place();
    const auto key = [](const SongState::Place& p, int back) {
      return std::array{int{p.phrase}, p.returns - back, int{p.phrase_bar}};
    };
    if (event.kind == TokenKind::bar && before.repeats) {
      ++found.all;
      Melody wanted = bars[key(before, 1)];  // as far as it fits into the bar
      std::erase_if(wanted, [&](const auto& onset) { return onset.first >= before.bar_steps; });
      found.broken += bars[key(before, 0)] != wanted;
    }
    if (step.began && state.last_note()->track == 0 && place.phrase != 0)
      bars[key(place, 0)].insert({place.bar_steps, state.last_note()->pitch});
  }
  return found;
}

/// A model that likes to repeat.
Model<> repeating(std::uint64_t seed) {
  Model<> model = untrained_in_beats(seed, 2);
  model.weights().head.b2[beats().find(TokenKind::repeat)] = 8;
  model.weights().head.b2[beats().track(0)] += 3;
  return model;
}

const PlanRequest verse{.key = Key{0}, .form = parse_form("A2 B1 A2 A3 B1 A2")};

}  // namespace

TEST_CASE("repeat: a bar has the melody that it repeats, and the others play as they like") {
  const std::string first = "^ | PA L1 +60 v63 i0 +40 v63 i1 t24 -60 i0 +62 v63 i0 t24 | PA L2 R";
  // 62 sounds, and does not come at once.
  CHECK(left(first) == "+60 -40 -62 chord");
  CHECK(left(first + " -62 i0") == "+60 -40");
  CHECK(left(first + " +60 v63") == "i0");
  CHECK(left(first + " +60 v63 i0") == "note_on time");
  CHECK(left(first + " +60 v63 i0 +64 v63") == "track");
  CHECK(left(first + " +60 v63 i0 +64 v63").find("i0") == std::string::npos);
  CHECK(left(first + " +60 v63 i0 t22 -62 i0") == "note_on -40 t1 t2");
  CHECK(left(first + " +60 v63 i0 t24") == "-62 chord");  // which has to end first
  CHECK(left(first + " +60 v63 i0 t24 -62") == "i0");
  CHECK(left(first + " +60 v63 i0 t24 -62 i0") == "+62 -40");
  CHECK(left(first + " +60 v63 i0 t24 -62 i0 +62 v63 i0") == "note_on time");
}

TEST_CASE("repeat: only what was there is repeated") {
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L1").find('R') != std::string::npos);
  CHECK(left("^ | PA L1 t48 | PA L1").find('R') == std::string::npos);  // no melody
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PB L1 t48 | PA L1").find('R') != std::string::npos);
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L2 t48 |").find('R') == std::string::npos);  // there was no second bar
  CHECK(left("^ | PA L1 +60 v63 i0 t48 | PA L1 t48 | PA L1").find('R') == std::string::npos);  // nothing the last time
  // A shorter bar has what fits into it.
  CHECK(left("^ | PA L1 t36 +60 v63 i0 t12 | M3/4 PA L1 R").find("t36") == std::string::npos);
  CHECK(left("^ | PA L1 t36 +60 v63 i0 t12 | M3/4 PA L1 R").find("time") != std::string::npos);
}

TEST_CASE("repeat: the melody is the lowest track that has played") {
  const std::string first = "^ | PA L1 +60 v63 i2 t48 | PA L1 R -60 i2";
  CHECK(left(first) == "+60");
  CHECK(left(first + " +60 v63") == "i2");
  const std::string later = "^ | PA L1 +60 v63 i2 t48 | PA L1 -60 i2 +48 v63 i1 t48 | PA L2";
  CHECK(left(later + " R") == "-48 chord");
  CHECK(left(later + " R -48 i1") == "+48");
}

TEST_CASE("repeat: bars of whole songs repeat exactly, whatever the model") {
  int all = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const Model<> model = repeating(seed);
    SamplerOptions options{.seed = seed};
    if (seed % 2 == 0) options.plan = verse;
    if (seed % 3 == 0) options.plan.meters = {{0, 2}};
    const Tracks alone(std::array{0});
    const auto songs = seed % 5 == 0 ? Sampler(model, alone, options).generate(2, std::chrono::seconds(60))
                                     : Sampler(model, options).generate(2, std::chrono::seconds(60));
    for (const GeneratedSong& song : songs) {
      INFO(text(beats(), song.tokens));
      CHECK_FALSE(song.log_probabilities.empty());
      Grammar grammar(beats(), {.canonical = true});
      for (const Token token : song.tokens) REQUIRE_NOTHROW(grammar.advance(token));
      const Repeats found = repeats_of(song.tokens);
      all += found.all;
      CHECK(found.broken == 0);
    }
  }
  CHECK(all > 100);
}

TEST_CASE("repeat: a note that may not come is left out, and so is no other") {
  const std::string first = "^ | PA L1 +60 v63 i0 +64 v63 i0 t24 -60 i0 -64 i0 t24 | PA L1 R";
  std::vector<std::uint8_t> forbidden(static_cast<std::size_t>(beats().size()));
  forbidden[static_cast<std::size_t>(beats().note_on(60))] = 1;
  CHECK(left(first, forbidden) == "+64 chord");
  forbidden[static_cast<std::size_t>(beats().note_on(64))] = 1;
  CHECK(left(first, forbidden) == "note_on time chord");
  CHECK(left(first + " +70 v63", forbidden) == "track");
  CHECK(left(first + " +70 v63", forbidden).find("i0") == std::string::npos);
}

TEST_CASE("repeat: without other tracks gaps go from note to note") {
  std::vector<std::uint8_t> alone(static_cast<std::size_t>(beats().size()));
  for (int track = 1; track < track_count; ++track) alone[static_cast<std::size_t>(beats().track(track))] = 1;
  const std::string first = "^ | PA L1 t24 +60 v63 i0 t12 -60 i0 t12 | PA L1 R";
  CHECK(left(first, alone) == "t24 chord");
  CHECK(left(first + " t24", alone) == "+60 chord");
  CHECK(left(first + " t24 +60 v63 i0 t12 -60 i0", alone) == "t12 $");
}

TEST_CASE("repeat: bars of which onsets are forgotten, or that have too many, are not repeated") {
  RepeatGuide melody;
  SongState song;
  const GrammarRules grammar(beats(), {.canonical = true});
  const auto take = [&](TokenEvent event) { melody.observe(event, song.advance(event), song); };
  const auto repeatable = [&] {
    std::vector<std::uint8_t> allowed(static_cast<std::size_t>(beats().size()));
    grammar.allowed(song, allowed);
    melody.apply(grammar, song, allowed);
    return allowed[static_cast<std::size_t>(beats().find(TokenKind::repeat))] != 0;
  };
  const auto bar = [&](int onsets) {
    for (int i = 0; i < onsets; ++i)
      for (const TokenEvent event : {TokenEvent{TokenKind::note_on, 20 + i % 100},
                                     {TokenKind::velocity, 63},
                                     {TokenKind::track, 0},
                                     {TokenKind::time, 1},
                                     {TokenKind::note_off, 20 + i % 100},
                                     {TokenKind::track, 0}})
        if (event.kind != TokenKind::time || i < 48) take(event);
  };
  take({TokenKind::start, 0});
  int bars = 0;
  const auto phrase = [&](char letter, int length, int onsets) {
    for (int i = 0; i < length; ++i, ++bars) {
      take({TokenKind::bar, 0});
      if (i == 0) {
        take({TokenKind::phrase, letter});
        take({TokenKind::phrase_bars, length});
        if (onsets < 0) return;
      }
      bar(onsets);
    }
  };
  phrase('A', 1, 40);
  phrase('B', 50, 40);
  SECTION("within 2048 onsets") {
    phrase('A', 1, -1);
    CHECK(repeatable());
  }
  SECTION("beyond") {
    phrase('B', 2, 40);
    phrase('A', 1, -1);
    CHECK_FALSE(repeatable());
  }
}

TEST_CASE("repeat: what a rule forbids stays forbidden, and songs stay regular") {
  const Model<> model = repeating(3);
  const auto check = [&](const AnyProcessor& rule, int from_bar) {
    int repeats = 0;
    for (const GeneratedSong& song :
         Sampler(model, rule, SamplerOptions{.plan = verse}).generate(6, std::chrono::seconds(60))) {
      CHECK_FALSE(song.log_probabilities.empty());
      SongState state;
      for (const Token token : song.tokens) {
        state.advance(beats()[token]);
        repeats += beats()[token].kind == TokenKind::repeat;
        if (state.place().bars > from_bar && beats()[token].kind == TokenKind::note_on)
          REQUIRE(beats()[token].value % 2 == 0);
      }
    }
    CHECK(repeats > 0);
  };
  check(Forbid{[](TokenEvent event) { return event.kind == TokenKind::note_on && event.value % 2 == 1; }}, 0);
  check(Rule([](Logits logits, const SongState& song) {  // of late, so that what is repeated had them
          for (const Token on : logits.tokens(TokenKind::note_on))
            if (song.place().bars > 3 && logits.vocabulary()[on].value % 2 == 1) logits.forbid(on);
        }),
        3);
}

TEST_CASE("repeat: a snapshot knows the melody") {
  const Model<> model = repeating(5);
  Sampler<> sampler(model, SamplerOptions{.plan = verse});
  do sampler.next();
  while (sampler.so_far().place().bars < 3);  // A2 B1 have come
  const auto place = sampler.snapshot();
  std::vector<Token> once, again;
  for (int i = 0; i < 400; ++i) once.push_back(sampler.next());
  sampler.restore(place);
  for (int i = 0; i < 400; ++i) again.push_back(sampler.next());
  CHECK(once == again);
  CHECK(std::find(once.begin(), once.end(), beats().find(TokenKind::repeat)) != once.end());
}
